//! Equality of JSON numbers by value, from their digits: `300`, `300.00` and `3e2` are one number, no float involved.

/// Sign, significant digits, and the power of ten of the last digit.
#[derive(Debug, PartialEq, Eq)]
struct Parts {
    negative: bool,
    digits: String,
    exponent: i64,
}

/// True when two JSON numbers denote the same value. An exponent beyond 64 bits compares as text.
pub(super) fn same_number(left: &str, right: &str) -> bool {
    if left == right {
        return true;
    }
    match (parts(left), parts(right)) {
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// One text for all spellings of a value.
pub(super) fn normal_form(text: &str) -> String {
    parts(text).map_or_else(
        || text.to_owned(),
        |Parts { negative, digits, exponent }| format!("{}{digits}e{exponent}", if negative { "-" } else { "" }),
    )
}

fn parts(text: &str) -> Option<Parts> {
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let exponent: i64 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let all = format!("{whole}{fraction}");
    let digits = all.trim_start_matches('0');
    let short = digits.trim_end_matches('0');
    if short.is_empty() {
        return Some(Parts { negative: false, digits: "0".to_owned(), exponent: 0 });
    }
    let moved = i64::try_from(digits.len() - short.len()).ok()? - i64::try_from(fraction.len()).ok()?;
    Some(Parts { negative, digits: short.to_owned(), exponent: exponent.checked_add(moved)? })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn spelling_does_not_count_and_value_does() {
        for (left, right) in [("300", "300.00"), ("3e2", "300"), ("0.07", "7E-2"), ("-0", "0.0"), ("1e400", "10e399")] {
            assert!(same_number(left, right), "{left} {right}");
            assert_eq!(normal_form(left), normal_form(right));
        }
        for (left, right) in [("300", "300.01"), ("1", "-1"), ("1e400", "1e401"), ("0.1", "0.10000000000000001")] {
            assert!(!same_number(left, right), "{left} {right}");
            assert_ne!(normal_form(left), normal_form(right));
        }
        let huge = format!("1e{}", "9".repeat(30));
        assert!(same_number(&huge, &huge) && !same_number(&huge, "1"));
    }

    proptest! {
        #[test]
        fn never_panics(left in ".{0,40}", right in "-?[0-9]{0,30}[.]?[0-9]{0,9}([eE][+-]?[0-9]{0,25})?") {
            let _ = same_number(&left, &right);
            let _ = normal_form(&right);
        }
    }
}

//! Amounts as people write them. They come as decimal texts and are moved about as texts: nothing is computed.

use crate::locale::Locale;

/// An amount with its currency, such as `$1,420.00 USD`. What is not a plain decimal number is shown as it came.
pub(crate) fn show(locale: Locale, amount: &str, currency: &str) -> String {
    write(locale, amount, currency, true)
}

/// An amount beside others, such as `$1,420.00`: the total says which dollars they are.
pub(crate) fn brief(locale: Locale, amount: &str, currency: &str) -> String {
    write(locale, amount, currency, false)
}

fn write(locale: Locale, amount: &str, currency: &str, whole_name: bool) -> String {
    let (sign, digits) = amount.strip_prefix('-').map_or(("", amount), |rest| ("\u{2212}", rest));
    let (whole, cents) = digits.split_once('.').map_or((digits, None), |(whole, cents)| (whole, Some(cents)));
    let plain = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !plain(whole) || cents.is_some_and(|cents| !plain(cents)) {
        return format!("{amount} {currency}");
    }
    let dollars = matches!(currency, "USD" | "CAD");
    // No break inside an amount: the spaces are narrow or plain ones that hold together.
    match locale {
        Locale::En | Locale::Es => {
            let number = number(whole, cents, ",", ".");
            match (dollars, whole_name) {
                (true, true) => format!("{sign}${number}\u{a0}{currency}"),
                (true, false) => format!("{sign}${number}"),
                (false, _) => format!("{sign}{number}\u{a0}{currency}"),
            }
        }
        Locale::FrCa => {
            let number = number(whole, cents, "\u{a0}", ",");
            let unit = match currency {
                "USD" if whole_name => "$\u{a0}US",
                "CAD" if whole_name => "$\u{a0}CA",
                "USD" | "CAD" => "$",
                other => other,
            };
            format!("{sign}{number}\u{a0}{unit}")
        }
    }
}

fn number(whole: &str, cents: Option<&str>, thousands: &str, point: &str) -> String {
    let mut number = String::new();
    for (position, digit) in whole.chars().enumerate() {
        if position > 0 && whole.len().saturating_sub(position).is_multiple_of(3) {
            number.push_str(thousands);
        }
        number.push(digit);
    }
    if let Some(cents) = cents {
        number.push_str(point);
        number.push_str(cents);
    }
    number
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_language_writes_it_its_way() {
        for (locale, amount, currency, shown) in [
            (Locale::En, "1420.00", "USD", "$1,420.00\u{a0}USD"),
            (Locale::Es, "1420.00", "USD", "$1,420.00\u{a0}USD"),
            (Locale::FrCa, "1420.00", "CAD", "1\u{a0}420,00\u{a0}$\u{a0}CA"),
            (Locale::FrCa, "-0.05", "USD", "\u{2212}0,05\u{a0}$\u{a0}US"),
            (Locale::En, "1234567", "JPY", "1,234,567\u{a0}JPY"),
            (Locale::En, "999", "CAD", "$999\u{a0}CAD"),
            (Locale::En, "12e3", "USD", "12e3 USD"),
            (Locale::En, ".", "USD", ". USD"),
        ] {
            assert_eq!(show(locale, amount, currency), shown);
        }
        assert_eq!(brief(Locale::En, "1420.00", "CAD"), "$1,420.00");
        assert_eq!(brief(Locale::FrCa, "1420.00", "USD"), "1\u{a0}420,00\u{a0}$");
        assert_eq!(brief(Locale::En, "1420", "JPY"), "1,420\u{a0}JPY");
    }

    proptest! {
        #[test]
        fn no_digit_is_lost_or_made(amount in "[0-9]{1,15}\\.[0-9]{2}") {
            for locale in Locale::ALL {
                let shown: String = show(locale, &amount, "USD").chars().filter(char::is_ascii_digit).collect();
                prop_assert_eq!(&shown, &amount.replace('.', ""));
            }
        }
    }
}

//! The shopper: what a financer needs to know to start, and nothing about income, bank or identity numbers.

use crate::invalid::{Invalid, Pointer};
use crate::limits::{EMAIL_MAX_CHARS, TEXT_MAX_CHARS};
use crate::secret::Personal;

/// A customer as a caller wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CustomerInput {
    /// Given name.
    pub first_name: Option<Personal<String>>,
    /// Family name.
    pub last_name: Option<Personal<String>>,
    /// E-mail address.
    pub email: Option<Personal<String>>,
    /// North American phone number in any usual notation; optional.
    pub phone: Option<Personal<String>>,
}

/// A customer that passed the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Customer {
    /// Given name.
    pub first_name: Personal<String>,
    /// Family name.
    pub last_name: Personal<String>,
    /// E-mail address.
    pub email: Personal<String>,
    /// Ten digits, no country code (`wegetfinancing.md` 4.8 rule 7).
    pub phone: Option<Personal<String>>,
}

impl Customer {
    /// Checks and normalises, naming everything that is wrong below `at`.
    pub fn new(input: &CustomerInput, at: &Pointer) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let first_name = invalid.keep(text(input.first_name.as_ref(), &at.child("first_name"), TEXT_MAX_CHARS));
        let last_name = invalid.keep(text(input.last_name.as_ref(), &at.child("last_name"), TEXT_MAX_CHARS));
        let email = invalid.keep(email(input.email.as_ref(), &at.child("email")));
        let phone = match input.phone.as_ref().filter(|phone| !phone.expose().trim().is_empty()) {
            None => None,
            Some(given) => {
                let digits = ten_digits(given.expose());
                if digits.is_none() {
                    let detail = "use ten digits, such as 2125550123; a leading +1 may stand before them";
                    invalid.note(&at.child("phone"), "invalid_phone", detail);
                }
                digits.map(Personal::new)
            }
        };
        match (first_name, last_name, email) {
            (Some(first_name), Some(last_name), Some(email)) if invalid.0.is_empty() => {
                Ok(Self { first_name, last_name, email, phone })
            }
            _ => Err(invalid),
        }
    }
}

/// Trims a required text and refuses blanks, control characters and more than `max_chars`.
pub(crate) fn text(
    given: Option<&Personal<String>>,
    at: &Pointer,
    max_chars: usize,
) -> Result<Personal<String>, Invalid> {
    let Some(given) = given else {
        return Err(Invalid::one(at, "missing", "is required"));
    };
    plain_text(given.expose(), at, max_chars).map(Personal::new)
}

/// Trims text that is nobody's personal data, under the same rules.
pub fn plain_text(given: &str, at: &Pointer, max_chars: usize) -> Result<String, Invalid> {
    let trimmed = given.trim();
    if trimmed.is_empty() {
        return Err(Invalid::one(at, "blank", "must not be blank"));
    }
    if trimmed.chars().count() > max_chars {
        return Err(Invalid::one(at, "too_long", format!("must have at most {max_chars} characters")));
    }
    if trimmed.chars().any(char::is_control) {
        return Err(Invalid::one(at, "control_character", "must not contain control characters such as line breaks"));
    }
    Ok(trimmed.to_owned())
}

fn email(given: Option<&Personal<String>>, at: &Pointer) -> Result<Personal<String>, Invalid> {
    let address = text(given, at, EMAIL_MAX_CHARS)?;
    let plausible = address.expose().rsplit_once('@').is_some_and(|(local, domain)| {
        let host = domain.split('.').all(|label| !label.is_empty()) && domain.contains('.');
        !local.is_empty() && host && !address.expose().contains(char::is_whitespace) && !local.contains('@')
    });
    if plausible {
        Ok(address)
    } else {
        Err(Invalid::one(at, "invalid_email", "use an address such as name@example.com"))
    }
}

/// Reads a North American phone number in any usual notation.
pub fn ten_digits(given: &str) -> Option<String> {
    let stripped: String = given.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
    let national = stripped.strip_prefix("+1").unwrap_or_else(|| match stripped.strip_prefix('1') {
        Some(rest) if stripped.len() == 11 => rest,
        _ => &stripped,
    });
    (national.len() == 10 && national.bytes().all(|b| b.is_ascii_digit())).then(|| national.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn phones_become_ten_digits() {
        for text in ["2222222222", "+1 (222) 222-2222", "1-222-222-2222", "222.222.2222"] {
            assert_eq!(ten_digits(text).as_deref(), Some("2222222222"), "{text}");
        }
        for text in ["222222222", "+44 2222222222", "22222222222", "222222222a", "２２２２２２２２２２"] {
            assert_eq!(ten_digits(text), None, "{text}");
        }
    }

    #[test]
    fn emoji_names_are_names_and_bad_addresses_are_not() {
        let person = |email: &str| CustomerInput {
            first_name: Some(Personal::new("🦊".into())),
            last_name: Some(Personal::new("O’Neil".into())),
            email: Some(Personal::new(email.into())),
            phone: None,
        };
        assert!(Customer::new(&person("a@b.example"), &Pointer::root()).is_ok());
        for wrong in ["a", "a@b", "@b.example", "a@.example", "a b@c.example", "a@@b.example", "a@b..example"] {
            assert!(Customer::new(&person(wrong), &Pointer::root()).is_err(), "{wrong}");
        }
    }
}

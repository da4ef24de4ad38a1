//! What a field of a provider account may hold. Values travel as text everywhere; a kind says which texts.

use crate::limits::{ACCOUNT_FIELD_MAX_CHARS, URL_MAX_CHARS};
use crate::money::{Currency, parse_decimal};
use url::Url;

/// The kind of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldKind {
    /// Any text on one line.
    Text,
    /// Visible ASCII characters without blanks, and without these: what goes into an address or a header.
    Word {
        /// Characters it may not hold.
        without: &'static str,
    },
    /// A whole number in decimal digits, without sign or leading zeros.
    Integer {
        /// The least.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// An amount such as `500.00` that is not negative, with at most so many digits after the point.
    Decimal {
        /// Digits after the point.
        digits: u32,
    },
    /// `true` or `false`.
    Boolean,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// An `https` address.
    Url,
    /// A site as browsers write it, such as `https://shop.example`.
    Origin,
    /// ISO 4217 codes with commas between them, such as `USD,CAD`.
    Currencies,
}

impl FieldKind {
    /// The JSON Schema type that a value may be written as; the text of it does as well.
    pub fn json_type(self) -> &'static str {
        match self {
            Self::Integer { .. } => "integer",
            Self::Boolean => "boolean",
            _ => "string",
        }
    }

    /// What kind of text it is, where its type does not say it.
    pub fn format(self) -> Option<&'static str> {
        match self {
            Self::Decimal { .. } => Some("decimal"),
            Self::Url => Some("uri"),
            Self::Origin => Some("origin"),
            Self::Currencies => Some("currencies"),
            _ => None,
        }
    }

    /// The words it may be; empty where any text of its kind will do.
    pub fn choices(self) -> &'static [&'static str] {
        match self {
            Self::Choice(words) => words,
            Self::Boolean => &["true", "false"],
            _ => &[],
        }
    }

    /// The least and the largest number, for a kind that has them.
    pub fn range(self) -> Option<(u64, u64)> {
        match self {
            Self::Integer { min, max } => Some((min, max)),
            _ => None,
        }
    }

    /// A regular expression that every value matches, for a form to check with before it asks.
    pub fn pattern(self) -> Option<String> {
        match self {
            Self::Word { without: "" } => Some("^[!-~]+$".to_owned()),
            Self::Word { without } => {
                let escaped: String = without.chars().map(|c| format!("\\x{:02x}", u32::from(c))).collect();
                Some(format!("^(?:(?![{escaped}])[!-~])+$"))
            }
            Self::Integer { .. } => Some("^(0|[1-9][0-9]*)$".to_owned()),
            Self::Decimal { digits: 0 } => Some("^[0-9]+$".to_owned()),
            Self::Decimal { digits } => Some(format!("^[0-9]+(\\.[0-9]{{1,{digits}}})?$")),
            Self::Url | Self::Origin => Some("^https://".to_owned()),
            Self::Currencies => Some("^[A-Z]{3}(,[A-Z]{3})*$".to_owned()),
            Self::Text | Self::Boolean | Self::Choice(_) => None,
        }
    }

    /// Judges a value that is there: a word for programs and a sentence for people, which never repeats the value.
    pub(crate) fn judge(self, value: &str) -> Result<(), (&'static str, String)> {
        let wrong = |code, detail: &str| Err((code, detail.to_owned()));
        if value.chars().count() > ACCOUNT_FIELD_MAX_CHARS {
            return Err(("too_long", format!("must have at most {ACCOUNT_FIELD_MAX_CHARS} characters")));
        }
        if value.chars().any(char::is_control) {
            return wrong("control_character", "must be one line without control characters");
        }
        match self {
            Self::Text if value.trim().is_empty() => wrong("blank", "must not be blank"),
            Self::Text => Ok(()),
            Self::Word { without } if !value.chars().all(|c| c.is_ascii_graphic() && !without.contains(c)) => {
                let others = if without.is_empty() { String::new() } else { format!(", and none of {without}") };
                Err(("invalid_word", format!("may hold letters, digits and signs without blanks{others}")))
            }
            Self::Integer { min, max } => whole(value, min, max),
            Self::Decimal { digits } => match parse_decimal(value) {
                Ok(amount) if amount.is_sign_negative() => wrong("negative", "must not be negative"),
                Ok(amount) if amount.normalize().scale() > digits => {
                    Err(("too_many_digits", format!("may have at most {digits} digits after the point")))
                }
                Ok(_) if value.contains(['e', 'E', '+']) => wrong("not_a_number", "use digits and a point only"),
                Ok(_) => Ok(()),
                Err(error) => Err((error.code(), error.to_string())),
            },
            Self::Boolean | Self::Choice(_) if !self.choices().contains(&value) => {
                Err(("unknown_choice", format!("use one of {}", self.choices().join(", "))))
            }
            Self::Url => address(value).map(drop),
            Self::Origin => match address(value)? {
                url if url.origin().ascii_serialization() == value => Ok(()),
                _ => wrong("invalid_origin", "use a site such as https://shop.example, without a path"),
            },
            Self::Currencies if !value.split(',').all(|code| Currency::parse(code.trim()).is_some()) => {
                wrong("unknown_currency", "use ISO 4217 codes such as USD,CAD")
            }
            Self::Word { .. } | Self::Boolean | Self::Choice(_) | Self::Currencies => Ok(()),
        }
    }
}

fn whole(value: &str, min: u64, max: u64) -> Result<(), (&'static str, String)> {
    let canonical = value == "0" || !value.starts_with('0');
    if !value.bytes().all(|byte| byte.is_ascii_digit()) || !canonical {
        return Err(("not_a_number", "use a whole number in digits, without leading zeros".to_owned()));
    }
    match value.parse::<u64>() {
        Ok(number) if (min..=max).contains(&number) => Ok(()),
        _ => Err(("out_of_range", format!("must be from {min} to {max}"))),
    }
}

fn address(value: &str) -> Result<Url, (&'static str, String)> {
    let wrong = |detail: &str| Err(("invalid_url", detail.to_owned()));
    let Ok(url) = Url::parse(value) else { return wrong("use a full address such as https://shop.example/page") };
    if value.chars().count() > URL_MAX_CHARS || value.chars().any(char::is_whitespace) {
        return wrong("is too long, or holds a blank");
    }
    if url.scheme() != "https" || !url.username().is_empty() || url.password().is_some() {
        return wrong("must start with https:// and hold no user name or password");
    }
    Ok(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_takes_what_it_is_and_names_what_it_is_not() {
        let mode = FieldKind::Choice(&["a", "b"]);
        let number = FieldKind::Integer { min: 1, max: u64::MAX };
        let word = FieldKind::Word { without: ":/" };
        let amount = FieldKind::Decimal { digits: 2 };
        for (kind, value, expected) in [
            (FieldKind::Text, "any text, äöü", Ok(())),
            (FieldKind::Text, " ", Err("blank")),
            (FieldKind::Text, "two\r\nlines", Err("control_character")),
            (word, "a-b_2", Ok(())),
            (word, "a b", Err("invalid_word")),
            (word, "a:b", Err("invalid_word")),
            (word, "ä", Err("invalid_word")),
            (number, "18446744073709551615", Ok(())),
            (number, "18446744073709551616", Err("out_of_range")),
            (number, "0", Err("out_of_range")),
            (number, "007", Err("not_a_number")),
            (number, "-1", Err("not_a_number")),
            (number, " 3", Err("not_a_number")),
            (number, "1.5", Err("not_a_number")),
            (number, "abc", Err("not_a_number")),
            (amount, "500.00", Ok(())),
            (amount, "500.001", Err("too_many_digits")),
            (amount, "-1", Err("negative")),
            (amount, "1e2", Err("not_a_number")),
            (FieldKind::Boolean, "true", Ok(())),
            (FieldKind::Boolean, "yes", Err("unknown_choice")),
            (mode, "b", Ok(())),
            (mode, "B", Err("unknown_choice")),
            (FieldKind::Url, "https://shop.example/a?b=c", Ok(())),
            (FieldKind::Url, "http://shop.example", Err("invalid_url")),
            (FieldKind::Url, "https://u:p@shop.example", Err("invalid_url")),
            (FieldKind::Origin, "https://shop.example", Ok(())),
            (FieldKind::Origin, "https://shop.example/", Err("invalid_origin")),
            (FieldKind::Currencies, "USD,CAD", Ok(())),
            (FieldKind::Currencies, "USD,XYZ1", Err("unknown_currency")),
        ] {
            let judged = kind.judge(value).map_err(|(code, _)| code);
            assert_eq!(judged, expected, "{kind:?} {value}");
            if let Err((_, detail)) = kind.judge(value) {
                assert!(value.len() < 3 || !detail.contains(value), "the value is not repeated: {detail}");
            }
        }
        assert_eq!(FieldKind::Text.judge(&"x".repeat(ACCOUNT_FIELD_MAX_CHARS + 1)).unwrap_err().0, "too_long");
    }

    #[test]
    fn a_form_can_ask_for_it() {
        let number = FieldKind::Integer { min: 0, max: 9 };
        assert_eq!((number.json_type(), number.range()), ("integer", Some((0, 9))));
        assert_eq!((FieldKind::Boolean.json_type(), FieldKind::Boolean.choices()), ("boolean", &["true", "false"][..]));
        assert_eq!(FieldKind::Decimal { digits: 2 }.pattern().unwrap(), r"^[0-9]+(\.[0-9]{1,2})?$");
        assert_eq!(FieldKind::Word { without: ":" }.pattern().unwrap(), r"^(?:(?![\x3a])[!-~])+$");
    }
}

//! A postal address, normalised where it enters: state to its code, ZIP to five digits, postal code to `A1A 1A1`.

use crate::country::Country;
use crate::invalid::{Invalid, Pointer};
use crate::limits::TEXT_MAX_CHARS;
use crate::region::Region;
use crate::secret::Personal;

/// An address as a caller wrote it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AddressInput {
    /// Street and number.
    pub line1: Option<Personal<String>>,
    /// Flat, suite; optional.
    pub line2: Option<Personal<String>>,
    /// City.
    pub city: Option<Personal<String>>,
    /// State, province or territory; code or name.
    pub state: Option<String>,
    /// ZIP, ZIP+4 or Canadian postal code.
    pub postal_code: Option<Personal<String>>,
    /// Two letters; `US` when absent.
    pub country: Option<String>,
}

/// An address that passed the checks of its country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Street and number.
    pub line1: Personal<String>,
    /// Flat, suite.
    pub line2: Option<Personal<String>>,
    /// City.
    pub city: Personal<String>,
    /// Two-letter code in the US and Canada.
    pub state: Region,
    /// Five digits (US), `A1A 1A1` (Canada).
    pub postal_code: Personal<String>,
    /// Country.
    pub country: Country,
}

impl Address {
    /// Checks and normalises, naming everything that is wrong below `at`.
    pub fn new(input: &AddressInput, at: &Pointer) -> Result<Self, Invalid> {
        let mut invalid = Invalid::none();
        let line1 = invalid.keep(required(input.line1.as_ref(), &at.child("line1")));
        let city = invalid.keep(required(input.city.as_ref(), &at.child("city")));
        let line2 = input.line2.as_ref().filter(|text| !text.expose().trim().is_empty());
        let line2 = line2.and_then(|text| invalid.keep(required(Some(text), &at.child("line2"))));
        let country = match input.country.as_deref() {
            None => Some(Country::Us),
            Some(code) => Country::parse(code),
        };
        let Some(country) = country else {
            invalid.note(&at.child("country"), "invalid_country", "use a two-letter ISO 3166 code such as US or CA");
            return Err(invalid);
        };
        let state = match input.state.as_deref() {
            None => {
                invalid.note(&at.child("state"), "missing", "state or province is required");
                None
            }
            Some(text) if text.chars().count() > TEXT_MAX_CHARS => {
                invalid.note(&at.child("state"), "too_long", "state or province is too long");
                None
            }
            Some(text) => {
                let region = Region::parse(country, text);
                if region.is_none() {
                    let detail = match country {
                        Country::Us => "use one of the 50 states or DC, as code or name",
                        Country::Ca => "use a Canadian province or territory, as code or name",
                        Country::Other(_) => "must not be blank",
                    };
                    invalid.note(&at.child("state"), "invalid_state", detail);
                }
                region
            }
        };
        let postal_code = match invalid.keep(required(input.postal_code.as_ref(), &at.child("postal_code"))) {
            None => None,
            Some(text) => {
                let normalised = postal_code(country, text.expose());
                if normalised.is_none() {
                    let detail = match country {
                        Country::Us => "use five digits, or ZIP+4 such as 07740-1234",
                        Country::Ca => "use a Canadian postal code such as M5V 2T6",
                        Country::Other(_) => "must not be blank",
                    };
                    invalid.note(&at.child("postal_code"), "invalid_postal_code", detail);
                }
                normalised.map(Personal::new)
            }
        };
        match (line1, city, state, postal_code) {
            (Some(line1), Some(city), Some(state), Some(postal_code)) if invalid.0.is_empty() => {
                Ok(Self { line1, line2, city, state, postal_code, country })
            }
            _ => Err(invalid),
        }
    }

    /// The street as one line, for providers that have only one.
    pub fn street(&self) -> Personal<String> {
        match &self.line2 {
            None => self.line1.clone(),
            Some(line2) => Personal::new(format!("{} {}", self.line1.expose(), line2.expose())),
        }
    }
}

fn required(text: Option<&Personal<String>>, at: &Pointer) -> Result<Personal<String>, Invalid> {
    crate::customer::text(text, at, TEXT_MAX_CHARS)
}

/// ZIP and ZIP+4 become five digits, Canadian codes get upper case and one space.
fn postal_code(country: Country, text: &str) -> Option<String> {
    let text = text.trim();
    match country {
        Country::Us => {
            let digits = |part: &str, count: usize| part.len() == count && part.bytes().all(|b| b.is_ascii_digit());
            let (five, four) = match text.split_once('-') {
                Some((five, four)) => (five, Some(four)),
                None if text.len() == 9 && text.is_ascii() => text.split_at_checked(5).map(|(a, b)| (a, Some(b)))?,
                None => (text, None),
            };
            (digits(five, 5) && four.is_none_or(|four| digits(four, 4))).then(|| five.to_owned())
        }
        Country::Ca => {
            let plain: String =
                text.chars().filter(|c| *c != ' ' && *c != '-').collect::<String>().to_ascii_uppercase();
            let shape_fits = plain.len() == 6
                && plain
                    .bytes()
                    .enumerate()
                    .all(|(at, b)| if at % 2 == 0 { b.is_ascii_uppercase() } else { b.is_ascii_digit() });
            // Letters that Canada Post never uses; W and Z do not start a code.
            let letters_fit = !plain.contains(['D', 'F', 'I', 'O', 'Q', 'U']) && !plain.starts_with(['W', 'Z']);
            let (front, back) = plain.split_at_checked(3)?;
            (shape_fits && letters_fit).then(|| format!("{front} {back}"))
        }
        Country::Other(_) => (!text.is_empty()).then(|| text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postal_codes_are_normalised() {
        assert_eq!(postal_code(Country::Us, "07740-1234").as_deref(), Some("07740"));
        assert_eq!(postal_code(Country::Us, "077401234").as_deref(), Some("07740"));
        assert_eq!(postal_code(Country::Ca, "m5v2t6").as_deref(), Some("M5V 2T6"));
        for (country, text) in [
            (Country::Us, "7740"),
            (Country::Us, "07740-12"),
            (Country::Us, "M5V 2T6"),
            (Country::Ca, "D1A 1A1"),
            (Country::Ca, "é5V2T6"),
            (Country::Us, "ééééé"),
        ] {
            assert_eq!(postal_code(country, text), None, "{text}");
        }
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let input = AddressInput {
            state: Some("ZZ".into()),
            postal_code: Some(Personal::new("x".into())),
            ..AddressInput::default()
        };
        let invalid = Address::new(&input, &Pointer::root().child("billing_address")).unwrap_err();
        let pointers: Vec<_> = invalid.0.iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(
            pointers,
            [
                "/billing_address/line1",
                "/billing_address/city",
                "/billing_address/state",
                "/billing_address/postal_code"
            ]
        );
    }
}

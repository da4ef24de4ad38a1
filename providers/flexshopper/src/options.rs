//! `provider_options.flexshopper`: what only this provider understands.

use lendport_core::{Checkout, Invalid, Pointer};
use serde_json::{Map, Value};

use crate::ID;

/// Words that plugins send for how goods are sent (4.13).
const METHODS: [&str; 7] = ["ground", "freight", "store", "free", "2-day-air", "overnight", "UPS"];
const CONDITIONS: [&str; 3] = ["new", "used", "refurbished"];

/// The options of one checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// State of the goods.
    pub(crate) condition: &'static str,
    /// How they are sent.
    pub(crate) shipping_method: &'static str,
}

impl Default for Options {
    fn default() -> Self {
        Self { condition: "new", shipping_method: "ground" }
    }
}

impl Options {
    /// Those of a checkout, which were checked when it was opened.
    pub(crate) fn of(checkout: &Checkout) -> Result<Self, Invalid> {
        let at = Pointer::root().child("provider_options").child(ID);
        checkout.provider_options.get(ID).map_or_else(|| Ok(Self::default()), |text| Self::read(text, &at))
    }

    /// Reads JSON object text, naming everything that is wrong below `at`.
    pub(crate) fn read(text: &str, at: &Pointer) -> Result<Self, Invalid> {
        let Ok(members) = serde_json::from_str::<Map<String, Value>>(text) else {
            return Err(Invalid::one(at, "wrong_type", "must be an object"));
        };
        let mut invalid = Invalid::none();
        let mut options = Self::default();
        for (name, value) in &members {
            let at = at.child(name);
            match name.as_str() {
                "condition" => {
                    options.condition = invalid.keep(one_of(value, &CONDITIONS, &at)).unwrap_or_default();
                }
                "shipping_method" => {
                    options.shipping_method = invalid.keep(one_of(value, &METHODS, &at)).unwrap_or_default();
                }
                _ => invalid.note(&at, "unknown_field", "is not known; known are condition, shipping_method"),
            }
        }
        invalid.finish()?;
        Ok(options)
    }
}

fn one_of(value: &Value, words: &[&'static str], at: &Pointer) -> Result<&'static str, Invalid> {
    let found = value.as_str().and_then(|text| words.iter().copied().find(|word| *word == text));
    found.ok_or_else(|| Invalid::one(at, "unknown_choice", format!("use one of {}", words.join(", "))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_options_are_read_and_others_named() {
        let at = Pointer::root();
        let read = Options::read(r#"{"condition": "refurbished", "shipping_method": "store"}"#, &at).unwrap();
        assert_eq!((read.condition, read.shipping_method), ("refurbished", "store"));
        assert_eq!(Options::read("{}", &at).unwrap(), Options::default());
        let wrong = Options::read(r#"{"condition": "New", "shipping_method": 7, "images": []}"#, &at).unwrap_err();
        let found: Vec<_> = wrong.0.iter().map(|error| (error.pointer.as_str(), error.code.as_str())).collect();
        let expected =
            [("/condition", "unknown_choice"), ("/shipping_method", "unknown_choice"), ("/images", "unknown_field")];
        assert_eq!(found, expected);
        assert!(Options::read("[]", &at).is_err());
    }
}

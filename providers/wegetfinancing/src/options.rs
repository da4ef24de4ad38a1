//! `provider_options.wegetfinancing`: what only this provider understands (`wegetfinancing.md` 4.1, Q24).

use lendport_core::{Invalid, Pointer};
use serde_json::{Map, Value};

/// Longest software name or version.
const TEXT_MAX_CHARS: usize = 100;

/// The options of one checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// The provider writes to the customer instead of going on in the browser.
    pub(crate) sent_to_consumer: Option<bool>,
    /// The shop software's name, in place of ours.
    pub(crate) software_name: Option<String>,
    /// The shop software's version.
    pub(crate) software_version: Option<String>,
}

impl Options {
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
                "sent_to_consumer" => match value.as_bool() {
                    Some(flag) => options.sent_to_consumer = Some(flag),
                    None => invalid.note(&at, "wrong_type", "must be true or false"),
                },
                "software_name" => options.software_name = invalid.keep(label(value, &at)),
                "software_version" => options.software_version = invalid.keep(label(value, &at)),
                _ => {
                    let detail = "is not known; known are sent_to_consumer, software_name, software_version";
                    invalid.note(&at, "unknown_field", detail);
                }
            }
        }
        invalid.finish()?;
        Ok(options)
    }
}

fn label(value: &Value, at: &Pointer) -> Result<String, Invalid> {
    let Some(text) = value.as_str() else {
        return Err(Invalid::one(at, "wrong_type", "must be a text"));
    };
    lendport_core::customer::plain_text(text, at, TEXT_MAX_CHARS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_options_are_read_and_others_named() {
        let at = Pointer::root().child("provider_options").child("wegetfinancing");
        let text = r#"{"sent_to_consumer": true, "software_name": " Shop ", "software_version": "2.1"}"#;
        let options = Options::read(text, &at).unwrap();
        assert_eq!(options.sent_to_consumer, Some(true));
        assert_eq!(options.software_name.as_deref(), Some("Shop"));

        let wrong =
            r#"{"sent_to_consumer": "yes", "software_name": "", "software_version": 2, "preapproval_only": true}"#;
        let found: Vec<_> = Options::read(wrong, &at).unwrap_err().0.into_iter().map(|e| (e.pointer, e.code)).collect();
        let expected = [
            ("sent_to_consumer", "wrong_type"),
            ("software_name", "blank"),
            ("software_version", "wrong_type"),
            ("preapproval_only", "unknown_field"),
        ];
        let expected = expected.map(|(name, code)| (at.child(name).as_str().to_owned(), code.to_owned()));
        assert_eq!(found, expected);
        assert!(Options::read("[]", &at).is_err() && Options::read("null", &at).is_err());
    }
}

//! Reads the members of an options object one by one, and notes everything that is wrong with them.

use lendport_core::customer::plain_text;
use lendport_core::{Invalid, Pointer};
use lendport_outbound::Url;
use serde_json::{Map, Value};

use crate::text::Text;

/// An object as far as it was read.
pub(crate) struct Members {
    left: Map<String, Value>,
    known: Vec<&'static str>,
    at: Pointer,
    invalid: Invalid,
}

impl Members {
    /// An object from JSON text.
    pub(crate) fn parse(text: &str, at: &Pointer) -> Result<Self, Invalid> {
        match serde_json::from_str(text) {
            Ok(left) => Ok(Self::of(left, at.clone())),
            Err(_) => Err(Invalid::one(at, "wrong_type", "must be an object")),
        }
    }

    fn of(left: Map<String, Value>, at: Pointer) -> Self {
        Self { left, known: Vec::new(), at, invalid: Invalid::none() }
    }

    fn take(&mut self, name: &'static str) -> Option<Value> {
        self.known.push(name);
        self.left.remove(name).filter(|value| !value.is_null())
    }

    /// A text without control characters and not blank, of so many characters at most.
    pub(crate) fn text<const MAX: usize>(&mut self, name: &'static str) -> Option<Text<MAX>> {
        let value = self.take(name)?;
        let at = self.at.child(name);
        let Some(text) = value.as_str() else {
            self.invalid.note(&at, "wrong_type", "must be a text");
            return None;
        };
        self.invalid.keep(plain_text(text, &at, MAX)).and_then(Text::new)
    }

    /// An http(s) address.
    pub(crate) fn web_address(&mut self, name: &'static str) -> Option<Text<2083>> {
        let web = |text: &str| {
            let url = Url::parse(text).ok()?;
            let fits = matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty();
            (fits && url.password().is_none()).then(|| Text::new(text)).flatten()
        };
        self.told(name, "must be an http or https address of at most 2083 characters", web)
    }

    /// A text, or a whole number, that a function reads.
    pub(crate) fn told<T>(&mut self, name: &'static str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = match self.take(name)? {
            Value::String(text) => Some(text),
            Value::Number(number) => number.as_u64().map(|number| number.to_string()),
            _ => None,
        };
        let found = text.and_then(|text| read(&text));
        if found.is_none() {
            self.note(name, "invalid_value", wanted);
        }
        found
    }

    /// One word of a list.
    pub(crate) fn choice<T>(
        &mut self,
        name: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let value = self.take(name)?;
        let found = value.as_str().and_then(parse);
        if found.is_none() {
            self.note(name, "unknown_choice", &format!("use one of {}", words.join(", ")));
        }
        found
    }

    /// Several words of a list.
    pub(crate) fn choices<T>(
        &mut self,
        name: &'static str,
        words: &[&str],
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<Vec<T>> {
        let value = self.take(name)?;
        let found: Option<Vec<T>> =
            value.as_array().and_then(|list| list.iter().map(|word| word.as_str().and_then(&parse)).collect());
        let found = found.filter(|list| !list.is_empty());
        if found.is_none() {
            self.note(name, "unknown_choice", &format!("must be a list of {}", words.join(", ")));
        }
        found
    }

    /// True or false.
    pub(crate) fn flag(&mut self, name: &'static str) -> Option<bool> {
        let value = self.take(name)?;
        if value.as_bool().is_none() {
            self.note(name, "wrong_type", "must be true or false");
        }
        value.as_bool()
    }

    /// An object within. Hand it back with [`Members::take_in`].
    pub(crate) fn object(&mut self, name: &'static str) -> Option<Self> {
        match self.take(name)? {
            Value::Object(left) => Some(Self::of(left, self.at.child(name))),
            _ => {
                self.note(name, "wrong_type", "must be an object");
                None
            }
        }
    }

    /// What was wrong with an object within is wrong with this one.
    pub(crate) fn take_in(&mut self, mut inner: Self) {
        inner.note_unknown();
        self.invalid.0.append(&mut inner.invalid.0);
    }

    /// Notes what is wrong with a member.
    pub(crate) fn note(&mut self, name: &str, code: &str, detail: &str) {
        self.invalid.note(&self.at.child(name), code, detail);
    }

    /// Notes that a member is needed, unless something is wrong with it already.
    pub(crate) fn note_missing(&mut self, name: &str) {
        let at = self.at.child(name);
        if !self.invalid.0.iter().any(|error| error.pointer.starts_with(at.as_str())) {
            self.invalid.note(&at, "missing", "is required");
        }
    }

    /// Everything that was wrong, unknown members included.
    pub(crate) fn finish(mut self) -> Result<(), Invalid> {
        self.note_unknown();
        self.invalid.finish()
    }

    fn note_unknown(&mut self) {
        let detail = format!("is not known; known are {}", self.known.join(", "));
        for name in self.left.keys() {
            self.invalid.note(&self.at.child(name), "unknown_field", detail.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn wrong(text: &str) -> Vec<(String, String)> {
        let errors = Options::read(text, &Pointer::root()).err().unwrap().0;
        errors.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn everything_that_is_wrong_is_named_at_once() {
        let text = r##"{"type": "GOODS", "short_description": "", "fee": {"app_fee": -1, "percent": 3},
            "theme": {"primary_color": "#ffffff", "name": 7}, "funding_sources": ["bank"], "require_shipping": "yes",
            "client_ip": "10.0.0.1", "risk_token": "x", "fallback_uri": "javascript:1", "reference_id": "mine"}"##;
        let found = wrong(text);
        for (pointer, code) in [
            ("/type", "unknown_choice"),
            ("/short_description", "blank"),
            ("/fee/app_fee", "invalid_value"),
            ("/fee/percent", "unknown_field"),
            ("/theme/primary_color", "invalid_value"),
            ("/theme/name", "wrong_type"),
            ("/funding_sources", "unknown_choice"),
            ("/require_shipping", "wrong_type"),
            ("/client_ip", "invalid_value"),
            ("/risk_token", "invalid_value"),
            ("/fallback_uri", "invalid_value"),
            ("/reference_id", "unknown_field"),
        ] {
            assert!(found.contains(&(pointer.to_owned(), code.to_owned())), "{pointer} {code} in {found:?}");
        }
        assert_eq!(found.len(), 12);
        assert_eq!(wrong("[]"), [(String::new(), "wrong_type".to_owned())]);
    }

    #[test]
    fn a_page_and_a_payment_method_exclude_each_other() {
        let text =
            r#"{"payment_method": {"type": "credit_card", "credit_card": {"id": "2291714459"}}, "mode": "iframe"}"#;
        assert_eq!(wrong(text), [("/mode".to_owned(), "not_allowed".to_owned())]);
        for text in [
            r#"{"payment_method": {}}"#,
            r#"{"payment_method": {"type": "credit_card"}}"#,
            r#"{"payment_method": {"type": "credit_card", "credit_card": {}}}"#,
            r#"{"payment_method": {"type": "credit_card", "credit_card": {"id": 1.5}}}"#,
            r#"{"payment_method": {"type": "credit_card", "preapproval": {"id": 1}}}"#,
        ] {
            assert!(Options::read(text, &Pointer::root()).is_err(), "{text}");
        }
    }
}

//! Reading typed parameters; the first one that is wrong ends the call, as at WePay.

use rust_decimal::Decimal;

use super::errors::Refusal;
use super::money;
use lendport_simulation::Json;

/// The parameters of a call, or of an object inside it.
pub(super) struct Fields<'a> {
    /// Dotted name of the object, with its point; empty at the root.
    prefix: String,
    body: &'a Json,
}

impl<'a> Fields<'a> {
    pub(super) fn root(body: &'a Json) -> Self {
        Self { prefix: String::new(), body }
    }

    /// A present `null` counts as left out.
    fn get(&self, name: &str) -> Option<&'a Json> {
        self.body.get(name).filter(|value| **value != Json::Null)
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }

    pub(super) fn missing(&self, name: &str) -> Refusal {
        Refusal::missing(&self.name(name))
    }

    pub(super) fn bad(&self, name: &str, must: &str) -> Refusal {
        Refusal::bad(&self.name(name), must)
    }

    /// An optional text of at most `limit` characters. Numbers are not texts.
    pub(super) fn text(&self, name: &str, limit: usize) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) if text.chars().count() <= limit => Ok(Some(text.clone())),
            Some(Json::Text(_)) => Err(self.bad(name, &format!("{limit} characters or less"))),
            Some(_) => Err(self.bad(name, "a string")),
        }
    }

    /// A text that must say something.
    pub(super) fn required_text(&self, name: &str, limit: usize) -> Result<String, Refusal> {
        self.text(name, limit)?.filter(|text| !text.is_empty()).ok_or_else(|| self.missing(name))
    }

    /// One word of a list.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(name, 255)? else { return Ok(None) };
        if words.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(self.bad(name, &format!("one of {}", words.join(", "))))
    }

    /// A number of up to 64 bits that is not negative; numeric strings are accepted as well.
    pub(super) fn integer(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let digits = match self.get(name) {
            None => return Ok(None),
            Some(Json::Number(digits) | Json::Text(digits)) => digits,
            Some(_) => return Err(self.bad(name, "an integer")),
        };
        let plain = !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit());
        let number = digits.parse::<u64>().ok().filter(|number| plain && *number <= i64::MAX.unsigned_abs());
        number.map(Some).ok_or_else(|| self.bad(name, "an integer"))
    }

    pub(super) fn required_integer(&self, name: &str) -> Result<u64, Refusal> {
        self.integer(name)?.ok_or_else(|| self.missing(name))
    }

    /// An amount of at most two decimals that is not negative; numeric strings are accepted as well.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        let digits = match self.get(name) {
            None => return Ok(None),
            Some(Json::Number(digits) | Json::Text(digits)) => digits,
            Some(_) => return Err(self.bad(name, "a decimal")),
        };
        match money::parse(digits) {
            Some(amount) if amount.is_sign_negative() && !amount.is_zero() => Err(self.bad(name, "positive")),
            Some(amount) if amount.scale() > 2 => Err(self.bad(name, "a decimal with at most 2 places")),
            Some(amount) => Ok(Some(amount)),
            None => Err(self.bad(name, "a decimal")),
        }
    }

    /// A boolean; `0` and `1` are accepted as well, and in forms their words.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(Json::Number(word) | Json::Text(word)) => match word.as_str() {
                "0" | "false" => Ok(Some(false)),
                "1" | "true" => Ok(Some(true)),
                _ => Err(self.bad(name, "a boolean")),
            },
            Some(_) => Err(self.bad(name, "a boolean")),
        }
    }

    /// An absolute `http` or `https` address.
    pub(super) fn uri(&self, name: &str) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(name, 2083)?.filter(|text| !text.is_empty()) else { return Ok(None) };
        match url::Url::parse(&text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => Ok(Some(text)),
            _ => Err(self.bad(name, "a full URI")),
        }
    }

    /// Where notices go: never to WePay itself and, when `strict`, never to this machine.
    pub(super) fn callback(&self, name: &str, strict: bool) -> Result<Option<String>, Refusal> {
        let Some(text) = self.uri(name)? else { return Ok(None) };
        let local = ["localhost", "127.0.0.1"].iter().any(|host| text.to_ascii_lowercase().contains(host));
        if text.to_ascii_lowercase().contains("wepay.com") || (strict && local) {
            return Err(self.bad(name, "a URI that is not localhost, 127.0.0.1 or wepay.com"));
        }
        Ok(Some(text))
    }

    pub(super) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Refusal> {
        let entries = match self.get(name) {
            None => return Ok(None),
            Some(Json::List(entries)) => entries,
            Some(_) => return Err(self.bad(name, "an array")),
        };
        let texts = entries.iter().map(|entry| match entry {
            Json::Text(text) => Ok(text.clone()),
            _ => Err(self.bad(name, "an array of strings")),
        });
        texts.collect::<Result<Vec<_>, _>>().map(Some)
    }

    pub(super) fn inner(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(body @ Json::Object(_)) => Ok(Some(Fields { prefix: format!("{}{name}.", self.prefix), body })),
            Some(_) => Err(self.bad(name, "an object")),
        }
    }

    /// Whether a parameter is there and is not `null`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Adds the dotted names of parameters that are not in `known`.
    pub(super) fn unknown(&self, known: &[&str], into: &mut Vec<String>) {
        if let Json::Object(members) = self.body {
            let strange = members.iter().filter(|(name, _)| !known.contains(&name.as_str()));
            into.extend(strange.map(|(name, _)| self.name(name)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_texts_but_not_texts_as_numbers() {
        let body = Json::parse(
            br#"{"id":"649945633","big":9223372036854775807,"over":9223372036854775808,"amount":"20.00","ref":7,
                "flag":0,"yes":"yes","null":null,"thin":1.001,"minus":-1}"#,
        )
        .unwrap();
        let fields = Fields::root(&body);
        assert_eq!(fields.required_integer("id"), Ok(649_945_633));
        assert_eq!(fields.integer("big"), Ok(Some(9_223_372_036_854_775_807)));
        assert_eq!(fields.integer("over").unwrap_err().code, 1003);
        assert_eq!(fields.amount("amount"), Ok(Some(Decimal::from(20))));
        assert_eq!(fields.text("ref", 255).unwrap_err().code, 1003);
        assert_eq!(fields.flag("flag"), Ok(Some(false)));
        assert_eq!(fields.flag("yes").unwrap_err().code, 1003);
        assert_eq!(fields.required_integer("null").unwrap_err().text, "null parameter is required");
        assert_eq!(fields.amount("thin").unwrap_err().code, 1003);
        assert_eq!(fields.amount("minus").unwrap_err().code, 1003);
        assert!(!fields.has("null"));
    }

    #[test]
    fn limits_count_characters() {
        let body = Json::parse(format!("{{\"a\":\"{}\"}}", "é".repeat(255)).as_bytes()).unwrap();
        let fields = Fields::root(&body);
        assert!(fields.required_text("a", 255).is_ok());
        assert_eq!(fields.text("a", 254).unwrap_err().text, "a parameter must be 254 characters or less");
    }

    #[test]
    fn callbacks_have_bans() {
        let callback = |uri: &str, strict| {
            let body = Json::object([("callback_uri", uri.into())]);
            Fields::root(&body).callback("callback_uri", strict).is_ok()
        };
        assert!(callback("https://www.example.com/ipn?t=1", true));
        assert!(callback("http://127.0.0.1:9000/ipn", false));
        for uri in ["http://127.0.0.1:9000/ipn", "http://localhost/", "https://www.wepay.com", "ftp://a.b", "/ipn"] {
            assert!(!callback(uri, true), "{uri}");
        }
    }
}

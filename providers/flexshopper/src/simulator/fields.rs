//! Reading typed members; the first one that is wrong ends the call, with a message as the reference prints them.

use rust_decimal::Decimal;

use super::errors::Refusal;
use super::money;
use lendport_simulation::Json;

/// The members of a body, or of an object inside it.
pub(super) struct Fields<'a> {
    /// Path of the object, with its point; empty at the root.
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

    fn bad(&self, name: &str, what: &str) -> Refusal {
        Refusal::Invalid(format!("\"{}{name}\" {what}", self.prefix))
    }

    pub(super) fn missing(&self, name: &str) -> Refusal {
        self.bad(name, "is required")
    }

    /// An optional text. Numbers are not texts.
    pub(super) fn text(&self, name: &str) -> Result<Option<String>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.bad(name, "must be a string")),
        }
    }

    /// A text that must say something.
    pub(super) fn required_text(&self, name: &str) -> Result<String, Refusal> {
        match self.text(name)? {
            None => Err(self.missing(name)),
            Some(text) if text.trim().is_empty() => Err(self.bad(name, "is not allowed to be empty")),
            Some(text) => Ok(text),
        }
    }

    /// One word of a list.
    pub(super) fn word(&self, name: &str, words: &[&str]) -> Result<Option<String>, Refusal> {
        let Some(text) = self.text(name)? else { return Ok(None) };
        if words.contains(&text.as_str()) {
            return Ok(Some(text));
        }
        Err(self.bad(name, &format!("must be one of [{}]", words.join(", "))))
    }

    /// A number that is not negative; numeric strings are understood as well.
    pub(super) fn amount(&self, name: &str) -> Result<Option<Decimal>, Refusal> {
        let read = match self.get(name) {
            None => return Ok(None),
            Some(Json::Number(digits) | Json::Text(digits)) => money::parse(digits),
            Some(_) => None,
        };
        let amount = read.ok_or_else(|| self.bad(name, "must be a number"))?;
        if amount.is_sign_negative() && !amount.is_zero() {
            return Err(self.bad(name, "must be larger than or equal to 0"));
        }
        Ok(Some(amount))
    }

    pub(super) fn required_amount(&self, name: &str) -> Result<Decimal, Refusal> {
        self.amount(name)?.ok_or_else(|| self.missing(name))
    }

    /// How many of something: at least one.
    pub(super) fn quantity(&self, name: &str) -> Result<Option<u32>, Refusal> {
        let Some(amount) = self.amount(name)? else { return Ok(None) };
        let whole = amount.fract().is_zero() && !amount.is_zero();
        let quantity = u32::try_from(amount.trunc()).ok().filter(|quantity| whole && *quantity <= 1_000_000);
        quantity.map(Some).ok_or_else(|| self.bad(name, "must be an integer larger than 0"))
    }

    pub(super) fn required_quantity(&self, name: &str) -> Result<u32, Refusal> {
        self.quantity(name)?.ok_or_else(|| self.missing(name))
    }

    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(Json::Bool(flag)) => Ok(Some(*flag)),
            Some(_) => Err(self.bad(name, "must be a boolean")),
        }
    }

    pub(super) fn inner(&self, name: &str) -> Result<Option<Fields<'a>>, Refusal> {
        match self.get(name) {
            None => Ok(None),
            Some(body @ Json::Object(_)) => Ok(Some(Fields { prefix: format!("{}{name}.", self.prefix), body })),
            Some(_) => Err(self.bad(name, "must be of type object")),
        }
    }

    /// The objects of a list.
    pub(super) fn list(&self, name: &str) -> Result<Option<Vec<Fields<'a>>>, Refusal> {
        let entries = match self.get(name) {
            None => return Ok(None),
            Some(Json::List(entries)) => entries,
            Some(_) => return Err(self.bad(name, "must be an array")),
        };
        let inside = entries.iter().enumerate().map(|(place, body)| match body {
            Json::Object(_) => Ok(Fields { prefix: format!("{}{name}[{place}].", self.prefix), body }),
            _ => Err(self.bad(&format!("{name}[{place}]"), "must be of type object")),
        });
        inside.collect::<Result<Vec<_>, _>>().map(Some)
    }

    /// A member as it was sent.
    pub(super) fn raw(&self, name: &str) -> Option<&'a Json> {
        self.get(name)
    }

    /// Adds the paths of members that are not in `known`.
    pub(super) fn unknown(&self, known: &[&str], into: &mut Vec<String>) {
        if let Json::Object(members) = self.body {
            let strange = members.iter().filter(|(name, _)| !known.contains(&name.as_str()));
            into.extend(strange.map(|(name, _)| format!("{}{name}", self.prefix)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_name_the_member() {
        let body = br#"{"n":"1.50","minus":-1,"two":2.5,"nought":0,"t":7,"e":" ","l":[{"q":3},7],"o":{"x":1},"f":1}"#;
        let body = Json::parse(body).unwrap();
        let fields = Fields::root(&body);
        let why = |refusal: Refusal| refusal.why().to_owned();
        assert_eq!(fields.amount("n"), Ok(Some(Decimal::new(15, 1))));
        assert_eq!(why(fields.amount("minus").unwrap_err()), "\"minus\" must be larger than or equal to 0");
        assert_eq!(why(fields.quantity("two").unwrap_err()), "\"two\" must be an integer larger than 0");
        assert!(fields.quantity("nought").is_err());
        assert_eq!(why(fields.required_text("gone").unwrap_err()), "\"gone\" is required");
        assert_eq!(why(fields.text("t").unwrap_err()), "\"t\" must be a string");
        assert_eq!(why(fields.required_text("e").unwrap_err()), "\"e\" is not allowed to be empty");
        assert_eq!(fields.list("l").err().map(why).unwrap(), "\"l[1]\" must be of type object");
        let inner = fields.inner("o").unwrap().unwrap();
        assert_eq!(why(inner.text("x").unwrap_err()), "\"o.x\" must be a string");
        assert_eq!(why(fields.flag("f").unwrap_err()), "\"f\" must be a boolean");
        assert_eq!(why(fields.word("e", &["a", "b"]).unwrap_err()), "\"e\" must be one of [a, b]");
        let mut strange = Vec::new();
        inner.unknown(&["y"], &mut strange);
        assert_eq!(strange, ["o.x"]);
    }
}

//! Reading typed values out of a JSON object while gathering what is wrong with them.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::json::Json;
use super::money;

/// Dotted name to reason.
pub(super) type Reasons = BTreeMap<String, String>;

/// One object of the body and where its problems go.
pub(super) struct Fields<'a, 'r> {
    prefix: &'a str,
    members: &'a BTreeMap<String, Json>,
    reasons: &'r mut Reasons,
}

impl<'a, 'r> Fields<'a, 'r> {
    /// `prefix` is the name of the object inside the body, empty for the root.
    pub(super) fn new(prefix: &'a str, members: &'a BTreeMap<String, Json>, reasons: &'r mut Reasons) -> Self {
        Self { prefix, members, reasons }
    }

    pub(super) fn refuse(&mut self, name: &str, reason: &str) {
        let dotted = if self.prefix.is_empty() { name.to_owned() } else { format!("{}.{name}", self.prefix) };
        self.reasons.insert(dotted, reason.to_owned());
    }

    /// A text that must say something. A present `null` counts as a value of the wrong type.
    pub(super) fn required(&mut self, name: &str) -> Option<String> {
        let members = self.members;
        match members.get(name).map(Json::text) {
            Some(Some(text)) if !text.trim().is_empty() => return Some(text.to_owned()),
            Some(Some(_)) => self.refuse(name, "Must not be blank"),
            Some(None) => self.refuse(name, "Not a string"),
            None => self.refuse(name, "Missing required parameter"),
        }
        None
    }

    /// A text that may be left out; `""` counts as left out, as known clients send it.
    pub(super) fn optional(&mut self, name: &str) -> Option<&'a str> {
        let members = self.members;
        match members.get(name)? {
            Json::Text(text) => Some(text.as_str()).filter(|text| !text.is_empty()),
            _ => {
                self.refuse(name, "Not a string");
                None
            }
        }
    }

    pub(super) fn flag(&mut self, name: &str) -> bool {
        match self.members.get(name) {
            None => false,
            Some(Json::Bool(flag)) => *flag,
            Some(_) => {
                self.refuse(name, "Not a boolean");
                false
            }
        }
    }

    pub(super) fn email(&mut self, name: &str) -> Option<String> {
        let address = self.required(name)?;
        let fits = address.len() <= 254
            && !address.chars().any(|c| c.is_whitespace() || c.is_control() || "<>,;\"".contains(c))
            && address.rsplit_once('@').is_some_and(|(local, domain)| {
                let labels = domain.split('.').count() > 1 && domain.split('.').all(|label| !label.is_empty());
                !local.is_empty() && !local.contains('@') && labels
            });
        if fits {
            return Some(address);
        }
        self.refuse(name, "Not a valid e-mail address");
        None
    }

    pub(super) fn url(&mut self, name: &str) -> Option<String> {
        let text = self.optional(name)?;
        match url::Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.host_str().is_some() => Some(text.to_owned()),
            _ => {
                self.refuse(name, "Not a valid URL");
                None
            }
        }
    }

    /// An amount of at most two decimals that is not negative.
    pub(super) fn amount(&mut self, name: &str) -> Option<Decimal> {
        let amount = match money::decimal(self.members.get(name)?) {
            Ok(amount) => amount,
            Err(reason) => {
                self.refuse(name, reason);
                return None;
            }
        };
        if amount < Decimal::ZERO {
            self.refuse(name, "Must not be negative");
        } else if amount.scale() > 2 {
            self.refuse(name, "More than two decimals");
        }
        Some(amount)
    }
}

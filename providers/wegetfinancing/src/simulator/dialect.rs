//! The bodies of postbacks in the three dialects (wegetfinancing.md 6.3 to 6.5), byte for byte.

use serde_json::{Map, Value, json};

/// The `version` of the create request: it only selects the form of the postbacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// URL-encoded, the default.
    V02,
    /// JSON with `inv_id` and `inv_status`.
    V10,
    /// JSON with `request_token` and `updates`.
    V19,
}

impl Dialect {
    pub(super) fn parse(version: &str) -> Option<Self> {
        match version {
            "0.2" => Some(Self::V02),
            "1.0" => Some(Self::V10),
            "1.9" => Some(Self::V19),
            _ => None,
        }
    }

    pub(super) fn version(self) -> &'static str {
        match self {
            Self::V02 => "0.2",
            Self::V10 => "1.0",
            Self::V19 => "1.9",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::V02 => "application/x-www-form-urlencoded",
            Self::V10 | Self::V19 => "application/json",
        }
    }
}

/// Older or shorter forms of a message that real senders have used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Variant {
    /// As documented today.
    #[default]
    Current,
    /// 1.9: `updates.action = "refund"` without a status.
    ActionRefund,
    /// 1.0: nothing but `inv_id` and `inv_status`.
    Minimal,
}

/// What a postback has to say.
#[derive(Clone, Debug)]
pub(super) struct News<'a> {
    pub(super) inv_id: &'a str,
    pub(super) merchant_transaction_id: Option<&'a str>,
    /// `preapproved`, `approved`, `rejected`, `void`, `refund`, `update_customer` or anything else.
    pub(super) status: &'a str,
    pub(super) amount: Option<&'a str>,
    pub(super) variant: Variant,
}

impl News<'_> {
    /// The body, or `None` where no source says how the dialect would put it (a refund in the two old ones).
    pub(super) fn body(&self, dialect: Dialect) -> Option<Vec<u8>> {
        match dialect {
            Dialect::V19 => Some(self.modern().to_string().into_bytes()),
            Dialect::V10 => {
                let members = self.legacy(dialect)?.into_iter().map(|(name, value)| (name.to_owned(), value.into()));
                Some(Value::Object(members.collect()).to_string().into_bytes())
            }
            Dialect::V02 => Some(serde_urlencoded::to_string(self.legacy(dialect)?).ok()?.into_bytes()),
        }
    }

    fn modern(&self) -> Value {
        let mut updates = Map::new();
        let word = if self.variant == Variant::ActionRefund { "action" } else { "status" };
        updates.insert(word.into(), self.status.into());
        if let Some(amount) = self.amount {
            updates.insert("amount".into(), amount.into());
        }
        let mut body = json!({ "version": "1.9", "request_token": self.inv_id, "updates": updates });
        if let (Some(reference), Some(members)) = (self.merchant_transaction_id, body.as_object_mut()) {
            members.insert("merchant_transaction_id".into(), reference.into());
        }
        body
    }

    fn legacy(&self, dialect: Dialect) -> Option<Vec<(&'static str, String)>> {
        let (function, method, inv_status) = match self.status {
            "refund" => return None,
            "preapproved" => ("transact", "purchase", "AuthOnly"),
            "approved" => ("transact", "purchase", "Auth"),
            "rejected" | "void" => ("transact", "void", "Auth"),
            "update_customer" => ("update_customer", "", ""),
            other => ("transact", "purchase", other),
        };
        let mut fields = vec![("version", dialect.version().to_owned()), ("function", function.to_owned())];
        fields.extend([("method", method), ("inv_status", inv_status)].map(|(name, word)| (name, word.to_owned())));
        fields.push(("inv_id", self.inv_id.to_owned()));
        if let Some(reference) = self.merchant_transaction_id {
            fields.push(("cust_id_ext", reference.to_owned()));
        }
        if dialect == Dialect::V02 {
            fields.push(("crl_id", format!("crl{}", self.inv_id.chars().take(8).collect::<String>())));
        }
        if self.variant == Variant::Minimal {
            fields.retain(|(name, _)| matches!(*name, "inv_id" | "inv_status"));
        }
        fields.retain(|(_, value)| !value.is_empty());
        Some(fields)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEWS: News<'static> = News {
        inv_id: "0991dfd815ad17e530d88728ce046c4c",
        merchant_transaction_id: Some("order_1234"),
        status: "approved",
        amount: None,
        variant: Variant::Current,
    };

    fn body(dialect: Dialect, news: &News<'_>) -> String {
        String::from_utf8(news.body(dialect).unwrap()).unwrap()
    }

    #[test]
    fn dialect_1_9_is_the_printed_sample() {
        assert_eq!(
            body(Dialect::V19, &NEWS),
            r#"{"version":"1.9","request_token":"0991dfd815ad17e530d88728ce046c4c","updates":{"status":"approved"},"merchant_transaction_id":"order_1234"}"#
        );
        let refund = News { status: "refund", amount: Some("1200.00"), merchant_transaction_id: None, ..NEWS };
        assert_eq!(
            body(Dialect::V19, &refund),
            r#"{"version":"1.9","request_token":"0991dfd815ad17e530d88728ce046c4c","updates":{"status":"refund","amount":"1200.00"}}"#
        );
        let older = News { variant: Variant::ActionRefund, ..refund };
        assert!(body(Dialect::V19, &older).contains(r#""updates":{"action":"refund","amount":"1200.00"}"#));
    }

    #[test]
    fn dialect_1_0_is_json_with_the_old_names() {
        assert_eq!(
            body(Dialect::V10, &NEWS),
            r#"{"version":"1.0","function":"transact","method":"purchase","inv_status":"Auth","inv_id":"0991dfd815ad17e530d88728ce046c4c","cust_id_ext":"order_1234"}"#
        );
        let minimal = News { variant: Variant::Minimal, status: "preapproved", ..NEWS };
        assert_eq!(
            body(Dialect::V10, &minimal),
            r#"{"inv_status":"AuthOnly","inv_id":"0991dfd815ad17e530d88728ce046c4c"}"#
        );
    }

    #[test]
    fn dialect_0_2_is_a_form() {
        let rejected = News { status: "rejected", merchant_transaction_id: Some("order 12&34"), ..NEWS };
        assert_eq!(
            body(Dialect::V02, &rejected),
            "version=0.2&function=transact&method=void&inv_status=Auth&inv_id=0991dfd815ad17e530d88728ce046c4c\
             &cust_id_ext=order+12%2634&crl_id=crl0991dfd8"
        );
        let other = News { status: "update_customer", ..NEWS };
        assert_eq!(
            body(Dialect::V02, &other),
            "version=0.2&function=update_customer&inv_id=0991dfd815ad17e530d88728ce046c4c&cust_id_ext=order_1234\
             &crl_id=crl0991dfd8"
        );
    }

    #[test]
    fn no_source_tells_a_refund_in_the_old_dialects() {
        let refund = News { status: "refund", ..NEWS };
        assert_eq!(refund.body(Dialect::V02), None);
        assert_eq!(refund.body(Dialect::V10), None);
    }
}

//! Settings where the documents are silent or say two things, changed through the control API.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::money;

/// How an application is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Approve,
    Deny,
    /// Stays pending until somebody decides.
    Pending,
    /// The provider's own fault, in older editions.
    Error,
}

/// `verificationStatus`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Identity {
    Pending,
    Failed,
    Succeeded,
}

impl Identity {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::Succeeded => "succeeded",
        }
    }
}

/// What `purchaseTotal` holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Total {
    Items,
    ItemsShipping,
    ItemsTax,
    ItemsShippingTax,
}

/// A second lease for a `transactionId` that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Second {
    /// An unsigned one gives way; a signed one is 400.
    Replace,
    /// 400.
    Refuse,
    /// Both stand; the newest answers under the id, and lists show both.
    Duplicate,
}

/// A call that was done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Again {
    /// The earlier answer.
    Answer,
    /// 400.
    Refuse,
}

/// More items than there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Over {
    /// What there is succeeds, the rest fails.
    Split,
    /// The whole line fails.
    Fail,
}

/// How a user that does not exist is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum AbsentUser {
    ExistsFalse,
    Empty,
    NotFound,
}

/// What `id` of a transaction is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum TransactionIds {
    Encoded,
    Own,
}

/// A customer's token sent with a key that did not make it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum MixedTokens {
    Refuse,
    /// Both keys get nothing but 403 from then on.
    Suspend,
}

/// Everything that can be switched. Amounts and percentages are texts.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    pub(super) decision: Verdict,
    /// Milliseconds that a decision takes.
    pub(super) decision_ms: u64,
    /// Whether apply holds the connection until the decision is there.
    pub(super) apply_waits: bool,
    /// Dollars.
    pub(super) spending_limit: String,
    pub(super) verification: Identity,
    /// Dollars that a lease has to come to.
    pub(super) minimum_order: String,
    /// Dollars that the settings endpoint tells.
    pub(super) settings_minimum: String,
    /// Milliseconds in which a lease has to be signed.
    pub(super) lease_ms: u64,
    /// Milliseconds that a customer's token lasts.
    pub(super) token_ms: u64,
    /// Milliseconds from a confirmed shipment to delivery.
    pub(super) delivery_ms: u64,
    /// Sales tax on items, in percent.
    pub(super) tax_percent: String,
    /// Tax on each lease payment, in percent.
    pub(super) lease_tax_percent: String,
    pub(super) purchase_total: Total,
    /// Whether signing takes a first payment.
    pub(super) first_payment: bool,
    /// Whether the first shipment takes one.
    pub(super) pre_authorization: bool,
    pub(super) repeated_transaction: Second,
    pub(super) repeated_sign: Again,
    pub(super) repeated_finalize: Again,
    pub(super) over_quantity: Over,
    /// Whether `quantityByStatus` also counts what is delivered, canceled and returned.
    pub(super) extra_quantities: bool,
    /// `denied`, `error` and `TransactionNotFound`.
    pub(super) older_words: bool,
    /// Whether a 400 says `UserAlreadyExists` whatever the reason, as printed.
    pub(super) boilerplate: bool,
    /// Whether some ids and tokens begin with a quote, as printed.
    pub(super) stray_quotes: bool,
    /// Whether lists come under `data`, as the schemas say and the samples do not.
    pub(super) enveloped_lists: bool,
    /// Whether the deep check answers nothing, as its sample does.
    pub(super) empty_deep_answer: bool,
    pub(super) absent_user: AbsentUser,
    /// 409 or 400.
    pub(super) existing_user_status: u16,
    pub(super) transaction_ids: TransactionIds,
    /// Milliseconds until a transaction shows in lists.
    pub(super) list_lag_ms: u64,
    /// Where the days of a list begin, in minutes east of UTC.
    pub(super) list_offset_minutes: i32,
    pub(super) mixed_tokens: MixedTokens,
    /// Whether calls that document `x-consumer-custom-id` as required need it.
    pub(super) consumer_required: bool,
    pub(super) refuse_unknown_fields: bool,
    /// Whether a collected payment is split in two.
    pub(super) split_payments: bool,
    /// Calls that one key may make in a window; 0 is no limit, as none is documented.
    pub(super) rate_calls: usize,
    /// Milliseconds of that window.
    pub(super) rate_window_ms: u64,
    /// `decision.funnel`.
    pub(super) funnel: String,
}

impl Rules {
    pub(super) fn new() -> Self {
        Self {
            decision: Verdict::Approve,
            decision_ms: 0,
            apply_waits: false,
            spending_limit: "1300".to_owned(),
            verification: Identity::Succeeded,
            minimum_order: "49.95".to_owned(),
            settings_minimum: "49.95".to_owned(),
            lease_ms: 86_400_000,
            token_ms: 3_600_000,
            delivery_ms: 259_200_000,
            tax_percent: "0".to_owned(),
            lease_tax_percent: "7".to_owned(),
            purchase_total: Total::ItemsShipping,
            first_payment: true,
            pre_authorization: false,
            repeated_transaction: Second::Replace,
            repeated_sign: Again::Answer,
            repeated_finalize: Again::Answer,
            over_quantity: Over::Split,
            extra_quantities: false,
            older_words: false,
            boilerplate: true,
            stray_quotes: true,
            enveloped_lists: false,
            empty_deep_answer: false,
            absent_user: AbsentUser::ExistsFalse,
            existing_user_status: 409,
            transaction_ids: TransactionIds::Encoded,
            list_lag_ms: 0,
            list_offset_minutes: 0,
            mixed_tokens: MixedTokens::Refuse,
            consumer_required: false,
            refuse_unknown_fields: false,
            split_payments: false,
            rate_calls: 0,
            rate_window_ms: 60_000,
            funnel: "tireagent".to_owned(),
        }
    }

    /// The rules with some of them changed; the error says which does not fit.
    pub(super) fn with(&self, changes: &Value) -> Result<Self, String> {
        let mut all = serde_json::to_value(self).map_err(|error| error.to_string())?;
        let changes = changes.as_object().ok_or("an object of settings is needed")?;
        if let Some(members) = all.as_object_mut() {
            members.extend(changes.clone());
        }
        let changed: Self = serde_json::from_value(all).map_err(|error| error.to_string())?;
        let amounts = [
            &changed.spending_limit,
            &changed.minimum_order,
            &changed.settings_minimum,
            &changed.tax_percent,
            &changed.lease_tax_percent,
        ];
        if let Some(wrong) = amounts.into_iter().find(|text| money::parse(text).is_none_or(|d| d.is_sign_negative())) {
            return Err(format!("{wrong} is no amount"));
        }
        if !matches!(changed.existing_user_status, 400 | 409) {
            return Err("existing_user_status is 400 or 409".to_owned());
        }
        Ok(changed)
    }
}

/// The amount of a setting that [`Rules::with`] has let pass.
pub(super) fn amount(setting: &str) -> Decimal {
    money::parse(setting).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn some_rules_change_and_strange_ones_do_not() {
        let rules = Rules::new();
        let changed = rules.with(&json!({"decision_ms": 270_000, "tax_percent": "7.25", "decision": "deny"})).unwrap();
        assert_eq!((changed.decision_ms, changed.decision), (270_000, Verdict::Deny));
        assert_eq!(amount(&changed.tax_percent), Decimal::new(725, 2));
        for wrong in [
            json!({"decisionms": 5}),
            json!({"tax_percent": "much"}),
            json!({"tax_percent": "-1"}),
            json!([]),
            json!({"existing_user_status": 500}),
        ] {
            assert!(rules.with(&wrong).is_err(), "{wrong}");
        }
    }
}

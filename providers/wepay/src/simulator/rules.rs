//! What a test may change about the provider while it runs: `/_sim/settings`.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::dialect::Version;

/// What a repeated `unique_id` gets in return.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Repeat {
    /// The earlier answer, when amount and account are the same.
    Answer,
    /// An error in any case.
    Error,
}

/// How much can be given back in parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RefundLimit {
    /// Up to the net, and after a part also exactly all that is left.
    Balance,
    /// Up to the net and no further.
    Net,
}

/// How an answer says that there is no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Absent {
    /// As the documents of the call's version do.
    AsDocumented,
    /// Always `null`.
    Null,
    /// Always left out.
    Missing,
}

/// How a hold ends that nobody captures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum HoldEnds {
    Cancelled,
    Refunded,
}

/// Everything that can be switched.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Rules {
    /// The app's own version, for calls without a header.
    pub(super) api_version: String,
    /// Whether a later version may be at most one step ahead of the app's own.
    pub(super) strict_versions: bool,
    /// The name behind `soft_descriptor`.
    pub(super) account_name: String,
    /// Milliseconds that the risk review of a payment takes.
    pub(super) review_ms: u64,
    /// Milliseconds from an accepted capture or release until it shows.
    pub(super) capture_lag_ms: u64,
    /// Calls that one window takes; 0 is no limit.
    pub(super) throttle_calls: usize,
    /// Milliseconds of the window.
    pub(super) throttle_window_ms: u64,
    /// Whether a throttled create uses up its `unique_id`.
    pub(super) throttle_spends_unique_id: bool,
    pub(super) repeated_unique_id: Repeat,
    /// Whether a create is refused whose body is not, byte by byte, the first one's with its `unique_id`, carried out or not.
    pub(super) identical_repeats: bool,
    /// Whether `unique_id` counts for hosted checkouts.
    pub(super) unique_id_on_hosted: bool,
    /// Milliseconds of real time between a change and its notice; changes in between share it.
    pub(super) ipn_delay_ms: u64,
    /// Whether partial refunds and charge-backs are told.
    pub(super) ipn_on_partial: bool,
    pub(super) refund_limit: RefundLimit,
    /// Whether a refund without an amount gives back the rest after a partial one.
    pub(super) refund_rest: bool,
    /// Days in which a payment can be refunded.
    pub(super) refund_days: u64,
    pub(super) hold_ends: HoldEnds,
    /// Whether a callback to this machine is refused, as at WePay.
    pub(super) refuse_local_callbacks: bool,
    /// Whether parameters that no document knows are refused; else they are only noted.
    pub(super) refuse_unknown_parameters: bool,
    pub(super) absent: Absent,
}

impl Rules {
    pub(super) fn new(api_version: &str) -> Self {
        Self {
            api_version: api_version.to_owned(),
            strict_versions: false,
            account_name: "Wolverine".to_owned(),
            review_ms: 0,
            capture_lag_ms: 0,
            throttle_calls: 30,
            throttle_window_ms: 10_000,
            throttle_spends_unique_id: true,
            repeated_unique_id: Repeat::Answer,
            identical_repeats: false,
            unique_id_on_hosted: true,
            ipn_delay_ms: 20,
            ipn_on_partial: false,
            refund_limit: RefundLimit::Balance,
            refund_rest: true,
            refund_days: 60,
            hold_ends: HoldEnds::Cancelled,
            refuse_local_callbacks: false,
            refuse_unknown_parameters: false,
            absent: Absent::AsDocumented,
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
        Version::parse(&changed.api_version).map_err(|_| "api_version is not a version that is played".to_owned())?;
        Ok(changed)
    }

    pub(super) fn version(&self) -> Version {
        Version::parse(&self.api_version).unwrap_or(Version::SEED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn some_rules_change_and_strange_ones_do_not() {
        let rules = Rules::new("2015-11-18");
        let changed =
            rules.with(&json!({"review_ms": 5, "api_version": "2016-07-13", "hold_ends": "refunded"})).unwrap();
        assert_eq!((changed.review_ms, changed.version().text()), (5, "2016-07-13"));
        assert_eq!((changed.hold_ends, changed.throttle_calls), (HoldEnds::Refunded, 30));
        for wrong in [json!({"reviewms": 5}), json!({"api_version": "2014-01-08"}), json!([]), json!({"review_ms": -1})]
        {
            assert!(rules.with(&wrong).is_err(), "{wrong}");
        }
    }
}

//! The checkout object of section 4.9, and the short answer of commands. Unknown fields are ignored.

use serde::{Deserialize, Serialize};

use super::payment_method::MethodAnswer;
use super::structures::{Chargeback, FeeAnswer, HostedAnswer, Payer, Refund};
use crate::amount::{Amount, Flag, Id};
use crate::maybe::Maybe;

/// A checkout, as looking up, creating, finding and modifying answer it, in both dialects.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Checkout {
    pub(crate) checkout_id: Id,
    pub(crate) account_id: Id,
    pub(crate) state: String,
    #[serde(default, rename = "type", skip_serializing_if = "Maybe::is_absent")]
    pub(crate) kind: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) create_time: Maybe<i64>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) soft_descriptor: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) callback_uri: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) short_description: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) long_description: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) currency: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) amount: Maybe<Amount>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) fee: Maybe<FeeAnswer>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) gross: Maybe<Amount>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) auto_capture: Maybe<Flag>,
    /// Dialect B's word for `auto_capture`.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) auto_release: Maybe<Flag>,
    /// Later versions of dialect B.
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) in_review: Maybe<Flag>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) chargeback: Maybe<Chargeback>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) reference_id: Maybe<String>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) refund: Maybe<Refund>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) payment_method: Maybe<MethodAnswer>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) hosted_checkout: Maybe<HostedAnswer>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) payer: Maybe<Payer>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) delivery_type: Maybe<String>,
}

impl Checkout {
    /// What a tokenised payment is taken from.
    pub(crate) fn method(&self) -> Option<&MethodAnswer> {
        self.payment_method.value()
    }
}

/// What cancel, refund and capture answer; dialect B may answer a whole checkout, which reads the same.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CommandAnswer {
    pub(crate) checkout_id: Id,
    pub(crate) state: String,
}

//! The payment method of section 5.5.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::amount::{Flag, Id};
use crate::maybe::Maybe;
use crate::text::Text;
use crate::words::MethodType;

/// 5.5, payment method of a request: the type and the one object it names.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct MethodBody {
    #[serde(rename = "type")]
    pub(crate) kind: MethodType,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) credit_card: Option<CardBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preapproval: Option<ObjectId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payment_bank: Option<ObjectId>,
}

/// A stored card. `auto_capture` is dialect B's: false authorises only.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CardBody {
    pub(crate) id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_capture: Option<Flag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<CardData>,
}

/// What goes with a card whose chip was read.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CardData {
    pub(crate) transaction_token: Text<255>,
}

/// A card of an answer.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CardAnswer {
    pub(crate) id: Id,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) auto_capture: Maybe<Flag>,
    #[serde(default, skip_serializing_if = "Maybe::is_absent")]
    pub(crate) data: Maybe<CardDataAnswer>,
}

/// Receipt and signature of a chip card; normally null, and nothing is done with them.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct CardDataAnswer {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) emv_receipt: Maybe<Value>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) signature_url: Maybe<String>,
}

/// An object that is named by its id alone.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ObjectId {
    pub(crate) id: Id,
}

/// 5.5, payment method of an answer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct MethodAnswer {
    #[serde(rename = "type", skip_serializing_if = "Maybe::is_absent")]
    pub(crate) kind: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) credit_card: Maybe<CardAnswer>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) preapproval: Maybe<ObjectId>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) payment_bank: Maybe<ObjectId>,
}

impl MethodAnswer {
    /// True for a card that was authorised and not charged, which only dialect B knows (section 2).
    pub(crate) fn is_only_authorised(&self) -> bool {
        let card = self.credit_card.value();
        card.and_then(|card| card.auto_capture.value()).is_some_and(|flag| !flag.is_on())
    }

    /// True for a tokenised bank account.
    pub(crate) fn is_a_bank(&self) -> bool {
        self.kind.value().is_some_and(|kind| MethodType::parse(kind) == Some(MethodType::PaymentBank))
    }
}

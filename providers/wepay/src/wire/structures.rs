//! The nested structures of section 5.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::amount::{Amount, Flag, Id};
use crate::maybe::Maybe;
use crate::text::Text;
use crate::words::{FeePayer, FundingSource, MethodType, PageMode};

/// 5.1, fee of a request.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fee {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app_fee: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fee_payer: Option<FeePayer>,
}

/// 5.2, fee of an answer. Only read: the gateway never computes fees.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct FeeAnswer {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) app_fee: Maybe<Amount>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) fee_payer: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) processing_fee: Maybe<Amount>,
}

/// 5.3, hosted checkout of a request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HostedBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) redirect_uri: Option<Text<2083>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mode: Option<PageMode>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fallback_uri: Option<Text<2083>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_fee: Option<Amount>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) require_shipping: Option<Flag>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) prefill_info: Option<Prefill>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) funding_sources: Option<Vec<FundingSource>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme_object: Option<Theme>,
}

/// 5.4, hosted checkout of an answer.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct HostedAnswer {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) checkout_uri: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) redirect_uri: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) shipping_fee: Maybe<Amount>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) require_shipping: Maybe<Flag>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) shipping_address: Maybe<Address>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) theme_object: Maybe<Theme>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) mode: Maybe<String>,
}

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
    pub(crate) credit_card: Maybe<CardBody>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) preapproval: Maybe<ObjectId>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) payment_bank: Maybe<ObjectId>,
}

/// 5.6, what the page is filled with beforehand. Where the address stands is a matter of the API version.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Prefill {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) email: Option<Text<255>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone_number: Option<Text<15>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<PrefillAddress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) region: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) zip: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) postcode: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
}

/// The street alone, with the rest beside it, or the whole as an object.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum PrefillAddress {
    /// Up to 2016-05-18.
    Street(String),
    /// From about October 2016.
    Whole(Box<Address>),
}

/// 5.7, theme. `theme_id` only comes back.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Theme {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) theme_id: Option<Id>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) primary_color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secondary_color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) background_color: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) button_color: Option<String>,
}

/// 5.8, texts for the confirmation mails.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct EmailMessage {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to_payer: Option<Text<65535>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) to_payee: Option<Text<65535>>,
}

/// 5.9, an address in any of its forms.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Address {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) name: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) address1: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) address2: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) city: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) state: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) region: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) zip: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) postcode: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) postal_code: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) country: Maybe<String>,
}

/// 5.10, refunds so far.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Refund {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) amount_refunded: Maybe<Amount>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) refund_reason: Maybe<String>,
}

/// 5.11, chargebacks so far.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Chargeback {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) amount_charged_back: Maybe<Amount>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) dispute_uri: Maybe<String>,
}

/// 5.12, who paid. The home address has had two types; nothing is done with it.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Payer {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) name: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) email: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) home_address: Maybe<Value>,
}

//! The nested structures of section 5, but for payment methods and what a page is filled with beforehand.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::prefill::Prefill;
use crate::amount::{Amount, Flag, Id};
use crate::color::Color;
use crate::maybe::Maybe;
use crate::text::Text;
use crate::words::{FeePayer, FundingSource, PageMode};

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
    pub(crate) theme_object: Maybe<ThemeAnswer>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) mode: Maybe<String>,
}

/// 5.7, theme of a request.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Theme {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) name: Option<Text<64>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) primary_color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) secondary_color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) background_color: Option<Color>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) button_color: Option<Color>,
}

/// 5.7, theme of an answer. Nothing is done with it, so its lengths are WePay's business.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct ThemeAnswer {
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) theme_id: Maybe<Id>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) name: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) primary_color: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) secondary_color: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) background_color: Maybe<String>,
    #[serde(skip_serializing_if = "Maybe::is_absent")]
    pub(crate) button_color: Maybe<String>,
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

/// 5.9, an address of an answer, in any of its forms.
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

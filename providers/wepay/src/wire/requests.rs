//! Bodies of the calls of section 4.

use serde::{Deserialize, Serialize};

use super::payment_method::MethodBody;
use super::structures::{EmailMessage, Fee, HostedBody};
use crate::amount::{Amount, Flag, Id};
use crate::text::Text;
use crate::words::{CheckoutType, DeliveryType};

/// `/checkout`, `/checkout/capture`, `/checkout/release`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CheckoutIdBody {
    pub(crate) checkout_id: Id,
}

/// `/checkout/find`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct FindBody {
    pub(crate) account_id: Id,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) limit: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_id: Option<Text<255>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) state: Option<Text<255>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) preapproval_id: Option<Id>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) start_time: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) end_time: Option<Moment>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) sort_order: Option<SortOrder>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) shipping_fee: Option<Amount>,
}

/// A bound of a search: unix seconds, or a date-time as text.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Moment {
    /// Unix seconds, UTC.
    Unix(i64),
    /// A date-time that WePay can parse.
    Text(Text<255>),
}

/// By time created.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(crate) enum SortOrder {
    /// Newest first, which is WePay's default.
    Desc,
    /// Oldest first.
    Asc,
}

/// `/checkout/create`. `auto_capture` is dialect A's flag, `auto_release` dialect B's; one of them is sent.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CreateBody {
    pub(crate) account_id: Id,
    pub(crate) short_description: Text<255>,
    #[serde(rename = "type")]
    pub(crate) kind: CheckoutType,
    pub(crate) amount: Amount,
    pub(crate) currency: Text<3>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) long_description: Option<Text<2047>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) email_message: Option<EmailMessage>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fee: Option<Fee>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) callback_uri: Option<Text<2083>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_capture: Option<Flag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) auto_release: Option<Flag>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reference_id: Option<Text<255>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) unique_id: Option<Text<255>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) hosted_checkout: Option<HostedBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payment_method: Option<MethodBody>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) delivery_type: Option<DeliveryType>,
}

/// `/checkout/cancel`.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct CancelBody {
    pub(crate) checkout_id: Id,
    pub(crate) cancel_reason: Text<255>,
}

/// `/checkout/refund`. Without an amount everything is given back.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct RefundBody {
    pub(crate) checkout_id: Id,
    pub(crate) refund_reason: Text<255>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) amount: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) app_fee: Option<Amount>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payer_email_message: Option<Text<65535>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) payee_email_message: Option<Text<65535>>,
}

/// `/checkout/modify`. Nothing but the address can be changed; a call without it is never made (question 34).
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ModifyBody {
    pub(crate) checkout_id: Id,
    pub(crate) callback_uri: Text<2083>,
}

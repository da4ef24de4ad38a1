//! Requests and answers exactly as they are on the wire; nothing of ours. Sources: `wegetfinancing.md` 4, 5 and 7.
//!
//! Amounts are written as strings with two decimals (Q17, which is how [`Money`] serializes) and read digit by digit.

use lendport_core::Money;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// The postback dialect we ask for.
pub(crate) const VERSION: &str = "1.9";

/// Body of the create request, E1 (4.8 rule 1). Absent optionals are left out: a null counts as a value there.
#[derive(Serialize)]
pub(crate) struct CreateBody<'a> {
    pub(crate) first_name: &'a str,
    pub(crate) last_name: &'a str,
    pub(crate) email: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) phone: Option<&'a str>,
    pub(crate) billing_address: WireAddress<'a>,
    pub(crate) shipping_address: WireAddress<'a>,
    pub(crate) cart_items: Vec<CartItem>,
    pub(crate) shipping_amount: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) currency: Option<&'static str>,
    pub(crate) version: &'static str,
    pub(crate) merchant_transaction_id: &'a str,
    pub(crate) postback_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sent_to_consumer: Option<bool>,
    pub(crate) software_name: String,
    pub(crate) software_version: String,
    pub(crate) software_plugin_version: &'static str,
}

/// An address (4.2).
#[derive(Serialize)]
pub(crate) struct WireAddress<'a> {
    pub(crate) street1: String,
    pub(crate) city: &'a str,
    pub(crate) state: &'a str,
    pub(crate) zipcode: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) country: Option<String>,
}

/// A cart line (4.3). `unit_price` has the tax inside; `unit_tax` is information.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct CartItem {
    pub(crate) sku: String,
    pub(crate) display_name: String,
    pub(crate) quantity: u32,
    pub(crate) unit_price: Money,
    pub(crate) unit_tax: Money,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) category: Option<String>,
}

/// Answer to the create request (4.7). The integration guide alone says `request_token` (Q12).
#[derive(Deserialize)]
pub(crate) struct CreateAnswer {
    #[serde(default)]
    pub(crate) inv_id: Option<String>,
    #[serde(default)]
    pub(crate) request_token: Option<String>,
    #[serde(default)]
    pub(crate) href: Option<String>,
    #[serde(default)]
    pub(crate) amount: Option<Box<RawValue>>,
}

/// Body of the shipping update, E2 (7.1).
#[derive(Serialize)]
pub(crate) struct ShippingBody<'a> {
    pub(crate) loan_id: &'a str,
    pub(crate) shipping_event: ShippingEvent<'a>,
}

/// What happened to the goods (7.1).
#[derive(Serialize)]
pub(crate) struct ShippingEvent<'a> {
    pub(crate) date: String,
    pub(crate) state: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) items: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) message: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) expected_delivery_date: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) service_type: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) shipment_company: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<&'a str>,
}

/// Answer to the shipping update (7.1); `type` is the constant `done`.
#[derive(Deserialize)]
pub(crate) struct ShippingAnswer {
    #[serde(rename = "type")]
    pub(crate) kind: String,
    #[serde(default)]
    pub(crate) loan: Option<String>,
}

/// Body of the v3 token call, E4.
#[derive(Serialize)]
pub(crate) struct TokenBody<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) client_secret: &'a str,
}

/// Answer to the v3 token call.
#[derive(Deserialize)]
pub(crate) struct TokenAnswer {
    pub(crate) access_token: String,
}

/// Body of the v3 shipping call, E5 (7.2); the SDK demands all four.
#[derive(Serialize)]
pub(crate) struct ShippingStatusBody<'a> {
    pub(crate) shipping_status: &'static str,
    pub(crate) tracking_id: &'a str,
    pub(crate) tracking_company: &'a str,
    pub(crate) delivery_date: String,
}

/// An error body in any of its shapes (section 5). Everything is optional, and of any type until looked at.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub(crate) error: serde_json::Value,
    pub(crate) message: serde_json::Value,
    pub(crate) subjects: serde_json::Value,
    pub(crate) subject: serde_json::Value,
    pub(crate) reasons: serde_json::Value,
    pub(crate) debug: serde_json::Value,
    /// The v3 word for `error`.
    pub(crate) error_type: serde_json::Value,
}

//! Requests, answers and pushes exactly as they are on the wire; nothing of ours. Amounts are whole cents.

use serde::{Deserialize, Serialize};

/// Body of `POST /v1/applications`.
#[derive(Serialize)]
pub(crate) struct NewApplication<'a> {
    pub(crate) reference: &'a str,
    pub(crate) amount_cents: u64,
    pub(crate) currency: &'static str,
    pub(crate) country: String,
    pub(crate) capture: &'static str,
    pub(crate) callback_url: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) success_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure_url: Option<&'a str>,
    pub(crate) customer: WireCustomer<'a>,
    pub(crate) items: Vec<WireItem<'a>>,
}

/// Who applies.
#[derive(Serialize)]
pub(crate) struct WireCustomer<'a> {
    pub(crate) name: String,
    pub(crate) email: &'a str,
}

/// What is bought; information only.
#[derive(Serialize)]
pub(crate) struct WireItem<'a> {
    pub(crate) name: &'a str,
    pub(crate) quantity: u32,
    pub(crate) unit_cents: u64,
}

/// An application, as every call but shipments answers it.
#[derive(Deserialize)]
pub(crate) struct Application {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) reference: Option<String>,
    pub(crate) status: String,
    pub(crate) amount_cents: u64,
    #[serde(default)]
    pub(crate) refunded_cents: Option<u64>,
    #[serde(default)]
    pub(crate) apply_url: Option<String>,
}

/// Body of `POST /v1/applications/{id}/refunds`.
#[derive(Serialize)]
pub(crate) struct RefundBody<'a> {
    pub(crate) amount_cents: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

/// Body of `POST /v1/applications/{id}/shipments`.
#[derive(Serialize)]
pub(crate) struct ShipmentBody<'a> {
    pub(crate) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) carrier: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) tracking_number: Option<&'a str>,
}

/// Answer to it.
#[derive(Deserialize)]
pub(crate) struct ShipmentAnswer {
    pub(crate) id: String,
}

/// An error body: `{"error": {"code": "invalid", "fields": [{"name": "customer.email", "problem": "..."}]}}`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorBody {
    pub(crate) error: ErrorDetail,
}

/// What is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorDetail {
    pub(crate) code: String,
    pub(crate) fields: Vec<ErrorField>,
}

/// One field that is wrong.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct ErrorField {
    pub(crate) name: String,
    pub(crate) problem: String,
}

/// A push. `refund_cents` is there when a person gave money back in the provider's back office.
#[derive(Deserialize)]
pub(crate) struct PushBody {
    pub(crate) event_id: String,
    pub(crate) application: Application,
    #[serde(default)]
    pub(crate) refund_cents: Option<u64>,
}

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
    /// Not there where nobody was asked before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) earlier: Option<EarlierLenders>,
}

/// Those who were asked before.
#[derive(Serialize)]
pub(crate) struct EarlierLenders {
    pub(crate) declined: u32,
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

/// What the script of a plugin is handed.
#[derive(Serialize)]
pub(crate) struct PluginOrder<'a> {
    pub(crate) application: &'a str,
    pub(crate) amount_cents: u64,
    pub(crate) items: Vec<WireItem<'a>>,
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
    /// `plugin` where `apply_url` is a script that a page of the gateway's loads.
    #[serde(default)]
    pub(crate) shown_by: Option<String>,
    /// `apply` or `sign` where the merchant's own pages carry the application.
    #[serde(default)]
    pub(crate) next_step: Option<String>,
    /// True while an approval may still be taken back.
    #[serde(default)]
    pub(crate) review_open: Option<bool>,
    #[serde(default)]
    pub(crate) charged_back_cents: Option<u64>,
    /// `open`, `won` or `lost`.
    #[serde(default)]
    pub(crate) dispute: Option<String>,
    #[serde(default)]
    pub(crate) dispute_url: Option<String>,
    /// Of an application that is paid for by shipment.
    #[serde(default)]
    pub(crate) lines: Vec<LineCounts>,
    /// How many more have the same reference.
    #[serde(default)]
    pub(crate) duplicates: u32,
    /// Seconds since 1970, where the page ends by itself.
    #[serde(default)]
    pub(crate) expires_at: Option<i64>,
    /// Seconds since 1970, where an approval has to be captured.
    #[serde(default)]
    pub(crate) capture_by: Option<i64>,
}

/// Answer to `GET /v1/applications`.
#[derive(Deserialize)]
pub(crate) struct ApplicationPage {
    pub(crate) applications: Vec<Application>,
    /// Where the next page begins.
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// Body of `POST /v1/applications/{id}/cancel`; there is none without a reason.
#[derive(Serialize)]
pub(crate) struct CancelBody<'a> {
    pub(crate) reason: &'a str,
}

/// Body of `POST /v1/applications/{id}/finalize`.
#[derive(Serialize)]
pub(crate) struct FinalizeBody {
    pub(crate) amount_cents: u64,
}

/// Body of `POST /v1/applications/{id}/apply`: what a customer said, borrowed for the call.
#[derive(Serialize)]
pub(crate) struct ApplyBody<'a> {
    pub(crate) date_of_birth: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ssn: Option<&'a str>,
}

/// Answer of `/v1/applications/{id}/agreement`.
#[derive(Deserialize)]
pub(crate) struct AgreementAnswer {
    pub(crate) application: Application,
    pub(crate) document: String,
    pub(crate) document_sha256: String,
}

/// Body of `POST /v1/applications/{id}/sign`.
#[derive(Serialize)]
pub(crate) struct SignBody<'a> {
    pub(crate) document_sha256: &'a str,
    pub(crate) ip: String,
}

/// Body of `POST /v1/applications/{id}/callback`.
#[derive(Serialize)]
pub(crate) struct CallbackBody<'a> {
    pub(crate) callback_url: &'a str,
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
    /// Where the application is paid for by shipment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) lines: Vec<WireLine<'a>>,
}

/// Units of a line, which is named by its place in the cart.
#[derive(Serialize)]
pub(crate) struct WireLine<'a> {
    pub(crate) line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) sku: Option<&'a str>,
    pub(crate) quantity: u32,
}

/// Body of `POST /v1/applications/{id}/lines/cancel` and `/lines/return`.
#[derive(Serialize)]
pub(crate) struct LinesBody<'a> {
    pub(crate) lines: Vec<WireLine<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'a str>,
}

/// Answer to it.
#[derive(Deserialize)]
pub(crate) struct LinesAnswer {
    #[serde(default)]
    pub(crate) done: Vec<LineCount>,
    #[serde(default)]
    pub(crate) failed: Vec<LineCount>,
}

/// Units of a line.
#[derive(Deserialize)]
pub(crate) struct LineCount {
    pub(crate) line: u32,
    pub(crate) quantity: u32,
}

/// What became of a line so far.
#[derive(Deserialize)]
pub(crate) struct LineCounts {
    pub(crate) line: u32,
    pub(crate) shipped: u32,
    pub(crate) canceled: u32,
    pub(crate) returned: u32,
}

/// Answer to it.
#[derive(Deserialize)]
pub(crate) struct ShipmentAnswer {
    pub(crate) id: String,
    /// Units that are paid for because of it.
    #[serde(default)]
    pub(crate) paid: Vec<LineCount>,
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

/// A push that says nothing but that there is something to look at.
#[derive(Deserialize)]
pub(crate) struct LookBody {
    pub(crate) event_id: String,
    pub(crate) look_at: String,
    #[serde(default)]
    pub(crate) reference: Option<String>,
}

/// A push. `refund_cents` is there when a person gave money back in the provider's back office.
#[derive(Deserialize)]
pub(crate) struct PushBody {
    pub(crate) event_id: String,
    pub(crate) application: Application,
    #[serde(default)]
    pub(crate) refund_cents: Option<u64>,
}

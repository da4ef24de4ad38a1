//! Shipments and refunds as merchants see them.

use jiff::Timestamp;
use lendport_core::{LedgerEntry, Operation};
use serde::Serialize;
use utoipa::ToSchema;

/// A shipment a financer was told of.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Shipment)]
pub struct ShipmentView {
    /// Id of the operation that told it.
    #[schema(example = "op_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `shipment`.
    #[schema(example = "shipment")]
    pub object: &'static str,
    /// The checkout.
    pub checkout: String,
    /// What happened to the goods, as told.
    pub status: &'static str,
    /// How far telling the financer has come: `sent`, `settled`, `failed` or `unknown`.
    pub phase: &'static str,
    /// Carrier name.
    pub carrier: Option<String>,
    /// Carrier's service.
    pub service: Option<String>,
    /// Tracking number.
    pub tracking_number: Option<String>,
    /// Tracking page.
    pub tracking_url: Option<String>,
    /// Day it was sent.
    pub shipped_on: Option<String>,
    /// Day it is expected.
    pub expected_on: Option<String>,
    /// Message to the lender.
    pub message: Option<String>,
    /// Lines sent; empty means all.
    pub lines: Vec<ShippedLineView>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Units of one line in a shipment.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ShippedLineView {
    /// Which line.
    pub line_id: String,
    /// How many units.
    pub quantity: u32,
}

/// An amount given back.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundView {
    /// Id of the ledger entry.
    #[schema(example = "led_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `refund`.
    #[schema(example = "refund")]
    pub object: &'static str,
    /// The attempt it was booked on.
    pub attempt: String,
    /// The line that was returned, where the financer takes lines back.
    pub line_id: Option<String>,
    /// Units of it.
    pub quantity: Option<u32>,
    /// How much.
    #[schema(example = "100.00")]
    pub amount: String,
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
    /// Announced, not final.
    pub pending: bool,
    /// When we learnt it.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

impl RefundView {
    /// Shows a movement.
    pub fn of(entry: &LedgerEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            object: "refund",
            attempt: entry.attempt.to_string(),
            line_id: entry.units.map(|units| units.line.to_string()),
            quantity: entry.units.map(|units| units.quantity),
            amount: entry.amount.to_string(),
            currency: entry.amount.currency().code().to_owned(),
            pending: entry.pending,
            created_at: entry.recorded_at,
        }
    }
}

impl ShipmentView {
    /// Shows a shipment operation; none for operations of another kind.
    pub fn of(operation: &Operation) -> Option<Self> {
        let shipment = operation.shipment.as_ref()?;
        Some(Self {
            id: operation.id.to_string(),
            object: "shipment",
            checkout: operation.checkout.to_string(),
            status: shipment.status.as_str(),
            phase: operation.phase.as_str(),
            carrier: shipment.carrier.clone(),
            service: shipment.service.clone(),
            tracking_number: shipment.tracking_number.clone(),
            tracking_url: shipment.tracking_url.clone(),
            shipped_on: shipment.shipped_on.map(|day| day.to_string()),
            expected_on: shipment.expected_on.map(|day| day.to_string()),
            message: shipment.message.clone(),
            lines: shipment
                .lines
                .iter()
                .map(|line| ShippedLineView { line_id: line.line.to_string(), quantity: line.quantity })
                .collect(),
            created_at: operation.created_at,
        })
    }
}

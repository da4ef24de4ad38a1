//! A command sent to a provider, stored before it is sent.

use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

use crate::call::CallRecord;
use crate::id::{AttemptId, CheckoutId, OperationId};
use crate::lines::{LineUnits, LineWork};

/// What is asked of the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// Start a request.
    Create,
    /// Take the money.
    Capture,
    /// Stop before capture.
    Cancel,
    /// Give back.
    Refund,
    /// Tell of goods sent.
    Shipment,
    /// Change where it pushes to.
    Amend,
    /// Confirm what the customer signed.
    Finalize,
    /// Hand on the customer's application.
    Apply,
    /// Hand on what the customer pays with.
    AddPayment,
    /// Ask for the agreement that the customer has to sign.
    Agree,
    /// Hand on the customer's signature.
    Sign,
    /// Read the truth back.
    Retrieve,
}

impl OperationKind {
    /// Those that change something at a provider about a request that is there already.
    pub const COMMANDS: &[Self] =
        &[Self::Capture, Self::Cancel, Self::Refund, Self::Shipment, Self::Amend, Self::Finalize];

    /// Steps of a customer's application that the merchant's own pages carry.
    pub const STEPS: &[Self] = &[Self::Apply, Self::AddPayment, Self::Agree, Self::Sign];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Capture => "capture",
            Self::Cancel => "cancel",
            Self::Refund => "refund",
            Self::Shipment => "shipment",
            Self::Amend => "amend",
            Self::Finalize => "finalize",
            Self::Apply => "apply",
            Self::AddPayment => "add_payment",
            Self::Agree => "agree",
            Self::Sign => "sign",
            Self::Retrieve => "retrieve",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Create, Self::Retrieve]
            .iter()
            .chain(Self::COMMANDS)
            .chain(Self::STEPS)
            .copied()
            .find(|kind| kind.as_str() == text)
    }
}

/// How far a command has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Stored, nothing sent.
    Queued,
    /// Possibly on the wire.
    Sent,
    /// Taken in by the provider, not final.
    Acknowledged,
    /// Done.
    Settled,
    /// Known to have had no effect.
    Failed,
    /// Nobody knows.
    Unknown,
}

impl Phase {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Sent => "sent",
            Self::Acknowledged => "acknowledged",
            Self::Settled => "settled",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Queued, Self::Sent, Self::Acknowledged, Self::Settled, Self::Failed, Self::Unknown]
            .into_iter()
            .find(|phase| phase.as_str() == text)
    }
}

/// A command and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operation {
    /// Ours.
    pub id: OperationId,
    /// The checkout it is for.
    pub checkout: CheckoutId,
    /// The attempt it is for.
    pub attempt: AttemptId,
    /// What is asked.
    pub kind: OperationKind,
    /// How far it has come.
    pub phase: Phase,
    /// What was asked in detail, for shipments.
    pub shipment: Option<Shipment>,
    /// The units it is about and what became of them, where the provider's money follows lines.
    pub lines: Option<LineWork>,
    /// The HTTP calls made for it.
    pub calls: Vec<CallRecord>,
    /// Our word for the failure, when there was one.
    pub error: Option<String>,
    /// Until when the sender may still be at work; past it the call counts as interrupted.
    pub lease_until: Timestamp,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Operation {
    const INTERRUPTED: &str = "interrupted: the process ended during the call";

    /// Whoever sent it died before an answer was written down: nobody knows what became of it.
    pub fn interrupt(&mut self, now: Timestamp) {
        (self.phase, self.error, self.updated_at) = (Phase::Unknown, Some(Self::INTERRUPTED.to_owned()), now);
    }

    /// True while nothing more was heard of it than that its sender died.
    pub fn is_interrupted(&self) -> bool {
        self.phase == Phase::Unknown && self.error.as_deref() == Some(Self::INTERRUPTED)
    }

    /// How often it went out, or may have. Of an operation whose sender died; each send is one call.
    pub fn sends(&self) -> u32 {
        u32::try_from(self.calls.len()).unwrap_or(u32::MAX)
    }

    /// How often its sender died.
    pub fn interruptions(&self) -> u32 {
        let died = self.calls.iter().filter(|call| call.is_interrupted()).count();
        u32::try_from(died).unwrap_or(u32::MAX)
    }
}

/// What happened to goods.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ShipmentStatus {
    /// In stock, order confirmed.
    Confirmed,
    /// Some items sent.
    PartiallyShipped,
    /// All items sent, or ready for pickup.
    Shipped,
    /// Arrived.
    Delivered,
    /// Cancelled or called back.
    Recalled,
    /// Cannot be sent.
    OutOfStock,
}

impl ShipmentStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Confirmed, Self::PartiallyShipped, Self::Shipped, Self::Delivered, Self::Recalled, Self::OutOfStock];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Confirmed => "confirmed",
            Self::PartiallyShipped => "partially_shipped",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::Recalled => "recalled",
            Self::OutOfStock => "out_of_stock",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// Units of one line in a shipment.
pub type ShippedLine = LineUnits;

/// A shipment as the merchant told us.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// What happened.
    pub status: ShipmentStatus,
    /// Carrier name.
    pub carrier: Option<String>,
    /// Carrier's service.
    pub service: Option<String>,
    /// Tracking number.
    pub tracking_number: Option<String>,
    /// Tracking page.
    pub tracking_url: Option<String>,
    /// Day it was sent.
    pub shipped_on: Option<Date>,
    /// Day it is expected.
    pub expected_on: Option<Date>,
    /// A message to the lender.
    pub message: Option<String>,
    /// Lines sent; empty means all.
    pub lines: Vec<ShippedLine>,
}

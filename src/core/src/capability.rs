//! What a provider can do, as data: it drives `GET /v1/providers`, the typed 422, the suite's cases and the buttons.

use serde::{Deserialize, Serialize};

/// An operation of `model.md` section 5.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ability {
    /// Say whether a cart can be served, without creating anything.
    Eligibility,
    /// Start a financing request.
    Create,
    /// Read a request's state back.
    Retrieve,
    /// Find a request by our own reference.
    Find,
    /// Carry the customer's application, the agreement and the signature.
    Application,
    /// Commit a signed agreement.
    Finalize,
    /// Take the whole authorized amount.
    CaptureFull,
    /// Take a part of it.
    CapturePartial,
    /// Stop before capture, all of it.
    CancelFull,
    /// Stop some lines before they are sent.
    CancelPartial,
    /// Give everything back.
    RefundFull,
    /// Give a part back.
    RefundPartial,
    /// Take units of lines back and give back what they cost.
    ReturnLines,
    /// Tell the provider that goods were sent.
    ConfirmShipment,
    /// Tell the provider that goods arrived.
    ConfirmDelivery,
    /// Change where the provider pushes to.
    AmendCallback,
    /// Learn of changes without asking.
    Notifications,
    /// Learn of disputes.
    Disputes,
    /// A create that may be sent twice with one effect.
    NativeIdempotency,
    /// Make the sandbox decide.
    SandboxTrigger,
}

impl Ability {
    /// Every operation, in the order of the table.
    pub const ALL: [Self; 20] = [
        Self::Eligibility,
        Self::Create,
        Self::Retrieve,
        Self::Find,
        Self::Application,
        Self::Finalize,
        Self::CaptureFull,
        Self::CapturePartial,
        Self::CancelFull,
        Self::CancelPartial,
        Self::RefundFull,
        Self::RefundPartial,
        Self::ReturnLines,
        Self::ConfirmShipment,
        Self::ConfirmDelivery,
        Self::AmendCallback,
        Self::Notifications,
        Self::Disputes,
        Self::NativeIdempotency,
        Self::SandboxTrigger,
    ];

    /// The word used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eligibility => "eligibility",
            Self::Create => "create",
            Self::Retrieve => "retrieve",
            Self::Find => "find",
            Self::Application => "application",
            Self::Finalize => "finalize",
            Self::CaptureFull => "capture_full",
            Self::CapturePartial => "capture_partial",
            Self::CancelFull => "cancel_full",
            Self::CancelPartial => "cancel_partial",
            Self::RefundFull => "refund_full",
            Self::RefundPartial => "refund_partial",
            Self::ReturnLines => "return_lines",
            Self::ConfirmShipment => "confirm_shipment",
            Self::ConfirmDelivery => "confirm_delivery",
            Self::AmendCallback => "amend_callback",
            Self::Notifications => "notifications",
            Self::Disputes => "disputes",
            Self::NativeIdempotency => "native_idempotency",
            Self::SandboxTrigger => "sandbox_trigger",
        }
    }
}

/// How an operation is supported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Support {
    /// The provider has the call.
    Native,
    /// The gateway composes it.
    Emulated,
    /// Learnt from the provider, cannot be asked for.
    Inbound,
    /// A person does it in the provider's back office.
    Portal,
    /// Happens by itself as part of another operation.
    Implicit,
    /// Not there.
    None,
}

impl Support {
    /// True when our API can carry the operation out.
    pub fn can_be_asked(self) -> bool {
        matches!(self, Self::Native | Self::Emulated)
    }

    /// The word used in answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Native => "native",
            Self::Emulated => "emulated",
            Self::Inbound => "inbound",
            Self::Portal => "portal",
            Self::Implicit => "implicit",
            Self::None => "none",
        }
    }
}

/// One row of a provider's table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capability {
    /// The operation.
    pub ability: Ability,
    /// How it is supported.
    pub support: Support,
    /// Why so, and what to do instead where it cannot be asked for.
    pub note: &'static str,
}

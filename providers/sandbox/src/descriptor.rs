//! The made-up provider as data. Every ability has a row, and every row a reason.

use lendport_core::provider::Market;
use lendport_core::{Ability, AttemptState, Capability, CaptureMode, Descriptor, Frames, Resend, Support, SweepPlan};

use crate::{ID, account};

/// Everything about the provider that is data.
pub static DESCRIPTOR: Descriptor = Descriptor {
    id: ID,
    name: "Sandbox",
    product: "loan",
    summary: "A made-up provider that never moves money: for demos, tests, and to copy from.",
    documents: "none; made up for this gateway",
    markets: &[Market { country: "US", currency: "USD" }, Market { country: "CA", currency: "CAD" }],
    dialects: &["1"],
    required_fields: &["/customer/email", "/items"],
    account_fields: account::FIELDS,
    capabilities: CAPABILITIES,
    capture: CaptureMode::Automatic,
    frames: Frames::OwnHost,
    repeated_create_is_harmless: true,
    resend: Some(Resend { shows_after_s: 10, within_s: 1_200, sends_max: 3 }),
    reconcile: &[
        (AttemptState::AwaitingCustomer, 600),
        (AttemptState::Authorized, 3_600),
        (AttemptState::Captured, 86_400),
    ],
    // While it may be decided any moment; it pushes as well.
    pauses: &[(AttemptState::UnderReview, &[5, 30, 120, 600, 3_600])],
    sweep: Some(SweepPlan { every_s: 300, back_s: 86_400 }),
};

const CAPABILITIES: &[Capability] = &[
    has(Ability::Eligibility, Support::Emulated, "checked here: US in USD, Canada in CAD"),
    has(Ability::Create, Support::Native, "answers the address of a hosted page"),
    has(Ability::Retrieve, Support::Native, "reads an application back"),
    has(Ability::Find, Support::Native, "finds an application by our reference"),
    has(Ability::Application, Support::Native, "where the total says so; every other application has a page"),
    has(Ability::Finalize, Support::Native, "confirms what the customer signed; most approvals need no signature"),
    has(Ability::CaptureFull, Support::Native, "takes the whole amount of an approved application"),
    has(Ability::CapturePartial, Support::None, "an application is captured as a whole; refund the difference"),
    has(Ability::CancelFull, Support::Native, "possible until it is captured"),
    has(Ability::CancelPartial, Support::Native, "units, of an application that is paid for by shipment"),
    has(Ability::RefundFull, Support::Native, "gives back what is left"),
    has(Ability::RefundPartial, Support::Native, "gives back an amount"),
    has(Ability::ReturnLines, Support::Native, "units, of an application that is paid for by shipment"),
    has(Ability::ConfirmShipment, Support::Native, "tells what was sent"),
    has(Ability::ConfirmDelivery, Support::Native, "a shipment with status delivered"),
    has(Ability::AmendCallback, Support::Native, "tells where pushes go from now on"),
    has(Ability::Notifications, Support::Native, "signed pushes that carry the state"),
    has(Ability::Disputes, Support::Inbound, "told by a push and read back; decided in the back office"),
    has(Ability::NativeIdempotency, Support::Native, "a create with a known reference answers the same application"),
    has(Ability::SandboxTrigger, Support::Native, "the cents of the total decide, see the README"),
];

const fn has(ability: Ability, support: Support, note: &'static str) -> Capability {
    Capability { ability, support, note }
}

//! FlexShopper as data: what it can do, where, and why not the rest (`model.md` section 5).

use lendport_core::provider::Market;
use lendport_core::{Ability, AttemptState, Capability, CaptureMode, Descriptor, Frames, Resend, Support, SweepPlan};

use crate::{ID, account};

/// Everything about FlexShopper that is data.
pub static DESCRIPTOR: Descriptor = Descriptor {
    id: ID,
    name: "FlexShopper",
    product: "lease_to_own",
    summary: "Leases that end in ownership. The customer applies and signs in FlexShopper's plugin; the gateway confirms what \
              was signed, and FlexShopper pays for what is delivered. It is asked for everything, for it sends no notices.",
    documents: "Medusa v3 and Payment Plugin, public pages as of 2026-11",
    markets: &[Market { country: "US", currency: "USD" }],
    dialects: &["v3"],
    required_fields: &["/items", "/billing_address"],
    account_fields: account::FIELDS,
    capabilities: CAPABILITIES,
    capture: CaptureMode::ProviderManaged,
    // The plugin's window; scripts and frames are held to the plugin's host (question 1).
    frames: Frames::OwnHost,
    repeated_create_is_harmless: true,
    // A create sends nothing of the order, and the order has the same id each time: without an answer the customer got no
    // script to sign with. An hour is as long as somebody may wait in front of the page.
    resend: Some(Resend { shows_after_s: 0, within_s: 3_600, sends_max: 3 }),
    reconcile: RECONCILE,
    pauses: PAUSES,
    // The list of signed leases; question 2. Two days, for what its days are compared with is not stated.
    sweep: Some(SweepPlan { every_s: 60, back_s: 172_800 }),
};

const CAPABILITIES: &[Capability] = &[
    has(Ability::Eligibility, Support::Emulated, "checked here: the US, USD, and the larger of the known minimums"),
    has(
        Ability::Create,
        Support::Emulated,
        "makes the plugin's order of the checkout; the customer's signature makes the lease",
    ),
    has(Ability::Retrieve, Support::Native, "reads the order by our own id"),
    has(Ability::Find, Support::Native, "our own id is the one that FlexShopper knows it by"),
    has(
        Ability::Application,
        Support::Native,
        "for accounts whose mode is medusa: application, offer, agreement and signature through the API",
    ),
    has(Ability::Finalize, Support::Native, "confirms a signed lease that is the checkout's, and undoes any other"),
    has(Ability::CaptureFull, Support::Implicit, "FlexShopper pays for what is delivered; tell of the shipments"),
    has(Ability::CapturePartial, Support::Implicit, "each shipment pays for its lines; tell of the shipments"),
    has(Ability::CancelFull, Support::Native, "until units are shipped; an unsigned page is ended here and watched"),
    has(Ability::CancelPartial, Support::Native, "units of lines, until they are shipped; some may be refused"),
    has(Ability::RefundFull, Support::Native, "takes every shipped product back"),
    has(
        Ability::RefundPartial,
        Support::None,
        "FlexShopper takes lines back and gives no amounts; name `lines` with their quantities instead of `amount`",
    ),
    has(Ability::ReturnLines, Support::Native, "units of lines that were shipped; some may be refused"),
    has(Ability::ConfirmShipment, Support::Native, "tells what was sent, line by line; it is paid for"),
    has(Ability::ConfirmDelivery, Support::Emulated, "tells what was picked up; parcels are told when they are sent"),
    has(Ability::AmendCallback, Support::None, "FlexShopper calls nobody; it is asked"),
    has(Ability::Notifications, Support::None, "FlexShopper sends none; the gateway asks and tells the merchant"),
    has(Ability::Disputes, Support::None, "the customer owes FlexShopper, so none reaches the merchant"),
    has(Ability::NativeIdempotency, Support::None, "the order's id is ours; what is unclear is read, not sent again"),
    has(Ability::SandboxTrigger, Support::None, "the sandbox decides by itself; use the simulator to play decisions"),
];

const fn has(ability: Ability, support: Support, note: &'static str) -> Capability {
    Capability { ability, support, note }
}

/// From 5 seconds to a minute while the customer may be in the plugin (question 2); then the list of signed leases tells, and
/// looks are for what it does not show. A decision takes up to 270 seconds.
const PAUSES: &[(AttemptState, &[u32])] = &[
    (AttemptState::AwaitingCustomer, &[5, 10, 20, 40, 60, 300, 3_600]),
    (AttemptState::UnderReview, &[10, 20, 40, 60, 60, 60, 300, 3_600]),
    (AttemptState::Preapproved, &[60, 300, 3_600]),
];

/// Nothing is pushed: a signed lease is looked after within a minute, what is confirmed a few times a day (question 2).
const RECONCILE: &[(AttemptState, u32)] =
    &[(AttemptState::AwaitingMerchant, 60), (AttemptState::Authorized, 6 * 3_600), (AttemptState::Captured, 86_400)];

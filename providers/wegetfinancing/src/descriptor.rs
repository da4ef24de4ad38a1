//! WeGetFinancing as data: what it can do, where, and why not the rest (`model.md` section 5).

use lendport_core::provider::Market;
use lendport_core::{Ability, Capability, CaptureMode, Descriptor, Frames, Support};

use crate::{ID, account};

/// Everything about WeGetFinancing that is data.
pub static DESCRIPTOR: Descriptor = Descriptor {
    id: ID,
    name: "WeGetFinancing",
    product: "loan",
    summary: "Many lenders behind one request: the customer applies on a hosted page, decisions arrive as postbacks.",
    documents: "v1 Legacy API with the 2026-05 Canada release; shipping v1 and v3",
    markets: &[Market { country: "US", currency: "USD" }, Market { country: "CA", currency: "USD" }],
    dialects: &["1.9", "1.0", "0.2"],
    required_fields: &[
        "/customer/first_name",
        "/customer/last_name",
        "/customer/email",
        "/billing_address/line1",
        "/billing_address/city",
        "/billing_address/state",
        "/billing_address/postal_code",
        "/items",
    ],
    account_fields: account::FIELDS,
    capabilities: CAPABILITIES,
    capture: CaptureMode::ProviderManaged,
    // Many lenders behind one request; section 10 names WeGetFinancing's hosts, and no document those of the lenders.
    frames: Frames::ManyHosts,
    repeated_create_is_harmless: true,
    resend: None,
    reconcile: &[],
    pauses: &[],
    sweep: None,
};

const CAPABILITIES: &[Capability] = &[
    has(Ability::Eligibility, Support::Emulated, "checked here: US states with DC and Canadian provinces, in USD"),
    has(Ability::Create, Support::Native, "answers the address of a hosted page"),
    has(
        Ability::Retrieve,
        Support::None,
        "no call reads a request back; the stored state is what the postbacks told, and a resent postback corrects it",
    ),
    has(Ability::Find, Support::None, "no call finds a request by our reference; see the provider's portal"),
    has(Ability::Application, Support::None, "the lender's own page takes the application"),
    has(Ability::Finalize, Support::Implicit, "the approval commits by itself"),
    has(
        Ability::CaptureFull,
        Support::None,
        "there is no capture: the provider pays the merchant by its own rules after the approval",
    ),
    has(
        Ability::CapturePartial,
        Support::None,
        "there is no capture: the provider pays the merchant by its own rules after the approval",
    ),
    has(
        Ability::CancelFull,
        Support::Portal,
        "no call cancels a request; a person does it in the provider's portal, or the checkout is left to expire",
    ),
    has(
        Ability::CancelPartial,
        Support::None,
        "a request cannot be changed; make a new checkout with the smaller cart",
    ),
    has(
        Ability::RefundFull,
        Support::Inbound,
        "no call refunds; a person starts it in the provider's portal and its postback is counted here",
    ),
    has(
        Ability::RefundPartial,
        Support::Inbound,
        "no call refunds; a person starts it in the provider's portal and its postback is counted here",
    ),
    has(Ability::ReturnLines, Support::None, "no call takes goods back; a person refunds in the provider's portal"),
    has(Ability::ConfirmShipment, Support::Native, "shipping update, v1 or by account setting v3"),
    has(Ability::ConfirmDelivery, Support::Native, "shipping update with status delivered"),
    has(
        Ability::AmendCallback,
        Support::None,
        "the postback address is fixed when the request is made; start a new attempt",
    ),
    has(Ability::Notifications, Support::Native, "postbacks, signed or known by their unguessable address"),
    has(Ability::Disputes, Support::None, "nothing is told of disputes; see the provider's portal"),
    has(
        Ability::NativeIdempotency,
        Support::None,
        "no idempotency key; a repeated create is harmless because nobody has seen the first link",
    ),
    has(
        Ability::SandboxTrigger,
        Support::None,
        "the body of the sandbox's test postback is not published; the simulator decides instead",
    ),
];

const fn has(ability: Ability, support: Support, note: &'static str) -> Capability {
    Capability { ability, support, note }
}

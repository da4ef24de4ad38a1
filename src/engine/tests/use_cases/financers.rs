//! The made-up financers as data.

use lendport_core::provider::Market;
use lendport_core::{Ability, AttemptState, Capability, CaptureMode, Descriptor, Frames, Resend, Support, SweepPlan};

const CAPABILITIES: &[Capability] = &[
    native(Ability::Create),
    native(Ability::ConfirmShipment),
    Capability { ability: Ability::RefundFull, support: Support::Portal, note: "give it back in the back office" },
];

/// A repeated create does no harm.
pub(crate) static EASY: Descriptor = Descriptor {
    id: "easy",
    name: "Easy",
    product: "loan",
    summary: "Made up for these tests.",
    documents: "none",
    markets: &[Market { country: "US", currency: "USD" }],
    dialects: &["1"],
    required_fields: &[],
    account_fields: &[],
    capabilities: CAPABILITIES,
    capture: CaptureMode::ProviderManaged,
    frames: Frames::OwnHost,
    repeated_create_is_harmless: true,
    resend: None,
    reconcile: &[],
    pauses: &[],
    sweep: None,
};

/// A repeated create may commit twice.
pub(crate) static STRICT: Descriptor =
    Descriptor { id: "strict", name: "Strict", repeated_create_is_harmless: false, ..EASY };

/// Takes commands and can be asked.
pub(crate) static ABLE: Descriptor = Descriptor {
    id: "able",
    name: "Able",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::Notifications),
        native(Ability::CaptureFull),
        native(Ability::CancelFull),
        native(Ability::RefundFull),
        native(Ability::RefundPartial),
        native(Ability::AmendCallback),
        native(Ability::Finalize),
    ],
    capture: CaptureMode::Manual,
    ..EASY
};

/// As able, and read back without a notice. Checkouts that say so are paid for by line.
pub(crate) static WATCHED: Descriptor = Descriptor {
    id: "watched",
    name: "Watched",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::Notifications),
        native(Ability::CaptureFull),
        native(Ability::CancelFull),
        native(Ability::CancelPartial),
        native(Ability::RefundFull),
        native(Ability::RefundPartial),
        native(Ability::ReturnLines),
        native(Ability::ConfirmShipment),
        native(Ability::AmendCallback),
        native(Ability::Finalize),
    ],
    reconcile: &[
        (AttemptState::AwaitingCustomer, 300),
        (AttemptState::Authorized, 3_600),
        (AttemptState::Captured, 86_400),
    ],
    ..ABLE
};

/// Tells nothing by itself: it is asked, and has a list of what changed.
pub(crate) static LISTED: Descriptor = Descriptor {
    id: "listed",
    name: "Listed",
    capabilities: &[
        native(Ability::Create),
        native(Ability::Retrieve),
        native(Ability::Find),
        native(Ability::CancelFull),
        native(Ability::Finalize),
    ],
    pauses: &[(AttemptState::AwaitingCustomer, &[5, 60, 3_600]), (AttemptState::UnderReview, &[20])],
    sweep: Some(SweepPlan { every_s: 60, back_s: 7_200 }),
    ..ABLE
};

/// A create may be sent again with its own token, and not another one in its place.
pub(crate) static SURE: Descriptor = Descriptor {
    id: "sure",
    name: "Sure",
    repeated_create_is_harmless: false,
    resend: Some(Resend { shows_after_s: 10, within_s: 1_200, sends_max: 3 }),
    ..ABLE
};

pub(crate) const fn native(ability: Ability) -> Capability {
    Capability { ability, support: Support::Native, note: "has the call" }
}

//! WePay as data: what it can do, where, and why not the rest (`model.md` section 5).

use lendport_core::provider::Market;
use lendport_core::{Ability, AttemptState, Capability, CaptureMode, Descriptor, Frames, Resend, Support};

use crate::{ID, account};

/// Everything about WePay that is data.
pub static DESCRIPTOR: Descriptor = Descriptor {
    id: ID,
    name: "WePay",
    product: "payment",
    summary: "Cards and banks on a hosted page, or a stored payment method. Its notices only say that something changed; \
              every state is read back.",
    documents: "API version 2, /checkout calls of 2015-08-15 to 2019-04-03",
    markets: &[Market { country: "US", currency: "USD" }, Market { country: "CA", currency: "CAD" }],
    dialects: &["2015-08-15..2016-06-22", "2016-07-13..2019-04-03"],
    required_fields: &["/items"],
    account_fields: account::FIELDS,
    capabilities: CAPABILITIES,
    capture: CaptureMode::Automatic,
    // `checkout_uri` is the whole payment in `iframe` mode (5.4).
    frames: Frames::OwnHost,
    repeated_create_is_harmless: false,
    // The life of `unique_id` is not published; an unpaid checkout lives for 30 minutes (9.4), and three sends are the bound
    // of question 15.
    resend: Some(Resend { shows_after_s: 10, within_s: 20 * 60, sends_max: 3 }),
    reconcile: RECONCILE,
    pauses: &[],
    sweep: None,
};

const CAPABILITIES: &[Capability] = &[
    has(Ability::Eligibility, Support::Emulated, "checked here: the currencies of the account, USD and CAD by default"),
    has(Ability::Create, Support::Native, "answers the address of a hosted page, or charges a stored payment method"),
    has(Ability::Retrieve, Support::Native, "reads a checkout back; every notice leads to it"),
    has(Ability::Find, Support::Native, "finds a checkout by our reference, for a create that was not answered"),
    has(Ability::Application, Support::None, "it is a payment; nobody applies"),
    has(Ability::Finalize, Support::Implicit, "the payer's confirmation commits by itself"),
    has(
        Ability::CaptureFull,
        Support::Native,
        "lets held money go to the merchant within 14 days; a card that was only authorised is charged within 7 days",
    ),
    has(Ability::CapturePartial, Support::None, "held money goes to the merchant as a whole; refund the difference"),
    has(
        Ability::CancelFull,
        Support::Native,
        "while the payment is in review or held, but for banks in later API versions; an unpaid page is ended here and \
         watched; afterwards refund",
    ),
    has(
        Ability::CancelPartial,
        Support::None,
        "a payment is canceled as a whole; capture it and refund the difference",
    ),
    has(
        Ability::RefundFull,
        Support::Native,
        "gives everything back once the money is the merchant's, for 60 days unless WePay agreed to more",
    ),
    has(
        Ability::RefundPartial,
        Support::Native,
        "gives amounts back until nothing is left, the first one less than what reached the merchant; fees stay where they \
         went",
    ),
    has(Ability::ReturnLines, Support::None, "WePay is not told of goods; refund what they cost"),
    has(Ability::ConfirmShipment, Support::None, "WePay is not told of goods; capture when they are sent"),
    has(Ability::ConfirmDelivery, Support::None, "WePay is not told of goods; capture when they are sent"),
    has(Ability::AmendCallback, Support::Native, "`/checkout/modify`"),
    has(Ability::Notifications, Support::Native, "notices that name the checkout, known by their unguessable address"),
    has(Ability::Disputes, Support::Inbound, "amounts that banks took back are read with the state"),
    has(
        Ability::NativeIdempotency,
        Support::Native,
        "unique_id, one per attempt, used again only after a lost answer or WePay's unknown error",
    ),
    has(
        Ability::SandboxTrigger,
        Support::None,
        "WePay's stage has no call that decides; pay on its page, or use the simulator",
    ),
];

const fn has(ability: Ability, support: Support, note: &'static str) -> Capability {
    Capability { ability, support, note }
}

/// Notices end after two days of failures, and a part that is refunded or charged back is not notified (questions 30 and
/// 9.1): minutes while unpaid, hours while held, days while it can be refunded or disputed.
const RECONCILE: &[(AttemptState, u32)] = &[
    (AttemptState::AwaitingCustomer, 5 * 60),
    (AttemptState::Authorized, 3_600),
    (AttemptState::Captured, 86_400),
    (AttemptState::Refunded, 86_400),
    (AttemptState::ChargedBack, 86_400),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::standing::{CAPTURE_WITHIN, CHARGE_WITHIN};

    #[test]
    fn the_limits_of_the_documents_are_told() {
        let days = |wait: jiff::SignedDuration| format!("within {} days", wait.as_hours() / 24);
        for (ability, part) in [
            (Ability::CaptureFull, days(CAPTURE_WITHIN)),
            (Ability::CaptureFull, days(CHARGE_WITHIN)),
            // 4.5: the window and the net; both are WePay's to judge (questions 7 and 10).
            (Ability::RefundFull, "60 days".to_owned()),
            (Ability::RefundPartial, "less than what reached the merchant".to_owned()),
        ] {
            let note = DESCRIPTOR.capability(ability).note;
            assert!(note.contains(&part), "{part} is not in: {note}");
        }
        let listed: Vec<_> = CAPABILITIES.iter().map(|capability| capability.ability).collect();
        assert!(Ability::ALL.iter().all(|ability| listed.contains(ability)), "every operation has a word of ours");
    }
}

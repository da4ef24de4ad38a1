//! "May the cascade go on?" of `model.md` section 2, for each state and each policy.

use jiff::{SignedDuration, Timestamp};
use lendport_core::cascade::{Asker, came_by_itself, is_due, may_follow, next_of};
use lendport_core::routing::{Follow, LateApproval, Policies};
use lendport_core::{Attempt, AttemptState, Checkout, ProviderId, Reason, limits};
use lendport_testkit::{Sample, SeededIds, samples};

/// What `model.md` says of each state, read by hand: whether the next financer is started by itself, by what the policies say of
/// decline, expiry and failure; whether a customer may leave it for another; whether a merchant may start another after it.
#[rustfmt::skip]
const TABLE: [(AttemptState, [bool; 3], bool, bool); 14] = [
    (AttemptState::Initiating,       [false; 3],           false, false),
    (AttemptState::Indeterminate,    [false; 3],           false, false),
    (AttemptState::AwaitingCustomer, [false; 3],           true,  false),
    (AttemptState::UnderReview,      [false; 3],           false, false),
    (AttemptState::Preapproved,      [false; 3],           false, false),
    (AttemptState::AwaitingMerchant, [false; 3],           false, false),
    (AttemptState::Authorized,       [false; 3],           false, false),
    (AttemptState::Captured,         [false; 3],           false, false),
    (AttemptState::Refunded,         [false; 3],           false, false),
    (AttemptState::ChargedBack,      [false; 3],           false, false),
    (AttemptState::Declined,         [true, false, false], true,  true),
    (AttemptState::Canceled,         [false; 3],           true,  true),
    (AttemptState::Expired,          [false, true, false], true,  true),
    (AttemptState::Failed,           [false, false, true], true,  true),
];

const ALL: Policies = Policies {
    after_decline: Follow::Automatic,
    after_expiry: Follow::Automatic,
    after_failure: Follow::Automatic,
    late_approval: LateApproval::Ask,
};

struct Case {
    ids: SeededIds,
    checkout: Checkout,
    attempts: Vec<Attempt>,
}

impl Case {
    /// A checkout whose route has three financers, the first ones tried with these ends.
    fn with(policies: Policies, states: &[AttemptState]) -> Self {
        let ids = SeededIds::new(1);
        let mut checkout = Sample::usa().checkout(&ids);
        checkout.route.providers = ["one", "two", "three"].into_iter().filter_map(ProviderId::parse).collect();
        checkout.route.policies = Some(policies);
        let mut case = Self { ids, checkout, attempts: Vec::new() };
        for (state, provider) in states.iter().zip(["one", "two", "three"]) {
            case.add(provider, *state);
        }
        case
    }

    fn add(&mut self, provider: &str, state: AttemptState) {
        let number = u32::try_from(self.attempts.len()).unwrap() + 1;
        let attempt = samples::attempt(&self.checkout, provider, &self.ids);
        self.attempts.push(Attempt { number, state, ..attempt });
    }

    fn now(&self) -> Timestamp {
        self.checkout.expires_at - SignedDuration::from_secs(1)
    }

    fn is_due(&self) -> bool {
        is_due(&self.checkout, &self.attempts, self.now())
    }
}

#[test]
fn what_follows_by_itself_is_what_the_model_and_the_policy_both_allow() {
    let one = |trigger: usize, follow: Follow| {
        let at = |position: usize| if position == trigger { follow } else { Follow::Offer };
        Policies { after_decline: at(0), after_expiry: at(1), after_failure: at(2), late_approval: LateApproval::Ask }
    };
    assert_eq!(TABLE.map(|(state, ..)| state), AttemptState::ALL);
    for (state, follows, ..) in TABLE {
        for (trigger, expected) in follows.into_iter().enumerate() {
            for follow in Follow::ALL {
                let case = Case::with(one(trigger, follow), &[state]);
                let expected = expected && follow == Follow::Automatic;
                assert_eq!(case.is_due(), expected, "{state:?}, trigger {trigger}, {follow:?}");
            }
        }
    }
}

#[test]
fn who_asks_may_have_another_after_what_ended_and_a_customer_may_leave_a_page() {
    for (state, follows, customer, merchant) in TABLE {
        let expected = [follows.contains(&true), customer, merchant];
        assert_eq!(Asker::ALL.map(|asker| may_follow(state, asker)), expected, "{state:?}");
    }
}

#[test]
fn an_earlier_attempt_that_may_commit_or_did_stops_it() {
    for (earlier, _, _, ended) in TABLE {
        let case = Case::with(ALL, &[earlier, AttemptState::Declined]);
        assert_eq!(case.is_due(), ended, "{earlier:?}");
    }
}

#[test]
fn a_deadline_a_closed_route_a_told_order_and_the_last_attempt_stop_it() {
    let due = || Case::with(ALL, &[AttemptState::Declined]);
    assert!(due().is_due());
    let case = due();
    assert!(!is_due(&case.checkout, &case.attempts, case.checkout.expires_at));

    let mut closed = due();
    closed.checkout.route.closed = true;
    let mut told = due();
    told.checkout.ready_announced = true;
    let mut chosen = due();
    chosen.checkout.route.customer_chooses = true;
    let mut unruled = due();
    unruled.checkout.route.policies = None;
    let mut differs = Case::with(ALL, &[AttemptState::Failed]);
    differs.attempts[0].reason = Some(Reason::new("amount_mismatch"));
    let exhausted = Case::with(ALL, &[AttemptState::Declined; 3]);
    for (why, case) in [
        ("closed", closed),
        ("told as ready", told),
        ("the customer chooses", chosen),
        ("no profile", unruled),
        ("another sum", differs),
        ("everybody was tried", exhausted),
    ] {
        assert!(!case.is_due(), "{why}");
    }

    let mut many = due();
    while many.attempts.len() + 1 < usize::try_from(limits::ATTEMPTS_MAX).unwrap() {
        many.add("one", AttemptState::Declined);
    }
    assert!(many.is_due());
    many.add("one", AttemptState::Declined);
    assert!(!many.is_due(), "{} attempts", many.attempts.len());
}

#[test]
fn the_next_one_is_the_first_that_was_not_tried() {
    let case = Case::with(ALL, &[AttemptState::Declined, AttemptState::AwaitingCustomer]);
    assert_eq!(next_of(&case.checkout, &case.attempts).map(ProviderId::as_str), Some("three"));
    assert!(came_by_itself(&case.checkout, &case.attempts, &case.attempts[1]));
    assert!(!came_by_itself(&case.checkout, &case.attempts, &case.attempts[0]));
    let left = Case::with(ALL, &[AttemptState::Canceled, AttemptState::AwaitingCustomer]);
    assert!(!came_by_itself(&left.checkout, &left.attempts, &left.attempts[1]));
}

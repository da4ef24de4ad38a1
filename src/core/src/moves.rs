//! The legal moves of an attempt, exactly as `model.md` section 2 lists them.

use crate::attempt::AttemptState::{self, *};

/// The states that may follow directly. Late approval (from `declined`, `expired`, `canceled`) is in it too;
/// [`crate::reduce`] asks the commit fence before it takes such a move.
pub fn direct(from: AttemptState) -> &'static [AttemptState] {
    match from {
        Initiating => &[
            AwaitingCustomer,
            UnderReview,
            Preapproved,
            AwaitingMerchant,
            Authorized,
            Captured,
            Declined,
            Failed,
            Canceled,
            Indeterminate,
        ],
        Indeterminate => &[
            AwaitingCustomer,
            UnderReview,
            Preapproved,
            AwaitingMerchant,
            Authorized,
            Captured,
            Refunded,
            ChargedBack,
            Declined,
            Canceled,
            Expired,
            Failed,
        ],
        AwaitingCustomer => {
            &[UnderReview, Preapproved, AwaitingMerchant, Authorized, Captured, Declined, Canceled, Expired, Failed]
        }
        UnderReview => &[
            AwaitingCustomer,
            Preapproved,
            AwaitingMerchant,
            Authorized,
            Captured,
            Declined,
            Canceled,
            Expired,
            Failed,
        ],
        Preapproved => {
            &[AwaitingCustomer, UnderReview, AwaitingMerchant, Authorized, Captured, Declined, Canceled, Expired]
        }
        AwaitingMerchant => &[AwaitingCustomer, Authorized, Canceled, Expired, Failed, Indeterminate],
        Authorized => &[Captured, Canceled, Expired, Failed, Refunded, ChargedBack],
        Captured => &[Refunded, ChargedBack],
        Refunded => &[ChargedBack],
        ChargedBack => &[Captured],
        Declined | Expired | Canceled => &[Authorized, Captured],
        Failed => &[],
    }
}

/// True for a move from an ended attempt to a commitment, which only the commit fence may let through.
pub fn is_late_approval(from: AttemptState, to: AttemptState) -> bool {
    matches!(from, Declined | Expired | Canceled) && to.is_committed()
}

/// True when `to` can be reached from `from`, skipped states included: providers batch their notices.
///
/// A skipping path goes forward only: it never passes through an ended or unknown state, nor back to the customer.
pub fn reachable(from: AttemptState, to: AttemptState) -> bool {
    if direct(from).contains(&to) {
        return true;
    }
    let carries_on = |state: AttemptState| matches!(state, AwaitingMerchant | Authorized | Captured | Refunded);
    let mut seen = Vec::new();
    let mut ahead: Vec<AttemptState> = direct(from).iter().copied().filter(|state| carries_on(*state)).collect();
    // An ended attempt comes back only by the direct late-approval move.
    if matches!(from, Declined | Expired | Canceled) {
        return false;
    }
    while let Some(state) = ahead.pop() {
        if seen.contains(&state) {
            continue;
        }
        seen.push(state);
        let forward = direct(state).iter().copied().filter(|next| !matches!(next, AwaitingCustomer | Indeterminate));
        for next in forward {
            if next == to {
                return true;
            }
            if carries_on(next) {
                ahead.push(next);
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of `model.md` section 2, copied by hand as text: a second pair of eyes on `direct`.
    const MODEL: &str = "
        initiating        -> awaiting_customer | under_review | preapproved | awaiting_merchant | authorized | captured | declined | failed | canceled | indeterminate
        awaiting_customer -> under_review | preapproved | awaiting_merchant | authorized | captured | declined | canceled | expired | failed
        under_review      -> awaiting_customer | preapproved | awaiting_merchant | authorized | captured | declined | canceled | expired | failed
        preapproved       -> awaiting_customer | under_review | awaiting_merchant | authorized | captured | declined | canceled | expired
        awaiting_merchant -> awaiting_customer | authorized | canceled | expired | failed | indeterminate
        authorized        -> captured | canceled | expired | failed | refunded | charged_back
        captured          -> refunded | charged_back
        refunded          -> charged_back
        charged_back      -> captured
        declined          -> authorized | captured
        expired           -> authorized | captured
        canceled          -> authorized | captured
        failed            ->";

    #[test]
    fn the_table_is_that_of_the_model() {
        let mut rows = 0;
        for row in MODEL.trim().lines() {
            let (from, to) = row.split_once("->").unwrap();
            let from = AttemptState::parse(from.trim()).unwrap();
            let mut to: Vec<_> = to
                .split('|')
                .filter(|word| !word.trim().is_empty())
                .map(|word| AttemptState::parse(word.trim()).unwrap())
                .collect();
            let mut ours = direct(from).to_vec();
            to.sort();
            ours.sort();
            assert_eq!(ours, to, "{from:?}");
            rows += 1;
        }
        assert_eq!(rows, AttemptState::ALL.len() - 1);
        let any: Vec<_> =
            AttemptState::ALL.into_iter().filter(|state| !matches!(state, Initiating | Indeterminate)).collect();
        assert!(any.iter().all(|state| direct(Indeterminate).contains(state)));
    }

    #[test]
    fn skips_go_forward_only() {
        assert!(reachable(AwaitingCustomer, Refunded));
        assert!(reachable(Preapproved, ChargedBack));
        for (from, to) in [
            (Authorized, Preapproved),
            (Authorized, Declined),
            (Captured, Authorized),
            (Captured, Canceled),
            (Declined, Preapproved),
            (Declined, Refunded),
            (Failed, Authorized),
            (Refunded, Captured),
            (Authorized, Initiating),
            (AwaitingCustomer, Indeterminate),
        ] {
            assert!(!reachable(from, to), "{from:?} -> {to:?}");
        }
    }
}

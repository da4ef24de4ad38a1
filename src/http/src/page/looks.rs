//! How often browsers may have a financer looked at.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use lendport_core::CheckoutId;
use tokio::time::Instant;

/// Looks at one checkout within [`WINDOW`]: a customer who leaves and comes back a few times is looked after at once.
const LOOKS_MAX: usize = 4;
const WINDOW: Duration = Duration::from_secs(60);
/// Checkouts that are remembered at most. Beyond, browsers are not listened to until some are forgotten.
const CHECKOUTS_MAX: usize = 10_000;

/// When browsers had which checkouts looked at.
#[derive(Debug, Default)]
pub(crate) struct Looks(Mutex<HashMap<CheckoutId, Vec<Instant>>>);

impl Looks {
    /// True when this checkout may be looked at now; it counts then.
    pub(super) fn may_look(&self, checkout: CheckoutId, now: Instant) -> bool {
        let recent = |at: &Instant| now.duration_since(*at) < WINDOW;
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= CHECKOUTS_MAX && !known.contains_key(&checkout) {
            known.retain(|_, looks| looks.iter().any(recent));
            if known.len() >= CHECKOUTS_MAX {
                return false;
            }
        }
        let looks = known.entry(checkout).or_default();
        looks.retain(recent);
        let may = looks.len() < LOOKS_MAX;
        if may {
            looks.push(now);
        }
        may
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn a_few_at_once_and_then_a_pause_for_each_checkout() {
        let (looks, ids, start) = (Looks::default(), SeededIds::new(1), Instant::now());
        let (ours, theirs) = (CheckoutId::mint(&ids), CheckoutId::mint(&ids));
        for _ in 0..LOOKS_MAX {
            assert!(looks.may_look(ours, start));
        }
        assert!(!looks.may_look(ours, start + Duration::from_secs(59)));
        assert!(looks.may_look(theirs, start));
        assert!(looks.may_look(ours, start + WINDOW));
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let (looks, ids, start) = (Looks::default(), SeededIds::new(1), Instant::now());
        for _ in 0..CHECKOUTS_MAX {
            assert!(looks.may_look(CheckoutId::mint(&ids), start));
        }
        let late = CheckoutId::mint(&ids);
        assert!(!looks.may_look(late, start));
        assert!(looks.may_look(late, start + WINDOW), "old ones make room");
        assert_eq!(looks.0.lock().unwrap().len(), 1);
    }
}

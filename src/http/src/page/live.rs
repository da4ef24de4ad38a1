//! How many browsers are told of changes as they come.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use lendport_core::CheckoutId;

/// Tabs of one checkout.
const TABS_MAX: usize = 8;

/// Browsers that are told of changes, by checkout.
#[derive(Debug)]
pub(crate) struct Live {
    at_once: usize,
    open: Mutex<HashMap<CheckoutId, usize>>,
}

/// A browser's place, for as long as this lives.
pub(super) struct Place {
    checkout: CheckoutId,
    live: Arc<Live>,
}

impl Live {
    pub(crate) fn new(at_once: usize) -> Arc<Self> {
        Arc::new(Self { at_once, open: Mutex::default() })
    }

    /// A place for one more; none when all are taken.
    pub(super) fn enter(self: &Arc<Self>, checkout: CheckoutId) -> Option<Place> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let all: usize = open.values().sum();
        let tabs = open.get(&checkout).copied().unwrap_or(0);
        if all >= self.at_once || tabs >= TABS_MAX {
            return None;
        }
        open.insert(checkout, tabs + 1);
        Some(Place { checkout, live: Arc::clone(self) })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut open = self.live.open.lock().unwrap_or_else(PoisonError::into_inner);
        match open.get_mut(&self.checkout) {
            Some(tabs) if *tabs > 1 => *tabs -= 1,
            _ => drop(open.remove(&self.checkout)),
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn places_are_bounded_altogether_and_for_each_checkout_and_free_again() {
        let (live, ids) = (Live::new(10), SeededIds::new(1));
        let (ours, theirs) = (CheckoutId::mint(&ids), CheckoutId::mint(&ids));
        let mut tabs: Vec<_> = (0..TABS_MAX).map(|_| live.enter(ours).unwrap()).collect();
        assert!(live.enter(ours).is_none(), "tabs of one checkout");
        let others = [live.enter(theirs).unwrap(), live.enter(theirs).unwrap()];
        assert!(live.enter(CheckoutId::mint(&ids)).is_none(), "all together");
        tabs.pop();
        assert!(live.enter(ours).is_some());
        drop((tabs, others));
        assert!(live.open.lock().unwrap().is_empty());
    }
}

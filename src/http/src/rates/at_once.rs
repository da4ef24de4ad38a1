//! What takes long: one at a time for each, and so many altogether in this process.

use std::collections::HashSet;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// Who is at it now.
#[derive(Debug)]
pub(super) struct AtOnce<K> {
    all: usize,
    busy: Mutex<HashSet<K>>,
}

/// A place, for as long as this lives. It goes with the work and not with the request, whose caller may hang up.
#[derive(Debug)]
pub(crate) struct Place<K: Eq + Hash> {
    whose: K,
    at_once: Arc<AtOnce<K>>,
}

impl<K: Clone + Eq + Hash> AtOnce<K> {
    /// So many altogether.
    pub(super) fn new(all: usize) -> Arc<Self> {
        Arc::new(Self { all, busy: Mutex::default() })
    }

    /// A place; none where this one has its place already, or all are taken.
    pub(super) fn enter(self: &Arc<Self>, whose: K) -> Option<Place<K>> {
        let mut busy = self.busy.lock().unwrap_or_else(PoisonError::into_inner);
        let entered = busy.len() < self.all && busy.insert(whose.clone());
        entered.then(|| Place { whose, at_once: Arc::clone(self) })
    }
}

impl<K: Eq + Hash> Drop for Place<K> {
    fn drop(&mut self) {
        self.at_once.busy.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.whose);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_for_each_and_so_many_altogether_and_a_place_is_free_again() {
        let at_once = AtOnce::new(2);
        let first = at_once.enter("a").unwrap();
        assert!(at_once.enter("a").is_none(), "its own place is taken");
        let second = at_once.enter("b").unwrap();
        assert!(at_once.enter("c").is_none(), "all are taken");
        drop(first);
        let third = at_once.enter("c").unwrap();
        assert!(at_once.enter("a").is_none());
        drop((second, third));
        assert!(at_once.enter("a").is_some());
    }
}

//! Leave to begin something new at a financer, held from the moment that it is decided until something is heard: of those who
//! decide at the same time while it is half open one begins, and the others know before anything is stored.

use std::sync::Arc;

use super::{Breakers, Verdict};
use crate::budget::AccountKey;

/// Leave to begin something new. When it is dropped before anything was heard, another one may try.
pub(crate) struct Admission {
    breakers: Arc<Breakers>,
    key: AccountKey,
    /// This is the one that tries, and nothing was heard yet.
    tries: bool,
}

impl Admission {
    /// Something was heard of the financer.
    pub(super) fn heard(mut self, failed: bool) {
        self.tries = false;
        self.breakers.count(&self.key, failed, true);
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        if self.tries {
            self.breakers.at(&self.key, |circuit, _, _| circuit.give_back());
        }
    }
}

impl Breakers {
    /// Leave to begin something new, or after how many seconds it may be asked for again.
    pub(crate) fn admit(self: &Arc<Self>, key: AccountKey) -> Result<Admission, u32> {
        let (verdict, tries) = self.at(&key, |circuit, _, now| (circuit.admit(now), circuit.is_half_open()));
        match verdict {
            Verdict::Go => Ok(Admission { breakers: Arc::clone(self), key, tries }),
            Verdict::Wait { seconds } => Err(seconds),
        }
    }
}

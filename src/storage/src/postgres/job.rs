//! A change on its way: what it asks and what became of it.

use std::sync::Mutex;

use lendport_core::CheckoutId;

use crate::change::{Change, Decide};
use crate::idempotency::{Claim, IdempotencyRow};
use crate::store::ChangeAsk;
use crate::tenant::Tenant;

/// A change of one checkout. Carrying it out may take more than one try.
pub(crate) struct Job {
    pub(crate) tenant: Tenant,
    /// The tenant's number.
    pub(crate) number: i64,
    pub(crate) work: Work,
}

/// What a change does.
pub(crate) enum Work {
    /// A new checkout.
    Insert(Option<Claim>, Box<Change>),
    /// What the decision says, after it saw what is stored. The lock is never contended: it lets the rest be looked at
    /// while a statement is under way.
    Change(CheckoutId, Box<ChangeAsk>, Mutex<Box<Decide<'static>>>),
}

/// What became of a change.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Its decision holds.
    Done,
    /// No such checkout of this tenant.
    NotFound,
    /// The key was claimed before.
    Claimed(IdempotencyRow),
}

impl Job {
    /// The key it wants to be the only one with.
    pub(crate) fn claim(&self) -> Option<&Claim> {
        match &self.work {
            Work::Insert(claim, _) => claim.as_ref(),
            Work::Change(_, ask, _) => ask.claim.as_ref(),
        }
    }

    /// The checkout it writes; none for an insert without its row, which is refused.
    pub(crate) fn checkout(&self) -> Option<CheckoutId> {
        match &self.work {
            Work::Insert(_, change) => change.checkout.as_ref().map(|checkout| checkout.id),
            Work::Change(id, ..) => Some(*id),
        }
    }

    /// True when the two cannot share a transaction: the later one must see what the earlier one did.
    pub(crate) fn depends_on(&self, earlier: &Self) -> bool {
        if self.number != earlier.number {
            return false;
        }
        let same_key = match (self.claim(), earlier.claim()) {
            (Some(ours), Some(theirs)) => ours.route == theirs.route && ours.key == theirs.key,
            _ => false,
        };
        same_key || self.checkout() == earlier.checkout()
    }
}

//! Checkouts that were changed a moment ago, as their last commit left them: the next change of one starts from here,
//! and neither reads its rows again nor opens people's data.
//!
//! One process owns the file and one thread writes it, so nothing else can change a checkout. A debug build compares
//! every use with the rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lendport_core::{Attempt, Checkout, CheckoutId, CheckoutRecord, LedgerEntry, ProviderId};

use super::history::History;
use crate::packed::Model;
use crate::tenant::Tenant;

/// Checkouts in each of the two generations.
const KEPT: usize = 2_000;
/// About as many bytes of each generation stay in memory.
const KEPT_BYTES: usize = 8 * 1024 * 1024;

/// A checkout as the writer knows it.
#[derive(Clone)]
pub(crate) struct Known {
    /// The key of its row.
    pub(crate) pk: i64,
    /// What its snapshots and answers resemble.
    pub(crate) model: Option<Model>,
    pub(crate) record: Arc<CheckoutRecord>,
    /// What it never had; none where that is not known.
    pub(crate) history: Option<Arc<History>>,
}

/// See above.
#[derive(Default)]
pub(crate) struct Recent {
    committed: Mutex<Generations>,
    /// What the transaction under way changed; nothing where it is not known what a row will say. The writer's own.
    changed: Mutex<HashMap<CheckoutId, Option<Known>>>,
}

/// When the younger one is full the older one is forgotten.
#[derive(Default)]
struct Generations {
    young: Generation,
    old: Generation,
}

#[derive(Default)]
struct Generation {
    checkouts: HashMap<CheckoutId, (Known, usize)>,
    /// By the digest of a callback address.
    addressed: HashMap<String, CheckoutId>,
    bytes: usize,
}

impl Recent {
    /// A checkout of this tenant, as the transaction under way has it. For the writer alone.
    pub(crate) fn in_transaction(&self, tenant: Tenant, id: CheckoutId) -> Option<Known> {
        let changed = lock(&self.changed).get(&id).cloned();
        let known = changed.unwrap_or_else(|| lock(&self.committed).get(id).cloned())?;
        is_of(tenant, &known.record.checkout).then_some(known)
    }

    /// The attempt whose callback address this is, as the last commit left it, and whose it is.
    pub(crate) fn addressed(&self, provider: &ProviderId, digest: &str) -> Option<(Tenant, Attempt)> {
        let known = lock(&self.committed).addressed(digest)?.clone();
        let mut attempts = known.record.attempts.iter();
        let attempt = attempts.find(|known| known.callback_digest == digest && known.provider == *provider)?;
        let Checkout { merchant, mode, .. } = known.record.checkout;
        Some((Tenant { merchant, mode }, attempt.clone()))
    }

    /// To be called inside the transaction, as the last step of what changed a checkout.
    pub(crate) fn changes(&self, after: Known) {
        let (id, exact) = (after.record.checkout.id, is_exact(&after.record));
        lock(&self.changed).insert(id, exact.then_some(after));
    }

    /// To be called by the writer after each transaction, before anybody is answered.
    pub(crate) fn transaction_ended(&self, committed: bool) {
        let mut changed = lock(&self.changed);
        if changed.is_empty() {
            return;
        }
        let mut generations = lock(&self.committed);
        for (id, known) in changed.drain() {
            generations.forget(id);
            if let Some(known) = known.filter(|_| committed) {
                generations.put(id, known);
            }
        }
    }
}

impl Generation {
    fn forget_all(&mut self) {
        self.checkouts.clear();
        self.addressed.clear();
        self.bytes = 0;
    }
}

impl Generations {
    fn get(&self, id: CheckoutId) -> Option<&Known> {
        [&self.young, &self.old]
            .into_iter()
            .find_map(|generation| generation.checkouts.get(&id))
            .map(|(known, _)| known)
    }

    fn addressed(&self, digest: &str) -> Option<&Known> {
        let id = [&self.young, &self.old].into_iter().find_map(|generation| generation.addressed.get(digest))?;
        self.get(*id)
    }

    fn forget(&mut self, id: CheckoutId) {
        for generation in [&mut self.young, &mut self.old] {
            if let Some((known, bytes)) = generation.checkouts.remove(&id) {
                generation.bytes -= bytes;
                for attempt in &known.record.attempts {
                    generation.addressed.remove(&attempt.callback_digest);
                }
            }
        }
    }

    fn put(&mut self, id: CheckoutId, known: Known) {
        let of_history = known.history.as_ref().map_or(0, |history| history.bytes());
        let bytes = weight(&known.record) + known.model.as_ref().map_or(0, Model::bytes) + of_history;
        if bytes > KEPT_BYTES {
            return;
        }
        if self.young.checkouts.len() >= KEPT || self.young.bytes + bytes > KEPT_BYTES {
            // With the room that the older one has: growing anew cost more than all else here.
            std::mem::swap(&mut self.old, &mut self.young);
            self.young.forget_all();
        }
        for attempt in &known.record.attempts {
            self.young.addressed.insert(attempt.callback_digest.clone(), id);
        }
        self.young.bytes += bytes;
        self.young.checkouts.insert(id, (known, bytes));
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn is_of(tenant: Tenant, checkout: &Checkout) -> bool {
    checkout.merchant == tenant.merchant && checkout.mode == tenant.mode
}

/// True when its rows give back just this. They keep moments to the microsecond; everything else comes back as it was.
fn is_exact(record: &CheckoutRecord) -> bool {
    let CheckoutRecord { checkout, attempts, ledger } = record;
    let of_attempts = attempts.iter().flat_map(|attempt| {
        let Attempt { created_at, updated_at, capture_by, expires_at, poll_at, .. } = attempt;
        [Some(*created_at), Some(*updated_at), *capture_by, *expires_at, *poll_at].into_iter().flatten()
    });
    [checkout.created_at, checkout.updated_at, checkout.expires_at]
        .into_iter()
        .chain(of_attempts)
        .chain(ledger.0.iter().map(|entry| entry.recorded_at))
        .all(|at: Timestamp| at.subsec_nanosecond() % 1_000 == 0)
}

/// About how many bytes it takes. What callers choose is counted, the rest is a flat sum.
fn weight(record: &CheckoutRecord) -> usize {
    const CHECKOUT: usize = 2_000;
    const LINE: usize = 320;
    let CheckoutRecord { checkout, attempts, ledger } = record;
    let lines = checkout.cart.lines.iter().map(|line| {
        let words = [&line.sku, &line.brand, &line.category].into_iter().flatten();
        LINE + line.name.len() + words.map(String::len).sum::<usize>()
    });
    let maps = [&checkout.metadata, &checkout.provider_options].into_iter().flatten();
    let urls = [&checkout.return_urls.success, &checkout.return_urls.failure].into_iter().flatten();
    let attempts = attempts.iter().map(|attempt| {
        let url = attempt.next_action.as_ref().map_or(0, |action| action.url.len());
        size_of::<Attempt>() + 3 * attempt.callback_digest.len() + attempt.merchant_reference.len() + url
    });
    CHECKOUT
        + lines.sum::<usize>()
        + maps.map(|(name, value)| 100 + name.len() + value.len()).sum::<usize>()
        + urls.map(String::len).sum::<usize>()
        + attempts.sum::<usize>()
        + ledger.0.len() * size_of::<LedgerEntry>()
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use lendport_core::Ledger;
    use lendport_testkit::{SeededIds, samples};

    use super::*;

    fn record(ids: &SeededIds) -> CheckoutRecord {
        let checkout = samples::Sample::usa().checkout(ids);
        let mut attempt = samples::attempt(&checkout, "sandbox", ids);
        attempt.callback_digest = checkout.id.uuid().simple().to_string().repeat(2);
        CheckoutRecord { checkout, attempts: vec![attempt], ledger: Ledger::default() }
    }

    fn changes(recent: &Recent, record: &CheckoutRecord) {
        recent.changes(Known { pk: 1, model: None, record: Arc::new(record.clone()), history: None });
    }

    fn tenant(record: &CheckoutRecord) -> Tenant {
        Tenant { merchant: record.checkout.merchant, mode: record.checkout.mode }
    }

    fn known(recent: &Recent, of: &CheckoutRecord) -> Option<CheckoutRecord> {
        recent.in_transaction(tenant(of), of.checkout.id).map(|known| (*known.record).clone())
    }

    #[test]
    fn what_was_committed_is_known_and_what_was_not_is_forgotten() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let first = record(&ids);
        changes(&recent, &first);
        let address = &first.attempts[0].callback_digest;
        let provider = &first.attempts[0].provider;
        assert_eq!(known(&recent, &first), Some(first.clone()), "in its own transaction");
        assert_eq!(recent.addressed(provider, address), None, "nobody else sees it yet");
        recent.transaction_ended(true);
        assert_eq!(known(&recent, &first), Some(first.clone()));
        assert_eq!(recent.addressed(provider, address), Some((tenant(&first), first.attempts[0].clone())));

        let mut second = first.clone();
        second.checkout.version += 1;
        second.attempts[0].callback_digest = "00".repeat(32);
        changes(&recent, &second);
        assert_eq!(known(&recent, &first), Some(second.clone()));
        recent.transaction_ended(false);
        assert_eq!(known(&recent, &first), None, "the rows say what holds");
        changes(&recent, &second);
        recent.transaction_ended(true);
        assert_eq!(recent.addressed(provider, address), None, "an address that is not its own any more");
        assert_eq!(known(&recent, &first), Some(second));
    }

    #[test]
    fn another_tenant_knows_nothing_of_it() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let ours = record(&ids);
        changes(&recent, &ours);
        recent.transaction_ended(true);
        let theirs = Tenant { merchant: lendport_core::MerchantId::mint(&ids), ..tenant(&ours) };
        assert!(recent.in_transaction(theirs, ours.checkout.id).is_none());
    }

    #[test]
    fn what_rows_cannot_say_is_read_from_them() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let mut record = record(&ids);
        changes(&recent, &record);
        recent.transaction_ended(true);
        record.attempts[0].poll_at = Some(record.checkout.created_at + SignedDuration::from_nanos(1));
        changes(&recent, &record);
        assert_eq!(known(&recent, &record), None);
        recent.transaction_ended(true);
        assert_eq!(known(&recent, &record), None);
    }

    #[test]
    fn there_are_never_more_than_so_many_nor_so_large() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let mut latest = record(&ids);
        for _ in 0..3 * KEPT {
            latest = record(&ids);
            changes(&recent, &latest);
            recent.transaction_ended(true);
        }
        let held = |recent: &Recent| {
            let generations = lock(&recent.committed);
            let both = [&generations.young, &generations.old];
            assert!(both.iter().all(|generation| generation.bytes <= KEPT_BYTES));
            assert!(both.iter().all(|generation| generation.addressed.len() == generation.checkouts.len()));
            both.iter().map(|generation| generation.checkouts.len()).sum::<usize>()
        };
        assert!(held(&recent) <= 2 * KEPT && known(&recent, &latest).is_some());
        for _ in 0..20 {
            let mut large = record(&ids);
            large.checkout.metadata.insert("note".to_owned(), "x".repeat(KEPT_BYTES / 3));
            changes(&recent, &large);
            recent.transaction_ended(true);
        }
        assert!(held(&recent) < 10);
        let mut larger = record(&ids);
        larger.checkout.metadata.insert("note".to_owned(), "x".repeat(KEPT_BYTES));
        changes(&recent, &larger);
        recent.transaction_ended(true);
        assert_eq!(known(&recent, &larger), None);
    }
}

//! Checkouts as this process last read or wrote them: the next change of one starts from here, and neither reads its rows
//! again nor opens people's data.
//!
//! Other processes write them too. Whoever changes a checkout, an attempt or a movement writes the checkout's row, so the
//! transaction that wrote that row last tells, once the row is locked, whether what is kept still holds. A debug build
//! compares every use with the rows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use lendport_core::{Attempt, Checkout, CheckoutRecord};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use super::cell::Cells;
use super::fault::Done;

/// Checkouts in each of the two generations.
const KEPT: usize = 1_000;
/// Lines, attempts, movements and notes of a checkout that is kept; a larger one is read again.
const PARTS_MAX: usize = 40;

/// The number of a transaction. It comes again after four thousand million others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrittenBy(u32);

impl<'a> FromSql<'a> for WrittenBy {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(u32::from_be_bytes(raw.try_into()?)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::XID
    }
}

/// What says which state of a checkout a row is. The transaction alone would do, but for a server that took over from
/// another one and did not get its last transactions: it gives their numbers to others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    written_by: WrittenBy,
    version: u64,
    updated_at: Timestamp,
}

impl Stamp {
    /// Of a row of [`super::checkout_rows::LOCK`].
    pub(crate) fn of(row: &Row) -> Done<Self> {
        let cells = Cells::of::<lendport_core::CheckoutId>("checkouts", row);
        Ok(Self {
            written_by: row.try_get("xmin")?,
            version: cells.number("version")?,
            updated_at: cells.time("updated_at")?,
        })
    }

    /// Of a row that this transaction writes.
    pub(crate) fn new(written_by: WrittenBy, checkout: &Checkout) -> Self {
        Self { written_by, version: checkout.version, updated_at: checkout.updated_at }
    }
}

/// A checkout with everything that is rebuilt with it.
#[derive(Clone)]
pub(crate) struct Known {
    pub(crate) stamp: Stamp,
    /// The key of its row.
    pub(crate) pk: i64,
    pub(crate) record: Arc<CheckoutRecord>,
}

/// The number of a tenant and the id of its checkout.
pub(crate) type Key = (i64, Uuid);

/// See above. When the younger generation is full the older one is forgotten.
#[derive(Default)]
pub(crate) struct Recent(Mutex<[HashMap<Key, Known>; 2]>);

impl Recent {
    /// What is kept of a checkout; it holds if its row has the same stamp.
    pub(crate) fn get(&self, key: Key) -> Option<Known> {
        self.generations().iter().find_map(|generation| generation.get(&key)).cloned()
    }

    /// Keeps what a transaction read or wrote. To be called when it was committed.
    pub(crate) fn put(&self, key: Key, known: Known) {
        let keeps = is_small(&known.record) && is_exact(&known.record);
        let [young, old] = &mut *self.generations();
        old.remove(&key);
        young.remove(&key);
        if !keeps {
            return;
        }
        if young.len() >= KEPT {
            *old = std::mem::take(young);
        }
        young.insert(key, known);
    }

    fn generations(&self) -> MutexGuard<'_, [HashMap<Key, Known>; 2]> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_small(record: &CheckoutRecord) -> bool {
    let CheckoutRecord { checkout, attempts, ledger } = record;
    let notes = checkout.metadata.len() + checkout.provider_options.len();
    checkout.cart.lines.len() + attempts.len() + ledger.0.len() + notes <= PARTS_MAX
}

/// True when its rows give back just this: they keep moments to the microsecond, and texts without the character NUL.
fn is_exact(record: &CheckoutRecord) -> bool {
    let CheckoutRecord { checkout, attempts, ledger } = record;
    let moments = attempts.iter().flat_map(|attempt| {
        let Attempt { created_at, updated_at, capture_by, expires_at, deadline_told, poll_at, .. } = attempt;
        let ours = [Some(*created_at), Some(*updated_at), *poll_at, *deadline_told];
        ours.into_iter().chain([*capture_by, *expires_at]).flatten()
    });
    let texts = attempts.iter().flat_map(|attempt| {
        let reason = attempt.reason.as_ref().map(|reason| &reason.0);
        let reference = attempt.reference.as_ref().map(|reference| &reference.0);
        [reason, reference, attempt.raw_status.as_ref(), Some(&attempt.merchant_reference)].into_iter().flatten()
    });
    [checkout.created_at, checkout.updated_at, checkout.expires_at]
        .into_iter()
        .chain(moments)
        .chain(ledger.0.iter().map(|entry| entry.recorded_at))
        .all(|at| at.subsec_nanosecond() % 1_000 == 0)
        && !checkout.reference.iter().chain(texts).any(|text| text.contains('\0'))
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use lendport_core::Ledger;
    use lendport_testkit::{SeededIds, samples};

    use super::*;

    fn known(ids: &SeededIds) -> (Key, Known) {
        let checkout = samples::Sample::usa().checkout(ids);
        let (key, stamp) = ((1, checkout.id.uuid()), Stamp::new(WrittenBy(7), &checkout));
        let attempts = vec![samples::attempt(&checkout, "sandbox", ids)];
        let record = CheckoutRecord { checkout, attempts, ledger: Ledger::default() };
        (key, Known { stamp, pk: 1, record: Arc::new(record) })
    }

    fn changed(known: &Known, change: impl FnOnce(&mut CheckoutRecord)) -> Known {
        let mut record = (*known.record).clone();
        change(&mut record);
        Known { record: Arc::new(record), ..known.clone() }
    }

    #[test]
    fn the_latest_is_kept_and_another_tenant_has_none_of_it() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let (key, first) = known(&ids);
        recent.put(key, first.clone());
        let second = changed(&first, |record| record.checkout.version += 1);
        recent.put(key, second.clone());
        assert_eq!(recent.get(key).unwrap().record, second.record);
        assert!(recent.get((2, key.1)).is_none());
    }

    #[test]
    fn what_rows_cannot_say_and_what_is_large_is_read_again() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let (key, first) = known(&ids);
        let finer = |record: &mut CheckoutRecord| {
            record.attempts[0].poll_at = Some(record.checkout.created_at + SignedDuration::from_nanos(1));
        };
        let with_nul = |record: &mut CheckoutRecord| record.attempts[0].raw_status = Some("a\0b".to_owned());
        let large = |record: &mut CheckoutRecord| {
            record.checkout.metadata = (0..PARTS_MAX).map(|number| (number.to_string(), String::new())).collect();
        };
        for other in [changed(&first, finer), changed(&first, with_nul), changed(&first, large)] {
            recent.put(key, first.clone());
            recent.put(key, other);
            assert!(recent.get(key).is_none());
        }
    }

    #[test]
    fn there_are_never_more_than_so_many() {
        let (recent, ids) = (Recent::default(), SeededIds::default());
        let mut latest = None;
        for _ in 0..3 * KEPT {
            let (key, known) = known(&ids);
            recent.put(key, known);
            latest = Some(key);
        }
        assert!(recent.get(latest.unwrap()).is_some());
        assert!(recent.generations().iter().map(HashMap::len).sum::<usize>() <= 2 * KEPT);
    }
}

//! Retention of what providers told: old pushes, and facts that nothing rests on.

use jiff::Timestamp;
use rusqlite::{Connection, params};

use super::cell::time;
use super::fault::{Done, Fault};

/// True of a fact whose checkout cannot move any more, and on which neither a state nor a movement rests.
const FREE: &str = "
    NOT EXISTS (SELECT 1 FROM attempts a WHERE a.checkout = o.checkout AND
        (a.evidence_observation = o.id OR a.state NOT IN
            ('refunded', 'charged_back', 'declined', 'canceled', 'expired', 'failed')))
    AND NOT EXISTS (SELECT 1 FROM ledger l WHERE l.checkout = o.checkout AND l.observation = o.id)";

/// Rows are looked at in the order in which they were written, which is nearly that of their age: after so many young
/// ones in a row no old one is expected. One that a clock set back left among them goes a little later.
const YOUNG_IN_A_ROW: u32 = 1_000;

/// Where the last batch ended, so that facts that must stay are not looked at again for each batch of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FactCursor(Option<i64>);

/// Looks for facts that may go, beginning where the last batch ended; what it looks at, it only reads.
pub(crate) fn find(db: &Connection, cursor: &mut FactCursor, before: Timestamp, batch: u32) -> Done<Vec<i64>> {
    let began_at_start = cursor.0.is_none();
    let mut found = walk(db, cursor, before, batch)?;
    if count(found.len())? < u64::from(batch) {
        // The end. A checkout that was passed over earlier may be over by now.
        cursor.0 = None;
        if found.is_empty() && !began_at_start {
            found = walk(db, cursor, before, batch)?;
        }
    }
    Ok(found)
}

fn walk(db: &Connection, cursor: &mut FactCursor, before: Timestamp, batch: u32) -> Done<Vec<i64>> {
    let sql = format!(
        "SELECT o.pk, o.received_at < ?2, o.received_at < ?2 AND {FREE} FROM observations o
         WHERE o.pk > ?1 ORDER BY o.pk"
    );
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![cursor.0.unwrap_or(0), time(before)])?;
    let (mut found, mut young) = (Vec::new(), 0);
    while count(found.len())? < u64::from(batch)
        && young < YOUNG_IN_A_ROW
        && let Some(row) = rows.next()?
    {
        let (pk, old, free): (i64, bool, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if old {
            cursor.0 = Some(pk);
            young = 0;
        } else {
            young += 1;
        }
        if free {
            found.push(pk);
        }
    }
    Ok(found)
}

fn old_pushes(db: &Connection, before: Timestamp, batch: u32) -> Done<Vec<i64>> {
    let mut statement = db.prepare_cached("SELECT pk, received_at < ?1 FROM pushes ORDER BY pk")?;
    let mut rows = statement.query([time(before)])?;
    let (mut found, mut young) = (Vec::new(), 0);
    while count(found.len())? < u64::from(batch)
        && young < YOUNG_IN_A_ROW
        && let Some(row) = rows.next()?
    {
        if row.get(1)? {
            found.push(row.get(0)?);
            young = 0;
        } else {
            young += 1;
        }
    }
    Ok(found)
}

/// Deletes old pushes first, then facts that still may go; no more than a batch in all. Says how many.
pub(crate) fn delete(db: &Connection, before: Timestamp, batch: u32, facts: &[i64]) -> Done<u64> {
    let mut deleted = 0;
    for push in old_pushes(db, before, batch)? {
        deleted += count(db.prepare_cached("DELETE FROM pushes WHERE pk = ?1")?.execute([push])?)?;
    }
    let sql = format!("DELETE FROM observations AS o WHERE o.pk = ?1 AND {FREE}");
    for fact in facts {
        if deleted >= u64::from(batch) {
            break;
        }
        deleted += count(db.prepare_cached(&sql)?.execute([fact])?)?;
    }
    Ok(deleted)
}

fn count(rows: usize) -> Done<u64> {
    u64::try_from(rows).map_err(|_| Fault::broken("a count is out of range"))
}

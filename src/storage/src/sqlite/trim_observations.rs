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

/// Where the last batch ended, so that facts that must stay are not looked at again for each batch of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FactCursor(Option<(i64, i64)>);

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
        "SELECT o.pk, o.received_at, {FREE} FROM observations o INDEXED BY observations_by_age
         WHERE (o.received_at, o.pk) > (?1, ?2) AND o.received_at < ?3 ORDER BY o.received_at, o.pk"
    );
    let (received_at, pk) = cursor.0.unwrap_or((i64::MIN, 0));
    let wanted = usize::try_from(batch).unwrap_or(usize::MAX);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![received_at, pk, time(before)])?;
    let mut found = Vec::new();
    while found.len() < wanted
        && let Some(row) = rows.next()?
    {
        let (pk, received_at, free): (i64, i64, bool) = (row.get(0)?, row.get(1)?, row.get(2)?);
        cursor.0 = Some((received_at, pk));
        if free {
            found.push(pk);
        }
    }
    Ok(found)
}

/// Deletes old pushes first, then facts that still may go; no more than a batch in all. Says how many.
pub(crate) fn delete(db: &Connection, before: Timestamp, batch: u32, facts: &[i64]) -> Done<u64> {
    let pushes = db
        .prepare_cached(
            "DELETE FROM pushes WHERE pk IN
                (SELECT pk FROM pushes WHERE received_at < ?1 ORDER BY received_at LIMIT ?2)",
        )?
        .execute(params![time(before), batch])?;
    let mut deleted = count(pushes)?;
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

//! Work that is due.
//!
//! Where everything that is due fits into one answer, and into each one's share of it, it is handed out by age. Where it does
//! not, merchants take turns: each that has something due, and room for it, gets one row before any gets a second, beginning
//! after the one that was served last. However many rows one of them has due, the next row of another is among the first, as
//! long as no more merchants have something due than one answer holds; beyond that it takes as many answers as it takes to go
//! round.

use std::sync::{Mutex, PoisonError};

use jiff::Timestamp;
use lendport_core::{AttemptId, CheckoutId};
use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension as _, Row, params, params_from_iter};

use super::cell::{Cells, StoredId as _, time};
use super::fault::Done;
use super::locate::tenant;
use crate::store::{FairAsk, Located};

/// Whose work was handed out last.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    /// For deadlines: a merchant and a mode.
    pub(crate) expiry: Mutex<Option<Vec<Value>>>,
    /// For looks: a row of `tenants`.
    pub(crate) polls: Mutex<Option<Vec<Value>>>,
}

/// One kind of work.
struct Kind {
    /// By age: `?1` the moment, `?2` how many.
    by_age: &'static str,
    /// The first who has work, and since when.
    first: &'static str,
    /// The next one after this one.
    next: &'static str,
    /// One's own by age: `?1` the moment, `?2` how many, then whose.
    of: &'static str,
}

/// The conditions are those of the partial indexes, which therefore answer without looking at anything else.
const OVERDUE: Kind = Kind {
    by_age: "SELECT id, merchant, mode, NULL AS attempt FROM checkouts INDEXED BY checkouts_due
         WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
           AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
    first: "SELECT expires_at, merchant, mode FROM checkouts INDEXED BY checkouts_due_of
         WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
         ORDER BY merchant, mode, expires_at LIMIT 1",
    next: "SELECT expires_at, merchant, mode FROM checkouts INDEXED BY checkouts_due_of
         WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
           AND (merchant, mode) > (?1, ?2)
         ORDER BY merchant, mode, expires_at LIMIT 1",
    of: "SELECT id, merchant, mode, NULL AS attempt FROM checkouts INDEXED BY checkouts_due_of
         WHERE (status = 'requires_customer_action' OR status = 'under_review' OR status = 'preapproved' OR status = 'open')
           AND merchant = ?3 AND mode = ?4 AND expires_at <= ?1
         ORDER BY expires_at LIMIT ?2",
};

const TO_POLL: Kind = Kind {
    by_age: "SELECT c.id, c.merchant, c.mode, a.id AS attempt
         FROM attempts a INDEXED BY attempts_to_poll JOIN checkouts c ON c.pk = a.checkout
         WHERE a.poll_at IS NOT NULL AND a.poll_at <= ?1
         ORDER BY a.poll_at LIMIT ?2",
    first: "SELECT poll_at, tenant FROM attempts INDEXED BY attempts_to_poll_of
         WHERE poll_at IS NOT NULL ORDER BY tenant, poll_at LIMIT 1",
    next: "SELECT poll_at, tenant FROM attempts INDEXED BY attempts_to_poll_of
         WHERE poll_at IS NOT NULL AND tenant > ?1 ORDER BY tenant, poll_at LIMIT 1",
    of: "SELECT c.id, c.merchant, c.mode, a.id AS attempt
         FROM attempts a INDEXED BY attempts_to_poll_of JOIN checkouts c ON c.pk = a.checkout
         WHERE a.tenant = ?3 AND a.poll_at IS NOT NULL AND a.poll_at <= ?1
         ORDER BY a.poll_at LIMIT ?2",
};

/// Checkouts past their deadline in a status that a timer may end.
pub(crate) fn overdue(db: &Connection, turns: &Turns, ask: &FairAsk) -> Done<Vec<Located>> {
    let busy = ask.rooms.iter().map(|(tenant, room)| {
        (vec![Value::Blob(tenant.merchant.bytes().to_vec()), Value::Text(tenant.mode.as_str().to_owned())], *room)
    });
    take(db, &OVERDUE, &turns.expiry, &Rooms { each: ask.each, busy: busy.collect() }, ask)
}

/// Attempts whose provider is to be asked.
pub(crate) fn to_poll(db: &Connection, turns: &Turns, ask: &FairAsk) -> Done<Vec<Located>> {
    let mut busy = Vec::with_capacity(ask.rooms.len());
    for (tenant, room) in &ask.rooms {
        let sql = "SELECT pk FROM tenants WHERE merchant = ?1 AND mode = ?2";
        let key = params![tenant.merchant.bytes(), tenant.mode.as_str()];
        if let Some(pk) = db.prepare_cached(sql)?.query_row(key, |row| row.get::<_, i64>(0)).optional()? {
            busy.push((vec![Value::Integer(pk)], *room));
        }
    }
    take(db, &TO_POLL, &turns.polls, &Rooms { each: ask.each, busy }, ask)
}

/// How much each may have.
struct Rooms {
    each: u32,
    busy: Vec<(Vec<Value>, u32)>,
}

impl Rooms {
    fn of(&self, whose: &[Value]) -> u32 {
        self.busy.iter().find(|(known, _)| known == whose).map_or(self.each, |(_, room)| *room)
    }
}

fn take(
    db: &Connection,
    kind: &Kind,
    turn: &Mutex<Option<Vec<Value>>>,
    rooms: &Rooms,
    ask: &FairAsk,
) -> Done<Vec<Located>> {
    let now = ask.work.now;
    let [wanted, harmless] = [ask.work.limit, ask.harmless()].map(|room| usize::try_from(room).unwrap_or(usize::MAX));
    let found = fetch(db, kind.by_age, vec![time(now).into(), (i64::from(ask.harmless()) + 1).into()])?;
    if found.len() <= harmless {
        return Ok(found);
    }
    let mut turn = turn.lock().unwrap_or_else(PoisonError::into_inner);
    let whose = with_work(db, kind, turn.as_ref(), rooms, now, wanted)?;
    let mut of_each = Vec::with_capacity(whose.len());
    for one in &whose {
        let mut values = vec![time(now).into(), i64::from(ask.work.limit.min(rooms.of(one))).into()];
        values.extend(one.iter().cloned());
        of_each.push(fetch(db, kind.of, values)?.into_iter());
    }
    *turn = whose.last().cloned().or_else(|| turn.take());
    let (mut taken, mut before) = (Vec::with_capacity(wanted), usize::MAX);
    while taken.len() != before && taken.len() < wanted {
        before = taken.len();
        let room = wanted - taken.len();
        taken.extend(of_each.iter_mut().filter_map(Iterator::next).take(room));
    }
    Ok(taken)
}

/// Who has something due and room for it, beginning after this one, up to so many.
fn with_work(
    db: &Connection,
    kind: &Kind,
    begin: Option<&Vec<Value>>,
    rooms: &Rooms,
    now: Timestamp,
    wanted: usize,
) -> Done<Vec<Vec<Value>>> {
    let (mut found, mut after, mut seen) = (Vec::new(), begin.cloned(), None);
    let mut wrapped = begin.is_none();
    while found.len() < wanted {
        let Some((first, whose)) = next(db, kind, after.as_deref())? else {
            if wrapped {
                break;
            }
            (wrapped, after) = (true, None);
            continue;
        };
        // Once round.
        if seen.as_ref() == Some(&whose) {
            break;
        }
        seen.get_or_insert_with(|| whose.clone());
        if first <= time(now) && rooms.of(&whose) > 0 {
            found.push(whose.clone());
        }
        after = Some(whose);
    }
    Ok(found)
}

fn next(db: &Connection, kind: &Kind, after: Option<&[Value]>) -> Done<Option<(i64, Vec<Value>)>> {
    let read = |row: &Row<'_>| -> rusqlite::Result<(i64, Vec<Value>)> {
        let first = row.get(0)?;
        let whose = (1..row.as_ref().column_count()).map(|place| row.get(place)).collect::<Result<Vec<Value>, _>>()?;
        Ok((first, whose))
    };
    let found = match after {
        None => db.prepare_cached(kind.first)?.query_row(params![], read),
        Some(after) => db.prepare_cached(kind.next)?.query_row(params_from_iter(after), read),
    };
    Ok(found.optional()?)
}

fn fetch(db: &Connection, sql: &str, values: Vec<Value>) -> Done<Vec<Located>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<CheckoutId>("checkouts", row);
        let attempt = cells.id_opt::<AttemptId>("attempt")?;
        found.push(Located { tenant: tenant(&cells)?, checkout: cells.id("id")?, attempt });
    }
    Ok(found)
}

//! One SQLite file behind one writer thread.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::mpsc;

use crate::Fault;
use crate::floor::store::{BATCH_MAX, Change, Job, Outcome, Undelivered};

const SCHEMA: &str = "
    CREATE TABLE checkouts (
        pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
        token TEXT NOT NULL UNIQUE, state TEXT NOT NULL, cart TEXT NOT NULL, reference TEXT, answer TEXT
    ) STRICT;
    CREATE TABLE observations (
        checkout INTEGER NOT NULL, message TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (checkout, message)
    ) STRICT;
    CREATE TABLE events (
        pk INTEGER PRIMARY KEY, checkout INTEGER NOT NULL, kind TEXT NOT NULL, snapshot TEXT NOT NULL,
        delivered INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    CREATE INDEX events_waiting ON events (pk) WHERE delivered = 0;";

/// Opens the file and starts its writer, which ends when nobody can ask it any more.
pub(super) fn open(file: &str, queue: mpsc::Receiver<Job>) -> Result<Reader, Fault> {
    let connect = || -> rusqlite::Result<Connection> {
        let db = Connection::open(PathBuf::from(file))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        Ok(db)
    };
    let db = connect()?;
    db.execute_batch(SCHEMA)?;
    std::thread::Builder::new().name("floor-writer".to_owned()).spawn(move || write(&db, queue))?;
    Ok(Reader(Arc::new(Mutex::new(connect()?))))
}

fn write(db: &Connection, mut queue: mpsc::Receiver<Job>) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    while let Some(first) = queue.blocking_recv() {
        batch.push(first);
        while batch.len() < BATCH_MAX
            && let Ok(job) = queue.try_recv()
        {
            batch.push(job);
        }
        let mut replies = Vec::with_capacity(batch.len());
        let committed = transaction(db, &mut batch, &mut replies).map_err(|error| error.to_string());
        for (reply, outcome) in replies {
            // Whoever does not wait any more is not told.
            _ = reply.send(committed.clone().map(|()| outcome));
        }
    }
}

type Reply = tokio::sync::oneshot::Sender<Result<Outcome, String>>;

fn transaction(db: &Connection, batch: &mut Vec<Job>, replies: &mut Vec<(Reply, Outcome)>) -> rusqlite::Result<()> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for Job { change, reply } in batch.drain(..) {
        replies.push((reply, apply(db, &change)?));
    }
    db.prepare_cached("COMMIT")?.execute([])?;
    Ok(())
}

fn apply(db: &Connection, change: &Change) -> rusqlite::Result<Outcome> {
    let written = match change {
        Change::Intend { id, key, fingerprint, token, cart } => db
            .prepare_cached(
                "INSERT INTO checkouts (id, key, fingerprint, token, state, cart) VALUES (?1, ?2, ?3, ?4, 'sent', ?5)
                 ON CONFLICT (key) DO NOTHING",
            )?
            .execute(params![id, key, fingerprint, token, cart])?,
        Change::Settle { id, reference, answer } => {
            let sql = "UPDATE checkouts SET state = 'created', reference = ?2, answer = ?3 WHERE id = ?1 RETURNING pk";
            let pk = db.prepare_cached(sql)?.query_row(params![id, reference, answer], |row| row.get(0))?;
            event(db, pk, "checkout.created")?
        }
        Change::Observe { token, message, status, body } => {
            let sql = "SELECT pk FROM checkouts WHERE token = ?1";
            let found: Option<i64> = db.prepare_cached(sql)?.query_row([token], |row| row.get(0)).optional()?;
            let Some(pk) = found else { return Ok(Outcome::Unknown) };
            let sql = "INSERT INTO observations VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            if db.prepare_cached(sql)?.execute(params![pk, message, body])? == 0 {
                return Ok(Outcome::Repeated);
            }
            db.prepare_cached("UPDATE checkouts SET state = ?2 WHERE pk = ?1")?.execute(params![pk, status])?;
            event(db, pk, "checkout.updated")?
        }
        Change::Delivered { event } => {
            db.prepare_cached("UPDATE events SET delivered = 1 WHERE pk = ?1")?.execute([event])?
        }
    };
    Ok(if written == 0 { Outcome::Repeated } else { Outcome::Done })
}

/// An event with the checkout as it is now.
fn event(db: &Connection, checkout: i64, kind: &str) -> rusqlite::Result<usize> {
    let sql = r#"INSERT INTO events (checkout, kind, snapshot)
        SELECT pk, ?2, '{"checkout":' || answer || ',"state":"' || state || '","cart":' || cart || '}'
        FROM checkouts WHERE pk = ?1"#;
    db.prepare_cached(sql)?.execute(params![checkout, kind])
}

/// A connection that only reads.
pub(super) struct Reader(Arc<Mutex<Connection>>);

impl Reader {
    pub(super) async fn undelivered(&self, limit: i64) -> Result<Vec<Undelivered>, Fault> {
        let db = Arc::clone(&self.0);
        let read = move || -> rusqlite::Result<Vec<Undelivered>> {
            let db = db.lock().unwrap_or_else(PoisonError::into_inner);
            let sql = "SELECT pk, kind, snapshot FROM events WHERE delivered = 0 ORDER BY pk LIMIT ?1";
            let mut statement = db.prepare_cached(sql)?;
            let rows = statement.query_map([limit], |row| {
                Ok(Undelivered { event: row.get(0)?, kind: row.get(1)?, snapshot: row.get(2)? })
            })?;
            rows.collect()
        };
        Ok(tokio::task::spawn_blocking(read).await??)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_postback_counts_once_and_leaves_an_event() {
        let db = Connection::open_in_memory().unwrap();
        db.execute_batch(SCHEMA).unwrap();
        let text = str::to_owned;
        let intend = Change::Intend {
            id: text("chk_1"),
            key: text("k"),
            fingerprint: text("f"),
            token: text("t"),
            cart: text("{}"),
        };
        let settle = Change::Settle { id: text("chk_1"), reference: text("r"), answer: text("{}") };
        let observe =
            |token| Change::Observe { token: text(token), message: text("m"), status: text("s"), body: vec![] };
        let outcomes = [&intend, &intend, &settle, &observe("t"), &observe("t"), &observe("u")]
            .map(|change| apply(&db, change).unwrap());
        use Outcome::{Done, Repeated, Unknown};
        assert_eq!(outcomes, [Done, Repeated, Done, Done, Repeated, Unknown]);
        let waiting = |db: &Connection| -> i64 {
            db.query_row("SELECT count(*) FROM events WHERE delivered = 0", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(waiting(&db), 2);
        apply(&db, &Change::Delivered { event: 1 }).unwrap();
        assert_eq!(waiting(&db), 1);
    }
}

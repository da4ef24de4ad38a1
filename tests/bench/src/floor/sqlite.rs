//! The least durable work: one SQLite file behind one writer thread, whatever is queued shares a commit.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::{mpsc, oneshot};

use crate::Fault;

const SCHEMA: &str = "
    CREATE TABLE checkouts (
        pk INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, key TEXT NOT NULL UNIQUE, fingerprint TEXT NOT NULL,
        token TEXT NOT NULL UNIQUE, state TEXT NOT NULL, cart TEXT NOT NULL, reference TEXT, answer TEXT
    ) STRICT;
    CREATE TABLE observations (
        checkout INTEGER NOT NULL, message TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (checkout, message)
    ) STRICT;
    CREATE TABLE events (
        pk INTEGER PRIMARY KEY, checkout INTEGER NOT NULL, kind TEXT NOT NULL, snapshot TEXT NOT NULL
    ) STRICT;";
/// Changes that share one commit at most, as in the gateway.
const BATCH_MAX: usize = 256;

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Written.
    Done,
    /// The key or the message was there before.
    Repeated,
    /// Nobody has this token.
    Unknown,
}

/// One small change.
pub(crate) enum Change {
    /// Before the call: the intent, under its idempotency key.
    Intend { id: String, key: String, fingerprint: String, token: String, cart: String },
    /// After the call: the result, the stored answer and an event.
    Settle { id: String, reference: String, answer: String },
    /// A postback: told before? If not, the new state and an event.
    Observe { token: String, message: String, status: String, body: Vec<u8> },
}

type Job = (Change, oneshot::Sender<Result<Outcome, String>>);

/// The writer's queue.
#[derive(Clone)]
pub(crate) struct FloorStore(mpsc::Sender<Job>);

impl FloorStore {
    /// Opens the file and starts the writer.
    pub(crate) fn open(folder: &Path) -> Result<Self, Fault> {
        let db = Connection::open(folder.join("floor.db"))?;
        db.pragma_update(None, "journal_mode", "WAL")?;
        db.pragma_update(None, "synchronous", "FULL")?;
        db.execute_batch(SCHEMA)?;
        let (sender, receiver) = mpsc::channel(1024);
        std::thread::Builder::new().name("floor-writer".to_owned()).spawn(move || write(&db, receiver))?;
        Ok(Self(sender))
    }

    /// Makes a change and waits for its commit.
    pub(crate) async fn commit(&self, change: Change) -> Result<Outcome, Fault> {
        let (reply, answer) = oneshot::channel();
        self.0.send((change, reply)).await.map_err(|_| "the writer is gone")?;
        Ok(answer.await??)
    }
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

fn transaction(
    db: &Connection,
    batch: &mut Vec<Job>,
    replies: &mut Vec<(oneshot::Sender<Result<Outcome, String>>, Outcome)>,
) -> rusqlite::Result<()> {
    db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
    for (change, reply) in batch.drain(..) {
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
            let pk: i64 = db.prepare_cached(sql)?.query_row(params![id, reference, answer], |row| row.get(0))?;
            event(db, pk, "checkout.created", answer)?
        }
        Change::Observe { token, message, status, body } => {
            let sql = "SELECT pk, answer FROM checkouts WHERE token = ?1";
            let found = db.prepare_cached(sql)?.query_row([token], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
            let Some((pk, answer)): Option<(i64, String)> = found else { return Ok(Outcome::Unknown) };
            let sql = "INSERT INTO observations VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
            if db.prepare_cached(sql)?.execute(params![pk, message, body])? == 0 {
                return Ok(Outcome::Repeated);
            }
            db.prepare_cached("UPDATE checkouts SET state = ?2 WHERE pk = ?1")?.execute(params![pk, status])?;
            event(db, pk, "checkout.updated", &answer)?
        }
    };
    Ok(if written == 0 { Outcome::Repeated } else { Outcome::Done })
}

fn event(db: &Connection, checkout: i64, kind: &str, snapshot: &str) -> rusqlite::Result<usize> {
    let sql = "INSERT INTO events (checkout, kind, snapshot) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![checkout, kind, snapshot])
}

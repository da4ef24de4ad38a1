//! The least durable work: small changes in a queue, and whatever is queued shares a commit.

use tokio::sync::{mpsc, oneshot};

use crate::Fault;
use crate::floor::{postgres, sqlite};

/// Changes that wait for a writer at most; more make their askers wait.
const QUEUE: usize = 8_192;
/// Changes that share one commit at most, as in the gateway.
pub(super) const BATCH_MAX: usize = 256;

/// What a change came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Written.
    Done,
    /// The key or the message was there before.
    Repeated,
    /// Nobody has this token.
    Unknown,
}

/// One small change.
#[derive(Clone, Debug)]
pub(super) enum Change {
    /// Before the call: the intent, under its idempotency key.
    Intend { id: String, key: String, fingerprint: String, token: String, cart: String },
    /// After the call: the result, the stored answer and an event.
    Settle { id: String, reference: String, answer: String },
    /// A postback: told before? If not, the new state and an event.
    Observe { token: String, message: String, status: String, body: Vec<u8> },
    /// An event reached its receiver.
    Delivered { event: i64 },
}

/// A change and who waits for it.
pub(super) struct Job {
    pub(super) change: Change,
    pub(super) reply: oneshot::Sender<Result<Outcome, String>>,
}

/// An event on its way out.
#[derive(Clone, Debug)]
pub(super) struct Undelivered {
    pub(super) event: i64,
    pub(super) kind: String,
    pub(super) snapshot: String,
}

/// Reads the outbox.
pub(super) enum OutboxReader {
    Sqlite(sqlite::Reader),
    Postgres(Box<postgres::Reader>),
}

impl OutboxReader {
    /// The oldest events that nobody has received, so many at most.
    pub(super) async fn undelivered(&mut self, limit: i64) -> Result<Vec<Undelivered>, Fault> {
        match self {
            Self::Sqlite(reader) => reader.undelivered(limit).await,
            Self::Postgres(reader) => reader.undelivered(limit).await,
        }
    }
}

/// The writer's queue.
#[derive(Clone)]
pub(super) struct FloorStore(mpsc::Sender<Job>);

impl FloorStore {
    /// Opens the database at this address, `sqlite:FILE` or `postgres://…`, makes its tables, and starts writing.
    pub(super) async fn open(url: &str) -> Result<(Self, OutboxReader), Fault> {
        let (sender, receiver) = mpsc::channel(QUEUE);
        let reader = match url.strip_prefix("sqlite:") {
            Some(file) => OutboxReader::Sqlite(sqlite::open(file, receiver)?),
            None => OutboxReader::Postgres(Box::new(postgres::open(url, receiver).await?)),
        };
        Ok((Self(sender), reader))
    }

    /// Makes a change and waits for its commit.
    pub(super) async fn commit(&self, change: Change) -> Result<Outcome, Fault> {
        let (reply, answer) = oneshot::channel();
        self.0.send(Job { change, reply }).await.map_err(|_| "the writer is gone")?;
        Ok(answer.await??)
    }
}

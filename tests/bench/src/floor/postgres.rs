//! A PostgreSQL database behind a few connections: changes share a transaction whose statements are all sent before the
//! first answer is read, and the number of such transactions at a time follows the queue.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use tokio::sync::mpsc;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Error, NoTls, Row, Statement};

use crate::Fault;
use crate::floor::store::{BATCH_MAX, Change, Job, Outcome, Undelivered};

const SCHEMA: &str = "
    CREATE TABLE checkouts (
        pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id text NOT NULL UNIQUE, key text NOT NULL UNIQUE,
        fingerprint text NOT NULL, token text NOT NULL UNIQUE, state text NOT NULL, cart text NOT NULL, reference text,
        answer text
    );
    CREATE TABLE observations (
        checkout bigint NOT NULL, message text NOT NULL, body bytea NOT NULL, UNIQUE (checkout, message)
    );
    CREATE TABLE events (
        pk bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, checkout bigint NOT NULL, kind text NOT NULL,
        snapshot text NOT NULL, delivered boolean NOT NULL DEFAULT false
    );
    CREATE INDEX events_waiting ON events (pk) WHERE NOT delivered;";
const INTEND: &str = "INSERT INTO checkouts (id, key, fingerprint, token, state, cart)
    VALUES ($1, $2, $3, $4, 'sent', $5) ON CONFLICT (key) DO NOTHING RETURNING 1::bigint, 1::bigint";
const SETTLE: &str = r#"WITH moved AS (
        UPDATE checkouts SET state = 'created', reference = $2, answer = $3 WHERE id = $1 RETURNING pk, answer, cart
    ), told AS (
        INSERT INTO events (checkout, kind, snapshot)
        SELECT pk, 'checkout.created', '{"checkout":' || answer || ',"state":"created","cart":' || cart || '}' FROM moved
        RETURNING 1
    ) SELECT count(*), count(*) FROM told"#;
const OBSERVE: &str = r#"WITH found AS (
        SELECT pk FROM checkouts WHERE token = $1
    ), heard AS (
        INSERT INTO observations SELECT pk, $2, $3 FROM found ON CONFLICT DO NOTHING RETURNING checkout
    ), moved AS (
        UPDATE checkouts SET state = $4 FROM heard WHERE pk = heard.checkout RETURNING pk, answer, state, cart
    ), told AS (
        INSERT INTO events (checkout, kind, snapshot)
        SELECT pk, 'checkout.updated',
            '{"checkout":' || answer || ',"state":"' || state || '","cart":' || cart || '}' FROM moved
        RETURNING 1
    ) SELECT (SELECT count(*) FROM found), (SELECT count(*) FROM told)"#;
const DELIVERED: &str = "UPDATE events SET delivered = true WHERE pk = $1 RETURNING 1::bigint, 1::bigint";
/// Connections that write at a time while little is in flight, and from `MANY` changes on.
const WRITERS: usize = 8;
const WRITERS_OF_MANY: usize = 2;
const MANY: usize = 128;

/// A connection with its statements.
struct Writer {
    client: Client,
    intend: Statement,
    settle: Statement,
    observe: Statement,
    delivered: Statement,
}

/// Connects, makes the tables, and starts writing.
pub(super) async fn open(url: &str, queue: mpsc::Receiver<Job>) -> Result<Reader, Fault> {
    let client = connect(url).await?;
    client.batch_execute(SCHEMA).await?;
    let mut idle = Vec::with_capacity(WRITERS);
    for _ in 0..WRITERS {
        let client = connect(url).await?;
        idle.push(Writer {
            intend: client.prepare(INTEND).await?,
            settle: client.prepare(SETTLE).await?,
            observe: client.prepare(OBSERVE).await?,
            delivered: client.prepare(DELIVERED).await?,
            client,
        });
    }
    tokio::spawn(hand_out(queue, idle));
    let sql = "SELECT pk, kind, snapshot FROM events WHERE NOT delivered ORDER BY pk LIMIT $1";
    Ok(Reader { undelivered: client.prepare(sql).await?, client })
}

async fn connect(url: &str) -> Result<Client, Fault> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// Gives each batch to a writer that has nothing to do, never to more of them than the queue needs.
async fn hand_out(mut queue: mpsc::Receiver<Job>, mut idle: Vec<Writer>) {
    let (give_back, mut back) = mpsc::unbounded_channel::<(Writer, usize)>();
    let mut in_flight = 0;
    while let Some(first) = queue.recv().await {
        let writer = loop {
            while let Ok((writer, done)) = back.try_recv() {
                idle.push(writer);
                in_flight -= done;
            }
            let waiting = in_flight + queue.len() + 1;
            let most = if waiting >= MANY { WRITERS_OF_MANY } else { WRITERS };
            if WRITERS - idle.len() < most
                && let Some(writer) = idle.pop()
            {
                break writer;
            }
            let Some((writer, done)) = back.recv().await else { return };
            idle.push(writer);
            in_flight -= done;
        };
        let waiting = in_flight + queue.len() + 1;
        let share = waiting.div_ceil(if waiting >= MANY { WRITERS_OF_MANY } else { WRITERS }).min(BATCH_MAX);
        let mut batch = vec![first];
        while batch.len() < share
            && let Ok(job) = queue.try_recv()
        {
            batch.push(job);
        }
        let count = batch.len();
        in_flight += count;
        let give_back = give_back.clone();
        tokio::spawn(async move {
            commit(&writer, batch).await;
            // Nobody takes it back when the floor is stopping.
            _ = give_back.send((writer, count));
        });
    }
}

/// Commits a batch; when it fails as a whole, each change by itself.
async fn commit(writer: &Writer, mut batch: Vec<Job>) {
    // Everybody takes locks in the same order.
    batch.sort_by(|one, other| place(&one.change).cmp(place(&other.change)));
    if let Ok(outcomes) = transaction(writer, &batch).await {
        for (job, outcome) in batch.into_iter().zip(outcomes) {
            _ = job.reply.send(Ok(outcome));
        }
        return;
    }
    for job in batch {
        let outcome = transaction(writer, std::slice::from_ref(&job)).await;
        let outcome = outcome.map_err(|error| error.to_string());
        _ = job.reply.send(outcome.map(|outcomes| outcomes.first().copied().unwrap_or(Outcome::Unknown)));
    }
}

/// What orders changes of the same rows.
fn place(change: &Change) -> &str {
    match change {
        Change::Intend { key, .. } => key,
        Change::Settle { id, .. } => id,
        Change::Observe { token, .. } => token,
        Change::Delivered { .. } => "",
    }
}

type Sent<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// Sends everything from `BEGIN` to `COMMIT`, then reads the answers.
async fn transaction(writer: &Writer, batch: &[Job]) -> Result<Vec<Outcome>, Error> {
    let mut begin: Sent<'_, ()> = Box::pin(writer.client.batch_execute("BEGIN"));
    send(&mut begin).await;
    let mut running: Vec<Sent<'_, Option<Row>>> = Vec::with_capacity(batch.len());
    for job in batch {
        let mut statement = apply(writer, &job.change);
        send(&mut statement).await;
        running.push(statement);
    }
    let mut commit: Sent<'_, ()> = Box::pin(writer.client.batch_execute("COMMIT"));
    send(&mut commit).await;
    begin.await?;
    let mut outcomes = Vec::with_capacity(batch.len());
    let mut failed = None;
    for statement in running {
        match statement.await {
            Ok(row) => outcomes.push(outcome(row.as_ref())?),
            // Those after it fail too; the first one says why.
            Err(error) => failed = failed.or(Some(error)),
        }
    }
    // After a failure this commit rolls back.
    commit.await?;
    failed.map_or(Ok(outcomes), Err)
}

/// Polls once: the statement is on the wire then, and a later one comes after it. A future that is ready at once has
/// failed before sending, and would not be asked again.
async fn send<T>(statement: &mut Sent<'_, T>)
where
    T: Send + 'static,
{
    let first = std::future::poll_fn(|context| Poll::Ready(statement.as_mut().poll(context))).await;
    if let Poll::Ready(result) = first {
        *statement = Box::pin(std::future::ready(result));
    }
}

fn apply<'a>(writer: &'a Writer, change: &'a Change) -> Sent<'a, Option<Row>> {
    let ask = |statement: &'a Statement, values: Vec<&'a (dyn ToSql + Sync)>| -> Sent<'a, Option<Row>> {
        Box::pin(async move { writer.client.query_opt(statement, &values).await })
    };
    match change {
        Change::Intend { id, key, fingerprint, token, cart } => {
            ask(&writer.intend, vec![id, key, fingerprint, token, cart])
        }
        Change::Settle { id, reference, answer } => ask(&writer.settle, vec![id, reference, answer]),
        Change::Observe { token, message, status, body } => ask(&writer.observe, vec![token, message, body, status]),
        Change::Delivered { event } => ask(&writer.delivered, vec![event]),
    }
}

/// Each statement answers how many rows it found, and how many it wrote.
fn outcome(row: Option<&Row>) -> Result<Outcome, Error> {
    let Some(row) = row else { return Ok(Outcome::Repeated) };
    let (found, written): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    Ok(match (found, written) {
        (0, _) => Outcome::Unknown,
        (_, 0) => Outcome::Repeated,
        _ => Outcome::Done,
    })
}

/// A connection that only reads.
pub(super) struct Reader {
    client: Client,
    undelivered: Statement,
}

impl Reader {
    pub(super) async fn undelivered(&self, limit: i64) -> Result<Vec<Undelivered>, Fault> {
        let rows = self.client.query(&self.undelivered, &[&limit]).await?;
        let read = |row: &Row| -> Result<Undelivered, Error> {
            Ok(Undelivered { event: row.try_get(0)?, kind: row.try_get(1)?, snapshot: row.try_get(2)? })
        };
        Ok(rows.iter().map(read).collect::<Result<_, _>>()?)
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::postgres::Cluster;
    use tokio::task::JoinSet;

    use crate::floor::store::{Change, FloorStore, Outcome};

    #[tokio::test(flavor = "multi_thread")]
    async fn of_many_equal_postbacks_in_many_batches_one_counts() {
        let cluster = Cluster::shared();
        let database = cluster.create_database();
        let (store, mut outbox) = FloorStore::open(&cluster.url(&database)).await.unwrap();
        let text = str::to_owned;
        for (number, wanted) in [(1, Outcome::Done), (2, Outcome::Done), (1, Outcome::Repeated)] {
            let intend = Change::Intend {
                id: format!("chk_{number}"),
                key: format!("key {number}"),
                fingerprint: text("f"),
                token: format!("token {number}"),
                cart: text("{}"),
            };
            assert_eq!(store.commit(intend).await.unwrap(), wanted);
        }
        for number in 1..=2 {
            let settle = Change::Settle { id: format!("chk_{number}"), reference: text("r"), answer: text("{}") };
            assert_eq!(store.commit(settle).await.unwrap(), Outcome::Done);
        }
        let mut postbacks = JoinSet::new();
        for number in 0..600 {
            let observe = Change::Observe {
                token: format!("token {}", number % 3),
                message: text("m"),
                status: text("approved"),
                body: vec![1],
            };
            let store = store.clone();
            postbacks.spawn(async move { store.commit(observe).await.unwrap() });
        }
        let outcomes = postbacks.join_all().await;
        let count = |wanted| outcomes.iter().filter(|outcome| **outcome == wanted).count();
        assert_eq!([Outcome::Done, Outcome::Repeated, Outcome::Unknown].map(count), [2, 398, 200]);
        let told = outbox.undelivered(10).await.unwrap();
        assert_eq!(told.len(), 4);
        assert_eq!(told[2].snapshot, r#"{"checkout":{},"state":"approved","cart":{}}"#);
        for event in &told {
            assert_eq!(store.commit(Change::Delivered { event: event.event }).await.unwrap(), Outcome::Done);
        }
        assert!(outbox.undelivered(10).await.unwrap().is_empty());
    }
}

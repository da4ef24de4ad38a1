//! Which processes are alive. What a dead one had leased is free at once, and not only when its leases end.
//!
//! A process has a row in `processes`, and holds a lock of the server by its name for as long as the line stands on which
//! it also hears news. A name that nobody holds is that of a process that died, or whose line broke. The second must stay
//! rare among the living, as it has deliveries sent twice: a name counts as dead when nobody held it for a second, a process
//! takes up its name first thing on a new line and takes no deliveries without it, and looks at nobody soon after its own
//! line broke, as those of others may have broken with it.
//!
//! The lock is shared, so that a name can be taken up while the server has not noticed yet that the last line is gone.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use tokio::sync::watch;
use tokio_postgres::Client;

use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};

/// Between two looks at who is alive.
pub(crate) const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Looks in a row at which nobody holds a name before it is that of a dead process: a second from the first to the last.
const LOOKS: u32 = 3;
/// How long nobody is looked at after the line broke.
pub(crate) const AFTER_LOSS: Duration = Duration::from_secs(2);
/// How long the server may take to answer before the line counts as broken.
const ANSWER: Duration = Duration::from_secs(5);

const LOCK: &str = "SELECT pg_advisory_lock_shared(hashtextextended('lendport process ' || $1::text, 0))";
/// After the lock: whoever buries a process by its lock either sees it held or is done before.
const ENTER: &str = "INSERT INTO processes (owner) VALUES ($1) ON CONFLICT DO NOTHING";
const FREE: &str = "SELECT owner FROM processes \
     WHERE pg_try_advisory_xact_lock(hashtextextended('lendport process ' || owner, 0))";
/// Ends every lease of a process whose name is free, and forgets it.
pub(crate) const BURY: &str = "WITH dead AS MATERIALIZED ( \
         SELECT owner FROM (SELECT owner FROM processes WHERE owner = $1 OFFSET 0) named \
         WHERE pg_try_advisory_xact_lock(hashtextextended('lendport process ' || owner, 0))), \
     freed AS (UPDATE deliveries SET lease_owner = NULL, due_at = next_at FROM dead \
         WHERE deliveries.lease_owner = dead.owner RETURNING 1), \
     gone AS (DELETE FROM processes USING dead WHERE processes.owner = dead.owner) \
     SELECT count(*) FROM freed";

/// The names of this process, and whether others see that it lives.
pub(crate) struct Presence {
    names: watch::Sender<Names>,
    /// How long a call waits for its name.
    patience: Duration,
}

#[derive(Default)]
struct Names {
    wanted: BTreeSet<String>,
    held: BTreeSet<String>,
}

impl Presence {
    pub(crate) fn new(patience: Duration) -> Self {
        Self { names: watch::Sender::default(), patience }
    }

    /// Completes when others see that the process of this name lives.
    pub(crate) async fn enter(&self, name: &str) -> Done<()> {
        if self.names.borrow().held.contains(name) {
            return Ok(());
        }
        let mut names = self.names.subscribe();
        self.names.send_if_modified(|names| names.wanted.insert(name.to_owned()));
        let held = names.wait_for(|names| names.held.contains(name));
        match tokio::time::timeout(self.patience, held).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(Failure::unavailable("other processes cannot be told yet that this one is alive")),
        }
    }

    /// The line is gone, and every name with it.
    pub(crate) fn lost(&self) {
        self.names.send_modify(|names| names.held.clear());
    }

    /// Completes when a name is wanted that is not held.
    pub(crate) async fn wanted(&self) {
        // The sender is alive.
        let _ = self.names.subscribe().wait_for(|names| names.wanted.len() > names.held.len()).await;
    }

    fn missing(&self) -> Vec<String> {
        let names = self.names.borrow();
        names.wanted.difference(&names.held).cloned().collect()
    }

    fn is_ours(&self, name: &str) -> bool {
        self.names.borrow().wanted.contains(name)
    }
}

/// One line to the server, with what was seen by it.
pub(crate) struct Watch<'a> {
    client: &'a Client,
    presence: &'a Presence,
    /// Names that nobody held, with at how many looks in a row.
    free: HashMap<String, u32>,
}

impl<'a> Watch<'a> {
    pub(crate) fn over(client: &'a Client, presence: &'a Presence) -> Self {
        Self { client, presence, free: HashMap::new() }
    }

    /// Takes up the names of this process.
    pub(crate) async fn take_up(&self) -> Done<()> {
        for name in self.presence.missing() {
            answered(async {
                self.client.execute(LOCK, &[&name]).await?;
                self.client.execute(ENTER, &[&name]).await
            })
            .await?;
            self.presence.names.send_modify(|names| {
                names.held.insert(name);
            });
        }
        Ok(())
    }

    /// Looks at who is alive; answers who is dead. That also shows whether the line still stands.
    pub(crate) async fn look(&mut self) -> Done<Vec<String>> {
        let rows = answered(self.client.query(FREE, &[])).await?;
        let before = std::mem::take(&mut self.free);
        let mut dead = Vec::new();
        for row in rows {
            let name: String = row.try_get(0)?;
            if self.presence.is_ours(&name) {
                continue;
            }
            match before.get(&name).map_or(1, |looks| looks.saturating_add(1)) {
                LOOKS.. => dead.push(name),
                looks => {
                    self.free.insert(name, looks);
                }
            }
        }
        Ok(dead)
    }
}

async fn answered<T>(question: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Done<T> {
    match tokio::time::timeout(ANSWER, question).await {
        Ok(answer) => Ok(answer?),
        Err(_) => Err(Failure::unavailable("the server does not answer")),
    }
}

/// Ends every lease of a process, unless somebody holds its name after all; says how many.
pub(crate) async fn bury(db: &Db, name: &str) -> Done<i64> {
    let row = db.row(BURY, &[&name]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use lendport_core::Secret;
    use lendport_testkit::postgres::Cluster;
    use tokio_postgres::NoTls;

    use super::super::connection::pool;
    use super::super::{PostgresSettings, migrations};
    use super::*;

    /// A database of its own with one delivery that "one" has in hand.
    async fn database() -> (String, Db) {
        let url = Cluster::shared().url(&Cluster::shared().create_database());
        let pool = pool(&PostgresSettings::new(Secret::new(url.clone()))).unwrap();
        let db = deadpool_postgres::Object::take(pool.get().await.unwrap());
        migrations::run(&db).await.unwrap();
        let leased = "INSERT INTO deliveries (endpoint, id, event, sequence, state, waits, overtakable, tries, next_at, due_at,
            lease_owner, created_at, updated_at) VALUES (1, gen_random_uuid(), 1, 1, 'pending', false, false, 0, 'epoch',
            'infinity', 'one', 'epoch', 'epoch')";
        db.write(leased, &[]).await.unwrap();
        (url, db)
    }

    async fn line(url: &str) -> Client {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
        tokio::spawn(connection);
        client
    }

    /// A process of this name, at its beginning.
    fn process(name: &str) -> Presence {
        let presence = Presence::new(Duration::ZERO);
        presence.names.send_if_modified(|names| names.wanted.insert(name.to_owned()));
        presence
    }

    async fn free(db: &Db) -> bool {
        let free = "SELECT bool_and(lease_owner IS NULL AND due_at = next_at) FROM deliveries";
        db.row(free, &[]).await.unwrap().unwrap().get(0)
    }

    /// Looks until nobody holds the name of "one", once: the server notices in its own time that a line is gone.
    async fn until_free(watch: &mut Watch<'_>) {
        for _ in 0..6_000 {
            assert!(watch.look().await.unwrap().is_empty(), "dead only when its name was free again and again");
            if watch.free.get("one") == Some(&1) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the name is held for ever");
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn what_a_dead_process_had_is_freed_and_what_a_living_one_has_is_not() {
        let (url, db) = database().await;
        let (one, two) = (process("one"), process("two"));
        let (line_of_one, line_of_two) = (line(&url).await, line(&url).await);
        assert!(matches!(one.enter("one").await, Err(Failure::Refused(_))), "not before others can see it");
        Watch::over(&line_of_one, &one).take_up().await.unwrap();
        one.enter("one").await.unwrap();
        let mut watch = Watch::over(&line_of_two, &two);
        watch.take_up().await.unwrap();
        for _ in 0..9 {
            assert!(watch.look().await.unwrap().is_empty(), "both live");
        }
        assert_eq!(bury(&db, "one").await.unwrap(), 0, "nobody is buried alive");
        assert!(!free(&db).await);

        drop(line_of_one);
        until_free(&mut watch).await;
        assert!(watch.look().await.unwrap().is_empty(), "twice may be a line that broke");
        assert_eq!(watch.look().await.unwrap(), ["one"]);
        assert_eq!(bury(&db, "one").await.unwrap(), 1);
        assert!(free(&db).await);
        assert!(watch.look().await.unwrap().is_empty(), "once is enough");
        let rows = db.rows("SELECT owner FROM processes", &[]).await.unwrap();
        assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), ["two"]);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_line_that_breaks_for_a_moment_costs_no_lease() {
        let (url, db) = database().await;
        let (one, two) = (process("one"), process("two"));
        let (first, line_of_two) = (line(&url).await, line(&url).await);
        Watch::over(&first, &one).take_up().await.unwrap();
        let mut watch = Watch::over(&line_of_two, &two);
        drop(first);
        one.lost();
        until_free(&mut watch).await;
        assert!(watch.look().await.unwrap().is_empty());
        let second = line(&url).await;
        Watch::over(&second, &one).take_up().await.unwrap();
        for _ in 0..9 {
            assert!(watch.look().await.unwrap().is_empty(), "it is back");
        }
        assert_eq!(bury(&db, "one").await.unwrap(), 0);
        // The old line may still stand when the new one does.
        let third = line(&url).await;
        one.lost();
        Watch::over(&third, &one).take_up().await.unwrap();
        drop(second);
        for _ in 0..9 {
            assert!(watch.look().await.unwrap().is_empty());
        }
        assert!(!free(&db).await);
    }
}

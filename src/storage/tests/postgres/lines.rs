//! Limits: of statements that hang, of connections, and of what is heard from others.

use std::thread;
use std::time::Duration;

use lendport_storage::postgres::PostgresSettings;
use lendport_storage::{Change, OutboxAsk, OutboxChange, OutboxLoaded, StoreError, change_outbox_with};
use lendport_testkit::storage_suite::World;

use super::{fresh, open, psql, until, write};

/// Somebody who keeps a table to himself until he is sent away.
struct Hog {
    database: String,
    thread: Option<thread::JoinHandle<()>>,
}

impl Hog {
    async fn on(database: &str) -> Self {
        let name = database.to_owned();
        let lock = "BEGIN; LOCK TABLE checkouts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(120)";
        let thread = thread::spawn(move || {
            let _ = std::panic::catch_unwind(|| psql(&name, lock));
        });
        let locked = "SELECT count(*) FROM pg_locks l JOIN pg_class c ON c.oid = l.relation JOIN pg_database d \
                      ON d.oid = l.database WHERE c.relname = 'checkouts' AND l.mode = 'AccessExclusiveLock' AND l.granted \
                      AND d.datname = current_database()";
        until("the table is locked", || async { psql(database, locked) == "1" }).await;
        Self { database: database.to_owned(), thread: Some(thread) }
    }

    async fn leave(mut self) {
        let sql = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = '{}' AND query LIKE '%pg_sleep(120)%' AND pid <> pg_backend_pid()",
            self.database
        );
        psql("postgres", &sql);
        self.thread.take().unwrap().join().unwrap();
        let held = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND query LIKE '%pg_sleep(120)%' \
             AND pid <> pg_backend_pid()",
            self.database
        );
        until("he is gone", || async { psql("postgres", &held) == "0" }).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_hangs_is_cut_off() {
    let (name, mut settings) = fresh();
    // Long enough for all that does not hang, on a busy machine.
    settings.lock_timeout = Duration::from_secs(4);
    settings.statement_timeout = Duration::from_secs(8);
    let world = World::new(open(&settings).await).await;
    let before = write(&world).await.unwrap();
    let hog = Hog::on(&name).await;
    let (read, change, insert) = tokio::join!(
        world.store.checkout(world.tenant, before),
        world.change(before, |_| Change::default()),
        write(&world)
    );
    for error in [read.unwrap_err(), change.unwrap_err(), insert.unwrap_err()] {
        assert!(matches!(&error, StoreError::Unavailable(why) if why.contains("timeout")), "{error:?}");
    }
    hog.leave().await;
    assert_eq!(world.read(before).await.checkout.version, 1);
    write(&world).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_without_a_connection_is_told_so() {
    let (name, settings) = fresh();
    let minutes = Duration::from_secs(600);
    let settings = PostgresSettings {
        connections: 2,
        connection_wait: Duration::from_secs(3),
        lock_timeout: minutes,
        statement_timeout: minutes,
        ..settings
    };
    let world = std::sync::Arc::new(World::new(open(&settings).await).await);
    let before = write(&world).await.unwrap();
    let hog = Hog::on(&name).await;
    let waiting: Vec<_> = (0..2)
        .map(|_| {
            let world = std::sync::Arc::clone(&world);
            tokio::spawn(async move { world.store.checkout(world.tenant, before).await })
        })
        .collect();
    let waits = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}' AND wait_event_type = 'Lock'");
    until("both connections wait", || async { psql("postgres", &waits) == "2" }).await;
    let error = world.store.key_by_digest(&"0".repeat(64)).await.unwrap_err();
    assert_eq!(error, StoreError::Unavailable("every connection to the database is busy".to_owned()));
    hog.leave().await;
    for one in waiting {
        assert!(one.await.unwrap().unwrap().is_some());
    }
}

/// News from another process come again after the line they came by was cut.
#[tokio::test(flavor = "multi_thread")]
async fn news_come_again_after_the_line_was_cut() {
    let (name, settings) = fresh();
    let (world, other) = (World::new(open(&settings).await).await, open(&settings).await);
    let cut = format!(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = '{name}' AND application_name = 'lendport news'"
    );
    until("somebody listens", || async { psql("postgres", &cut) != "0" }).await;
    // Any change of the outbox may make deliveries due.
    let woken = async {
        until("the other is woken", || async {
            let nothing = |_: OutboxLoaded<'_>| (OutboxChange::default(), ());
            change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), nothing).await.unwrap();
            tokio::time::timeout(Duration::from_millis(200), other.outbox.delivery_work()).await.is_ok()
        })
        .await;
    };
    woken.await;
    // What was left over is heard; from now on only news wake.
    while tokio::time::timeout(Duration::from_millis(200), other.outbox.delivery_work()).await.is_ok() {}
    until("the other is woken once more", || async {
        let nothing = |_: OutboxLoaded<'_>| (OutboxChange::default(), ());
        change_outbox_with(&*world.outbox, world.tenant, OutboxAsk::default(), nothing).await.unwrap();
        tokio::time::timeout(Duration::from_millis(200), other.outbox.delivery_work()).await.is_ok()
    })
    .await;
}

//! Other processes: a second one is refused, and one that is killed while writing loses nothing it was told is stored.
//!
//! The children are this test program, started again with one of its ignored tests; what they need comes by stdin.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout, reason = "tests")]

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use lendport_core::operation::Phase;
use lendport_core::{AttemptState, Checkout, CheckoutId, EventType, OperationKind, Secret};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Change, CheckoutFilter, Database, InsertOutcome, Loaded, PageAsk, StoreError, Vault};
use lendport_testkit::SeededIds;
use lendport_testkit::storage_suite::World;

const WRITERS: usize = 8;

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteSettings::new(path), Vault::new(Secret::new([1; 32])))
}

fn start(test: &str, input: &str, limit_blocks: Option<u32>) -> Child {
    let exe = std::env::current_exe().unwrap();
    // A file that grows past the limit makes the write fail, as a full or broken disk does.
    let shell = match limit_blocks {
        None => "exec \"$0\" \"$@\"".to_owned(),
        Some(blocks) => format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\""),
    };
    let mut child = Command::new("/bin/sh")
        .args(["-c", &shell])
        .arg(exe)
        .args(["--ignored", "--exact", test, "--nocapture", "--test-threads=1"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(format!("{input}\n").as_bytes()).unwrap();
    child
}

/// What the parent wrote; none when somebody runs the ignored tests by hand.
fn input() -> Option<(u64, PathBuf)> {
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).ok()?;
    let (run, path) = line.trim().split_once(' ')?;
    Some((run.parse().ok()?, path.into()))
}

/// The lines that begin with this word, without it.
fn said<'a>(output: &'a str, word: &'a str) -> impl Iterator<Item = &'a str> {
    output.split_inclusive('\n').filter_map(move |line| line.strip_suffix('\n')?.strip_prefix(word))
}

#[test]
#[ignore = "a child of the tests below"]
fn child_holds() {
    let Some((_, path)) = input() else { return };
    let _store = open(&path).unwrap();
    println!("\nopen");
    let _ = std::io::stdin().lock().read_to_end(&mut Vec::new());
}

#[test]
fn a_second_process_is_refused_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("data").join("lendport.db");
    let mut child = start("child_holds", &format!("1 {}", path.display()), None);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "open"));
    let Err(StoreError::InUse(why)) = open(&path) else { panic!("two processes have one database") };
    for part in [&child.id().to_string(), path.to_str().unwrap(), "lendport.db.lock", "stop it"] {
        assert!(why.contains(part), "{why}");
    }
    let refused = lendport_storage::sqlite::migrate(&SqliteSettings::new(&path));
    assert!(matches!(refused, Err(StoreError::InUse(_))));
    child.kill().unwrap();
    child.wait().unwrap();
    drop(open(&path).unwrap());
    let again = open(&path).unwrap();
    assert!(matches!(open(&path), Err(StoreError::InUse(_))));
    drop(again);
}

/// Stores checkouts and changes them, on several tasks at once, and says so after each; until killed or refused.
#[test]
#[ignore = "a child of the tests below"]
fn child_writes() {
    let Some((run, path)) = input() else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut world = World::new(Database::of(Arc::new(open(&path).unwrap()))).await;
        world.ids = SeededIds::new(1_000 + run);
        let world = Arc::new(world);
        println!("\nopen");
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..WRITERS {
            let world = Arc::clone(&world);
            tasks.spawn(async move {
                loop {
                    if let Err(error) = write_one(&world).await {
                        return error;
                    }
                }
            });
        }
        let errors = tasks.join_all().await;
        for error in &errors {
            println!("\nerror {error}");
        }
        // Reading goes on, and another small write is refused or not, but answered.
        let page = PageAsk { limit: 1, after: None };
        assert!(world.store.checkouts(world.tenant, &CheckoutFilter::default(), page).await.is_ok());
        println!("\nreads");
    });
}

async fn write_one(world: &World) -> Result<(), StoreError> {
    let mut opening = world.opening(AttemptState::AwaitingCustomer);
    let (checkout, attempt) = (opening.checkout.clone().unwrap(), opening.attempts[0].clone());
    let id = checkout.id;
    opening.checkout = Some(Box::new(Checkout { sequence: 1, ..*checkout }));
    opening.operations = vec![world.operation(&attempt, OperationKind::Create, Phase::Settled)];
    opening.events = vec![world.event(id, EventType::CheckoutCreated, 1)];
    let claim = world.claim(&id.to_string(), "child", opening.operations[0].created_at);
    let inserted = world.store.insert_checkout(world.tenant, Some(claim), opening).await?;
    assert_eq!(inserted, InsertOutcome::Inserted);
    println!("\nstored {id}");
    let event = world.event(id, EventType::CheckoutUpdated, 2);
    let fact = world.observation(&attempt, "approved", AttemptState::Authorized);
    let decide = move |loaded: Loaded<'_>| {
        let old = &loaded.record.checkout;
        let mut moved = loaded.record.attempts[0].clone();
        moved.state = AttemptState::Authorized;
        Change {
            checkout: Some(Box::new(Checkout { version: 2, sequence: 2, ..old.clone() })),
            attempts: vec![moved],
            observations: vec![fact.clone()],
            events: vec![event.clone()],
            ..Change::default()
        }
    };
    world.change(id, decide).await?;
    println!("\nchanged {id}");
    Ok(())
}

/// How many changes a child has acknowledged when it is killed, in its first life; one more in each further one.
const BEFORE_THE_KILL: u64 = 5;

/// Every acknowledged write is there, and nothing is there by half.
async fn check(path: &Path, stored: &BTreeSet<CheckoutId>, changed: &BTreeSet<CheckoutId>) {
    let world = World::new(Database::of(Arc::new(open(path).unwrap()))).await;
    let (mut found, mut after) = (BTreeSet::new(), None);
    loop {
        let page = PageAsk { limit: 100, after };
        let page = world.store.checkouts(world.tenant, &CheckoutFilter::default(), page).await.unwrap();
        for record in &page.rows {
            let id = record.checkout.id;
            let timeline = world.store.timeline(world.tenant, id).await.unwrap().unwrap();
            let claim = world.store.idempotency(world.tenant, "POST /v1/checkouts", &id.to_string()).await.unwrap();
            assert_eq!(claim.and_then(|row| row.checkout), Some(id));
            assert_eq!((record.attempts.len(), timeline.operations.len()), (1, 1));
            let (version, state) = (record.checkout.version, record.attempts[0].state);
            let expected = match version {
                1 => (AttemptState::AwaitingCustomer, 1, 0, 1),
                2 => (AttemptState::Authorized, 2, 1, 2),
                other => panic!("{id} is at version {other}"),
            };
            let seen = (state, timeline.events.len(), timeline.observations.len(), record.checkout.sequence);
            assert_eq!(seen, expected, "{id}");
            assert!(version == 2 || !changed.contains(&id), "{id} was acknowledged as changed");
            found.insert(id);
        }
        after = page.rows.last().map(|record| record.checkout.id);
        if !page.has_more {
            break;
        }
    }
    assert!(stored.is_subset(&found), "{} acknowledged checkouts are gone", stored.difference(&found).count());
    world.store.close().await;
}

fn acknowledged(output: &str, word: &str) -> BTreeSet<CheckoutId> {
    said(output, word).map(|id| id.parse().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_writer_loses_nothing_it_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lendport.db");
    let (mut stored, mut changed) = (BTreeSet::new(), BTreeSet::new());
    for run in 0_u64..20 {
        let mut child = start("child_writes", &format!("{run} {}", path.display()), None);
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        while line != "open\n" {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child did not open the database");
        }
        // However slow the machine is, it dies in the midst of its work.
        let mut rest = String::new();
        let mut acknowledged_now = 0;
        while acknowledged_now < BEFORE_THE_KILL + run {
            line.clear();
            assert_ne!(output.read_line(&mut line).unwrap(), 0, "the child ended by itself");
            acknowledged_now += u64::from(line.starts_with("changed "));
            rest.push_str(&line);
        }
        child.kill().unwrap();
        child.wait().unwrap();
        output.read_to_string(&mut rest).unwrap();
        stored.extend(acknowledged(&rest, "stored "));
        changed.extend(acknowledged(&rest, "changed "));
        if run % 4 == 3 {
            check(&path, &stored, &changed).await;
        }
    }
    assert!(changed.len() > 20 * 5, "{} changes were acknowledged before the kills", changed.len());
    let db = rusqlite::Connection::open(&path).unwrap();
    let verdict: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(verdict, "ok");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_refuses_writes_is_an_error_and_not_a_loss() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lendport.db");
    let child = start("child_writes", &format!("1 {}", path.display()), Some(12_000));
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let errors: Vec<_> = said(&output, "error ").collect();
    assert_eq!(errors.len(), WRITERS, "{errors:?}");
    let expected = [StoreError::Unavailable(String::new()), StoreError::Full].map(|error| error.to_string());
    assert!(errors.iter().all(|error| expected.iter().any(|known| error.starts_with(known))), "{errors:?}");
    assert_eq!(said(&output, "reads").count(), 1);
    let (stored, changed) = (acknowledged(&output, "stored "), acknowledged(&output, "changed "));
    assert!(changed.len() > 100, "{}", changed.len());
    check(&path, &stored, &changed).await;
}

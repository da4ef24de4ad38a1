//! The file itself: who may read it, what it does not tell, and files that are not ours, changed, newer or broken.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[path = "shared/telling.rs"]
mod telling;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lendport_core::{AttemptState, CheckoutId, Secret};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore, migrate};
use lendport_storage::{Change, Database, StoreError, Vault};
use lendport_testkit::storage_suite::World;
use rusqlite::Connection;
use tempfile::TempDir;

fn vault(key: u8) -> Vault {
    Vault::new(Secret::new([key; 32]))
}

fn fresh() -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("lendport.db");
    (folder, path)
}

fn open(path: &Path) -> Result<SqliteStore, StoreError> {
    SqliteStore::open(&SqliteSettings::new(path), vault(1))
}

fn sql(path: &Path, sql: &str) {
    Connection::open(path).unwrap().execute_batch(sql).unwrap();
}

fn refusal<T>(result: Result<T, StoreError>) -> String {
    let Err(StoreError::Migration(why)) = result else { panic!("not refused") };
    why
}

#[test]
fn migrations_run_once_and_are_compared_at_every_start() {
    let (_folder, path) = fresh();
    let settings = SqliteSettings::new(&path);
    let all = [
        "0001_checkouts",
        "0002_outbox",
        "0003_plain_conditions",
        "0004_watch",
        "0005_details",
        "0006_pages",
        "0007_unchosen",
        "0008_lines",
        "0009_sweeps",
        "0010_tenants",
        "0011_data_keys",
        "0012_routing",
        "0013_tokens",
        "0014_limits",
    ]
    .map(str::to_owned);
    assert_eq!(migrate(&settings), Ok(all.to_vec()));
    assert_eq!(migrate(&settings), Ok(vec![]));
    drop(open(&path).unwrap());

    sql(&path, "UPDATE schema_migrations SET checksum = 'other'");
    assert!(refusal(open(&path)).contains("0001_checkouts is not the one that made this database"));
    assert!(refusal(migrate(&settings)).contains("must not be edited"));
    sql(&path, "UPDATE schema_migrations SET name = 'other'");
    assert!(refusal(open(&path)).contains("expected 0001_checkouts and found 0001_other"));
}

#[test]
fn a_newer_database_and_a_foreign_one_are_left_alone() {
    let (_folder, path) = fresh();
    drop(open(&path).unwrap());
    sql(&path, "INSERT INTO schema_migrations VALUES (7000, 'later', 'x')");
    assert!(refusal(open(&path)).contains("newer version of Lendport (migration 7000_later)"));

    let (_folder, path) = fresh();
    sql(&path, "CREATE TABLE recipes (name TEXT)");
    assert!(refusal(open(&path)).contains("not Lendport's"));
    let tables: u32 =
        Connection::open(&path).unwrap().query_row("SELECT count(*) FROM sqlite_master", [], |row| row.get(0)).unwrap();
    assert_eq!(tables, 1);

    let (_folder, path) = fresh();
    std::fs::write(&path, "this is a letter to my aunt, and no database at all".repeat(100)).unwrap();
    assert!(matches!(open(&path), Err(StoreError::Database(why)) if why.contains("not a database")));
    assert!(std::fs::read_to_string(&path).unwrap().starts_with("this is a letter"));
}

#[test]
fn the_wrong_key_shows_at_the_start() {
    let (_folder, path) = fresh();
    drop(open(&path).unwrap());
    let other = SqliteStore::open(&SqliteSettings::new(&path), vault(2));
    assert!(matches!(other, Err(StoreError::WrongKey(_))));
    drop(open(&path).unwrap());
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_the_files() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("made").join("for").join("us").join("lendport.db");
    let store = open(&path).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for entry in std::fs::read_dir(path.parent().unwrap()).unwrap() {
        let entry = entry.unwrap().path();
        assert_eq!(mode(&entry), 0o600, "{}", entry.display());
    }
    assert_eq!(mode(path.parent().unwrap()), 0o700);
    drop(store);
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
    drop(open(&path).unwrap());
    assert_eq!(mode(&path), 0o600);
}

#[cfg(unix)]
#[test]
fn a_place_that_cannot_be_written_is_named() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    let Err(error) = open(&file.join("lendport.db")) else { panic!("a file is no folder") };
    assert!(error.to_string().contains(file.to_str().unwrap()), "{error}");

    let sealed_off = folder.path().join("read_only");
    std::fs::create_dir(&sealed_off).unwrap();
    std::fs::set_permissions(&sealed_off, std::fs::Permissions::from_mode(0o500)).unwrap();
    let writable_all_the_same = std::fs::write(sealed_off.join("probe"), "").is_ok();
    match open(&sealed_off.join("lendport.db")) {
        // Permissions do not bind the superuser.
        Ok(_) => assert!(writable_all_the_same),
        Err(error) => assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}"),
    }
}

#[tokio::test]
async fn the_files_tell_nothing_about_anybody() {
    let (folder, path) = fresh();
    let world = World::new(Database::of(Arc::new(open(&path).unwrap()))).await;
    let id = telling::happens(&world).await;

    let search = || {
        let mut read = 0;
        for entry in std::fs::read_dir(folder.path()).unwrap() {
            let (entry, bytes) = entry.map(|entry| (entry.path(), std::fs::read(entry.path()).unwrap())).unwrap();
            read += bytes.len();
            for word in telling::TELLING {
                let found = bytes.windows(word.len()).any(|at| at.eq_ignore_ascii_case(word.as_bytes()));
                assert!(!found, "{word} stands in {}", entry.display());
            }
        }
        read
    };
    // Once while the log is full, once when all of it is in the database.
    let with_log = search();
    world.store.close().await;
    assert!(with_log > 10_000 && search() > 10_000);
    let world = World::new(Database::of(Arc::new(open(&path).unwrap()))).await;
    assert!(telling::is_there(&world, id).await, "what was searched for");
}

/// Spoils one value behind the store's back and says how reading it fails.
async fn spoiled(statement: &str) -> (String, StoreError) {
    let (_folder, path) = fresh();
    let world = World::new(Database::of(Arc::new(open(&path).unwrap()))).await;
    let first = world.open(AttemptState::AwaitingCustomer).await.checkout.id;
    world.open(AttemptState::AwaitingCustomer).await;
    sql(&path, statement);
    let error = world.store.checkout(world.tenant, first).await.unwrap_err();
    // The row cannot be changed either, and the store goes on.
    assert_eq!(world.change(first, |_| Change::default()).await, Err(error.clone()));
    assert_eq!(world.store.ready().await, Ok(()));
    let shown: CheckoutId = first;
    (shown.to_string(), error)
}

#[tokio::test]
async fn a_bad_row_is_reported_with_its_place() {
    for (statement, table, column) in [
        ("UPDATE checkouts SET mode = mode, fulfilment = 'teleported'", "checkouts", "fulfilment"),
        ("UPDATE checkouts SET currency = 'XXX'", "checkouts", "currency"),
        ("UPDATE checkouts SET cart = '{\"secret\":'", "checkouts", "cart"),
        ("UPDATE checkouts SET cart = replace(cart, '\"q\":1', '\"q\":0')", "checkouts", "cart"),
        ("UPDATE checkouts SET version = -1", "checkouts", "version"),
        ("UPDATE checkouts SET expires_at = 9223372036854775807", "checkouts", "expires_at"),
        ("UPDATE checkouts SET route = replace(route, 'explicit', '\"')", "checkouts", "route"),
        ("UPDATE attempts SET state = 'approved'", "attempts", "state"),
        ("UPDATE attempts SET amount = 'USD -1'", "attempts", "amount"),
        ("UPDATE attempts SET number = 0, provider = 'Not A Name'", "attempts", "provider"),
        ("UPDATE attempts SET evidence_grade = 'signed'", "attempts", "evidence_grade"),
        ("UPDATE attempts SET callback_digest = substr(callback_digest, 2)", "attempts", "callback_digest"),
    ] {
        let (id, error) = spoiled(statement).await;
        let StoreError::BadRow { table: in_table, column: in_column, row, why } = error else {
            panic!("{statement}: {error:?}")
        };
        assert_eq!((in_table, in_column), (table, column), "{statement}");
        assert!(row == id || (table == "attempts" && row.starts_with("att_")), "{statement}: {row}");
        assert!(!why.contains("secret"), "{why}");
    }
    // A sealed value copied from another row, or changed by a bit, does not open.
    for statement in [
        "UPDATE checkouts SET personal = (SELECT personal FROM checkouts ORDER BY pk DESC LIMIT 1)",
        "UPDATE checkouts SET personal = substr(personal, 1, 60)",
        "UPDATE checkouts SET personal = x''",
    ] {
        assert_eq!(spoiled(statement).await.1, StoreError::Sealed, "{statement}");
    }
}

#[tokio::test]
async fn repeats_of_a_fact_do_not_fill_the_disk() {
    let (_folder, path) = fresh();
    let world = World::new(Database::of(Arc::new(open(&path).unwrap()))).await;
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let (id, attempt) = (record.checkout.id, &record.attempts[0]);
    for fact in 0..3 {
        let row = world.observation(attempt, &fact.to_string(), AttemptState::UnderReview);
        let push =
            lendport_storage::PushRecord { observation: Some(row.observation.id), ..world.push(attempt, "stored") };
        let first = Change { observations: vec![row.clone()], push: Some(push.clone()), ..Change::default() };
        world.change(id, move |_| first.clone()).await.unwrap();
        for _ in 0..30 {
            let again = Change { repeated: Some(row.observation.id), push: Some(push.clone()), ..Change::default() };
            world.change(id, move |_| again.clone()).await.unwrap();
        }
    }
    let (kept, facts): (u32, u32) = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*), count(DISTINCT observation) FROM pushes", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    assert_eq!((kept, facts), (53, 3), "the first delivery of each fact, and the latest fifty repeats");
}

/// Whoever writes past the code: a tenant has one active profile all the same.
#[test]
fn a_tenant_has_one_active_routing_profile_by_the_schema_itself() {
    let (_folder, path) = fresh();
    migrate(&SqliteSettings::new(&path)).unwrap();
    sql(&path, "INSERT INTO merchants (id, name, created_at) VALUES (x'01', 'Shop', 0)");
    let insert = "INSERT INTO routing_profiles (merchant, mode, version, id, active, document, created_by, created_at)
                  VALUES (x'01', 'test', ?1, ?2, 1, '{}', '', 0) ON CONFLICT DO NOTHING";
    let db = Connection::open(&path).unwrap();
    assert_eq!([1, 2].map(|version| db.execute(insert, (version, [version])).unwrap()), [1, 0]);
}

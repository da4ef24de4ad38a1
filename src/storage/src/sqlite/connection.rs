//! Opens the file: who may read it, and with which settings of SQLite.

use std::fs::{DirBuilder, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::fault::{Done, file_fault};
use super::lock::private;

/// How long a statement waits for a lock of a foreign tool, such as a backup by the `sqlite3` program.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of the write-ahead log that are kept after a checkpoint.
const WAL_KEPT_BYTES: u32 = 64 * 1024 * 1024;
/// Pages of the write-ahead log, 16 MB, after which they are copied into the file. With SQLite's own thousand a busy
/// writer waits for that file every tenth of a second, for pages that change again at once.
const CHECKPOINT_PAGES: u32 = 4_000;
/// Memory for pages of each connection, in the unit of SQLite (below zero: kilobytes), taken as pages are met. Readers do
/// not map the file instead: what a failing disk does to a mapped page ends the process.
const PAGES_KEPT: i32 = -16_000;
/// Statements of ours; all of them stay prepared.
const STATEMENTS: usize = 128;

/// Where the database is and how it is used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqliteSettings {
    /// The database file; its folder is created.
    pub path: PathBuf,
    /// Connections that read, at least one.
    pub readers: usize,
    /// Most changes that share one commit, at least one.
    pub batch_max: usize,
}

impl SqliteSettings {
    /// The measured defaults for this file.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), readers: 4, batch_max: 256 }
    }
}

/// Creates the folder and an empty file that only its owner can read; SQLite's other files take their mode from it.
pub(crate) fn create(path: &Path) -> Done<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(folder).map_err(|error| file_fault(&error, folder))?;
    }
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    private(&mut options);
    let file = options.open(path).map_err(|error| file_fault(&error, path))?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let metadata = file.metadata().map_err(|error| file_fault(&error, path))?;
        if metadata.permissions().mode() & 0o077 != 0 {
            let owner_only = std::fs::Permissions::from_mode(0o600);
            file.set_permissions(owner_only).map_err(|error| file_fault(&error, path))?;
        }
    }
    Ok(())
}

/// The one connection that writes. `synchronous=FULL` makes an answered change survive a power cut.
pub(crate) fn writer(path: &Path) -> Done<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(&db)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "journal_size_limit", WAL_KEPT_BYTES)?;
    db.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    db.pragma_update(None, "cache_size", PAGES_KEPT)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

/// Without it SQLite plans a cached statement anew at every use, in case other bound values deserve another plan. Ours
/// never do; it took a third to a half of the CPU of a callback (see the benches).
fn keep_plans(db: &Connection) -> Done<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(())
}

/// A connection that cannot write.
pub(crate) fn reader(path: &Path) -> Done<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(BUSY_TIMEOUT)?;
    keep_plans(&db)?;
    db.pragma_update(None, "query_only", true)?;
    db.pragma_update(None, "cache_size", PAGES_KEPT)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_reach_the_disk_and_readers_cannot_write() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("settings.db");
        create(&path).unwrap();
        let db = writer(&path).unwrap();
        let number = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).unwrap();
        let mode: String = db.pragma_query_value(None, "journal_mode", |row| row.get(0)).unwrap();
        assert_eq!((mode.as_str(), number("synchronous"), number("foreign_keys")), ("wal", 2, 1));
        db.execute_batch("CREATE TABLE t (x)").unwrap();
        assert!(reader(&path).unwrap().execute_batch("INSERT INTO t VALUES (1)").is_err());
    }
}

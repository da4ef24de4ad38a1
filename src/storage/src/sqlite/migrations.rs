//! The schema's history. A migration that ran is never edited: its checksum is kept beside it.

use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};
use sha2::{Digest as _, Sha256};

use super::cell::hex;
use super::fault::{Done, Fault};
use crate::error::StoreError;

struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

/// Every migration, in order. A new one is a file and a line.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "checkouts", sql: include_str!("migrations/0001_checkouts.sql") },
    Migration { version: 2, name: "outbox", sql: include_str!("migrations/0002_outbox.sql") },
];

impl Migration {
    fn label(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }

    fn checksum(&self) -> String {
        hex(&Sha256::digest(self.sql.as_bytes()))
    }
}

fn refuse(why: String) -> Fault {
    Fault(StoreError::Migration(why))
}

/// Brings the schema up to date, each step in its own transaction; says which steps ran.
pub(crate) fn run(db: &mut Connection) -> Done<Vec<String>> {
    prepare(db)?;
    check_history(db)?;
    let mut ran = Vec::new();
    for migration in MIGRATIONS {
        let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let known = step
            .query_row("SELECT 1 FROM schema_migrations WHERE version = ?1", params![migration.version], |_| Ok(()))
            .optional()?;
        if known.is_some() {
            continue;
        }
        step.execute_batch(migration.sql).map_err(|error| match Fault::from(error).0 {
            StoreError::Database(text) => refuse(format!("{} failed: {text}", migration.label())),
            other => Fault(other),
        })?;
        step.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (?1, ?2, ?3)",
            params![migration.version, migration.name, migration.checksum()],
        )?;
        step.commit()?;
        ran.push(migration.label());
    }
    Ok(ran)
}

/// Makes the table of migrations, unless the file is somebody else's.
fn prepare(db: &Connection) -> Done<()> {
    let ours = "SELECT EXISTS (SELECT 1 FROM sqlite_master WHERE name = 'schema_migrations')";
    let any = "SELECT EXISTS (SELECT 1 FROM sqlite_master)";
    let (ours, any): (bool, bool) =
        (db.query_row(ours, [], |row| row.get(0))?, db.query_row(any, [], |row| row.get(0))?);
    if any && !ours {
        return Err(refuse("the file holds tables that are not Lendport's; choose another file".to_owned()));
    }
    db.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
            version  INTEGER NOT NULL PRIMARY KEY,
            name     TEXT    NOT NULL,
            checksum TEXT    NOT NULL
        ) STRICT",
    )?;
    Ok(())
}

fn check_history(db: &Connection) -> Done<()> {
    let mut statement = db.prepare("SELECT version, name, checksum FROM schema_migrations ORDER BY version")?;
    let mut rows = statement.query([])?;
    let mut expected = MIGRATIONS.iter();
    while let Some(row) = rows.next()? {
        let (version, name, checksum): (u32, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let Some(migration) = expected.next() else {
            return Err(refuse(format!(
                "the database was written by a newer version of Lendport (migration {version:04}_{name}); \
                 start that version, or one after it"
            )));
        };
        if migration.version != version || migration.name != name {
            return Err(refuse(format!("expected {} and found {version:04}_{name}", migration.label())));
        }
        if migration.checksum() != checksum {
            return Err(refuse(format!(
                "{} is not the one that made this database; a migration that ran must not be edited",
                migration.label()
            )));
        }
    }
    Ok(())
}

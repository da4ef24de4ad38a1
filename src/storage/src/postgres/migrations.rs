//! The schema's history. A migration that ran is never edited: its checksum is kept beside it.
//!
//! Replicas start at once, and the previous version may still be at work: one process at a time migrates, and what a
//! migration does must leave the previous version working (see the README). So a schema with newer migrations is fine,
//! unless one of them says that it is not.

use std::time::Duration;

use sha2::{Digest as _, Sha256};

use super::cell::hex;
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use crate::error::StoreError;

struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
    /// True when versions that do not know it must not start on it.
    breaks_older: bool,
}

/// Every migration, in order. A new one is a file and a line.
const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "start", sql: include_str!("migrations/0001_start.sql"), breaks_older: false },
    Migration { version: 2, name: "outbox", sql: include_str!("migrations/0002_outbox.sql"), breaks_older: false },
    Migration { version: 3, name: "watch", sql: include_str!("migrations/0003_watch.sql"), breaks_older: false },
    Migration { version: 4, name: "details", sql: include_str!("migrations/0004_details.sql"), breaks_older: false },
    Migration { version: 5, name: "pages", sql: include_str!("migrations/0005_pages.sql"), breaks_older: false },
    Migration { version: 6, name: "unchosen", sql: include_str!("migrations/0006_unchosen.sql"), breaks_older: false },
    Migration { version: 7, name: "lines", sql: include_str!("migrations/0007_lines.sql"), breaks_older: false },
    Migration { version: 8, name: "sweeps", sql: include_str!("migrations/0008_sweeps.sql"), breaks_older: false },
    Migration { version: 9, name: "tenants", sql: include_str!("migrations/0009_tenants.sql"), breaks_older: true },
    Migration {
        version: 10,
        name: "data_keys",
        sql: include_str!("migrations/0010_data_keys.sql"),
        breaks_older: true,
    },
    Migration { version: 11, name: "routing", sql: include_str!("migrations/0011_routing.sql"), breaks_older: false },
    Migration { version: 12, name: "tokens", sql: include_str!("migrations/0012_tokens.sql"), breaks_older: false },
    Migration { version: 13, name: "limits", sql: include_str!("migrations/0013_limits.sql"), breaks_older: false },
];

/// Held by whoever migrates; a number nobody else uses.
const LOCK: i64 = 0x6c65_6e64_706f_7274;
/// How long another process may take to migrate before this one gives up.
const PATIENCE: u32 = 600;
const PAUSE: Duration = Duration::from_millis(100);
/// How long a migration may wait for a table in use. Whoever wants the table waits behind it meanwhile.
const LOCK_TIMEOUT: &str = "SET lock_timeout = '2s'";

impl Migration {
    fn label(&self) -> String {
        format!("{:04}_{}", self.version, self.name)
    }

    fn checksum(&self) -> String {
        hex(&Sha256::digest(self.sql.as_bytes()))
    }
}

fn refuse(why: String) -> Failure {
    Failure::Refused(StoreError::Migration(why))
}

/// Brings the schema up to date, each step in its own transaction; says which steps ran. The connection is not to be
/// used for anything else: its settings change, and what it holds is let go when it is closed.
pub(crate) async fn run(db: &Db) -> Done<Vec<String>> {
    check_encoding(db).await?;
    // A long migration is not a statement that hangs.
    db.batch_execute("SET statement_timeout = 0; RESET enable_seqscan; RESET enable_hashjoin; RESET enable_bitmapscan")
        .await?;
    db.batch_execute(LOCK_TIMEOUT).await?;
    lock(db).await?;
    prepare(db).await?;
    let known = check_history(db).await?;
    let mut ran = Vec::new();
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > known) {
        step(db, migration).await?;
        ran.push(migration.label());
    }
    // After an error the lock goes with the connection.
    db.row("SELECT pg_advisory_unlock($1)", &[&LOCK]).await?;
    Ok(ran)
}

async fn check_encoding(db: &Db) -> Done<()> {
    let row = db.row("SELECT current_setting('server_encoding')", &[]).await?;
    match row.map(|row| row.try_get::<_, String>(0)).transpose()?.as_deref() {
        Some("UTF8") => Ok(()),
        other => Err(refuse(format!("the database is encoded as {}, it must be UTF8", other.unwrap_or("nothing")))),
    }
}

async fn lock(db: &Db) -> Done<()> {
    for _ in 0..PATIENCE {
        let row = db.row("SELECT pg_try_advisory_lock($1)", &[&LOCK]).await?;
        if row.map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    Err(Failure::unavailable("another process has been migrating the database for a minute"))
}

/// Makes the table of migrations, unless the schema is somebody else's.
async fn prepare(db: &Db) -> Done<()> {
    let sql = "SELECT to_regclass('schema_migrations') IS NOT NULL, EXISTS (SELECT FROM pg_catalog.pg_class
               WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r')";
    let row = db.row(sql, &[]).await?.ok_or_else(|| Failure::broken("the catalogue did not answer"))?;
    let (ours, any): (bool, bool) = (row.try_get(0)?, row.try_get(1)?);
    if any && !ours {
        return Err(refuse("the database holds tables that are not Lendport's; choose another one".to_owned()));
    }
    let sql = "CREATE TABLE IF NOT EXISTS schema_migrations (
                   version      bigint  NOT NULL PRIMARY KEY,
                   name         text    NOT NULL,
                   checksum     text    NOT NULL,
                   breaks_older boolean NOT NULL
               )";
    Ok(db.batch_execute(sql).await?)
}

/// Compares what ran with what we know; answers the latest version we know of it.
async fn check_history(db: &Db) -> Done<i64> {
    let sql = "SELECT version, name, checksum, breaks_older FROM schema_migrations ORDER BY version";
    let mut known = 0;
    for row in db.rows(sql, &[]).await? {
        let (version, name): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
        let (checksum, breaks_older): (String, bool) = (row.try_get(2)?, row.try_get(3)?);
        match MIGRATIONS.iter().find(|migration| migration.version == version) {
            None if breaks_older => {
                return Err(refuse(format!(
                    "the database was changed by a newer version of Lendport in a way that this one does not \
                     understand (migration {version:04}_{name}); start that version, or one after it"
                )));
            }
            None => tracing::info!(version, name, "the database is newer than this version, and may be used by it"),
            Some(migration) if migration.name != name => {
                return Err(refuse(format!("expected {} and found {version:04}_{name}", migration.label())));
            }
            Some(migration) if migration.checksum() != checksum => {
                return Err(refuse(format!(
                    "{} is not the one that made this database; a migration that ran must not be edited",
                    migration.label()
                )));
            }
            Some(_) if let Some(missing) = MIGRATIONS.iter().find(|it| (known + 1..version).contains(&it.version)) => {
                let missing = missing.version;
                return Err(refuse(format!("migration {missing:04} is missing before {version:04}_{name}")));
            }
            Some(_) => known = version,
        }
    }
    Ok(known)
}

/// Runs one migration. Tables in use are waited for, again and again, but never long at a time; where that and the work of
/// others stood in each other's way, it is begun again as well.
async fn step(db: &Db, migration: &Migration) -> Done<()> {
    let mut tries = 0;
    loop {
        tries += 1;
        match attempt(db, migration).await {
            Err(Failure::Refused(StoreError::Unavailable(why)) | Failure::Conflict(StoreError::Unavailable(why)))
                if tries < PATIENCE / 20 =>
            {
                tracing::info!(migration = migration.label(), why, "a migration waits");
                db.batch_execute("ROLLBACK").await?;
                tokio::time::sleep(PAUSE).await;
            }
            Err(Failure::Refused(StoreError::Database(text))) => {
                return Err(refuse(format!("{} failed: {text}", migration.label())));
            }
            result => return result,
        }
    }
}

async fn attempt(db: &Db, migration: &Migration) -> Done<()> {
    db.batch_execute("BEGIN").await?;
    db.batch_execute(migration.sql).await?;
    let sql = "INSERT INTO schema_migrations (version, name, checksum, breaks_older) VALUES ($1, $2, $3, $4)";
    db.write(sql, &[&migration.version, &migration.name, &migration.checksum(), &migration.breaks_older]).await?;
    Ok(db.batch_execute("COMMIT").await?)
}

#[cfg(test)]
mod tests {
    use lendport_core::Secret;
    use lendport_testkit::postgres::Cluster;

    use super::*;
    use crate::postgres::connection::pool;
    use crate::postgres::settings::PostgresSettings;

    /// The server sends one of two away that wait for each other, and a sequence outlives what it takes back.
    #[tokio::test]
    async fn a_migration_that_had_to_give_in_is_begun_again() {
        let cluster = Cluster::shared();
        let settings = PostgresSettings::new(Secret::new(cluster.url(&cluster.create_database())));
        let db = pool(&settings).unwrap().get().await.unwrap();
        prepare(&db).await.unwrap();
        db.batch_execute("CREATE SEQUENCE tries").await.unwrap();
        let sql = "CREATE TABLE made (id bigint);
            DO $$ BEGIN IF nextval('tries') < 3 THEN RAISE 'deadlock detected' USING ERRCODE = '40P01'; END IF; END $$";
        let migration = Migration { version: 1, name: "start", sql, breaks_older: false };
        step(&db, &migration).await.unwrap();
        let row = db.query_one("SELECT last_value, to_regclass('made') IS NOT NULL FROM tries", &[]).await.unwrap();
        assert_eq!((row.get::<_, i64>(0), row.get::<_, bool>(1)), (3, true));
    }
}

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
    Migration { version: 3, name: "plain_conditions", sql: include_str!("migrations/0003_plain_conditions.sql") },
    Migration { version: 4, name: "watch", sql: include_str!("migrations/0004_watch.sql") },
    Migration { version: 5, name: "details", sql: include_str!("migrations/0005_details.sql") },
    Migration { version: 6, name: "pages", sql: include_str!("migrations/0006_pages.sql") },
    Migration { version: 7, name: "unchosen", sql: include_str!("migrations/0007_unchosen.sql") },
    Migration { version: 8, name: "lines", sql: include_str!("migrations/0008_lines.sql") },
    Migration { version: 9, name: "sweeps", sql: include_str!("migrations/0009_sweeps.sql") },
    Migration { version: 10, name: "tenants", sql: include_str!("migrations/0010_tenants.sql") },
    Migration { version: 11, name: "data_keys", sql: include_str!("migrations/0011_data_keys.sql") },
    Migration { version: 12, name: "routing", sql: include_str!("migrations/0012_routing.sql") },
    Migration { version: 13, name: "tokens", sql: include_str!("migrations/0013_tokens.sql") },
    Migration { version: 14, name: "limits", sql: include_str!("migrations/0014_limits.sql") },
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

#[cfg(test)]
mod tests {
    use lendport_core::{KeyId, MerchantId, Mode, Scopes};

    use super::*;
    use crate::sqlite::{connection, tenant_rows};
    use crate::tenant::Tenant;

    /// A file of the first version with a checkout of each mode, and everything that is rebuilt filled.
    const OLD_ROWS: &str = r#"
        INSERT INTO merchants VALUES (x'01', 'shop', 1);
        INSERT INTO merchants VALUES (zeroblob(16), 'with a key', 2);
        INSERT INTO api_keys VALUES (zeroblob(16), zeroblob(16), 'test', randomblob(32), 'old', 1, NULL);
        INSERT INTO checkouts (pk, id, merchant, mode, status, fulfilment, dispute, ready_announced, expires_at,
                sequence, version, created_at, updated_at, capture, route, currency, cart, personal)
            SELECT pk, randomblob(16), x'01', mode, 'authorized', 'none', 'none', 1, 9, 2, 3, 1, 2, 'automatic', '{}',
                'USD', '{}', x'00'
            FROM (SELECT 7 AS pk, 'test' AS mode UNION ALL SELECT 8, 'live');
        INSERT INTO attempts (pk, id, checkout, number, provider, account, state, callback_digest, merchant_reference,
                amount, capture, created_at, updated_at)
            SELECT pk, randomblob(16), pk, 1, 'sandbox', x'02', 'authorized', randomblob(32), 'r', 'USD 1.00',
                'automatic', 1, 2 FROM checkouts;
        INSERT INTO events (pk, id, checkout, kind, sequence, created_at, snapshot) VALUES
            (11, x'e1', 7, 1, 1, 5, '{"a":"é"}'),
            (12, x'e2', 7, 3, 2, 6, '{}'),
            (13, x'e3', 8, 1, 1, 7, '{}');
        INSERT INTO attention VALUES (8, x'a1', x'b1', 'late_approval', 'two of them', 4);
        INSERT INTO observations (id, checkout, attempt, grade, source, claim, dedupe_key, received_at, outcome, repeats)
            VALUES (x'c1', 7, x'b1', 'token', 'push', 'nothing', x'6b', 3, 'nothing', 4);"#;

    fn rows(db: &Connection, sql: &str) -> Vec<String> {
        let mut statement = db.prepare(sql).unwrap();
        let texts = statement.query_map([], |row| row.get(0)).unwrap();
        texts.map(Result::unwrap).collect()
    }

    #[test]
    fn rows_of_the_first_version_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("old.db");
        connection::create(&path).unwrap();
        let mut db = connection::writer(&path).unwrap();
        let first = MIGRATIONS.first().unwrap();
        prepare(&db).unwrap();
        db.execute_batch(first.sql).unwrap();
        db.execute(
            "INSERT INTO schema_migrations (version, name, checksum) VALUES (?1, ?2, ?3)",
            params![first.version, first.name, first.checksum()],
        )
        .unwrap();
        db.execute_batch(OLD_ROWS).unwrap();

        let ran = run(&mut db).unwrap();
        assert_eq!(ran, MIGRATIONS.iter().skip(1).map(Migration::label).collect::<Vec<_>>());
        let events = "SELECT concat_ws(' ', e.pk, hex(e.id), e.checkout, e.kind, e.sequence, e.test, e.created_at,
             CAST(e.snapshot AS TEXT), hex(t.merchant), t.mode, e.endpoint IS NULL)
             FROM events e JOIN tenants t ON t.pk = e.tenant ORDER BY e.pk";
        assert_eq!(
            rows(&db, events),
            [r#"11 E1 7 1 1 0 5 {"a":"é"} 01 test 1"#, "12 E2 7 3 2 0 6 {} 01 test 1", "13 E3 8 1 1 0 7 {} 01 live 1",]
        );
        let items = "SELECT concat_ws(' ', a.checkout, hex(a.id), hex(a.attempt), a.kind, a.detail, a.opened_at,
             t.mode, a.resolved_at IS NULL) FROM attention a JOIN tenants t ON t.pk = a.tenant";
        assert_eq!(rows(&db, items), ["8 A1 B1 late_approval two of them 4 live 1"]);
        let attempts = "SELECT concat_ws(' ', checkout, state, amount_accepted, approval_confirmed, poll_at IS NULL,
             polls, deadline_told IS NULL, acknowledged IS NULL, review_open) FROM attempts ORDER BY pk";
        assert_eq!(rows(&db, attempts), ["7 authorized 0 0 1 0 1 1 0", "8 authorized 0 0 1 0 1 1 0"]);
        assert_eq!(
            rows(&db, "SELECT concat_ws(' ', CAST(dedupe_key AS TEXT), repeats, details IS NULL) FROM observations"),
            ["k 4 1"]
        );
        assert!(rows(&db, "SELECT \"table\" FROM pragma_foreign_key_check").is_empty());
        assert_eq!(rows(&db, "PRAGMA integrity_check"), ["ok"]);
        let merchants = "SELECT concat_ws(' ', name, version) FROM merchants ORDER BY created_at";
        assert_eq!(rows(&db, merchants), ["shop 1", "with a key 1"]);
        let tenant = Tenant { merchant: MerchantId::of_bytes([0; 16]), mode: Mode::Test };
        let old = tenant_rows::key(&db, tenant, KeyId::of_bytes([0; 16])).unwrap().unwrap();
        assert_eq!((old.label.as_str(), old.expires_at, old.scopes), ("old", None, Scopes::of_merchant()));
        // The rules of the old tables hold for the new ones.
        for (kind, sequence) in [(3, 9), (2, 2)] {
            let twice = "INSERT INTO events (id, tenant, checkout, kind, sequence, test, created_at, snapshot)
                SELECT x'ee', tenant, checkout, ?1, ?2, 0, 1, snapshot FROM events WHERE pk = 12";
            let refused = db.execute(twice, params![kind, sequence]).unwrap_err();
            assert!(refused.to_string().contains("UNIQUE"), "{kind} {sequence}: {refused}");
        }
        assert_eq!(run(&mut db).unwrap(), Vec::<String>::new());
    }
}

//! Rows of data keys, and the sealed word that tells whether the keys fit. Times are the database's own.

use jiff::Timestamp;
use lendport_core::AuditEntry;
use rusqlite::{Connection, OptionalExtension as _, TransactionBehavior, params};

use super::audit_rows;
use super::fault::{Done, Fault};
use crate::data_keys::{DataKeyId, UNNAMED, WrappedKey, check_ring, first_keys, new_key, wrong_key};
use crate::key_ring::RingKeyId;
use crate::keys::{DataKeyReport, KeyReport};
use crate::report::{RingRow, ring_report};
use crate::vault::{Place, Vault};

const WORD: &[u8] = b"lendport";
const WORD_PLACE: Place<'static> = Place { table: "vault_check", column: "sealed", row: "1" };
/// Microseconds, to the millisecond.
const NOW: &str = "(CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000)";

/// Gives the vault the keys of the database, or the database its first ones; refuses keys that do not fit.
pub(crate) fn open(db: &mut Connection, vault: &Vault) -> Done<()> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    match word(&step)? {
        None => {
            begin(&step, vault, None)?;
            let sealed = vault.seal(WORD_PLACE, WORD)?;
            step.execute("INSERT INTO vault_check (id, sealed) VALUES (1, ?1)", [sealed])?;
        }
        Some(word) => {
            let rows = fitting(&step, vault, &word)?;
            vault.learn(&rows);
            if rows.is_empty() {
                let ring_key = word.sealed_with(vault)?;
                // The file is ours alone, so that no other version is at work and the key is in use at once.
                begin(&step, vault, Some(&ring_key))?;
                step.execute("UPDATE vault_check SET ring_key = ?1 WHERE id = 1", [ring_key.as_str()])?;
            }
            vault.open(WORD_PLACE, &word.sealed)?;
        }
    }
    note_ring(&step, vault)?;
    Ok(step.commit()?)
}

/// Remembers when each key of the ring was first come with.
fn note_ring(db: &Connection, vault: &Vault) -> Done<()> {
    let sql = format!("INSERT INTO ring_keys (id, first_seen) VALUES (?1, {NOW}) ON CONFLICT DO NOTHING");
    for id in vault.ring().ids() {
        // Even an insert that changes nothing is refused by a file that cannot be written, which can still be read.
        let known = "SELECT count(*) FROM ring_keys WHERE id = ?1";
        if db.query_row(known, [id.as_str()], |row| row.get::<_, i64>(0))? == 0 {
            db.execute(&sql, [id.as_str()])?;
        }
    }
    Ok(())
}

/// Refuses keys that do not fit; a file that is none of ours yet fits any.
pub(crate) fn check(db: &Connection, vault: &Vault) -> Done<()> {
    let tables = "SELECT count(*) FROM sqlite_master WHERE name IN ('vault_check', 'data_keys')";
    match db.query_row(tables, [], |row| row.get(0))? {
        0 => Ok(()),
        // Of the version before.
        1 => {
            let sealed: Option<Vec<u8>> =
                db.query_row("SELECT sealed FROM vault_check WHERE id = 1", [], |row| row.get(0)).optional()?;
            let Some(sealed) = sealed else { return Ok(()) };
            Word { sealed, ring_key: None }.sealed_with(vault).map(drop)
        }
        _ => match word(db)? {
            Some(word) => fitting(db, vault, &word).map(drop),
            None => Ok(()),
        },
    }
}

/// The keys in the database, when the configured ones open them and the rows that no data key sealed.
fn fitting(db: &Connection, vault: &Vault, word: &Word) -> Done<Vec<WrappedKey>> {
    let rows = load(db)?;
    check_ring(vault, &rows)?;
    if Vault::is_format_1(&word.sealed) {
        vault.seal_rows_with(&word.sealed_with(vault)?);
    }
    Ok(rows)
}

/// The sealed word.
struct Word {
    sealed: Vec<u8>,
    ring_key: Option<RingKeyId>,
}

impl Word {
    /// The key of the ring that sealed it, and with it all rows of the first format.
    fn sealed_with(&self, vault: &Vault) -> Done<RingKeyId> {
        let wanted = self.ring_key.as_ref().map_or(UNNAMED, RingKeyId::as_str);
        vault.ring_key_of(WORD_PLACE, &self.sealed).ok_or_else(|| Fault(wrong_key(vault, wanted)))
    }
}

fn word(db: &Connection) -> Done<Option<Word>> {
    let sql = "SELECT sealed, ring_key FROM vault_check WHERE id = 1";
    let read = |row: &rusqlite::Row<'_>| {
        let ring_key: Option<String> = row.get(1)?;
        Ok(Word { sealed: row.get(0)?, ring_key: ring_key.map(RingKeyId::stored) })
    };
    Ok(db.query_row(sql, [], read).optional()?)
}

fn begin(db: &Connection, vault: &Vault, sealed_with: Option<&RingKeyId>) -> Done<()> {
    for key in first_keys(vault, sealed_with)? {
        insert(db, &key, 0)?;
    }
    vault.learn(&load(db)?);
    Ok(())
}

/// Adds a key that is in use so many microseconds from now; says when that is.
fn insert(db: &Connection, key: &WrappedKey, lead: i64) -> Done<Timestamp> {
    let sql = format!(
        "INSERT INTO data_keys (id, wrapped, ring_key, created_at, active_from)
         VALUES (?1, ?2, ?3, {NOW}, {NOW} + ?4) RETURNING active_from"
    );
    let values = params![key.id.number(), key.wrapped, key.ring_key.as_str(), lead];
    at(db.query_row(&sql, values, |row| row.get(0))?)
}

/// Every data key, and the root.
pub(crate) fn load(db: &Connection) -> Done<Vec<WrappedKey>> {
    let sql = format!("SELECT id, wrapped, ring_key, active_from <= {NOW} FROM data_keys ORDER BY id");
    let mut statement = db.prepare(&sql)?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        let id = DataKeyId::stored(row.get(0)?)?;
        let ring_key = RingKeyId::stored(row.get(2)?);
        keys.push(WrappedKey { id, wrapped: row.get(1)?, ring_key, in_use: row.get(3)? });
    }
    Ok(keys)
}

/// Makes the next data key; says from when on it is used.
pub(crate) fn add(db: &mut Connection, vault: &Vault, lead: i64, told: AuditEntry) -> Done<(DataKeyId, Timestamp)> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let last: i64 = step.query_row("SELECT max(id) FROM data_keys", [], |row| row.get(0))?;
    let (_, key) = new_key(vault, DataKeyId::stored(last.saturating_add(1))?)?;
    let active_from = insert(&step, &key, lead)?;
    audit_rows::insert_of_gateway(&step, &told.about(key.id).with("active_from", active_from))?;
    step.commit()?;
    Ok((key.id, active_from))
}

/// Seals every data key with the newest key of the ring.
pub(crate) fn rewrap(db: &mut Connection, vault: &Vault, told: AuditEntry) -> Done<u64> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    note_ring(&step, vault)?;
    let newest = &vault.ring().newest().id;
    let mut changed = 0;
    for row in load(&step)?.iter().filter(|row| row.ring_key != *newest) {
        let wrapped = vault.wrap(row.id, vault.unwrap(row)?.expose())?;
        let sql = "UPDATE data_keys SET wrapped = ?2, ring_key = ?3 WHERE id = ?1";
        step.execute(sql, params![row.id.number(), wrapped, newest.as_str()])?;
        changed += 1;
    }
    if changed > 0 {
        audit_rows::insert_of_gateway(&step, &told.about(newest).with("data_keys", changed))?;
    }
    step.commit()?;
    Ok(changed)
}

/// The keys and their ages.
pub(crate) fn report(db: &Connection, vault: &Vault) -> Done<KeyReport> {
    let now = at(db.query_row(&format!("SELECT {NOW}"), [], |row| row.get(0))?)?;
    let mut data = Vec::new();
    let mut statement = db.prepare("SELECT id, ring_key, created_at, active_from FROM data_keys ORDER BY id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        data.push(DataKeyReport {
            id: DataKeyId::stored(row.get(0)?)?,
            ring_key: RingKeyId::stored(row.get(1)?),
            created_at: at(row.get(2)?)?,
            active_from: at(row.get(3)?)?,
            sealing: false,
        });
    }
    let mut seen = Vec::new();
    let mut statement = db.prepare("SELECT id, first_seen FROM ring_keys ORDER BY first_seen DESC, id")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        seen.push(RingRow { id: RingKeyId::stored(row.get(0)?), first_seen: at(row.get(1)?)? });
    }
    let rows = match word(db)?.filter(|word| Vault::is_format_1(&word.sealed)) {
        Some(word) => Some(word.sealed_with(vault)?),
        None => None,
    };
    Ok(ring_report(vault.ring(), seen, data, rows, now))
}

/// True when a data key sealed the word.
pub(crate) fn word_has_data_key(db: &Connection) -> Done<bool> {
    Ok(word(db)?.is_some_and(|word| !Vault::is_format_1(&word.sealed)))
}

/// Seals the word with the data key in use: no value of the first format is left, or it had a data key before.
pub(crate) fn seal_word(db: &Connection, vault: &Vault) -> Done<()> {
    let sealed = vault.seal(WORD_PLACE, WORD)?;
    db.execute("UPDATE vault_check SET sealed = ?1, ring_key = NULL WHERE id = 1", [sealed])?;
    Ok(())
}

/// Deletes those of these data keys that a later one replaced for so many microseconds; says which. That of the word stays:
/// without it nobody starts.
pub(crate) fn drop_keys(
    db: &mut Connection,
    unused: Vec<DataKeyId>,
    out_of_use: i64,
    told: AuditEntry,
) -> Done<Vec<DataKeyId>> {
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = format!(
        "DELETE FROM data_keys WHERE id = ?1 AND id > 0
         AND EXISTS (SELECT 1 FROM data_keys later WHERE later.id > ?1 AND later.active_from <= {NOW} - ?2)
         AND NOT EXISTS (SELECT 1 FROM vault_check WHERE substr(sealed, 1, 5) = ?3)"
    );
    let mut dropped = Vec::new();
    for id in unused {
        if step.execute(&sql, params![id.number(), out_of_use, id.prefix()])? == 1 {
            dropped.push(id);
        }
    }
    if !dropped.is_empty() {
        audit_rows::insert_of_gateway(&step, &told.about(DataKeyId::listed(&dropped)))?;
    }
    step.commit()?;
    Ok(dropped)
}

fn at(micros: i64) -> Done<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| Fault::broken("a key has a time out of range"))
}

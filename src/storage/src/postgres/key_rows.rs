//! Rows of data keys, and the sealed word that tells whether the keys fit. Times are the server's, so that replicas whose
//! clocks differ begin with a new key at one moment.

use jiff::{SignedDuration, Timestamp};
use lendport_core::AuditEntry;

use super::audit_rows;
use super::connection::{Db, Statements as _, Transaction};
use super::fault::{Done, Failure};
use crate::data_keys::{DataKeyId, UNNAMED, WrappedKey, check_ring, first_keys, new_key, wrong_key};
use crate::error::StoreError;
use crate::key_ring::RingKeyId;
use crate::keys::{DataKeyReport, KeyReport, LEAD};
use crate::report::{RingRow, ring_report};
use crate::vault::{Place, Vault};

const WORD: &[u8] = b"lendport";
const WORD_PLACE: Place<'static> = Place { table: "vault_check", column: "sealed", row: "1" };
/// Held by whoever adds or changes keys; rows are still read.
const ALONE: &str = "LOCK TABLE data_keys IN SHARE ROW EXCLUSIVE MODE";

/// Gives the vault the keys of the database, or the database its first ones; refuses keys that do not fit. Of replicas that
/// start at once on an empty database one makes the keys, and the others wait for it.
pub(crate) async fn open(held: Transaction, vault: &Vault) -> Done<()> {
    held.batch_execute("BEGIN").await?;
    let sealed = vault.seal(WORD_PLACE, WORD)?;
    let sql = "INSERT INTO vault_check (id, sealed) VALUES (1, $1) ON CONFLICT DO NOTHING";
    if held.write(sql, &[&sealed]).await? == 1 {
        begin(&held, vault, None, SignedDuration::ZERO).await?;
        seal_word(&held, vault).await?;
    } else {
        let word = word(&held, " FOR UPDATE").await?.ok_or_else(|| Failure::broken("the check of the key is gone"))?;
        let rows = fitting(&held, vault, &word).await?;
        vault.learn(&rows);
        if rows.is_empty() {
            let ring_key = word.sealed_with(vault)?;
            // Replicas of the version before may be at work, and cannot read what a data key sealed.
            begin(&held, vault, Some(&ring_key), LEAD).await?;
            held.write("UPDATE vault_check SET ring_key = $1 WHERE id = 1", &[&ring_key.as_str()]).await?;
        }
        vault.open(WORD_PLACE, &word.sealed)?;
    }
    note_ring(&held, vault).await?;
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok(())
}

/// Remembers when each key of the ring was first come with.
async fn note_ring(db: &Db, vault: &Vault) -> Done<()> {
    for id in vault.ring().ids() {
        db.write("INSERT INTO ring_keys (id) VALUES ($1) ON CONFLICT DO NOTHING", &[&id.as_str()]).await?;
    }
    Ok(())
}

/// Refuses keys that do not fit; an empty database fits any.
pub(crate) async fn check(db: &Db, vault: &Vault) -> Done<()> {
    let tables = "SELECT to_regclass('vault_check') IS NOT NULL, to_regclass('data_keys') IS NOT NULL";
    let row = db.row(tables, &[]).await?.ok_or_else(|| Failure::broken("the catalogue did not answer"))?;
    match (row.try_get(0)?, row.try_get(1)?) {
        (true, true) => match word(db, "").await? {
            Some(word) => fitting(db, vault, &word).await.map(drop),
            None => Ok(()),
        },
        // Of the version before.
        (true, false) => match db.row("SELECT sealed FROM vault_check WHERE id = 1", &[]).await? {
            Some(row) => Word { sealed: row.try_get(0)?, ring_key: None }.sealed_with(vault).map(drop),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// The keys in the database, when the configured ones open them and the rows that no data key sealed.
async fn fitting(db: &Db, vault: &Vault, word: &Word) -> Done<Vec<WrappedKey>> {
    let rows = load(db).await?;
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
        vault.ring_key_of(WORD_PLACE, &self.sealed).ok_or_else(|| wrong_key(vault, wanted).into())
    }
}

async fn word(db: &Db, locked: &str) -> Done<Option<Word>> {
    let sql = format!("SELECT sealed, ring_key FROM vault_check WHERE id = 1{locked}");
    let Some(row) = db.row(&sql, &[]).await? else { return Ok(None) };
    let ring_key: Option<String> = row.try_get(1)?;
    Ok(Some(Word { sealed: row.try_get(0)?, ring_key: ring_key.map(RingKeyId::stored) }))
}

async fn begin(db: &Db, vault: &Vault, sealed_with: Option<&RingKeyId>, lead: SignedDuration) -> Done<()> {
    for key in first_keys(vault, sealed_with)? {
        insert(db, &key, lead).await?;
    }
    vault.learn(&load(db).await?);
    Ok(())
}

/// Adds a key that is in use a while from now; says when that is.
async fn insert(db: &Db, key: &WrappedKey, lead: SignedDuration) -> Done<Timestamp> {
    let sql = "INSERT INTO data_keys (id, wrapped, ring_key, active_from)
               VALUES ($1, $2, $3, now() + $4::bigint * interval '1 second') RETURNING active_from";
    let id = i64::from(key.id.number());
    let row = db.row(sql, &[&id, &key.wrapped, &key.ring_key.as_str(), &lead.as_secs()]).await?;
    let row = row.ok_or_else(|| Failure::broken("a data key was not stored"))?;
    Ok(row.try_get(0)?)
}

/// Every data key, and the root.
pub(crate) async fn load(db: &Db) -> Done<Vec<WrappedKey>> {
    let sql = "SELECT id, wrapped, ring_key, active_from <= clock_timestamp() FROM data_keys ORDER BY id";
    let mut keys = Vec::new();
    for row in db.rows(sql, &[]).await? {
        let id = DataKeyId::stored(row.try_get(0)?)?;
        let ring_key = RingKeyId::stored(row.try_get(2)?);
        keys.push(WrappedKey { id, wrapped: row.try_get(1)?, ring_key, in_use: row.try_get(3)? });
    }
    Ok(keys)
}

/// True when what was read wanted a data key that this process had not met, and the keys were read for it: once for a list,
/// which would otherwise pass over rows that are whole.
pub(crate) async fn met_unknown<T>(db: &Db, vault: &Vault, read: &Done<T>, learnt: &mut bool) -> Done<bool> {
    if *learnt || !matches!(read, Err(Failure::Refused(StoreError::DataKey(_)))) {
        return Ok(false);
    }
    *learnt = true;
    vault.learn(&load(db).await?);
    Ok(true)
}

/// Makes the next data key; says from when on it is used.
pub(crate) async fn add(
    held: Transaction,
    vault: &Vault,
    lead: SignedDuration,
    told: AuditEntry,
) -> Done<(DataKeyId, Timestamp)> {
    held.batch_execute("BEGIN").await?;
    held.batch_execute(ALONE).await?;
    let row = held.row("SELECT max(id) FROM data_keys", &[]).await?;
    let last: Option<i64> = row.map(|row| row.try_get(0)).transpose()?.flatten();
    let (_, key) = new_key(vault, DataKeyId::stored(last.unwrap_or(0).saturating_add(1))?)?;
    let active_from = insert(&held, &key, lead).await?;
    audit_rows::insert_of_gateway(&held, &told.about(key.id).with("active_from", active_from)).await?;
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok((key.id, active_from))
}

/// Seals every data key with the newest key of the ring.
pub(crate) async fn rewrap(held: Transaction, vault: &Vault, told: AuditEntry) -> Done<u64> {
    held.batch_execute("BEGIN").await?;
    held.batch_execute(ALONE).await?;
    note_ring(&held, vault).await?;
    let newest = &vault.ring().newest().id;
    let mut changed = 0;
    for row in load(&held).await?.iter().filter(|row| row.ring_key != *newest) {
        let wrapped = vault.wrap(row.id, vault.unwrap(row)?.expose())?;
        let sql = "UPDATE data_keys SET wrapped = $2, ring_key = $3 WHERE id = $1";
        held.write(sql, &[&i64::from(row.id.number()), &wrapped, &newest.as_str()]).await?;
        changed += 1;
    }
    if changed > 0 {
        audit_rows::insert_of_gateway(&held, &told.about(newest).with("data_keys", changed)).await?;
    }
    held.batch_execute("COMMIT").await?;
    held.ended();
    Ok(changed)
}

/// The keys and their ages.
pub(crate) async fn report(db: &Db, vault: &Vault) -> Done<KeyReport> {
    let now = db.row("SELECT clock_timestamp()", &[]).await?;
    let now = now.ok_or_else(|| Failure::broken("the server does not tell the time"))?.try_get(0)?;
    let mut data = Vec::new();
    for row in db.rows("SELECT id, ring_key, created_at, active_from FROM data_keys ORDER BY id", &[]).await? {
        data.push(DataKeyReport {
            id: DataKeyId::stored(row.try_get(0)?)?,
            ring_key: RingKeyId::stored(row.try_get(1)?),
            created_at: row.try_get(2)?,
            active_from: row.try_get(3)?,
            sealing: false,
        });
    }
    let mut seen = Vec::new();
    for row in db.rows("SELECT id, first_seen FROM ring_keys ORDER BY first_seen DESC, id", &[]).await? {
        seen.push(RingRow { id: RingKeyId::stored(row.try_get(0)?), first_seen: row.try_get(1)? });
    }
    let rows = match word(db, "").await?.filter(|word| Vault::is_format_1(&word.sealed)) {
        Some(word) => Some(word.sealed_with(vault)?),
        None => None,
    };
    Ok(ring_report(vault.ring(), seen, data, rows, now))
}

/// True when a data key sealed the word.
pub(crate) async fn word_has_data_key(db: &Db) -> Done<bool> {
    Ok(word(db, "").await?.is_some_and(|word| !Vault::is_format_1(&word.sealed)))
}

/// Seals the word with the data key in use: no value of the first format is left, or it had a data key before.
pub(crate) async fn seal_word(db: &Db, vault: &Vault) -> Done<()> {
    let sealed = vault.seal(WORD_PLACE, WORD)?;
    db.write("UPDATE vault_check SET sealed = $1, ring_key = NULL WHERE id = 1", &[&sealed]).await?;
    Ok(())
}

/// True when some data key has been in use for so long that no process seals with an earlier one, or with the ring.
pub(crate) async fn in_use_for(db: &Db, time: SignedDuration) -> Done<bool> {
    let sql = "SELECT EXISTS (SELECT FROM data_keys WHERE id > 0
               AND active_from <= clock_timestamp() - $1::bigint * interval '1 second')";
    Ok(db.row(sql, &[&time.as_secs()]).await?.map(|row| row.try_get(0)).transpose()?.unwrap_or(false))
}

/// Deletes those of these data keys that a later one replaced for so long; says which. That of the word stays: without it
/// nobody starts.
pub(crate) async fn drop_keys(
    held: Transaction,
    unused: Vec<DataKeyId>,
    out_of_use: SignedDuration,
    told: AuditEntry,
) -> Done<Vec<DataKeyId>> {
    held.batch_execute("BEGIN").await?;
    held.batch_execute(ALONE).await?;
    let sql = "DELETE FROM data_keys WHERE id = $1 AND id > 0 AND EXISTS (SELECT FROM data_keys later
               WHERE later.id > $1 AND later.active_from <= clock_timestamp() - $2::bigint * interval '1 second')
               AND NOT EXISTS (SELECT FROM vault_check WHERE substring(sealed FROM 1 FOR 5) = $3)";
    let mut dropped = Vec::new();
    for id in unused {
        let prefix = id.prefix();
        if held.write(sql, &[&i64::from(id.number()), &out_of_use.as_secs(), &prefix.as_slice()]).await? == 1 {
            dropped.push(id);
        }
    }
    if !dropped.is_empty() {
        audit_rows::insert_of_gateway(&held, &told.about(DataKeyId::listed(&dropped))).await?;
    }
    held.batch_execute("COMMIT").await?;
    Ok(dropped)
}

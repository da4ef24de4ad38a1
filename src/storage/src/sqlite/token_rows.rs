//! Rows of keys that sign tokens, and of tokens that work once.

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditEntry, Secret, SigningKeyId};
use rusqlite::{Connection, Row, params};

use super::SqliteStore;
use super::audit_rows;
use super::cell::{Cells, StoredId as _, digest_to_store, time};
use super::fault::Done;
use crate::error::StoreError;
use crate::tokens::{SigningKey, TokenRows};
use crate::vault::{Place, Vault};

fn place(row: &str) -> Place<'_> {
    Place { table: "signing_keys", column: "seed", row }
}

fn keys(db: &Connection, vault: &Vault) -> Done<Vec<SigningKey>> {
    let mut statement = db.prepare_cached("SELECT * FROM signing_keys ORDER BY number DESC")?;
    let mut rows = statement.query([])?;
    let mut keys = Vec::new();
    while let Some(row) = rows.next()? {
        keys.push(rebuild(row, vault)?);
    }
    Ok(keys)
}

fn rebuild(row: &Row<'_>, vault: &Vault) -> Done<SigningKey> {
    let cells = Cells::of::<SigningKeyId>("signing_keys", row);
    let number = cells.number("number")?;
    let id: SigningKeyId = cells.id("id")?;
    let opened = vault.open(place(&id.to_string()), &cells.get::<Vec<u8>>("seed")?)?;
    let seed = opened.as_slice().try_into().map_err(|_| cells.bad("seed", "not 32 bytes"))?;
    Ok(SigningKey {
        id,
        number,
        seed: Secret::new(seed),
        created_at: cells.time("created_at")?,
        active_from: cells.time("active_from")?,
        retire_at: cells.time_opt("retire_at")?,
    })
}

fn add(db: &Connection, vault: &Vault, key: &SigningKey, others_until: Timestamp, told: &AuditEntry) -> Done<bool> {
    let sealed = vault.seal(place(&key.id.to_string()), key.seed.expose())?;
    let written = db
        .prepare_cached(
            "INSERT INTO signing_keys (number, id, seed, created_at, active_from, retire_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (number) DO NOTHING",
        )?
        .execute(params![
            key.number,
            key.id.bytes(),
            sealed,
            time(key.created_at),
            time(key.active_from),
            key.retire_at.map(time),
        ])?;
    if written == 1 {
        db.prepare_cached("UPDATE signing_keys SET retire_at = min(coalesce(retire_at, ?2), ?2) WHERE number < ?1")?
            .execute(params![key.number, time(others_until)])?;
        audit_rows::insert_of_gateway(db, told)?;
    }
    Ok(written == 1)
}

fn use_once(db: &Connection, digest: &str, until: Timestamp) -> Done<bool> {
    let digest = digest_to_store("token's digest", digest)?;
    let written = db
        .prepare_cached("INSERT INTO used_tokens (digest, until) VALUES (?1, ?2) ON CONFLICT DO NOTHING")?
        .execute(params![digest, time(until)])?;
    Ok(written == 1)
}

fn trim(db: &Connection, now: Timestamp) -> Done<u64> {
    let now = time(now);
    let keys = db.prepare_cached("DELETE FROM signing_keys WHERE retire_at < ?1")?.execute([now])?;
    let uses = db.prepare_cached("DELETE FROM used_tokens WHERE until < ?1")?.execute([now])?;
    Ok(u64::try_from(keys + uses).unwrap_or(u64::MAX))
}

#[async_trait]
impl TokenRows for SqliteStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let vault = self.vault.clone();
        self.read(move |db| keys(db, &vault)).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        others_until: Timestamp,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let (vault, key, told) = (self.vault.clone(), key.clone(), told.clone());
        self.write(move |db| add(db, &vault, &key, others_until, &told)).await
    }

    async fn use_token(&self, digest: &str, until: Timestamp) -> Result<bool, StoreError> {
        let digest = digest.to_owned();
        self.write(move |db| use_once(db, &digest, until)).await
    }

    async fn trim_tokens(&self, now: Timestamp) -> Result<u64, StoreError> {
        self.write(move |db| trim(db, now)).await
    }
}

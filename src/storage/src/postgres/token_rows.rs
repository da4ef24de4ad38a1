//! Rows of keys that sign tokens, and of tokens that work once.

use async_trait::async_trait;
use jiff::Timestamp;
use lendport_core::{AuditEntry, Secret, SigningKeyId};
use tokio_postgres::Row;

use super::PostgresStore;
use super::audit_rows;
use super::cell::{Cells, digest_to_store};
use super::columns::Rows;
use super::connection::Statements as _;
use super::fault::Done;
use crate::error::StoreError;
use crate::tokens::{SigningKey, TokenRows};
use crate::vault::{Place, Vault};

const LIST: &str = "SELECT number, id, seed, created_at, active_from, retire_at FROM signing_keys ORDER BY number DESC";
/// One statement, so that of several processes one writes all of it. Answers nothing where there is such a number.
const ADD: &str = "WITH made AS (INSERT INTO signing_keys (number, id, seed, created_at, active_from, retire_at) \
         VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (number) DO NOTHING RETURNING number), \
     before AS (UPDATE signing_keys SET retire_at = least(retire_at, $7) \
         WHERE number < (SELECT number FROM made)), \
     told AS (INSERT INTO audit (id, merchant, mode, actor_kind, actor_key, action, subject, facts, request, at) \
         SELECT entry.* FROM made, unnest($8::uuid[], $9::uuid[], $10::text[], $11::text[], $12::uuid[], $13::text[], \
             $14::text[], $15::text[], $16::uuid[], $17::timestamptz[]) entry) \
     SELECT number FROM made";
const USE: &str = "INSERT INTO used_tokens (digest, until) VALUES ($1, $2) ON CONFLICT DO NOTHING";

fn place(row: &str) -> Place<'_> {
    Place { table: "signing_keys", column: "seed", row }
}

fn rebuild(row: &Row, vault: &Vault) -> Done<SigningKey> {
    let cells = Cells::of::<SigningKeyId>("signing_keys", row);
    let number = cells.number("number")?;
    let id: SigningKeyId = cells.id("id")?;
    let opened = vault.open(place(&id.to_string()), cells.get("seed")?)?;
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

#[async_trait]
impl TokenRows for PostgresStore {
    async fn signing_keys(&self) -> Result<Vec<SigningKey>, StoreError> {
        let vault = &self.session.vault;
        let read = |db: deadpool_postgres::Object| async move {
            db.rows(LIST, &[]).await?.iter().map(|row| rebuild(row, vault)).collect()
        };
        self.session.repeatable(read).await
    }

    async fn add_signing_key(
        &self,
        key: &SigningKey,
        others_until: Timestamp,
        told: &AuditEntry,
    ) -> Result<bool, StoreError> {
        let sealed = self.session.vault.seal(place(&key.id.to_string()), key.seed.expose())?;
        let (number, id, sealed) = (i64::from(key.number), key.id.uuid(), &sealed);
        let mut entry = Rows::default();
        entry.push(audit_rows::row_of_gateway(told)?);
        let entry = &entry;
        // Repeated after a lost connection, it may find its own row and say no; whoever asked looks again.
        let add = |db: deadpool_postgres::Object| async move {
            let mut values: Vec<&(dyn tokio_postgres::types::ToSql + Sync)> =
                vec![&number, &id, sealed, &key.created_at, &key.active_from, &key.retire_at, &others_until];
            values.extend(entry.values());
            Ok(db.row(ADD, &values).await?.is_some())
        };
        self.session.repeatable(add).await
    }

    async fn use_token(&self, digest: &str, until: Timestamp) -> Result<bool, StoreError> {
        let digest = &digest_to_store("token's digest", digest)?;
        // Repeated after a lost connection, it may find its own row: a token that is refused once too often is asked for anew.
        self.session.repeatable(|db| async move { Ok(db.write(USE, &[digest, &until]).await? == 1) }).await
    }

    async fn trim_tokens(&self, now: Timestamp) -> Result<u64, StoreError> {
        let trim = |db: deadpool_postgres::Object| async move {
            let keys = db.write("DELETE FROM signing_keys WHERE retire_at < $1", &[&now]).await?;
            Ok(keys + db.write("DELETE FROM used_tokens WHERE until < $1", &[&now]).await?)
        };
        self.session.repeatable(trim).await
    }
}

//! The keys of a database on a server, worked at beside any number of processes that use it.

use async_trait::async_trait;
use deadpool_postgres::{Object, Pool};
use jiff::{SignedDuration, Timestamp};
use lendport_core::{AuditAction, AuditEntry};

use super::connection::{Statements as _, Transaction, pool};
use super::fault::{Done, Failure};
use super::settings::PostgresSettings;
use super::{key_rows, reseal};
use crate::data_keys::DataKeyId;
use crate::error::StoreError;
use crate::keys::{ColumnCount, Finished, Keeper, KeyReport, Keys, LEAD, OUT_OF_USE, Resealed, SealedWith, values_of};
use crate::sealed_columns::POSTGRES;
use crate::vault::Vault;

/// The keys of a database, and the vault that learns them.
#[derive(Clone)]
pub struct PostgresKeys {
    pool: Pool,
    vault: Vault,
    lead: SignedDuration,
    out_of_use: SignedDuration,
}

impl PostgresKeys {
    /// The keys of this database. Nothing is connected yet.
    ///
    /// # Errors
    /// When the settings make no sense.
    pub fn new(settings: &PostgresSettings, vault: Vault) -> Result<Self, StoreError> {
        Ok(Self::beside(pool(settings)?, vault))
    }

    pub(crate) fn beside(pool: Pool, vault: Vault) -> Self {
        Self { pool, vault, lead: LEAD, out_of_use: OUT_OF_USE }
    }

    /// The same with other times: until a new data key is used, and until one out of use is deleted.
    #[must_use]
    pub fn with_times(self, lead: SignedDuration, out_of_use: SignedDuration) -> Self {
        Self { lead, out_of_use, ..self }
    }

    async fn db(&self) -> Done<Object> {
        Ok(self.pool.get().await?)
    }

    /// A connection for what takes as long as it takes. It is closed afterwards.
    async fn patient(&self) -> Done<Transaction> {
        let db = Transaction::of(self.pool.get().await?);
        db.batch_execute("SET statement_timeout = 0; RESET enable_seqscan; RESET enable_hashjoin").await?;
        Ok(db)
    }

    /// A connection for a transaction, with every key known.
    async fn held(&self) -> Done<Transaction> {
        let db = self.db().await?;
        let known = db.row("SELECT to_regclass('data_keys') IS NOT NULL", &[]).await?;
        if !known.map(|row| row.try_get(0)).transpose()?.unwrap_or(false) {
            let text = "the database has no data keys yet; run `lendport migrate`".to_owned();
            return Err(Failure::Refused(StoreError::Migration(text)));
        }
        key_rows::check(&db, &self.vault).await?;
        self.vault.learn(&key_rows::load(&db).await?);
        Ok(Transaction::of(db))
    }

    async fn ended(&self, told: AuditEntry) -> Done<Finished> {
        self.held().await?.ended();
        let db = self.patient().await?;
        let settled = key_rows::in_use_for(&db, self.lead).await?;
        let mut finished = Finished { counts: reseal::count(&db).await?, ..Finished::default() };
        let ring = values_of(&finished.counts, SealedWith::Ring);
        if self.vault.sealing_with().is_some() {
            finished.first_format_gone = settled && ring == 0;
            if finished.first_format_gone || key_rows::word_has_data_key(&db).await? {
                key_rows::seal_word(&db, &self.vault).await?;
            }
        }
        let unused = |id: &DataKeyId| values_of(&finished.counts, SealedWith::Data(*id)) == 0;
        let unused = key_rows::load(&db).await?.into_iter().map(|key| key.id).filter(unused).collect();
        finished.dropped = key_rows::drop_keys(db, unused, self.out_of_use, told).await?;
        Ok(finished)
    }
}

#[async_trait]
impl Keys for PostgresKeys {
    async fn reload(&self) -> Result<(), StoreError> {
        let db = self.db().await?;
        self.vault.learn(&key_rows::load(&db).await?);
        Ok(())
    }

    async fn check(&self) -> Result<(), StoreError> {
        let db = self.db().await?;
        Ok(key_rows::check(&db, &self.vault).await?)
    }

    async fn report(&self) -> Result<KeyReport, StoreError> {
        let held = self.held().await?;
        let report = key_rows::report(&held, &self.vault).await?;
        held.ended();
        Ok(report)
    }

    async fn count(&self) -> Result<Vec<ColumnCount>, StoreError> {
        let db = self.patient().await?;
        Ok(reseal::count(&db).await?)
    }

    async fn new_data_key(&self, by: Keeper<'_>) -> Result<(DataKeyId, Timestamp), StoreError> {
        let told = by.did(AuditAction::DataKeyCreated);
        Ok(key_rows::add(self.held().await?, &self.vault, self.lead, told).await?)
    }

    async fn rewrap(&self, by: Keeper<'_>) -> Result<u64, StoreError> {
        let told = by.did(AuditAction::DataKeysRewrapped);
        Ok(key_rows::rewrap(self.held().await?, &self.vault, told).await?)
    }

    fn columns(&self) -> Vec<String> {
        POSTGRES.iter().map(|sealed| format!("{}.{}", sealed.table, sealed.column)).collect()
    }

    async fn reseal_some(&self, column: usize, from: i64) -> Result<Resealed, StoreError> {
        let Some(column) = POSTGRES.get(column) else { return Ok(Resealed::default()) };
        Ok(reseal::some(self.held().await?, &self.vault, column, from).await?)
    }

    async fn finish(&self, by: Keeper<'_>) -> Result<Finished, StoreError> {
        Ok(self.ended(by.did(AuditAction::DataKeyDeleted)).await?)
    }
}

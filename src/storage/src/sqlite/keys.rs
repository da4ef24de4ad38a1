//! The keys of a file. They are worked at beside the process that has the file open, if there is one: nothing that it
//! remembers changes when a value is sealed with another key.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{AuditAction, AuditEntry};
use rusqlite::Connection;

use super::fault::{Done, Fault};
use super::lock::Lock;
use super::{connection, key_rows, reseal};
use crate::data_keys::DataKeyId;
use crate::error::StoreError;
use crate::keys::{ColumnCount, Finished, Keeper, KeyReport, Keys, LEAD, OUT_OF_USE, Resealed, SealedWith, values_of};
use crate::sealed_columns::SQLITE;
use crate::vault::Vault;

/// The keys of a database file, and the vault that learns them.
#[derive(Clone)]
pub struct SqliteKeys(Arc<Inner>);

struct Inner {
    path: PathBuf,
    vault: Vault,
    /// Kept from one piece of work over many rows to the next.
    writer: Mutex<Option<Connection>>,
    lead: SignedDuration,
}

impl SqliteKeys {
    /// The keys of this file. Nothing is opened yet.
    pub fn new(path: impl Into<PathBuf>, vault: Vault) -> Self {
        Self::with_lead(path, vault, LEAD)
    }

    /// The same, with another time between a data key and its first use.
    pub fn with_lead(path: impl Into<PathBuf>, vault: Vault, lead: SignedDuration) -> Self {
        Self(Arc::new(Inner { path: path.into(), vault, writer: Mutex::default(), lead }))
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let inner = Arc::clone(&self.0);
        let ran = tokio::task::spawn_blocking(move || work(&inner)).await;
        Ok(ran.map_err(|error| StoreError::Unavailable(error.to_string()))??)
    }
}

impl Inner {
    /// Fails where there is no database, or one of another version.
    fn exists(&self) -> Done<()> {
        if !self.path.exists() {
            let text = format!("there is no database at {}", self.path.display());
            return Err(Fault(StoreError::Unavailable(text)));
        }
        let known = "SELECT count(*) FROM sqlite_master WHERE name = 'data_keys'";
        match connection::reader(&self.path)?.query_row(known, [], |row| row.get(0))? {
            1 => Ok(()),
            _ => Err(Fault(StoreError::Migration(
                "the database has no data keys yet; run `lendport migrate`".to_owned(),
            ))),
        }
    }

    fn reader(&self) -> Done<Connection> {
        self.exists()?;
        connection::reader(&self.path)
    }

    /// A connection whose vault knows every key.
    fn with_writer<T>(&self, work: impl FnOnce(&mut Connection) -> Done<T>) -> Done<T> {
        let mut kept = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
        let mut db = match kept.take() {
            Some(db) => db,
            None => {
                self.exists()?;
                connection::writer(&self.path)?
            }
        };
        self.learn(&db)?;
        let result = work(&mut db)?;
        *kept = Some(db);
        Ok(result)
    }

    fn learn(&self, db: &Connection) -> Done<()> {
        key_rows::check(db, &self.vault)?;
        self.vault.learn(&key_rows::load(db)?);
        Ok(())
    }

    fn finish(&self, db: &mut Connection, told: AuditEntry) -> Done<Finished> {
        // Held, no other process is there that could still seal with a key that was in use before.
        let alone = Lock::take(&self.path);
        let out_of_use = if alone.is_ok() { 0 } else { micros(OUT_OF_USE) };
        let counts = reseal::count(db)?;
        let mut finished = Finished { counts, ..Finished::default() };
        if self.vault.sealing_with().is_some() {
            finished.first_format_gone = values_of(&finished.counts, SealedWith::Ring) == 0;
            if finished.first_format_gone || key_rows::word_has_data_key(db)? {
                key_rows::seal_word(db, &self.vault)?;
            }
        }
        let unused = |id: &DataKeyId| values_of(&finished.counts, SealedWith::Data(*id)) == 0;
        let unused = key_rows::load(db)?.into_iter().map(|key| key.id).filter(unused).collect();
        finished.dropped = key_rows::drop_keys(db, unused, out_of_use, told)?;
        Ok(finished)
    }
}

fn micros(time: SignedDuration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}

#[async_trait]
impl Keys for SqliteKeys {
    async fn reload(&self) -> Result<(), StoreError> {
        let read = |inner: &Inner| key_rows::load(&inner.reader()?);
        self.0.vault.learn(&self.run(read).await?);
        Ok(())
    }

    async fn check(&self) -> Result<(), StoreError> {
        let check = |inner: &Inner| match inner.path.metadata() {
            Ok(file) if file.len() > 0 => key_rows::check(&connection::reader(&inner.path)?, &inner.vault),
            _ => Ok(()),
        };
        self.run(check).await
    }

    async fn report(&self) -> Result<KeyReport, StoreError> {
        self.run(|inner| key_rows::report(&inner.reader()?, &inner.vault)).await
    }

    async fn count(&self) -> Result<Vec<ColumnCount>, StoreError> {
        self.run(|inner| reseal::count(&inner.reader()?)).await
    }

    async fn new_data_key(&self, by: Keeper<'_>) -> Result<(DataKeyId, Timestamp), StoreError> {
        let told = by.did(AuditAction::DataKeyCreated);
        self.run(|inner| inner.with_writer(|db| key_rows::add(db, &inner.vault, micros(inner.lead), told))).await
    }

    async fn rewrap(&self, by: Keeper<'_>) -> Result<u64, StoreError> {
        let told = by.did(AuditAction::DataKeysRewrapped);
        self.run(|inner| inner.with_writer(|db| key_rows::rewrap(db, &inner.vault, told))).await
    }

    fn columns(&self) -> Vec<String> {
        SQLITE.iter().map(|sealed| format!("{}.{}", sealed.table, sealed.column)).collect()
    }

    async fn reseal_some(&self, column: usize, from: i64) -> Result<Resealed, StoreError> {
        let Some(column) = SQLITE.get(column) else { return Ok(Resealed::default()) };
        self.run(move |inner| inner.with_writer(|db| reseal::some(db, &inner.vault, column, from))).await
    }

    async fn finish(&self, by: Keeper<'_>) -> Result<Finished, StoreError> {
        let told = by.did(AuditAction::DataKeyDeleted);
        self.run(|inner| inner.with_writer(|db| inner.finish(db, told))).await
    }
}

//! SQLite behind one writer thread and a few readers, in this process alone.

mod account_rows;
mod apply;
mod attempt_rows;
mod attention_rows;
mod cell;
mod checkout_rows;
mod connection;
mod delivery_id;
mod delivery_pages;
mod delivery_rows;
mod endpoint_rows;
mod event_kind;
mod event_pages;
mod event_rows;
mod fan_out;
mod fault;
mod history;
mod idempotency_rows;
mod lease;
mod leases;
mod ledger_rows;
mod locate;
mod lock;
mod memory;
mod migrations;
mod observation_rows;
mod operation_rows;
mod outbox;
mod outbox_apply;
mod pages;
mod push_rows;
mod readers;
mod recent;
mod recover;
mod settle;
mod snapshot;
mod store;
mod sweep_rows;
mod tenant_rows;
mod trim_events;
mod trim_observations;
mod writer;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::{Connection, OptionalExtension as _};
use tokio::sync::mpsc;

pub use self::connection::SqliteSettings;
use self::fault::{Done, Fault};
use self::lock::Lock;
use self::memory::Memory;
use crate::error::StoreError;
use crate::vault::{Place, Vault};

/// A database file, open in this process and in no other.
///
/// [`Store::close`](crate::Store::close) finishes what is queued; dropping the store does the same and waits for it.
pub struct SqliteStore {
    vault: Vault,
    memory: Arc<Memory>,
    open: Mutex<Option<Queues>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Clone)]
struct Queues {
    writer: writer::Queue,
    readers: readers::Queue,
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

/// Brings the schema of a file up to date and closes it; says which migrations ran.
pub fn migrate(settings: &SqliteSettings) -> Result<Vec<String>, StoreError> {
    let (_lock, _db, ran) = open_file(settings)?;
    Ok(ran)
}

fn open_file(settings: &SqliteSettings) -> Done<(Lock, Connection, Vec<String>)> {
    connection::create(&settings.path)?;
    let lock = Lock::take(&settings.path)?;
    let mut db = connection::writer(&settings.path)?;
    let ran = migrations::run(&mut db)?;
    Ok((lock, db, ran))
}

impl SqliteStore {
    /// Opens the file, creating it where it is missing, and brings its schema up to date.
    ///
    /// # Errors
    /// [`StoreError::InUse`] when another process has it, [`StoreError::Sealed`] when the vault's key is not the one
    /// it was made with, [`StoreError::Migration`] when it is from a newer version, and what the disk says.
    pub fn open(settings: &SqliteSettings, vault: Vault) -> Result<Self, StoreError> {
        Self::start(settings, vault).map_err(StoreError::from)
    }

    fn start(settings: &SqliteSettings, vault: Vault) -> Done<Self> {
        let (lock, db, ran) = open_file(settings)?;
        for migration in &ran {
            tracing::info!(migration, "migrated the database");
        }
        check_key(&db, &vault)?;
        let readers: Vec<Connection> =
            (0..settings.readers.max(1)).map(|_| connection::reader(&settings.path)).collect::<Done<_>>()?;

        let (writer_queue, writer_end) = mpsc::channel(writer::QUEUE);
        let (readers_queue, readers_end) = readers::queue();
        let store = Self {
            vault,
            memory: Arc::new(Memory::default()),
            open: Mutex::new(Some(Queues { writer: writer_queue, readers: readers_queue })),
            threads: Mutex::new(Vec::new()),
        };
        for reader in readers {
            let queue = readers_end.clone();
            store.spawn("sqlite-reader", move || readers::serve(&reader, &queue))?;
        }
        let batch_max = settings.batch_max.max(1);
        let memory = Arc::clone(&store.memory);
        store.spawn("sqlite-writer", move || {
            writer::serve(db, writer_end, batch_max, &|committed| memory.transaction_ended(committed));
            drop(lock);
        })?;
        Ok(store)
    }

    fn spawn(&self, name: &str, life: impl FnOnce() + Send + 'static) -> Done<()> {
        let thread = Builder::new().name(name.to_owned()).spawn(life);
        let thread = thread.map_err(|error| Fault(StoreError::Unavailable(format!("no thread: {error}"))))?;
        self.threads.lock().unwrap_or_else(PoisonError::into_inner).push(thread);
        Ok(())
    }

    async fn write<T: Send + 'static>(
        &self,
        work: impl FnMut(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let queue = self.queues()?.writer;
        writer::submit(queue, work).await
    }

    async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Connection) -> Done<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        let queue = self.queues()?.readers;
        readers::ask(queue, work).await
    }

    fn queues(&self) -> Result<Queues, StoreError> {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.clone().ok_or_else(|| StoreError::Unavailable("the database is closed".to_owned()))
    }

    /// Lets the threads end once their queues are empty, and hands them over to be waited for.
    fn hang_up(&self) -> Vec<JoinHandle<()>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).take();
        std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.hang_up().into_iter().for_each(join);
    }
}

fn join(thread: JoinHandle<()>) {
    if thread.join().is_err() {
        tracing::error!("a thread of the database panicked");
    }
}

/// Seals a known word at the first start and opens it at every other.
fn check_key(db: &Connection, vault: &Vault) -> Done<()> {
    const PLACE: Place<'static> = Place { table: "vault_check", column: "sealed", row: "1" };
    let known: Option<Vec<u8>> =
        db.query_row("SELECT sealed FROM vault_check WHERE id = 1", [], |row| row.get(0)).optional()?;
    match known {
        Some(sealed) => vault.open(PLACE, &sealed).map(drop)?,
        None => {
            let sealed = vault.seal(PLACE, b"lendport")?;
            db.execute("INSERT INTO vault_check (id, sealed) VALUES (1, ?1)", [sealed])?;
        }
    }
    Ok(())
}

//! SQLite behind one writer thread and a few readers, in this process alone.

mod account_rows;
mod administration;
mod apply;
mod attempt_rows;
mod attention_rows;
mod audit_rows;
mod cell;
mod checkout_rows;
mod connection;
mod delivery_id;
mod delivery_pages;
mod delivery_rows;
mod due_work;
mod endpoint_rows;
mod event_kind;
mod event_pages;
mod event_rows;
mod fan_out;
mod fault;
mod history;
mod idempotency_rows;
mod key_rows;
mod keys;
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
mod quota_rows;
mod readers;
mod recent;
mod recover;
mod reseal;
mod routing_rows;
mod settle;
mod snapshot;
mod store;
mod sweep_rows;
mod tenant_rows;
mod token_rows;
mod trim_events;
mod trim_observations;
mod writer;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};

use rusqlite::Connection;
use tokio::sync::mpsc;

pub use self::connection::SqliteSettings;
use self::fault::{Done, Fault};
pub use self::keys::SqliteKeys;
use self::lock::Lock;
use self::memory::Memory;
use crate::error::StoreError;
use crate::vault::Vault;

/// A database file, open in this process and in no other.
///
/// [`Store::close`](crate::Store::close) finishes what is queued; dropping the store does the same and waits for it.
pub struct SqliteStore {
    path: PathBuf,
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
    /// [`StoreError::InUse`] when another process has it, [`StoreError::WrongKey`] when the vault's keys are not
    /// those it was made with, [`StoreError::Migration`] when it is from a newer version, and what the disk says.
    pub fn open(settings: &SqliteSettings, vault: Vault) -> Result<Self, StoreError> {
        Self::start(settings, vault).map_err(StoreError::from)
    }

    fn start(settings: &SqliteSettings, vault: Vault) -> Done<Self> {
        let (lock, mut db, ran) = open_file(settings)?;
        for migration in &ran {
            tracing::info!(migration, "migrated the database");
        }
        key_rows::open(&mut db, &vault)?;
        let path = settings.path.clone();
        vault.reload_with(Box::new(move || Ok(connection::reader(&path).and_then(|db| key_rows::load(&db))?)));
        let readers: Vec<Connection> =
            (0..settings.readers.max(1)).map(|_| connection::reader(&settings.path)).collect::<Done<_>>()?;

        let (writer_queue, writer_end) = mpsc::channel(writer::QUEUE);
        let (readers_queue, readers_end) = readers::queue();
        let store = Self {
            path: settings.path.clone(),
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

    /// The keys that its rows are sealed with.
    pub fn keys(&self) -> SqliteKeys {
        SqliteKeys::new(&self.path, self.vault.clone())
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

/// Waits for a thread of the store's, unless it is the one that runs this: the last one who held the store may have been a
/// piece of work.
fn join(thread: JoinHandle<()>) {
    if thread.thread().id() == std::thread::current().id() {
        return;
    }
    if thread.join().is_err() {
        tracing::error!("a thread of the database panicked");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::join;

    #[test]
    fn a_thread_does_not_wait_for_itself() {
        let (hand, own) = mpsc::channel();
        let (ended, heard) = mpsc::channel();
        let thread = std::thread::spawn(move || {
            join(own.recv().unwrap());
            ended.send(()).unwrap();
        });
        hand.send(thread).unwrap();
        assert_eq!(heard.recv(), Ok(()));
    }
}

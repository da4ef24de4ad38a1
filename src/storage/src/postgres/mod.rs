//! PostgreSQL: one database for any number of processes like this one.

mod account_rows;
mod administration;
mod apply;
mod attempt_rows;
mod attention_pages;
mod attention_rows;
mod audit_rows;
mod cell;
mod checkout_rows;
mod columns;
mod connection;
mod decide;
mod delivery_pages;
mod delivery_rows;
mod due_work;
mod endpoint_rows;
mod event_pages;
mod event_rows;
mod fault;
mod idempotency_rows;
mod job;
mod key_rows;
mod keys;
mod lease;
mod ledger_rows;
mod load;
mod locate;
mod look_ups;
mod marks;
mod migrations;
mod observation_rows;
mod operation_rows;
mod outbox;
mod outbox_apply;
mod pages;
mod pipeline;
#[cfg(test)]
mod plans;
mod presence;
mod push_rows;
mod questions;
mod quota_rows;
mod recent;
mod recover;
mod reseal;
mod room;
mod routing_rows;
mod session;
mod settings;
mod settle;
mod store;
mod sweep_rows;
mod tenant_rows;
mod timeline;
mod tls;
mod token_rows;
mod trim_events;
mod trim_observations;
mod wakeups;
mod writer;
mod writes;

use std::fmt;
use std::sync::{Arc, Mutex};

use deadpool_postgres::Object;
use jiff::Timestamp;
use tokio::task::JoinSet;

pub use self::keys::PostgresKeys;
pub use self::settings::PostgresSettings;

use self::connection::{Statements as _, Transaction, pool};
use self::due_work::Turns;
use self::fault::Failure;
use self::look_ups::LookUps;
use self::marks::Marks;
use self::presence::Presence;
use self::recent::Recent;
use self::room::Room;
use self::session::Session;
use self::tenant_rows::Tenants;
use self::trim_events::TrimCursor;
use self::wakeups::Wakeups;
use self::writer::Writer;
use crate::error::StoreError;
use crate::vault::Vault;

/// A database on a server, shared with other processes.
///
/// [`Store::close`](crate::Store::close) finishes what is queued; a store that is dropped lets it end by itself.
pub struct PostgresStore {
    session: Arc<Session>,
    writer: Arc<Writer>,
    tenants: Tenants,
    look_ups: Arc<LookUps>,
    /// The endpoint whose deliveries were handed out last.
    turn: Mutex<i64>,
    turns: Turns,
    trimmed: Mutex<TrimCursor>,
    /// What runs beside the calls. Dropped, it ends.
    tasks: Mutex<JoinSet<()>>,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

/// Brings the schema of a database up to date; says which migrations ran. Safe while other processes do the same, or
/// are at work.
///
/// # Errors
/// [`StoreError::Migration`] when the database is somebody else's or from a newer version that this one does not
/// understand, and what the server says.
pub async fn migrate(settings: &PostgresSettings) -> Result<Vec<String>, StoreError> {
    let pool = pool(settings)?;
    // Taken out of the pool, so that its settings and its lock end with it.
    let db = Object::take(pool.get().await.map_err(Failure::from)?);
    Ok(migrations::run(&db).await?)
}

impl PostgresStore {
    /// Connects and brings the schema up to date.
    ///
    /// # Errors
    /// As [`migrate`], and [`StoreError::WrongKey`] when the vault's keys are not those of the database.
    pub async fn open(settings: &PostgresSettings, vault: Vault) -> Result<Self, StoreError> {
        for migration in migrate(settings).await? {
            tracing::info!(migration, "migrated the database");
        }
        let pool = pool(settings)?;
        {
            let held = Transaction::of(pool.get().await.map_err(Failure::from)?);
            key_rows::open(held, &vault).await?;
            marks::trim(&*pool.get().await.map_err(Failure::from)?).await?;
        }
        let (wakeups, presence) = (Wakeups::default(), Presence::new(settings.connection_wait));
        let (marks, recent, room) = (Marks::default(), Recent::default(), Room::default());
        let session = Arc::new(Session { pool, vault, wakeups, presence, marks, recent, room });
        let tasks = Mutex::new(wakeups::start(settings, &session)?);
        let writer = Writer::new(Arc::clone(&session), settings.batch_max, settings.connections);
        let (tenants, turn, trimmed) = (Tenants::default(), Mutex::default(), Mutex::default());
        Ok(Self { session, writer, tenants, look_ups: Arc::default(), turn, turns: Turns::default(), trimmed, tasks })
    }

    /// The keys that its rows are sealed with.
    pub fn keys(&self) -> PostgresKeys {
        PostgresKeys::beside(self.session.pool.clone(), self.session.vault.clone())
    }

    /// The moment that the server's clock shows.
    ///
    /// # Errors
    /// What the server says.
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        let row = self.session.repeatable(|db| async move { db.row("SELECT clock_timestamp()", &[]).await }).await?;
        let row = row.ok_or_else(|| StoreError::Database("the server does not tell the time".to_owned()))?;
        Ok(row.try_get(0).map_err(Failure::from)?)
    }
}

//! Connections: made with our settings, kept in a pool, and never given back in the middle of a transaction.

use std::ops::Deref;
use std::time::Duration;

use deadpool_postgres::{
    ClientWrapper, Hook, HookError, Manager, ManagerConfig, Object, Pool, QueueMode, RecyclingMethod, Runtime,
};
use tokio_postgres::types::ToSql;
use tokio_postgres::{NoTls, Row};

use super::fault::{Done, Failure};
use super::settings::PostgresSettings;
use super::tls::{self, Trust};

/// A connection.
pub(crate) type Db = ClientWrapper;
/// Values of a statement.
pub(crate) type Values<'a> = &'a [&'a (dyn ToSql + Sync)];

/// Connections on demand. Nothing is connected yet.
pub(crate) fn pool(settings: &PostgresSettings) -> Done<Pool> {
    let (config, trust) = settings.parsed()?;
    let recycle = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = match trust {
        Trust::InTheClear => Manager::from_config(config, NoTls, recycle),
        trust => Manager::from_config(config, tls::connector(&trust)?, recycle),
    };
    let session = settings.session();
    let wait = Some(settings.connection_wait.max(Duration::from_millis(1)));
    Pool::builder(manager)
        .max_size(settings.connections.max(2))
        .wait_timeout(wait)
        .queue_mode(QueueMode::Lifo)
        .runtime(Runtime::Tokio1)
        .post_create(Hook::async_fn(move |db: &mut ClientWrapper, _| {
            let session = session.clone();
            Box::pin(async move { db.batch_execute(&session).await.map_err(HookError::Backend) })
        }))
        .build()
        .map_err(|error| Failure::broken(error.to_string()))
}

/// Statements by their text: each is prepared once per connection.
pub(crate) trait Statements {
    /// The rows a statement answers.
    async fn rows(&self, sql: &str, values: Values<'_>) -> Done<Vec<Row>>;
    /// The one row it answers, if it does.
    async fn row(&self, sql: &str, values: Values<'_>) -> Done<Option<Row>>;
    /// How many rows it wrote.
    async fn write(&self, sql: &str, values: Values<'_>) -> Done<u64>;
}

impl Statements for Db {
    async fn rows(&self, sql: &str, values: Values<'_>) -> Done<Vec<Row>> {
        let statement = self.prepare_cached(sql).await?;
        Ok(self.query(&statement, values).await?)
    }

    async fn row(&self, sql: &str, values: Values<'_>) -> Done<Option<Row>> {
        let statement = self.prepare_cached(sql).await?;
        Ok(self.query_opt(&statement, values).await?)
    }

    async fn write(&self, sql: &str, values: Values<'_>) -> Done<u64> {
        let statement = self.prepare_cached(sql).await?;
        Ok(self.execute(&statement, values).await?)
    }
}

/// A connection inside a transaction. Dropped before [`Transaction::ended`], it is closed instead of given back, so that
/// a caller who goes away leaves nothing open behind.
pub(crate) struct Transaction(Option<Object>);

impl Transaction {
    /// A connection whose next statement begins a transaction.
    pub(crate) fn of(connection: Object) -> Self {
        Self(Some(connection))
    }

    /// Gives the connection back: the transaction was committed, or rolled back.
    pub(crate) fn ended(mut self) {
        drop(self.0.take());
    }
}

impl Deref for Transaction {
    type Target = Object;

    #[expect(clippy::expect_used, reason = "only `ended` and `drop` take it, and both end the transaction")]
    fn deref(&self) -> &Object {
        self.0.as_ref().expect("a transaction holds its connection until it ends")
    }
}

impl Drop for Transaction {
    fn drop(&mut self) {
        if let Some(object) = self.0.take() {
            drop(Object::take(object));
        }
    }
}

//! What is under the gateways: a file, or a PostgreSQL server of the run's own that can be stopped.

use std::path::Path;
use std::sync::Arc;

use lendport_testkit::postgres::{Cluster, Stop};
use tokio::task::spawn_blocking;

use crate::Fault;
use crate::arguments::DatabaseKind;

/// What is killed are processes: what the system has taken is written whether or not it is waited for.
const SERVER_SETTINGS: [&str; 1] = ["fsync=off"];

/// The database of a run.
pub(crate) struct Database {
    /// What `storage.url` says.
    pub(crate) url: String,
    server: Option<Server>,
}

#[derive(Clone)]
struct Server {
    cluster: Arc<Cluster>,
    name: String,
}

impl Database {
    /// Makes one; a file is made below `folder`.
    pub(crate) async fn start(kind: DatabaseKind, folder: &Path) -> Result<Self, Fault> {
        if kind == DatabaseKind::Sqlite {
            return Ok(Self { url: format!("sqlite:{}", folder.join("lendport.db").display()), server: None });
        }
        let server = spawn_blocking(|| {
            let cluster = Cluster::start(&SERVER_SETTINGS);
            let name = cluster.create_database();
            Server { cluster: Arc::new(cluster), name }
        })
        .await?;
        Ok(Self { url: server.cluster.url(&server.name), server: Some(server) })
    }

    /// True when it can be stopped while the gateways run.
    pub(crate) fn can_stop(&self) -> bool {
        self.server.is_some()
    }

    /// Stops it at once, as a crash does.
    pub(crate) async fn stop(&self) -> Result<(), Fault> {
        let Some(Server { cluster, .. }) = self.server.clone() else { return Ok(()) };
        Ok(spawn_blocking(move || cluster.stop(Stop::Immediate)).await?)
    }

    /// Starts it again, where it was.
    pub(crate) async fn start_again(&self) -> Result<(), Fault> {
        let Some(Server { cluster, name }) = self.server.clone() else { return Ok(()) };
        let url = spawn_blocking(move || {
            cluster.start_again();
            cluster.url(&name)
        })
        .await?;
        if url == self.url { Ok(()) } else { Err("somebody took the database's port while it was away".into()) }
    }
}

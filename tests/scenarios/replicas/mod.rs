//! Several gateways on one PostgreSQL: whatever one of them is told the others know, the work beside requests is shared,
//! and none of them is needed.

#[cfg(feature = "sandbox")]
mod course;
mod deaths;
#[cfg(feature = "sandbox")]
mod fence;
#[cfg(feature = "sandbox")]
mod following;
mod sharing;
mod together;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lendport::gateway::Ambient;
use lendport_core::{Clock, IdSource, Secret};
use serde_json::Value;
use uuid::{Builder, Uuid};

use crate::harness::binary::settings_file_on;
use crate::harness::gateway::PATIENT;
use crate::harness::{Loan, LoneSimulator, Merchant, ServedGateway, postgres_url};

/// Ids whose last byte names the replica that made them. The log of tries so tells who sent what.
struct Marked(Arc<dyn IdSource>, u8);

impl IdSource for Marked {
    fn uuid(&self) -> Uuid {
        let mut bytes = self.0.uuid().into_bytes();
        bytes[15] = self.1;
        Builder::from_bytes(bytes).into_uuid()
    }

    fn token(&self) -> Secret<String> {
        self.0.token()
    }
}

/// Which replica made a try.
fn sender(tried: &Value) -> u8 {
    let id = tried["id"].as_str().unwrap();
    u8::from_str_radix(id.get(id.len() - 2..).unwrap(), 16).unwrap()
}

/// A lender, an empty database on the server of this test process, and whoever is started on it.
struct Shops {
    simulator: LoneSimulator,
    url: String,
}

impl Shops {
    async fn new() -> Self {
        let simulator = LoneSimulator::start(None).await;
        Self { simulator, url: postgres_url().await }
    }

    /// A replica whose tries are marked with this number.
    async fn replica(&self, number: u8) -> ServedGateway {
        self.replica_with(number, Ambient::system().clock, &[]).await
    }

    async fn replica_with(
        &self,
        number: u8,
        clock: Arc<dyn Clock>,
        settings: &[(&'static str, &str)],
    ) -> ServedGateway {
        let ambient = Ambient { clock, ids: Arc::new(Marked(Ambient::system().ids, number)) };
        let mut all = vec![("storage.url", self.url.as_str()), ("storage.connections", "4")];
        all.extend(PATIENT);
        all.extend(settings);
        ServedGateway::start_on(&self.simulator.lender.url, &ambient, &all).await
    }

    /// Settings of the program itself for one more replica, with the same shop, account and keys.
    fn settings(&self, folder: &Path) -> PathBuf {
        settings_file_on(folder, &self.simulator.lender.url, &self.url)
    }

    async fn loan(&self, at: &ServedGateway) -> Loan {
        Loan::open(&at.merchant, &self.simulator.lender).await
    }
}

/// The same loan, with everything about it sent to another replica.
fn moved(loan: &Loan, to: &Merchant) -> Loan {
    let callback = loan.callback.replace(&loan.merchant.url, &to.url);
    assert_ne!(callback, loan.callback);
    let (id, inv_id, reference) = (loan.id.clone(), loan.inv_id.clone(), loan.reference.clone());
    Loan { merchant: to.clone(), id, inv_id, callback, reference }
}

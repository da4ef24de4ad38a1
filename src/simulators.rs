//! Starting the simulators of compiled-in providers, beside the gateway or alone.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use lendport_core::Secret;
use lendport_outbound::{ClientSettings, Outbound, Registration, SimulatorRegistration, SimulatorSetup};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::failure::Failure;
use crate::gateway::{Ambient, SectionOverrides, bind};

/// A simulator that answers.
pub struct Running {
    /// The provider it plays.
    pub provider: &'static str,
    /// Where it answers.
    pub url: String,
    /// The account it accepts.
    pub account: BTreeMap<String, Secret<String>>,
    /// How it was registered.
    pub registration: SimulatorRegistration,
    task: JoinHandle<std::io::Result<()>>,
}

impl Running {
    /// Waits until it has stopped.
    pub async fn stopped(self) -> Result<(), Failure> {
        let ended = self.task.await.map_err(|error| Failure::other(format!("simulator: {error}")))?;
        ended.map_err(|cause| Failure::socket("simulator", cause))
    }
}

/// What a simulator is started with.
pub struct Setup<'a> {
    /// Where it listens; port 0 takes a free one.
    pub bind: SocketAddr,
    /// Milliseconds until an unanswered push is sent again.
    pub resend_interval_ms: u64,
    /// Fields that replace those of its usual account.
    pub account: BTreeMap<String, Secret<String>>,
    /// Clock and ids.
    pub ambient: &'a Ambient,
    /// Stops it.
    pub stop: &'a CancellationToken,
}

/// Starts one provider's simulator.
pub async fn start(known: &Registration, setup: Setup<'_>) -> Result<Running, Failure> {
    let provider = known.descriptor.id;
    let registration = known
        .simulator
        .ok_or_else(|| Failure::other(format!("{provider} has no simulator in this build (feature `simulator`)")))?;
    let listener = bind(setup.bind).await?;
    let address = listener.local_addr().map_err(|cause| Failure::socket("listening", cause))?;
    let mut account: BTreeMap<String, Secret<String>> =
        registration.account.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect();
    account.extend(setup.account);
    let outbound = Outbound::live(ClientSettings::default()).map_err(|error| Failure::other(error.to_string()))?;
    let stop = setup.stop.clone();
    let task = tokio::spawn((registration.serve)(SimulatorSetup {
        account: account.clone(),
        resend_interval_ms: setup.resend_interval_ms,
        outbound,
        clock: std::sync::Arc::clone(&setup.ambient.clock),
        listener,
        shutdown: Box::pin(async move { stop.cancelled().await }),
    }));
    Ok(Running { provider, url: format!("http://{address}"), account, registration, task })
}

/// The configuration keys that send a provider's test mode to its simulator.
pub fn overrides(running: &[Running]) -> SectionOverrides {
    running
        .iter()
        .map(|simulator| {
            let keys = simulator.registration.section_keys.iter().map(|key| (*key, simulator.url.clone())).collect();
            (simulator.provider, keys)
        })
        .collect()
}

//! What the registry needs to know of this adapter.

use std::sync::Arc;

use lendport_core::FinancingProvider;
#[cfg(feature = "simulator")]
use lendport_outbound::Request;
use lendport_outbound::{BuildError, RedactionPolicy, Registration, SimulatorRegistration, Transport};
use serde_json::Value;

use crate::adapter::Sandbox;
use crate::config::ProviderConfig;
use crate::descriptor::DESCRIPTOR;

/// This adapter, for `src/registry.rs`.
pub const REGISTRATION: Registration = Registration {
    descriptor: &DESCRIPTOR,
    build,
    // Words of the protocol and numbers; never a name, address, id or link.
    recording: RedactionPolicy {
        keep_fields: &[
            "status",
            "code",
            "amount_cents",
            "unit_cents",
            "refund_cents",
            "quantity",
            "currency",
            "country",
            "capture",
        ],
        keep_headers: &[],
    },
    simulator: SIMULATOR,
};

fn build(section: &Value, transport: &Transport<'_>) -> Result<Arc<dyn FinancingProvider>, BuildError> {
    let config: ProviderConfig =
        serde_json::from_value(section.clone()).map_err(|error| BuildError::Section(error.to_string()))?;
    let outbound = transport(config.client_settings())?;
    Ok(Arc::new(Sandbox::new(config, outbound)))
}

#[cfg(not(feature = "simulator"))]
const SIMULATOR: Option<SimulatorRegistration> = None;

#[cfg(feature = "simulator")]
const SIMULATOR: Option<SimulatorRegistration> = Some(SimulatorRegistration {
    section_keys: &["base_url"],
    account: &[("api_key", "sandbox-key"), ("push_secret", "sandbox-push-secret")],
    press: |page, button| {
        let mut target = page.clone();
        target.set_path(&format!("{}/decide", page.path()));
        Request::post(target).form(&[("decision", button)])
    },
    serve: |setup| {
        use crate::simulator::{Simulator, SimulatorSettings};
        let mut settings = SimulatorSettings::new(setup.field("api_key"), setup.field("push_secret"));
        settings.resend_interval_ms = setup.resend_interval_ms;
        Box::pin(Simulator::new(settings, setup.outbound, setup.clock).serve(setup.listener, setup.shutdown))
    },
});

//! What the registry needs to know of this adapter.

use std::sync::Arc;

use lendport_core::FinancingProvider;
#[cfg(feature = "simulator")]
use lendport_outbound::Request;
use lendport_outbound::{BuildError, RedactionPolicy, Registration, SimulatorRegistration, Transport};
use serde_json::Value;

use crate::adapter::WeGetFinancing;
use crate::config::ProviderConfig;
use crate::descriptor::DESCRIPTOR;

/// This adapter, for `src/registry.rs`.
pub const REGISTRATION: Registration = Registration {
    descriptor: &DESCRIPTOR,
    build,
    // Words of the protocol and numbers of the error; never a name, address, id or link.
    recording: RedactionPolicy {
        keep_fields: &[
            "type",
            "error",
            "code",
            "/message",
            "subjects",
            "subject",
            "stamp",
            "status",
            "state",
            "version",
            "currency",
            "country",
            "amount",
            "shipping_amount",
            "unit_price",
            "unit_tax",
            "quantity",
            "shipping_status",
            "http_code",
        ],
        keep_headers: &[],
    },
    simulator: SIMULATOR,
};

fn build(section: &Value, transport: &Transport<'_>) -> Result<Arc<dyn FinancingProvider>, BuildError> {
    let config: ProviderConfig =
        serde_json::from_value(section.clone()).map_err(|error| BuildError::Section(error.to_string()))?;
    let outbound = transport(config.client_settings())?;
    Ok(Arc::new(WeGetFinancing::new(config, outbound)))
}

#[cfg(not(feature = "simulator"))]
const SIMULATOR: Option<SimulatorRegistration> = None;

#[cfg(feature = "simulator")]
const SIMULATOR: Option<SimulatorRegistration> = Some(SimulatorRegistration {
    section_keys: &["sandbox_base_url", "sandbox_v3_base_url"],
    account: &[("merchant_id", "1234"), ("username", "cdx_demo"), ("password", "simulated-password")],
    press: |page, button| {
        let mut target = page.clone();
        target.set_path(&format!("{}/decide", page.path()));
        Request::post(target).form(&[("decision", button)])
    },
    serve: |setup| {
        use crate::simulator::{Simulator, SimulatorSettings};
        let text = |name: &str| setup.field(name).expose().clone();
        let mut settings = SimulatorSettings::new(text("username"), setup.field("password"), text("merchant_id"));
        settings.resend_interval_ms = setup.resend_interval_ms;
        Box::pin(Simulator::new(settings, setup.outbound, setup.clock).serve(setup.listener, setup.shutdown))
    },
});

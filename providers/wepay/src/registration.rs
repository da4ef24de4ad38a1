//! What the registry needs to know of this adapter.

use std::sync::Arc;

use lendport_core::FinancingProvider;
use lendport_outbound::{BuildError, RedactionPolicy, Registration, SimulatorRegistration, Transport};
use serde_json::Value;

use crate::adapter::WePay;
use crate::config::ProviderConfig;
use crate::descriptor::DESCRIPTOR;

/// This adapter, for `src/registry.rs`.
pub const REGISTRATION: Registration = Registration {
    descriptor: &DESCRIPTOR,
    build,
    // Words of the protocol and numbers; never a name, address, id or link.
    recording: RedactionPolicy {
        keep_fields: &[
            "error",
            "error_code",
            "error_description",
            "state",
            "type",
            "currency",
            "amount",
            "gross",
            "app_fee",
            "processing_fee",
            "fee_payer",
            "shipping_fee",
            "amount_refunded",
            "amount_charged_back",
            "mode",
            "delivery_type",
            "country",
            "start",
            "limit",
        ],
        keep_headers: &["api-version"],
    },
    simulator: SIMULATOR,
};

fn build(section: &Value, transport: &Transport<'_>) -> Result<Arc<dyn FinancingProvider>, BuildError> {
    let config: ProviderConfig =
        serde_json::from_value(section.clone()).map_err(|error| BuildError::Section(error.to_string()))?;
    let outbound = transport(config.client_settings())?;
    Ok(Arc::new(WePay::new(config, outbound)))
}

#[cfg(not(feature = "simulator"))]
const SIMULATOR: Option<SimulatorRegistration> = None;

#[cfg(feature = "simulator")]
const SIMULATOR: Option<SimulatorRegistration> = Some(SimulatorRegistration {
    section_keys: &["stage_base_url"],
    account: crate::simulator::ACCOUNT,
    press: crate::simulator::press,
    serve: crate::simulator::serve,
});

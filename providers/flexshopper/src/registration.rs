//! What the registry needs to know of this adapter.

use std::sync::Arc;

use lendport_core::FinancingProvider;
use lendport_outbound::{BuildError, RedactionPolicy, Registration, SimulatorRegistration, Transport};
use serde_json::Value;

use crate::adapter::FlexShopper;
use crate::config::{Clients, ProviderConfig};
use crate::descriptor::DESCRIPTOR;

/// This adapter, for `src/registry.rs`.
pub const REGISTRATION: Registration = Registration {
    descriptor: &DESCRIPTOR,
    build,
    // Words of the protocol and numbers; never a name, address, id or token.
    recording: RedactionPolicy {
        keep_fields: &[
            "status",
            "statusCode",
            "code",
            "exists",
            "approved",
            "spendingLimit",
            "availableBalance",
            "verificationStatus",
            "spendingHold",
            "frequency",
            "term",
            "payment",
            "cashPrice",
            "costOfRental",
            "leaseStatus",
            "isExpired",
            "cost",
            "quantity",
            "ordered",
            "shipped",
            "condition",
            "shippingCost",
            "purchaseTotal",
            "purchaseSalesTax",
            "minimumOrderValue",
            "page",
            "limit",
            "count",
            "totalPages",
        ],
        keep_headers: &[],
    },
    simulator: SIMULATOR,
};

fn build(section: &Value, transport: &Transport<'_>) -> Result<Arc<dyn FinancingProvider>, BuildError> {
    let config: ProviderConfig =
        serde_json::from_value(section.clone()).map_err(|error| BuildError::Section(error.to_string()))?;
    let clients = Clients::new(&config, transport)?;
    Ok(Arc::new(FlexShopper::new(config, clients)))
}

#[cfg(not(feature = "simulator"))]
const SIMULATOR: Option<SimulatorRegistration> = None;

#[cfg(feature = "simulator")]
const SIMULATOR: Option<SimulatorRegistration> = Some(SimulatorRegistration {
    section_keys: &["sandbox_base_url", "sandbox_plugin_url"],
    account: crate::simulator::ACCOUNT,
    press: crate::simulator::press,
    serve: crate::simulator::serve,
});

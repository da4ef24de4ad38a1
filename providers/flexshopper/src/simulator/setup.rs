//! How the program starts this simulator, for the adapter's registration.

use lendport_outbound::{Request, Serving, SimulatorSetup, Url};

use super::{Simulator, SimulatorSettings};

/// Fields of the account it accepts when nothing else is said. The values are made up and open to everybody.
pub const ACCOUNT: &[(&str, &str)] = &[("api_key", "simulated-api-key"), ("auth_key", "simulated-auth-key")];

/// What the browser sends when a person presses a button of the plugin's window: `approve` applies and signs, `preapprove`
/// applies and does not sign, `reject` is declined.
pub fn press(page: &Url, button: &str) -> Request {
    let mut target = page.clone();
    target.set_path(&format!("{}/decide", page.path()));
    target.set_query(None);
    Request::post(target).form(&[("decision", button)])
}

/// Serves it until the setup's `shutdown` is complete.
pub fn serve(setup: SimulatorSetup) -> Serving {
    let settings = SimulatorSettings::new(setup.field("api_key"), setup.field("auth_key").expose().clone());
    Box::pin(Simulator::new(settings, setup.clock).serve(setup.listener, setup.shutdown))
}

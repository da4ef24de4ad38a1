//! How the program starts this simulator, for the adapter's registration.

use std::io;

use lendport_outbound::{Request, Serving, SimulatorSetup, Url};

use super::{Simulator, SimulatorSettings};

/// Fields of the account it accepts when nothing else is said. The values are made up and open to everybody.
pub const ACCOUNT: &[(&str, &str)] =
    &[("account_id", "1548718026"), ("access_token", "STAGE_simulated-token"), ("api_version", "2015-11-18")];

/// What the browser sends when a person presses a button of the page: `approve` pays, `preapprove` pays with a review
/// that stays open, `reject` is a declined card.
pub fn press(page: &Url, button: &str) -> Request {
    let mut target = page.clone();
    target.set_path(&format!("{}/decide", page.path()));
    target.set_query(None);
    Request::post(target).form(&[("decision", button)])
}

/// Serves it until the setup's `shutdown` is complete.
pub fn serve(setup: SimulatorSetup) -> Serving {
    let Ok(account_id) = setup.field("account_id").expose().parse() else {
        return Box::pin(async { Err(io::Error::new(io::ErrorKind::InvalidInput, "account_id is not a number")) });
    };
    let mut settings = SimulatorSettings::new(setup.field("access_token"), account_id);
    let version = setup.field("api_version");
    if !version.expose().is_empty() {
        settings.api_version.clone_from(version.expose());
    }
    settings.resend_interval_ms = setup.resend_interval_ms;
    Box::pin(Simulator::new(settings, setup.outbound, setup.clock).serve(setup.listener, setup.shutdown))
}

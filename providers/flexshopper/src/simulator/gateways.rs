//! Keys for tokenizing cards, and the merchant's lease settings (flexshopper.md 4.10, 4.11 and 4.25).

use axum::http::StatusCode;

use super::errors::data;
use super::rules;
use super::state::Sim;
use lendport_simulation::{Json, Reply};

/// POST `/v3/paymentMethods/child-transaction-key`: no envelope, another key each time.
pub(super) fn child_key(sim: &Sim) -> Reply {
    let body = Json::object([("status", "Success".into()), ("childKey", sim.uuid().into())]);
    Reply::exact(StatusCode::OK, &body)
}

/// GET `/v3/gateways/clover/pkms`: the printed key.
pub(super) fn pkms() -> Reply {
    data("182acs90ujo21mklcajsk".into())
}

/// GET `/v3/settings/lease`
pub(super) fn settings(sim: &Sim) -> Reply {
    let minimum = rules::amount(&sim.store().rules.settings_minimum);
    data(Json::object([("minimumOrderValue", minimum.into())]))
}

//! E1, the create request: POST /merchant/{merchant_id}/requests.

use std::sync::Arc;

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::api::{self, Call, Outcome};
use super::checks;
use super::errors::Refusal;
use super::faults::Endpoint;
use super::magic;
use super::state::{Record, Sim};
use lendport_simulation::Reply;

pub(super) async fn handle(State(sim): State<Arc<Sim>>, Path(merchant): Path<String>, request: Request) -> Response {
    api::run(&sim, Endpoint::Create, request, |call| create(&sim, &merchant, call)).await
}

fn create(sim: &Arc<Sim>, merchant: &str, call: &Call) -> Outcome {
    let checked = api::parameters(sim, merchant, call)
        .and_then(|body| body.object().ok_or(Refusal::Http(StatusCode::BAD_REQUEST)).and_then(checks::order));
    let order = match checked {
        Ok(order) => order,
        Err(refusal) => return refusal.reply(&call.headers, sim.stamp()).into(),
    };
    let fault = magic::fault(&order).filter(|_| !call.disturbed);
    if fault.as_ref().is_some_and(|fault| !fault.accepts()) {
        return Outcome { reply: Reply::empty(StatusCode::OK), fault };
    }
    let inv_id = sim.hex32();
    let answer = json!({
        "amount": order.amount.to_string(),
        "href": sim.href(&inv_id, &call.headers),
        "inv_id": inv_id,
    });
    let record = Record::new(inv_id.clone(), sim.hex32(), sim.clock.now(), order.clone(), &call.body);
    sim.store().insert(record);
    magic::start(sim, &inv_id, &order);
    Outcome { reply: Reply::json(StatusCode::OK, &answer), fault }
}

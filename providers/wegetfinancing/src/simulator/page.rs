//! The customer's page behind `href`, where a person decides as lender and customer would. Works without scripts.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::decide::{self, Decision, Undecided};
use super::faults::Endpoint;
use super::magic;
use super::money;
use super::postback;
use super::state::{Record, Sim, State as Stage};
use lendport_simulation::{Reply, escape};

/// How long the page waits for the first delivery before it answers anyway.
const DELIVERY_WAIT: Duration = Duration::from_millis(1_500);
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'";

/// GET /partner.sandbox/lc/info/{inv_id}
pub(super) async fn show(State(sim): State<Arc<Sim>>, Path(inv_id): Path<String>) -> Response {
    sim.store().count(Endpoint::Page);
    answer(&sim, &inv_id, StatusCode::OK, None)
}

/// The one form field set of the page.
#[derive(Deserialize)]
pub(super) struct Choice {
    decision: String,
    amount: Option<String>,
}

/// POST /partner.sandbox/lc/info/{inv_id}/decide
pub(super) async fn decide(
    State(sim): State<Arc<Sim>>,
    Path(inv_id): Path<String>,
    Form(choice): Form<Choice>,
) -> Response {
    let known = sim.store().get(&inv_id).map(|record| (record.order.clone(), record.state));
    let Some((order, before)) = known else {
        return answer(&sim, &inv_id, StatusCode::NOT_FOUND, None);
    };
    let mut decision = match choice.decision.as_str() {
        "abandon" => {
            if let Some(record) = sim.store().get_mut(&inv_id) {
                record.state = Stage::Abandoned;
            }
            return leave(&sim, &inv_id, order.failure_url.as_deref());
        }
        "preapprove" | "preapproved" => Decision::plain(magic::told(&order, "preapproved")),
        "approve" | "approved" => Decision::plain(magic::told(&order, "approved")),
        "reject" | "rejected" => Decision::plain(magic::told(&order, "rejected")),
        "refund" => Decision::plain(vec!["refund".to_owned()]),
        _ => return answer(&sim, &inv_id, StatusCode::BAD_REQUEST, Some("Choose one of the buttons.")),
    };
    if choice.decision == "refund" {
        if !before.may_ship() {
            return answer(&sim, &inv_id, StatusCode::CONFLICT, Some("Only an approved loan can be refunded."));
        }
        let text = choice.amount.unwrap_or_default();
        match money::parse(text.trim()) {
            Ok(amount) if amount > rust_decimal::Decimal::ZERO && amount.scale() <= 2 => {
                decision.amount = Some(money::cents(amount).to_string());
            }
            _ => {
                let told = "The refund amount must be a positive number such as 100.00.";
                return answer(&sim, &inv_id, StatusCode::BAD_REQUEST, Some(told));
            }
        }
    }
    match decide::decide(&sim, &inv_id, &decision) {
        Ok(places) => {
            let (own, id) = (Arc::clone(&sim), inv_id.clone());
            let delivery = sim.tasks.spawn(async move { postback::deliver(&own, &id, places, false).await });
            let _in_time = tokio::time::timeout(DELIVERY_WAIT, delivery).await;
        }
        // The old dialects have no documented refund: the state moves and nobody is told.
        Err(Undecided::NoForm) => decide::apply(&sim, &inv_id, &decision),
        Err(Undecided::NoSuchRequest | Undecided::Full) => {
            return answer(&sim, &inv_id, StatusCode::CONFLICT, Some("This request takes no more decisions."));
        }
    }
    let happy = decision.statuses.iter().all(|status| status != "rejected");
    let target = if happy { order.success_url } else { order.failure_url };
    leave(&sim, &inv_id, target.filter(|_| choice.decision != "refund").as_deref())
}

/// Sends the browser back to the shop, or to the page itself when the shop named no address.
fn leave(sim: &Sim, inv_id: &str, target: Option<&str>) -> Response {
    let own = format!("/partner.sandbox/lc/info/{inv_id}");
    match HeaderValue::from_str(target.unwrap_or(&own)) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => answer(sim, inv_id, StatusCode::OK, None),
    }
}

fn answer(sim: &Sim, inv_id: &str, status: StatusCode, problem: Option<&str>) -> Response {
    let store = sim.store();
    let reply = match store.get(inv_id) {
        Some(record) => Reply::html(status, page(record, problem)),
        None => {
            let body = "<h1>No such request</h1><p>The simulator does not know this address.</p>";
            Reply::html(StatusCode::NOT_FOUND, frame("No such request", body))
        }
    };
    drop(store);
    let mut response = reply.into_response();
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page(record: &Record, problem: Option<&str>) -> String {
    let order = &record.order;
    let mut body = String::from("<h1>Financing request</h1>");
    if let Some(problem) = problem {
        let _ok = write!(body, "<p class=problem role=alert>{}</p>", escape(problem));
    }
    let _ok = write!(
        body,
        "<dl><dt>State</dt><dd role=status>{}</dd><dt>Amount</dt><dd>{} {}</dd><dt>Tax inside</dt><dd>{}</dd>\
         <dt>Country</dt><dd>{}</dd><dt>Request</dt><dd><code>{}</code></dd></dl>",
        record.state.word().replace('_', " "),
        order.amount,
        order.currency,
        order.tax,
        order.country,
        escape(&record.inv_id),
    );
    if !order.lines.is_empty() {
        body.push_str("<h2>Items</h2><ul>");
        for line in &order.lines {
            let _ok = write!(
                body,
                "<li>{} × {} at {}</li>",
                line.quantity,
                escape(&line.name),
                money::cents(line.unit_price)
            );
        }
        body.push_str("</ul>");
    }
    body.push_str("<h2>Decide</h2><p>Choose what the lender, or the customer, does next.</p><div class=buttons>");
    for (word, label) in
        [("preapprove", "Preapprove"), ("approve", "Approve"), ("reject", "Reject"), ("abandon", "Abandon")]
    {
        let _ok = write!(body, "{}<button name=decision value={word}>{label}</button></form>", form(record));
    }
    let rest = order.amount - record.refunded;
    let _ok = write!(
        body,
        "</div><h2>Refund</h2>{}<label for=amount>Amount in {}</label> \
         <input id=amount name=amount inputmode=decimal autocomplete=off required value=\"{rest}\"> \
         <button name=decision value=refund>Refund</button></form>",
        form(record),
        order.currency,
    );
    body.push_str("<h2>Postbacks</h2>");
    match &order.postback_url {
        None => body.push_str("<p>The request named no postback address, so nobody is told.</p>"),
        Some(_) if record.postbacks.is_empty() => body.push_str("<p>None yet.</p>"),
        Some(_) => {
            body.push_str("<ol>");
            for sent in &record.postbacks {
                let last = sent.tries.last();
                let outcome =
                    match (last.and_then(|tried| tried.status), last.and_then(|tried| tried.failure.as_deref())) {
                        (Some(status), _) => format!("answered {status}"),
                        (None, Some(failure)) => format!("no answer ({failure})"),
                        (None, None) => "not sent yet".to_owned(),
                    };
                let told = String::from_utf8_lossy(&sent.body);
                let _ok =
                    write!(body, "<li>{outcome}, tries: {}<br><code>{}</code></li>", sent.tries_total, escape(&told));
            }
            body.push_str("</ol>");
        }
    }
    frame("Financing request (simulator)", &body)
}

fn form(record: &Record) -> String {
    format!("<form method=post action=\"/partner.sandbox/lc/info/{}/decide\">", escape(&record.inv_id))
}

fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style></head><body><p class=banner>SIMULATOR: no lender, no money, \
         no real application. <a href=\"/_sim/\">How to control it</a></p><main>{body}</main></body></html>"
    )
}

const STYLE: &str = ":root{color-scheme:light dark}body{font:1.05rem/1.5 system-ui,sans-serif;margin:0;color:#1b1b1b;background:#fff}\
main{max-width:42rem;margin:0 auto;padding:0 1rem 3rem}.banner{margin:0;padding:.6rem 1rem;background:#3b2a00;color:#fff}\
.banner a{color:#ffe08a}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}\
dd{margin:0}code{overflow-wrap:anywhere}.buttons{display:flex;flex-wrap:wrap;gap:.6rem}\
button{font:inherit;padding:.5rem 1rem;border:2px solid #1b4d8f;border-radius:.3rem;background:#fff;color:#1b4d8f}\
button:hover{background:#e8f0fb}input{font:inherit;padding:.45rem;border:2px solid #555;border-radius:.3rem;width:9rem}\
:focus-visible{outline:3px solid #c2410c;outline-offset:2px}.problem{padding:.6rem;border:2px solid #a40000;color:#a40000}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}button{background:#161616;color:#9cc3ff;\
border-color:#9cc3ff}button:hover{background:#24344d}.problem{color:#ff9d9d;border-color:#ff9d9d}}";

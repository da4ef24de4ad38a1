//! The payer's page behind `checkout_uri`. Works without scripts and with the keyboard alone.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Form, Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;

use super::checkout::{Address, Checkout, Payer};
use super::decide::{self, Act, Undone};
use super::dialect::State as Stage;
use super::endpoint::Endpoint;
use super::hosted::Hosted;
use super::html::{self, POLICY};
use super::notice::{self, Telling};
use super::object;
use super::order::Method;
use super::state::Sim;
use lendport_simulation::{Reply, escape};

/// How long the page waits for the first notice before it answers anyway.
const DELIVERY_WAIT: Duration = Duration::from_millis(1_500);

/// The fields of the page's form.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Choice {
    decision: String,
    name: String,
    email: String,
    funding_source: String,
    street: String,
    city: String,
    region: String,
    postcode: String,
    country: String,
}

/// GET of the page. Opening it counts as activity: the half hour begins again.
pub(super) async fn show(State(sim): State<Arc<Sim>>, Path((id, token)): Path<(u64, String)>) -> Response {
    let now = sim.clock.now();
    {
        let mut store = sim.store();
        store.count(Endpoint::Page);
        if store.get(id).is_some_and(|checkout| checkout.token == token) {
            store.change(id, now, Telling::Merged, |checkout, _| checkout.active = now);
        }
    }
    answer(&sim, id, &token, StatusCode::OK, None)
}

/// POST of the page's form.
pub(super) async fn decide(
    State(sim): State<Arc<Sim>>,
    Path((id, token)): Path<(u64, String)>,
    Form(choice): Form<Choice>,
) -> Response {
    let known = {
        let store = sim.store();
        let checkout = store.get(id).filter(|checkout| checkout.token == token);
        checkout.and_then(|checkout| Some((hosted(checkout)?.clone(), payer(checkout, &choice), choice.pays())))
    };
    let Some((hosted, payer, pays)) = known else {
        return answer(&sim, id, &token, StatusCode::NOT_FOUND, None);
    };
    let told = match choice.decision.as_str() {
        // WePay has no way out: whoever leaves goes back by himself. Nothing is told and nothing changes.
        "leave" | "abandon" => {
            return match hosted.redirect_uri.as_deref() {
                Some(uri) => leave(&sim, id, &token, uri),
                None => answer(&sim, id, &token, StatusCode::OK, Some("You left without paying.")),
            };
        }
        "decline" | "reject" | "rejected" => decide::act(&sim, id, Act::Decline, None, Telling::Merged),
        "preapprove" => decide::pay(&sim, id, payer, false),
        _ if pays => decide::pay(&sim, id, payer, true),
        _ => return answer(&sim, id, &token, StatusCode::BAD_REQUEST, Some("Choose one of the buttons.")),
    };
    match told {
        Ok(places) => {
            let own = Arc::clone(&sim);
            let delivery = sim.tasks.spawn(async move { notice::deliver(&own, id, places, false).await });
            let _in_time = tokio::time::timeout(DELIVERY_WAIT, delivery).await;
        }
        Err(Undone::NoSuchCheckout | Undone::NotNow(_)) => {
            let problem = "This payment is no longer waiting for you.";
            return answer(&sim, id, &token, StatusCode::CONFLICT, Some(problem));
        }
    }
    let paid = sim.store().get(id).is_some_and(|checkout| checkout.paid.is_some());
    match hosted.redirect_uri {
        // Inside a frame the surrounding page is told and decides where to go.
        Some(uri) if paid && !hosted.iframe => leave(&sim, id, &token, &with_checkout_id(&uri, id)),
        _ => answer(&sim, id, &token, StatusCode::OK, None),
    }
}

impl Choice {
    fn pays(&self) -> bool {
        matches!(self.decision.as_str(), "pay" | "approve" | "approved")
    }
}

pub(super) fn hosted(checkout: &Checkout) -> Option<&Hosted> {
    match &checkout.order.method {
        Method::Hosted(hosted) => Some(hosted),
        _ => None,
    }
}

/// The payer as typed in; what was left empty is as prefilled or made up.
fn payer(checkout: &Checkout, choice: &Choice) -> Payer {
    let mut payer = decide::usual_payer(checkout);
    let typed = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    payer.name = typed(&choice.name).unwrap_or(payer.name);
    payer.email = typed(&choice.email).unwrap_or(payer.email);
    payer.bank = choice.funding_source == "bank";
    let name = payer.name.clone();
    payer.address = payer.address.map(|usual| Address {
        name,
        street: typed(&choice.street).unwrap_or(usual.street),
        city: typed(&choice.city).unwrap_or(usual.city),
        region: typed(&choice.region).unwrap_or(usual.region),
        postcode: typed(&choice.postcode).unwrap_or(usual.postcode),
        country: typed(&choice.country).unwrap_or(usual.country),
    });
    payer
}

/// The address with `checkout_id` added to what its query already says.
pub(super) fn with_checkout_id(uri: &str, id: u64) -> String {
    let Ok(mut url) = url::Url::parse(uri) else { return uri.to_owned() };
    url.query_pairs_mut().append_pair("checkout_id", &id.to_string());
    url.into()
}

fn leave(sim: &Sim, id: u64, token: &str, target: &str) -> Response {
    match HeaderValue::from_str(target) {
        Ok(location) => (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response(),
        Err(_) => answer(sim, id, token, StatusCode::OK, None),
    }
}

fn answer(sim: &Sim, id: u64, token: &str, status: StatusCode, problem: Option<&str>) -> Response {
    let store = sim.store();
    let checkout = store.get(id).filter(|checkout| checkout.token == token);
    let page = checkout.and_then(|checkout| Some((checkout, hosted(checkout)?)));
    let reply = match page {
        Some((checkout, hosted)) => Reply::html(status, page_of(checkout, hosted, problem)),
        None => {
            let body = "<h1>No such payment</h1><p>The simulator does not know this address.</p>";
            Reply::html(StatusCode::NOT_FOUND, html::frame("No such payment", body))
        }
    };
    let framed = page.is_some_and(|(_, hosted)| hosted.iframe);
    drop(store);
    let mut response = reply.into_response();
    let ancestors = if framed { "*" } else { "'none'" };
    let policy = HeaderValue::from_str(&format!("{POLICY}; frame-ancestors {ancestors}"));
    if let Ok(policy) = policy {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn page_of(checkout: &Checkout, hosted: &Hosted, problem: Option<&str>) -> String {
    let order = &checkout.order;
    let sums = checkout.sums();
    let mut body = String::from("<h1>Payment</h1>");
    if let Some(problem) = problem {
        let _ok = write!(body, "<p class=problem role=alert>{}</p>", escape(problem));
    }
    let extra = sums.gross - order.amount - hosted.shipping_fee;
    let _ok = write!(
        body,
        "<p>{}</p><dl><dt>State</dt><dd role=status>{}</dd><dt>Amount</dt><dd>{} {currency}</dd><dt>Shipping</dt>\
         <dd>{} {currency}</dd><dt>Fees</dt><dd>{extra} {currency}</dd><dt>You pay</dt><dd>{} {currency}</dd></dl>",
        escape(&order.short_description),
        html::plain(checkout.state),
        order.amount,
        hosted.shipping_fee,
        sums.gross,
        currency = order.currency,
    );
    if checkout.state == Stage::New {
        html::form(&mut body, checkout, hosted, &format!("{}/decide", object::page_path(checkout)));
        return html::frame("Payment", &body);
    }
    body.push_str(if checkout.paid.is_some() {
        "<p>Thank you. The payment was made and nothing more is needed here.</p>"
    } else {
        "<p>This payment is no longer waiting for you.</p>"
    });
    if let Some(uri) = hosted.redirect_uri.as_deref().filter(|_| checkout.paid.is_some()) {
        let target = with_checkout_id(uri, checkout.id);
        let _ok = write!(body, "<p><a href=\"{}\" target=_top>Back to the shop</a></p>", escape(&target));
    }
    if checkout.paid.is_some() && hosted.iframe {
        let _ok = write!(body, "<script src=\"/js/complete.js\" data-checkout-id=\"{}\"></script>", checkout.id);
    }
    html::frame("Payment", &body)
}

/// GET of the script that shops embed, as WePay's own is called.
pub(super) async fn widget() -> Response {
    script(include_str!("widget.js"))
}

/// GET of the script that tells the surrounding page that the payer is done.
pub(super) async fn complete() -> Response {
    script(include_str!("complete.js"))
}

fn script(text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, "text/javascript; charset=utf-8")], text).into_response()
}

/// GET of `/dispute/payer_create/{id}/{token}`: where a payer would open a dispute.
pub(super) async fn dispute(State(sim): State<Arc<Sim>>, Path((id, token)): Path<(u64, String)>) -> Reply {
    let known = sim.store().get(id).is_some_and(|checkout| checkout.token == token);
    let status = if known { StatusCode::OK } else { StatusCode::NOT_FOUND };
    let body = "<h1>Dispute</h1><p>A payer would explain here. In the simulator use the control API: \
                <code>chargeback</code>, <code>chargeback_won</code>, <code>chargeback_lost</code>.</p>";
    Reply::html(status, html::frame("Dispute", body))
}

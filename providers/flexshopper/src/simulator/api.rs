//! The frame around every call: read the body, count, take a fault, check key and headers, carry out, answer.

use std::sync::Arc;
use std::time::Duration;

use axum::body::to_bytes;
use axum::extract::{ConnectInfo, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;

use super::account;
use super::agreements;
use super::apply;
use super::endpoint::Endpoint;
use super::errors::{Refusal, data};
use super::fields::Fields;
use super::fulfil;
use super::gateways;
use super::lease;
use super::object;
use super::payment_methods;
use super::rules::{MixedTokens, Verdict};
use super::state::Sim;
use super::transactions;
use super::users;
use lendport_simulation::{Json, Reply, Wire};

/// Bytes of a request body.
const BODY_MAX_BYTES: usize = 1024 * 1024;
/// How often a decision is looked at that somebody waits for.
const LOOK: Duration = Duration::from_millis(10);

/// Names and values of the query.
type Query = Vec<(String, String)>;

/// A call whose key and headers were good.
pub(super) struct Call<'a> {
    pub(super) endpoint: Endpoint,
    /// Whose key it came with.
    pub(super) account: usize,
    pub(super) headers: &'a HeaderMap,
    pub(super) query: Query,
    pub(super) body: Json,
    /// The id in the path.
    pub(super) id: String,
    pub(super) now: Timestamp,
}

impl Call<'_> {
    /// A parameter of the query that says something.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(known, value)| known == name && !value.is_empty()).map(|(_, value)| value.as_str())
    }

    /// A boolean parameter; left out it is false.
    pub(super) fn flag(&self, name: &str) -> Result<bool, Refusal> {
        match self.parameter(name) {
            None | Some("false") => Ok(false),
            Some("true") => Ok(true),
            Some(_) => Err(Refusal::Invalid(format!("\"{name}\" must be a boolean"))),
        }
    }

    /// A header that says something.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        text(self.headers, name)
    }

    /// The members of the body. Those that no document knows are noted, or refused when the rules say so.
    pub(super) fn fields(&self, sim: &Sim, known: &[&str]) -> Result<Fields<'_>, Refusal> {
        let fields = Fields::root(&self.body);
        let mut strange = Vec::new();
        fields.unknown(known, &mut strange);
        self.strange(sim, strange)?;
        Ok(fields)
    }

    /// Notes members that no document knows, or refuses the first one.
    pub(super) fn strange(&self, sim: &Sim, names: Vec<String>) -> Result<(), Refusal> {
        let mut store = sim.store();
        match names.first().filter(|_| store.rules.refuse_unknown_fields) {
            Some(name) => Err(Refusal::Invalid(format!("\"{name}\" is not allowed"))),
            None => {
                store.note_strange(self.endpoint, names);
                Ok(())
            }
        }
    }
}

/// Any call below `/v3/`.
pub(super) async fn handle(State(sim): State<Arc<Sim>>, Path(path): Path<String>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let (endpoint, id) = Endpoint::of(&parts.method, &path);
    let wire = parts.extensions.get::<ConnectInfo<Wire>>().map(|info| info.0.clone());
    let body = to_bytes(body, BODY_MAX_BYTES).await;
    let fault = {
        let mut store = sim.store();
        store.count(endpoint);
        store.faults.take(&endpoint)
    };
    let Ok(body) = body else {
        return Reply::text(StatusCode::PAYLOAD_TOO_LARGE, "Payload too large\n").into_response();
    };
    let reply = match &fault {
        Some(fault) if !fault.accepts() => Reply::empty(StatusCode::OK),
        _ => {
            let query = parts.uri.query().unwrap_or_default();
            carry_out(&sim, endpoint, id.unwrap_or_default(), &parts.headers, query, &body).await
        }
    };
    match fault {
        Some(fault) => fault.bend(&sim, wire.as_ref(), reply).await,
        None => reply.into_response(),
    }
}

async fn carry_out(sim: &Sim, endpoint: Endpoint, id: String, headers: &HeaderMap, query: &str, body: &[u8]) -> Reply {
    let now = sim.clock.now();
    let call = match admit(sim, endpoint, headers, query, body) {
        Ok((account, query, body)) => Call { endpoint, account, headers, query, body, id, now },
        Err(refusal) => return refused(sim, endpoint, &refusal),
    };
    if endpoint == Endpoint::Apply {
        return match apply::apply(sim, &call) {
            Ok(user) => decided(sim, &call, &user).await,
            Err(refusal) => refused(sim, endpoint, &refusal),
        };
    }
    dispatch(sim, &call).unwrap_or_else(|refusal| refused(sim, endpoint, &refusal))
}

fn refused(sim: &Sim, endpoint: Endpoint, refusal: &Refusal) -> Reply {
    let mut store = sim.store();
    store.note_refusal(sim.clock.now(), endpoint, refusal);
    refusal.reply(&store.rules)
}

fn dispatch(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    match call.endpoint {
        Endpoint::UserExists => users::exists(sim, call),
        Endpoint::DeepExists => users::deep_exists(sim, call),
        Endpoint::CreateUser => users::create(sim, call),
        Endpoint::Authorize => users::authorize(sim, call),
        Endpoint::Me => users::me(sim, call),
        Endpoint::Users => users::list(sim, call),
        Endpoint::AddPaymentMethod => payment_methods::add(sim, call),
        Endpoint::PaymentMethods => payment_methods::list(sim, call),
        Endpoint::VerifyAch => payment_methods::verify_ach(sim, call),
        Endpoint::ChildKey => Ok(gateways::child_key(sim)),
        Endpoint::Pkms => Ok(gateways::pkms()),
        Endpoint::CreateLease => lease::create(sim, call),
        Endpoint::Lease => lease::show(sim, call),
        Endpoint::Sign => lease::sign(sim, call),
        Endpoint::Transaction => transactions::one(sim, call),
        Endpoint::Transactions => transactions::list(sim, call),
        Endpoint::Finalize => transactions::finalize(sim, call),
        Endpoint::Cancel => fulfil::cancel(sim, call),
        Endpoint::Return => fulfil::take_return(sim, call),
        Endpoint::ConfirmShipment => fulfil::ship(sim, call),
        Endpoint::ConfirmReceipt => fulfil::receive(sim, call),
        Endpoint::Agreements => agreements::list(sim, call),
        Endpoint::CollectPayment => agreements::collect(sim, call),
        Endpoint::Settings => Ok(gateways::settings(sim)),
        Endpoint::Apply | Endpoint::Script | Endpoint::Order | Endpoint::Other => Err(Refusal::NO_ROUTE),
    }
}

/// Route, key, headers and body, in this order: whose key it is, the query, the body.
fn admit(
    sim: &Sim,
    endpoint: Endpoint,
    headers: &HeaderMap,
    query: &str,
    body: &[u8],
) -> Result<(usize, Query, Json), Refusal> {
    if endpoint == Endpoint::Other {
        return Err(Refusal::NO_ROUTE);
    }
    let given = text(headers, header::AUTHORIZATION.as_str()).ok_or(Refusal::NO_KEY)?;
    {
        let mut store = sim.store();
        let account = account::of_key(&store.accounts, given).ok_or(Refusal::WRONG_KEY)?;
        let rules = store.rules.clone();
        if let Some(known) = store.accounts.get_mut(account) {
            known.admit(&rules, sim.clock.now()).map_err(Refusal::Limited)?;
            if known.suspended {
                return Err(Refusal::SUSPENDED);
            }
        }
        let consumer = text(headers, "x-consumer-custom-id");
        if consumer.is_none() && rules.consumer_required && endpoint.needs_consumer() {
            return Err(Refusal::Invalid("\"x-consumer-custom-id\" is required".to_owned()));
        }
        if consumer.is_some_and(|text| !is_consumer(text)) {
            return Err(Refusal::rejected("x-consumer-custom-id is not of the form channel:vendorId"));
        }
        drop(store);
        let query = serde_urlencoded::from_str(query).map_err(|_| Refusal::rejected("the query cannot be read"))?;
        Ok((account, query, read_body(headers, body)?))
    }
}

fn is_consumer(text: &str) -> bool {
    text.split_once(':')
        .is_some_and(|(channel, vendor)| !channel.is_empty() && !vendor.is_empty() && !vendor.contains(':'))
}

/// A body, which has to be labelled as JSON. Nothing at all is an empty one.
fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Json, Refusal> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Ok(Json::object([]));
    }
    let kind = text(headers, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::rejected("the body is not labelled application/json"));
    }
    match Json::parse(body) {
        Some(body @ Json::Object(_)) => Ok(body),
        _ => Err(Refusal::Invalid("Invalid request payload JSON format".to_owned())),
    }
}

/// The customer that a token speaks for. Mixing tokens and keys is noted at both accounts.
pub(super) fn customer(sim: &Sim, call: &Call<'_>) -> Result<String, Refusal> {
    let given = call.header("customer-token").ok_or(Refusal::NO_TOKEN)?;
    let mut store = sim.store();
    let token = store.people.token(given).cloned().ok_or(Refusal::WRONG_KEY)?;
    if token.account != call.account {
        let suspend = store.rules.mixed_tokens == MixedTokens::Suspend;
        for place in [token.account, call.account] {
            if let Some(account) = store.accounts.get_mut(place) {
                account.mixed += 1;
                account.suspended |= suspend;
            }
        }
        return Err(Refusal::WRONG_KEY);
    }
    if token.until <= call.now || store.people.get(&token.user).is_none() {
        return Err(Refusal::WRONG_KEY);
    }
    Ok(token.user)
}

/// Answers the customer, once the decision is there when the rules say that apply waits.
async fn decided(sim: &Sim, call: &Call<'_>, user: &str) -> Reply {
    loop {
        {
            let now = sim.clock.now();
            let store = sim.store();
            let pending = store.people.get(user).is_some_and(|user| user.verdict(now) == Some(Verdict::Pending));
            if !pending || !store.rules.apply_waits {
                return data(object::user(&store, user, call.account, now, false));
            }
        }
        tokio::select! {
            () = sim.stop.cancelled() => return Reply::empty(StatusCode::SERVICE_UNAVAILABLE),
            () = tokio::time::sleep(LOOK) => {}
        }
    }
}

/// A header that says something.
fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim).filter(|text| !text.is_empty())
}

//! `GET /c/{client_token}/status`: where the customer stands, for scripts.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use lendport_core::url_origin;
use lendport_engine::{CustomerView, FinancerFace, digest_of};
use serde::Serialize;
use utoipa::ToSchema;

use super::customer::{Customer, told_plainly};
use crate::app::App;
use crate::openapi::parts::ClientProblems;
use crate::problem::Problem;

/// How often a page that hears nothing by itself asks again.
const POLL_AFTER_MS: u32 = 2_000;
/// Hexadecimal digits of a digest that tell one document from the next.
const TAG_DIGITS: usize = 24;

/// A financer as customers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientFinancer)]
pub(crate) struct FinancerDocument {
    /// Its short name.
    id: String,
    /// Its name for people.
    name: &'static str,
    /// `loan`, `payment`, `lease_to_own`; others may follow.
    #[schema(example = "loan")]
    kind: &'static str,
}

/// How the latest try ended, where another financer can be chosen.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientEndedTry)]
pub(crate) struct EndedDocument {
    #[serde(flatten)]
    financer: FinancerDocument,
    /// `declined`, `failed` or `expired`. Never why.
    #[schema(example = "declined")]
    outcome: &'static str,
}

/// The shop.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientShop)]
pub(crate) struct ShopDocument {
    /// Its name.
    name: String,
}

/// What the customer owes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientAmount)]
pub(crate) struct AmountDocument {
    /// Decimal text.
    #[schema(example = "1420.00")]
    total: String,
    /// ISO 4217.
    #[schema(example = "USD")]
    currency: &'static str,
}

/// Where the customer goes.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientNextAction)]
pub(crate) struct ActionDocument {
    /// The preferred way: `lightbox`, `iframe`, `redirect` or `plugin`.
    #[serde(rename = "type")]
    #[schema(example = "lightbox")]
    kind: &'static str,
    /// The financer's page; its script for `plugin`, which nobody is led to.
    url: String,
    /// Other ways that work with the same address.
    also: Vec<&'static str>,
    /// Scheme, host and port of `url`.
    origin: String,
    /// When the address stops working, where known.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
}

/// Where a customer stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ClientCheckout)]
pub(crate) struct StatusDocument {
    /// Always `client_checkout`.
    #[schema(example = "client_checkout")]
    object: &'static str,
    /// `test` or `live`.
    mode: &'static str,
    /// `choose`, `preparing`, `checking`, `continue`, `deciding`, `preapproved`, `approved`, `declined`, `failed`,
    /// `expired`, `canceled` or `closed`.
    #[schema(example = "continue")]
    pub(super) state: &'static str,
    /// True when there is nothing more to wait for.
    pub(super) is_final: bool,
    /// The shop.
    merchant: ShopDocument,
    /// What the customer owes.
    amount: AmountDocument,
    /// The latest try, to be sent back with a choice; null before the first.
    attempt: Option<String>,
    /// Its financer.
    financer: Option<FinancerDocument>,
    /// How it ended, where another can be chosen.
    previous: Option<EndedDocument>,
    /// The financer's page or script, as long as it may be used.
    next_action: Option<ActionDocument>,
    /// True while the customer's next step is in the shop's own pages, to which `return_url` leads back.
    in_shop: bool,
    /// Financers that may be chosen now.
    choices: Vec<FinancerDocument>,
    /// Where the merchant wants the customer as things stand.
    return_url: Option<String>,
    /// When to ask again; null when `is_final`.
    poll_after_ms: Option<u32>,
}

impl StatusDocument {
    pub(super) fn of(view: &CustomerView) -> Self {
        let financer =
            |face: &FinancerFace| FinancerDocument { id: face.id.clone(), name: face.name, kind: face.product };
        let ended = view.ended.zip(view.financer.as_ref());
        let is_final = view.standing.is_final();
        Self {
            object: "client_checkout",
            mode: view.mode.as_str(),
            state: view.standing.as_str(),
            is_final,
            merchant: ShopDocument { name: view.shop_name.clone() },
            amount: AmountDocument { total: view.total.to_string(), currency: view.total.currency().code() },
            attempt: view.attempt.map(|id| id.to_string()),
            financer: view.financer.as_ref().map(financer),
            previous: ended.map(|(ended, face)| EndedDocument { financer: financer(face), outcome: ended.as_str() }),
            next_action: view.next_action.as_ref().map(|action| ActionDocument {
                kind: action.kind.as_str(),
                url: action.url.clone(),
                also: action.also.iter().map(|kind| kind.as_str()).collect(),
                origin: url_origin(&action.url).unwrap_or_default(),
                expires_at: action.expires_at,
            }),
            in_shop: view.in_shop,
            choices: view.choices.iter().map(financer).collect(),
            return_url: view.return_url.clone(),
            poll_after_ms: (!is_final).then_some(POLL_AFTER_MS),
        }
    }

    pub(super) fn text(&self) -> String {
        // Strings and lists of them: this cannot fail.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// What tells one content from the next, as an ETag without its quotes.
pub(super) fn tag_of(content: &[u8]) -> String {
    digest_of(&[content]).chars().take(TAG_DIGITS).collect()
}

/// Content that is sent only to who does not have it already.
pub(crate) fn tagged(content: Vec<u8>, media_type: &'static str, headers: &HeaderMap) -> Response {
    let tag = format!("\"{}\"", tag_of(&content));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let has_it = known.is_some_and(|known| known.split(',').any(|one| one.trim().trim_start_matches("W/") == tag));
    let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { content.into_response() };
    let headers = response.headers_mut();
    if !has_it {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    }
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store, private"));
    response
}

/// Read where the customer stands
///
/// For the script of the customer's page, and for yours on a site that you allow. Says nothing of why a financer declined.
#[utoipa::path(
    get,
    path = "/c/{client_token}/status",
    operation_id = "getClientStatus",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "Where the customer stands", body = StatusDocument,
         headers(("ETag" = String, description = "Give it as If-None-Match"))),
        (status = 304, description = "As it was"),
        ClientProblems
    )
)]
pub(super) async fn get(State(app): State<App>, customer: Customer, headers: HeaderMap) -> Result<Response, Problem> {
    let view = customer.view(&app).await.map_err(|problem| told_plainly(&problem))?;
    Ok(tagged(StatusDocument::of(&view).text().into_bytes(), "application/json", &headers))
}

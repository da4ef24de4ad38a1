//! `POST /c/{client_token}/attempts`: the customer chooses a financer. Made twice, the same choice starts one attempt.

use std::sync::Arc;

use axum::extract::{FromRequest, Request, State};
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use lendport_core::Invalid;
use lendport_engine::{Effect, EngineError, Rendered, Ticket, digest_of};
use utoipa::ToSchema;

use super::customer::{Customer, told_plainly};
use super::status::{StatusDocument, tagged};
use crate::app::App;
use crate::body::client::{Choice, choice, judge};
use crate::client_token::Opened;
use crate::extract::JsonBody;
use crate::openapi::parts::ClientChoiceProblems;
use crate::problem::{Code, Problem};

const FORM: &str = "application/x-www-form-urlencoded";

/// A choice.
#[derive(ToSchema)]
#[schema(as = ClientChoice)]
#[expect(dead_code, reason = "describes a body")]
pub(crate) struct ChoiceBody {
    /// `id` of one of `choices`.
    #[schema(example = "wepay")]
    provider: String,
    /// `attempt` of the status that the choice was made on; null where it was null. A choice made on an older status is
    /// refused.
    after: Option<String>,
}

/// The body as the page's script or its plain form sends it.
pub(super) enum Sent {
    Json(Choice),
    /// With the rest of the form's address.
    Form(Choice, String),
}

impl FromRequest<App> for Sent {
    type Rejection = Problem;

    async fn from_request(mut request: Request, app: &App) -> Result<Self, Problem> {
        let form = is_form(request.headers());
        if form {
            // The limits on a body are the same for both.
            request.headers_mut().remove(header::CONTENT_TYPE);
            request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        }
        let body = JsonBody::from_request(request, app).await?;
        if !form {
            return body.read_valid(choice).map(Self::Json);
        }
        let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(&body.0)
            .map_err(|_| Problem::new(Code::MalformedJson, "the form could not be read"))?;
        let field = |name: &str| pairs.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        let mut notes = Invalid::none();
        let chosen = judge(field("provider"), field("after"), &mut notes);
        notes.finish().map_err(|invalid| Problem::fields(Code::ValidationFailed, invalid))?;
        let kept = pairs.iter().filter(|(name, _)| matches!(name.as_str(), "lang" | "embed")).collect::<Vec<_>>();
        Ok(Self::Form(chosen, serde_urlencoded::to_string(kept).unwrap_or_default()))
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    kind.split(';').next().is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM))
}

/// Choose a financer
///
/// Starts it, where nothing is committed and nothing is under way but a page that the customer can leave. The same choice
/// made twice starts one attempt. The page's own form may send it as a form, and is led back to the page.
#[utoipa::path(
    post,
    path = "/c/{client_token}/attempts",
    operation_id = "chooseFinancer",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    request_body(content = ChoiceBody),
    responses(
        (status = 200, description = "The choice stands; where the customer is now", body = StatusDocument),
        (status = 303, description = "To the page, after a form"),
        ClientChoiceProblems
    )
)]
pub(super) async fn choose(State(app): State<App>, customer: Customer, sent: Sent) -> Result<Response, Problem> {
    let (chosen, form) = match sent {
        Sent::Json(chosen) => (chosen, None),
        Sent::Form(chosen, rest) => (chosen, Some(rest)),
    };
    let started = start(&app, customer.opened, chosen).await;
    if let Some(rest) = form {
        // Whatever came of it, the page says where the customer stands.
        let page = format!("/c/{}{}{rest}", customer.token, if rest.is_empty() { "" } else { "?" });
        let location = HeaderValue::from_str(&page).map_err(|_| Problem::plain(Code::NotFound))?;
        return Ok((StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response());
    }
    started.map_err(|problem| told_plainly(&problem))?;
    let view = customer.view(&app).await.map_err(|problem| told_plainly(&problem))?;
    Ok(tagged(StatusDocument::of(&view).text().into_bytes(), "application/json", &HeaderMap::new()))
}

async fn start(app: &App, opened: Opened, Choice { provider, after }: Choice) -> Result<(), Problem> {
    let Opened { tenant, checkout, .. } = opened;
    let seen = after.map(|id| id.to_string()).unwrap_or_default();
    let route = format!("POST /c/attempts {checkout}");
    let ticket = Ticket {
        fingerprint: digest_of(&[route.as_bytes(), &[0], provider.as_bytes(), &[0], seen.as_bytes()]),
        route,
        key: format!("{provider}:{seen}"),
        render: Arc::new(nothing),
    };
    let engine = app.engine.clone();
    app.run(async move { engine.choose_financer(tenant, checkout, &provider, after, ticket).await }).await
}

/// What came of it is read from the checkout: only that the choice was made is stored.
fn nothing(_: &Result<Effect, EngineError>) -> Rendered {
    Rendered { status: 200, body: "{}".to_owned(), version: None }
}

//! `GET /c/{client_token}`: the customer's page, and the part of it that changes.

use axum::Extension;
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, StatusCode, Uri, header};
use lendport_core::{NextActionKind, url_origin};
use lendport_engine::CustomerView;
use lendport_ui::{Locale, NoticeKind, NoticePage, render_notice, render_page, render_stage};

use super::customer::{Customer, told_plainly};
use super::face::{self, Manner};
use super::policy::Policy;
use super::status::tagged;
use super::visit::Visit;
use crate::app::App;
use crate::client_token::{Opened, TokenRefusal};
use crate::extract::PathParts;
use crate::openapi::parts::ClientProblems;
use crate::problem::Problem;

/// Where what failed does not say when to come again.
const RETRY_AFTER_S: u32 = 1;

/// Show the customer's page (HTML)
///
/// `lang` chooses a language, `embed=1` says that it is shown in a frame of the merchant's page.
#[utoipa::path(
    get,
    path = "/c/{client_token}",
    operation_id = "getCustomerPage",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "The next step, or where things stand", body = String, content_type = "text/html"),
        (status = 404, description = "The link is wrong", body = String, content_type = "text/html"),
        (status = 410, description = "The link has run out", body = String, content_type = "text/html"),
        (
            status = 503,
            description = "Try again in a moment",
            headers(("Retry-After" = String, description = "Seconds to wait")),
            body = String,
            content_type = "text/html"
        )
    )
)]
pub(super) async fn page(
    State(app): State<App>,
    Extension(visit): Extension<Visit>,
    path: PathParts,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let manner = Manner::of(&uri, &headers);
    if let Err(problem) = &visit.counted {
        return try_again(&app, &manner, problem);
    }
    let customer = match visit.opened {
        Ok(opened) => Customer { opened, token: path.get("client_token").to_owned() },
        Err(refusal) => return refused(&app, refusal, &manner).await,
    };
    match customer.view(&app).await {
        Ok(view) => shown(&app, &customer, &view, &manner),
        Err(problem) if problem.code().entry().status == 404 => refused(&app, TokenRefusal::Unknown, &manner).await,
        Err(problem) => try_again(&app, &manner, &problem),
    }
}

fn shown(app: &App, customer: &Customer, view: &CustomerView, manner: &Manner) -> Response {
    let nonce = app.ids.token().expose().clone();
    let next = view.next_action.as_ref();
    let url_of =
        |plugin: bool| next.filter(|one| (one.kind == NextActionKind::Plugin) == plugin).map(|one| one.url.as_str());
    let (framed, plugin) = (url_of(false), url_of(true));
    let frames = view.financer.as_ref().map(|financer| financer.frames).unwrap_or_default();
    let policy = Policy { nonce: &nonce, shop: Some(&view.shop), framed, frames, plugin, ..Policy::default() };
    let html = render_page(&face::page(customer, view, manner, nonce.clone()));
    policy.page(StatusCode::OK, html)
}

/// Show the part of the customer's page that changes (HTML)
#[utoipa::path(
    get,
    path = "/c/{client_token}/stage",
    operation_id = "getCustomerPageStage",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "A part of a page", body = String, content_type = "text/html"),
        (status = 304, description = "As it was"),
        ClientProblems
    )
)]
pub(super) async fn stage(
    State(app): State<App>,
    customer: Customer,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let manner = Manner::of(&uri, &headers);
    let view = customer.view(&app).await.map_err(|problem| told_plainly(&problem))?;
    // A part of a page has no elements that would need a nonce.
    let html = render_stage(&face::page(&customer, &view, &manner, String::new()));
    Ok(tagged(html.into_bytes(), "text/html; charset=utf-8", &headers))
}

/// A page for an address that opens nothing. One that has run out names the shop and leads to its front door: where
/// exactly in the shop was for the customer, and an old link may be in anybody's hands.
pub(super) async fn refused(app: &App, refusal: TokenRefusal, manner: &Manner) -> Response {
    let usual = Notice::of(app, manner);
    let TokenRefusal::Expired(Opened { tenant, checkout, .. }) = refusal else { return usual.page() };
    let expired = Notice { kind: NoticeKind::Expired, ..usual };
    let engine = app.engine.clone();
    let Ok(view) = app.run(async move { engine.customer_view(tenant, checkout).await }).await else {
        return expired.page();
    };
    let front_door = view.return_url.as_deref().and_then(url_origin);
    Notice { locale: manner.locale(Some(&view.shop)), shop: Some(&view), return_url: front_door, ..expired }.page()
}

/// A page for what cannot be shown now, with when to come again.
pub(super) fn try_again(app: &App, manner: &Manner, why: &Problem) -> Response {
    let mut page = Notice { kind: NoticeKind::TryAgain, ..Notice::of(app, manner) }.page();
    page.headers_mut().insert(header::RETRY_AFTER, why.retry_after_s().unwrap_or(RETRY_AFTER_S).into());
    page
}

/// A short page in the making.
struct Notice<'a> {
    nonce: String,
    locale: Locale,
    kind: NoticeKind,
    shop: Option<&'a CustomerView>,
    return_url: Option<String>,
}

impl Notice<'_> {
    fn of(app: &App, manner: &Manner) -> Self {
        let nonce = app.ids.token().expose().clone();
        Self { nonce, locale: manner.locale(None), kind: NoticeKind::Unknown, shop: None, return_url: None }
    }

    fn page(self) -> Response {
        let status = match self.kind {
            NoticeKind::Unknown => StatusCode::NOT_FOUND,
            NoticeKind::Expired => StatusCode::GONE,
            NoticeKind::TryAgain => StatusCode::SERVICE_UNAVAILABLE,
        };
        let html = render_notice(&NoticePage {
            locale: self.locale,
            nonce: self.nonce.clone(),
            kind: self.kind,
            shop: self.shop.map(|view| face::shop(&view.shop_name, &view.shop)),
            return_url: self.return_url,
        });
        let shop = self.shop.map(|view| &view.shop);
        Policy { nonce: &self.nonce, shop, ..Policy::default() }.page(status, html)
    }
}

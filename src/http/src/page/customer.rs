//! Whoever has a page's token.

use axum::extract::FromRequestParts;
use http::request::Parts;
use lendport_core::CheckoutId;
use lendport_engine::CustomerView;

use super::visit::Visit;
use crate::app::App;
use crate::client_token::{Opened, TokenRefusal};
use crate::extract::PathParts;
use crate::problem::{Code, Problem};

/// A checkout's customer.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    pub(super) opened: Opened,
    /// The token, for the page's own addresses. Never logged.
    pub(super) token: String,
}

impl Customer {
    pub(super) fn checkout(&self) -> CheckoutId {
        self.opened.checkout
    }

    /// What this customer may know now.
    pub(super) async fn view(&self, app: &App) -> Result<CustomerView, Problem> {
        let (engine, Opened { tenant, checkout, .. }) = (app.engine.clone(), self.opened);
        app.run(async move { engine.customer_view(tenant, checkout).await }).await
    }
}

impl FromRequestParts<App> for Customer {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Ok(path) = PathParts::from_request_parts(parts, app).await;
        let visit = parts.extensions.get::<Visit>().ok_or_else(|| Problem::plain(Code::Internal))?;
        visit.counted.clone()?;
        let opened = visit.opened.map_err(|refusal| match refusal {
            TokenRefusal::Unknown => Problem::plain(Code::NotFound),
            TokenRefusal::Expired(_) => Problem::plain(Code::ClientTokenExpired),
        })?;
        Ok(Self { opened, token: path.get("client_token").to_owned() })
    }
}

/// A problem as a customer may hear it: its kind, and nothing that a financer or the merchant said.
pub(super) fn told_plainly(problem: &Problem) -> Problem {
    Problem::plain(problem.code()).after(problem.retry_after_s())
}

//! Every request with a page's token is counted for its checkout before anything is read for it: whoever has the token, and
//! be it one that has run out, may have it read only so often.

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;

use crate::app::App;
use crate::client_token::{Opened, TokenRefusal};
use crate::extract::PathParts;
use crate::problem::Problem;

/// What a request's token opens, and whether the request comes too soon. [`count`] puts it into each.
#[derive(Clone, Debug)]
pub(super) struct Visit {
    pub(super) opened: Result<Opened, TokenRefusal>,
    pub(super) counted: Result<(), Problem>,
}

impl Visit {
    pub(super) fn of(app: &App, opened: Result<Opened, TokenRefusal>) -> Self {
        let counted = match opened {
            Ok(Opened { checkout, .. }) | Err(TokenRefusal::Expired(Opened { checkout, .. })) => {
                app.rates.page(checkout)
            }
            Err(TokenRefusal::Unknown) => Ok(()),
        };
        Self { opened, counted }
    }
}

/// Around all that a page's token opens, the question of a browser whether its site may ask among them.
pub(crate) async fn count(State(app): State<App>, path: PathParts, mut request: Request, next: Next) -> Response {
    let opened = app.tokens.open(path.get("client_token"), app.clock.now());
    request.extensions_mut().insert(Visit::of(&app, opened));
    next.run(request).await
}

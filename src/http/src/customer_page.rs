//! `GET /c/{client_token}`: the customer's page. While there is something to do it leads to the financer; afterwards it
//! says calmly where things stand. No script, and nothing about the customer.

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use lendport_engine::Expand;
use lendport_engine::view::CheckoutView;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::app::App;
use crate::extract::PathParts;
use crate::html::{escape, page};

/// The route.
pub(crate) fn router() -> OpenApiRouter<App> {
    OpenApiRouter::new().routes(routes!(show))
}

/// Show the customer's page (HTML)
#[utoipa::path(
    get,
    path = "/c/{client_token}",
    operation_id = "getCustomerPage",
    tag = "Customer",
    security(()),
    params(("client_token" = String, Path, description = "`client_token` of a checkout")),
    responses(
        (status = 200, description = "The next step, or where things stand", body = String, content_type = "text/html"),
        (status = 404, description = "The link is wrong or has run out", body = String, content_type = "text/html")
    )
)]
async fn show(State(app): State<App>, path: PathParts) -> Response {
    let Some((tenant, checkout)) = app.tokens.open(path.get("client_token"), app.clock.now()) else { return unknown() };
    let engine = app.engine.clone();
    match app.run(async move { engine.read_checkout(tenant, checkout, Expand::default()).await }).await {
        Ok(view) => page(StatusCode::OK, "Your financing request", &main(&view)),
        Err(problem) if problem.code().entry().status == 404 => unknown(),
        Err(_) => {
            let main =
                "<h1>Please try again in a moment</h1>\n<p>Your request is safe. Reload this page shortly.</p>\n";
            page(StatusCode::SERVICE_UNAVAILABLE, "Please try again", main)
        }
    }
}

fn unknown() -> Response {
    let main = "<h1>This link does not work</h1>\n\
                <p>It may be incomplete, or it has run out. Go back to the shop and start again from there.</p>\n";
    page(StatusCode::NOT_FOUND, "This link does not work", main)
}

fn main(view: &CheckoutView) -> String {
    let total = format!("{} {}", escape(&view.amounts.total), escape(&view.amounts.currency));
    let mode = if view.mode == "test" { "<p class=\"note\">Test mode: no money moves.</p>\n" } else { "" };
    let (heading, text) = words(view.status);
    let step = view.next_action.as_ref().filter(|action| is_web(&action.url)).map_or_else(String::new, |action| {
        format!(
            "<p><a class=\"button\" href=\"{}\" rel=\"noopener noreferrer\">Continue to the financing application</a></p>\n",
            escape(&action.url)
        )
    });
    format!(
        "<h1>{heading}</h1>\n{mode}<p>{text}</p>\n<dl>\n<dt>Total</dt><dd>{total}</dd>\n{}</dl>\n{step}",
        view.reference
            .as_ref()
            .map_or_else(String::new, |reference| { format!("<dt>Order</dt><dd>{}</dd>\n", escape(reference)) })
    )
}

/// A link that a browser may follow; anything else is not shown.
fn is_web(url: &str) -> bool {
    url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
}

fn words(status: &str) -> (&'static str, &'static str) {
    match status {
        "requires_customer_action" => {
            ("Finance your order", "One step is left for you: the application with the financer.")
        }
        "under_review" => ("Your application is being reviewed", "The financer is deciding. You can close this page."),
        "preapproved" => ("You are pre-approved", "The financer has one more step before your order can be sent."),
        "authorized" | "captured" => ("Your financing is approved", "The shop has been told. You can close this page."),
        "refunded" => ("Your order was refunded", "Ask the shop if you have questions about it."),
        "declined" => ("This financing request was declined", "Go back to the shop to choose another way to pay."),
        "canceled" => ("This financing request was canceled", "Go back to the shop if you still want to order."),
        "expired" => ("This financing request has run out", "Go back to the shop and start again from there."),
        "failed" => ("Something went wrong", "Nothing was charged. Go back to the shop and try again."),
        _ => ("Your financing request", "It is being prepared. Reload this page in a moment."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_become_links() {
        assert!(is_web("https://financer.example/apply"));
        assert!(!is_web("javascript:alert(1)"));
        assert!(!is_web("nothing"));
    }

    #[test]
    fn every_status_has_words() {
        for status in lendport_core::CheckoutStatus::ALL {
            assert!(!words(status.as_str()).0.is_empty());
        }
    }
}

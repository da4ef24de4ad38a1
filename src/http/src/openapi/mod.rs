//! The description of the API, generated from the routes (OpenAPI 3.1).

pub(crate) mod amount;
pub(crate) mod application_bodies;
pub(crate) mod bodies;
pub(crate) mod command_bodies;
pub(crate) mod disabled_endpoint;
pub(crate) mod event_document;
mod events;
pub(crate) mod examples;
pub(crate) mod parts;
pub(crate) mod routing_bodies;
pub(crate) mod tenancy_bodies;
mod tokens;
pub(crate) mod webhook_bodies;

use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::RefOr;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};

pub use events::events_schema_json;

use crate::conventions::VERSION;
use crate::problem::ProblemDocument;

const ABOUT: &str = "\
One API for every financer: open a checkout, send the customer to the financer's page, hear what was decided, and ship \
when `can_fulfill` is true.

- **Keys**: `Authorization: Bearer lp_test_...` or `lp_live_...`. The key decides the merchant and the mode; test and \
live data never meet. What a key may do are its scopes; each operation names the one it needs. A platform's key, with \
`platform:admin`, acts for a merchant with the header `Lendport-Merchant`.
- **Tokens**: `POST /v1/oauth/token` gives a short token for a key, which works wherever the key does.
- **Money** is decimal strings. On input a JSON number is taken too, and read without binary floating point.
- **Repeats**: every request that creates or moves something takes an `Idempotency-Key`. A repeat hears the same answer \
with `Idempotent-Replayed: true`; a request whose outcome is unknown is resumed.
- **Changes**: the `ETag` of a checkout or an endpoint can be given as `If-Match`.
- **Errors** are `application/problem+json` (RFC 9457), with everything that is wrong at once; `/problems` lists them.
- **Pages**: newest first; give `next_cursor` as `after`.
- **Every answer** has a `Request-Id`, and `Lendport-Version` under `/v1`.";

#[derive(utoipa::OpenApi)]
#[openapi(
    components(schemas(ProblemDocument, amount::Amount)),
    security(("secret_key" = [])),
    tags(
        (name = "Checkouts", description = "What a merchant wants financed"),
        (name = "Attention", description = "What needs a person"),
        (name = "Events", description = "What merchants are told, where, and how far that has come"),
        (name = "Merchants", description = "Merchants, their keys and accounts, and who changed them"),
        (name = "Providers", description = "What each financer can do"),
        (name = "Routing", description = "Which financers a cart goes to"),
        (name = "Customer", description = "The customer's page"),
        (name = "Callbacks", description = "For financers"),
        (name = "Service", description = "Probes and pages")
    )
)]
struct Base;

/// What the routes' own descriptions are added to.
pub(crate) fn base() -> OpenApi {
    let mut document = Base::openapi();
    document.info.title = "Lendport".to_owned();
    document.info.version = VERSION.to_owned();
    document.info.description = Some(ABOUT.to_owned());
    document.info.license = None;
    document.info.contact = None;
    document
}

/// The whole description of the API.
pub fn openapi() -> OpenApi {
    let (_, mut document) = crate::router::routes().split_for_parts();
    let scheme = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The merchant's secret key: `lp_test_...` or `lp_live_...`"))
        .build();
    if let Some(components) = document.components.as_mut() {
        components.security_schemes.insert("secret_key".to_owned(), SecurityScheme::Http(scheme).into());
        tokens::describe(components);
    }
    for item in document.paths.paths.values_mut() {
        for operation in amount::operations(item) {
            tokens::take_too(operation);
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    let header = parts::text_header("Our id of the request").into();
                    response.headers.insert("Request-Id".to_owned(), header);
                }
            }
        }
    }
    document
}

/// The description as it is served and committed: stable, with a line end.
pub fn openapi_json() -> String {
    let mut document = serde_json::to_value(openapi()).unwrap_or_default();
    if let Some(schema) = document.pointer_mut("/components/schemas/RoutingProfile") {
        *schema = routing_profile();
    }
    let mut text = serde_json::to_string_pretty(&document).unwrap_or_default();
    text.push('\n');
    text
}

/// The schema of a routing profile, as a part of the description.
fn routing_profile() -> serde_json::Value {
    let mut schema = lendport_core::routing::schema();
    if let Some(members) = schema.as_object_mut() {
        members.shift_remove("$schema");
    }
    schema
}

/// The schema of a routing profile as it is committed, for editors.
pub fn routing_schema_json() -> String {
    format!("{:#}\n", lendport_core::routing::schema())
}

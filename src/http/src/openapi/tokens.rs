//! How the document names tokens: wherever a secret key is taken, so is a token with the same scopes.

use utoipa::openapi::Components;
use utoipa::openapi::path::Operation;
use utoipa::openapi::security::{
    ClientCredentials, Flow, HttpAuthScheme, HttpBuilder, OAuth2, Scopes, SecurityRequirement, SecurityScheme,
};

const SECRET_KEY: &str = "secret_key";
const TOKEN: &str = "token";

/// Adds the schemes.
pub(super) fn describe(components: &mut Components) {
    let scopes = lendport_core::Scope::ALL.map(|scope| (scope.as_str(), about(scope)));
    let flow = Flow::ClientCredentials(ClientCredentials::new("/v1/oauth/token", Scopes::from_iter(scopes)));
    let scheme =
        OAuth2::with_description([flow], "A token for a secret key, or one of the platform's own identity provider");
    components.security_schemes.insert(TOKEN.to_owned(), SecurityScheme::OAuth2(scheme).into());
    let basic =
        HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some("The key's id and the secret key")).build();
    components.security_schemes.insert("client_basic".to_owned(), SecurityScheme::Http(basic).into());
}

fn about(scope: lendport_core::Scope) -> &'static str {
    use lendport_core::Scope;
    match scope {
        Scope::CheckoutsRead => "Read checkouts and what belongs to them",
        Scope::CheckoutsWrite => "Create and move checkouts",
        Scope::WebhooksWrite => "Work with endpoints for events",
        Scope::AccountsWrite => "Work with keys and accounts",
        Scope::PlatformAdmin => "Administer all merchants, and act for each of them",
    }
}

/// Names tokens beside secret keys.
pub(super) fn take_too(operation: &mut Operation) {
    let Some(taken) = operation.security.as_mut() else { return };
    let with_key: Vec<Vec<String>> = taken.iter().filter_map(scopes_of_key).collect();
    taken.extend(with_key.into_iter().map(|scopes| SecurityRequirement::new(TOKEN, scopes)));
}

/// The type does not let its parts be seen; it is the same map when it is written.
fn scopes_of_key(requirement: &SecurityRequirement) -> Option<Vec<String>> {
    let written = serde_json::to_value(requirement).ok()?;
    serde_json::from_value(written.get(SECRET_KEY)?.clone()).ok()
}

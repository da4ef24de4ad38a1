//! The request for a token: who the client says it is, and what it asks for (RFC 6749, 2.3.1 and 4.4.2).

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, header};
use lendport_core::Secret;
use url::form_urlencoded;

use super::endpoint::Refused;

/// A client's name and secret, as it sent them.
pub(super) struct Client {
    pub(super) id: String,
    pub(super) secret: Secret<String>,
}

/// What a client asks for.
pub(super) struct Asked {
    pub(super) client: Client,
    pub(super) scope: Option<String>,
}

#[derive(Default)]
struct Form {
    grant_type: Option<String>,
    scope: Option<String>,
    client_id: Option<String>,
    client_secret: Option<Secret<String>>,
}

/// Reads a request.
pub(super) fn read(headers: &HeaderMap, body: &Bytes) -> Result<Asked, Refused> {
    let media_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refused::Request("the body must be application/x-www-form-urlencoded"));
    }
    let form = fields(body)?;
    let client = client(headers, form.client_id, form.client_secret)?;
    match form.grant_type.as_deref() {
        Some("client_credentials") => Ok(Asked { client, scope: form.scope }),
        Some(_) => Err(Refused::GrantType),
        None => Err(Refused::Request("grant_type is missing")),
    }
}

fn fields(body: &Bytes) -> Result<Form, Refused> {
    let mut form = Form::default();
    for (name, value) in form_urlencoded::parse(body) {
        // What has no value counts as left out (RFC 6749, 3.2), and what is not known is ignored.
        if value.is_empty() {
            continue;
        }
        let value = value.into_owned();
        let before = match name.as_ref() {
            "grant_type" => form.grant_type.replace(value).is_some(),
            "scope" => form.scope.replace(value).is_some(),
            "client_id" => form.client_id.replace(value).is_some(),
            "client_secret" => form.client_secret.replace(Secret::new(value)).is_some(),
            _ => false,
        };
        if before {
            return Err(Refused::Request("a parameter is there twice"));
        }
    }
    Ok(form)
}

fn client(headers: &HeaderMap, id: Option<String>, secret: Option<Secret<String>>) -> Result<Client, Refused> {
    let mut said = headers.get_all(header::AUTHORIZATION).iter();
    match (said.next(), said.next()) {
        (None, _) => match (id, secret) {
            (Some(id), Some(secret)) => Ok(Client { id, secret }),
            _ => Err(Refused::Client),
        },
        (Some(basic), None) => {
            if secret.is_some() {
                return Err(Refused::Request("the client says who it is in two ways"));
            }
            let client = basic.to_str().ok().and_then(from_basic).ok_or(Refused::Client)?;
            // The id may be repeated in the body, and must then be the same.
            if id.is_some_and(|id| id != client.id) { Err(Refused::Client) } else { Ok(client) }
        }
        (Some(_), Some(_)) => Err(Refused::Request("there are two Authorization headers")),
    }
}

/// Both halves are written as in a form before they are put together (RFC 6749, 2.3.1).
fn from_basic(text: &str) -> Option<Client> {
    let (scheme, pair) = text.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = Secret::new(STANDARD.decode(pair.trim()).ok()?);
    let (id, secret) = std::str::from_utf8(pair.expose()).ok()?.split_once(':')?;
    Some(Client { id: decoded(id), secret: Secret::new(decoded(secret)) })
}

fn decoded(text: &str) -> String {
    let mut whole = String::from("x=");
    // Neither can end the value: they are written as escapes where they are meant.
    whole.extend(text.chars().filter(|letter| !matches!(letter, '&' | ';')));
    form_urlencoded::parse(whole.as_bytes()).next().map(|(_, value)| value.into_owned()).unwrap_or_default()
}

//! Error bodies in the shape of wegetfinancing.md 5.1.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use lendport_simulation::Reply;
use serde_json::{Value, json};

/// Of which 401 speaks.
const REALM: &str = "Basic realm=\"WeGetFinancing simulator\"";

/// A refusal of the v1 API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// `http`: credentials, path, method, malformed body.
    Http(StatusCode),
    /// `generic`: anything else.
    Generic(String),
    /// Required parameters that are absent.
    Missing(BTreeMap<String, String>),
    /// Parameters the action does not know.
    Unknown(BTreeMap<String, String>),
    /// Parameters that are present and wrong.
    Invalid(BTreeMap<String, String>),
}

impl Refusal {
    /// One invalid parameter.
    pub(super) fn invalid(subject: &str, reason: &str) -> Self {
        Self::Invalid(BTreeMap::from([(subject.to_owned(), reason.to_owned())]))
    }

    /// The body, or plain text when the client does not accept JSON (wegetfinancing.md 5.4).
    pub(super) fn reply(&self, headers: &HeaderMap, stamp: u32) -> Reply {
        let stamp = format!("0x{stamp:06x}");
        let (status, word, message) = match self {
            Self::Http(status) => (*status, "http", status.canonical_reason().unwrap_or("Error").to_owned()),
            Self::Generic(message) => (StatusCode::BAD_REQUEST, "generic", message.clone()),
            Self::Missing(_) => (StatusCode::BAD_REQUEST, "missing_parameters", "MissingParameters".to_owned()),
            Self::Unknown(_) => (StatusCode::BAD_REQUEST, "unknown_parameters", "UnknownParameters".to_owned()),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_parameters", "InvalidParameters".to_owned()),
        };
        let mut body = json!({ "type": "error", "error": word, "code": status.as_u16(), "message": message });
        if let (Some((verb, fields)), Some(members)) = (self.fields(), body.as_object_mut()) {
            let names: Vec<&str> = fields.keys().map(String::as_str).collect();
            members.insert("debug".into(), format!("Action post {verb} parameter(s): {}", names.join(", ")).into());
            members.insert("subjects".into(), names.into());
            members.insert("reasons".into(), json!(fields));
        }
        if let Some(members) = body.as_object_mut() {
            members.insert("stamp".into(), stamp.clone().into());
        }
        let reply = if accepts_json(headers) {
            Reply::json(status, &body)
        } else {
            let debug = body.get("debug").and_then(Value::as_str).unwrap_or_default();
            Reply::text(status, &format!("ERROR {} {message} {debug} [{stamp}]\n", status.as_u16()))
        };
        match status {
            StatusCode::UNAUTHORIZED => reply.with(header::WWW_AUTHENTICATE, HeaderValue::from_static(REALM)),
            _ => reply,
        }
    }

    fn fields(&self) -> Option<(&'static str, &BTreeMap<String, String>)> {
        match self {
            Self::Missing(fields) => Some(("is missing", fields)),
            Self::Unknown(fields) => Some(("received unknown", fields)),
            Self::Invalid(fields) => Some(("received invalid", fields)),
            Self::Http(_) | Self::Generic(_) => None,
        }
    }
}

/// No `Accept` at all means anything goes.
fn accepts_json(headers: &HeaderMap) -> bool {
    let mut listed = headers.get_all(header::ACCEPT).iter().peekable();
    if listed.peek().is_none() {
        return true;
    }
    listed.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).any(|range| {
        let kind = range.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        matches!(kind.as_str(), "application/json" | "application/*" | "*/*" | "*")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_printed_sample_of_a_missing_field() {
        let fields = ["first_name", "email"].map(|name| (name.to_owned(), "Missing required parameter".to_owned()));
        let reply = Refusal::Missing(BTreeMap::from(fields)).reply(&HeaderMap::new(), 0x93a930);
        let body: Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(reply.status, StatusCode::BAD_REQUEST);
        assert_eq!(
            body,
            json!({
                "type": "error", "error": "missing_parameters", "code": 400, "message": "MissingParameters",
                "subjects": ["email", "first_name"], "stamp": "0x93a930",
                "reasons": {"email": "Missing required parameter", "first_name": "Missing required parameter"},
                "debug": "Action post is missing parameter(s): email, first_name",
            })
        );
    }

    #[test]
    fn plain_text_for_who_does_not_accept_json() {
        let with = |accept: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT, HeaderValue::from_static(accept))]);
            Refusal::Http(StatusCode::UNAUTHORIZED).reply(&headers, 1)
        };
        for json in ["application/json", "*", "text/html, */*;q=0.1", "application/*"] {
            assert_eq!(with(json).content_type, "application/json", "{json}");
        }
        let plain = with("text/html");
        assert_eq!(plain.content_type, "text/plain; charset=utf-8");
        assert_eq!(plain.body, b"ERROR 401 Unauthorized  [0x000001]\n");
    }
}

//! `If-Match`: the version a caller decided on.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderMap, header};

use crate::problem::{Code, Problem};

/// The version that the resource must still have; nothing when any will do.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IfMatch(pub(crate) Option<u64>);

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        read(&parts.headers).map(Self)
    }
}

/// Reads the header.
pub(super) fn read(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let wrong = || Problem::new(Code::InvalidHeader, "If-Match must be * or one ETag such as \"3\", with its quotes");
    let mut values = headers.get_all(header::IF_MATCH).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(wrong());
    }
    let text = value.to_str().map_err(|_| wrong())?.trim();
    if text == "*" {
        return Ok(None);
    }
    let tag = text.strip_prefix("W/").unwrap_or(text);
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).ok_or_else(wrong)?;
    if inner.contains('"') {
        return Err(wrong());
    }
    // A tag that is not ours, or weak, is well formed and matches no version (RFC 9110, 13.1.1).
    let ours = text == tag && inner.bytes().all(|b| b.is_ascii_digit());
    Ok(Some(inner.parse().ok().filter(|_| ours).unwrap_or(u64::MAX)))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn tags_are_read_and_others_match_nothing() {
        let cases = [
            ("*", Some(None)),
            ("\"3\"", Some(Some(3))),
            ("W/\"3\"", Some(Some(u64::MAX))),
            ("\"abc\"", Some(Some(u64::MAX))),
            ("3", None),
            ("\"1\", \"2\"", None),
            ("", None),
        ];
        for (text, expected) in cases {
            let mut headers = HeaderMap::new();
            headers.insert(header::IF_MATCH, HeaderValue::from_static(text));
            assert_eq!(read(&headers).ok(), expected, "{text}");
        }
        assert_eq!(read(&HeaderMap::new()).ok(), Some(None));
    }
}

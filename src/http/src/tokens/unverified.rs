//! What a token says of itself before anybody believes it: enough to find the key that it has to be checked with.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Algorithm;
use serde_json::{Map, Value};

use super::refusal::Refusal;

/// Longer tokens are not read.
pub(crate) const TOKEN_MAX_BYTES: usize = 4096;
/// Longer names of keys, issuers and subjects are not taken.
pub(super) const NAME_MAX_BYTES: usize = 255;
/// Members of a header that bring a key along, or ask for what we do not do (RFC 7515, 4.1; RFC 7516, 4.1.3).
const NOT_TAKEN: [&str; 6] = ["crit", "jwk", "jku", "x5c", "x5u", "zip"];

/// The header and the issuer, as the token has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unverified {
    pub(super) algorithm: Algorithm,
    pub(super) kid: String,
    pub(super) typ: Option<String>,
    pub(super) issuer: String,
}

impl Unverified {
    pub(super) fn read(token: &str) -> Result<Self, Refusal> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(Refusal::Oversized);
        }
        let mut parts = token.split('.');
        let (Some(header), Some(payload), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(Refusal::Unreadable);
        };
        let (header, payload) = (object(header)?, object(payload)?);
        if NOT_TAKEN.iter().any(|name| header.contains_key(*name)) {
            return Err(Refusal::Header);
        }
        // Words that are no signature of a key pair, `none` among them, are not algorithms here.
        let algorithm = text(&header, "alg").and_then(|word| word.parse().ok()).filter(is_of_a_pair);
        let algorithm = algorithm.ok_or(Refusal::Algorithm)?;
        let kid = text(&header, "kid").filter(|kid| fits(kid)).ok_or(Refusal::Key)?.to_owned();
        let typ = text(&header, "typ").map(str::to_ascii_lowercase);
        let issuer = text(&payload, "iss").filter(|issuer| fits(issuer)).ok_or(Refusal::Issuer)?.to_owned();
        Ok(Self { algorithm, kid, typ, issuer })
    }
}

fn object(part: &str) -> Result<Map<String, Value>, Refusal> {
    let bytes = URL_SAFE_NO_PAD.decode(part).map_err(|_| Refusal::Unreadable)?;
    serde_json::from_slice(&bytes).map_err(|_| Refusal::Unreadable)
}

fn text<'a>(object: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    object.get(name).and_then(Value::as_str)
}

fn fits(text: &str) -> bool {
    !text.is_empty() && text.len() <= NAME_MAX_BYTES
}

/// Never one whose key is a secret of both sides: our public key would be that secret.
pub(super) fn is_of_a_pair(algorithm: &Algorithm) -> bool {
    !matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(header: &str, payload: &str) -> String {
        format!("{}.{}.AAAA", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(payload))
    }

    #[test]
    fn it_reads_what_it_takes_and_says_what_it_does_not() {
        let payload = r#"{"iss":"https://idp.example"}"#;
        let read = |header: &str| Unverified::read(&token(header, payload));
        let known = read(r#"{"alg":"EdDSA","kid":"a","typ":"AT+JWT","x5t":"ignored"}"#).unwrap();
        assert_eq!(
            (known.algorithm, known.kid.as_str(), known.typ.as_deref()),
            (Algorithm::EdDSA, "a", Some("at+jwt"))
        );
        assert_eq!(known.issuer, "https://idp.example");
        for alg in ["none", "None", "NONE", "HS256", "HS384", "HS512", "RS257", ""] {
            assert_eq!(read(&format!(r#"{{"alg":"{alg}","kid":"a"}}"#)), Err(Refusal::Algorithm), "{alg}");
        }
        for member in [
            r#""crit":["exp"]"#,
            r#""jwk":{"kty":"OKP"}"#,
            r#""jku":"https://x.example""#,
            r#""x5u":"https://x.example""#,
            r#""x5c":[]"#,
            r#""zip":"DEF""#,
        ] {
            let header = format!(r#"{{"alg":"EdDSA","kid":"a",{member}}}"#);
            assert_eq!(read(&header), Err(Refusal::Header), "{header}");
        }
        assert_eq!(read(r#"{"alg":"EdDSA"}"#), Err(Refusal::Key));
        assert_eq!(read(&format!(r#"{{"alg":"EdDSA","kid":"{}"}}"#, "k".repeat(256))), Err(Refusal::Key));
        assert_eq!(read(r#"{"alg":["EdDSA"],"kid":"a"}"#), Err(Refusal::Algorithm));
        assert_eq!(Unverified::read(&token(r#"{"alg":"EdDSA","kid":"a"}"#, "{}")), Err(Refusal::Issuer));
        for wrong in ["", ".", "..", "a.b", "a.b.c.d", "e30.e30", "!!.e30.e30", "W10.e30.e30"] {
            assert_eq!(Unverified::read(wrong), Err(Refusal::Unreadable), "{wrong}");
        }
        assert_eq!(Unverified::read(&"a".repeat(TOKEN_MAX_BYTES + 1)), Err(Refusal::Oversized));
    }
}

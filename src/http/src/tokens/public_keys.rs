//! The keys of another issuer, as it publishes them (RFC 7517). What cannot be used is left out; the rest counts.

use std::collections::HashMap;
use std::sync::Arc;

use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::Value;

use super::unverified::NAME_MAX_BYTES;

/// Larger documents are not read.
pub(super) const SET_MAX_BYTES: usize = 64 * 1024;
const KEYS_MAX: usize = 100;
/// Characters of an RSA modulus in base64: of 2048 bits at least, and of 8192 at most.
const MODULUS: std::ops::RangeInclusive<usize> = 342..=1366;

/// A key to check signatures with.
pub(super) struct PublicKey {
    pub(super) decoding: DecodingKey,
    /// The one algorithm it is for, where its issuer says so.
    algorithm: Option<Algorithm>,
}

impl PublicKey {
    /// Whether it may be used with this algorithm, as far as its issuer says.
    pub(super) fn is_for(&self, algorithm: Algorithm) -> bool {
        self.algorithm.is_none_or(|only| only == algorithm)
    }
}

/// Keys by their `kid`.
pub(super) type PublicKeys = HashMap<String, Arc<PublicKey>>;

/// Reads a set; the error says why it is none.
pub(super) fn read(bytes: &[u8]) -> Result<PublicKeys, &'static str> {
    if bytes.len() > SET_MAX_BYTES {
        return Err("the document is longer than 64 KiB");
    }
    let document: Value = serde_json::from_slice(bytes).map_err(|_| "the document is not JSON")?;
    let Some(list) = document.get("keys").and_then(Value::as_array) else { return Err("the document has no keys") };
    let mut keys = PublicKeys::new();
    for (kid, key) in list.iter().take(KEYS_MAX).filter_map(usable) {
        // Of two keys with one name the first counts.
        keys.entry(kid).or_insert_with(|| Arc::new(key));
    }
    if keys.is_empty() { Err("the document has no key that can be used") } else { Ok(keys) }
}

fn usable(value: &Value) -> Option<(String, PublicKey)> {
    let jwk: Jwk = serde_json::from_value(value.clone()).ok()?;
    let kid = jwk.common.key_id.clone().filter(|kid| !kid.is_empty() && kid.len() <= NAME_MAX_BYTES)?;
    if jwk.common.public_key_use.as_ref().is_some_and(|usage| *usage != PublicKeyUse::Signature) {
        return None;
    }
    match &jwk.algorithm {
        AlgorithmParameters::RSA(rsa) if !MODULUS.contains(&rsa.n.trim_start_matches('A').len()) => return None,
        AlgorithmParameters::RSA(_) | AlgorithmParameters::EllipticCurve(_) | AlgorithmParameters::OctetKeyPair(_) => {}
        _ => return None,
    }
    let algorithm = match value.get("alg").and_then(Value::as_str) {
        None => None,
        // One that we do not know, or that is for encryption: not a key for us.
        Some(word) => Some(word.parse().ok()?),
    };
    Some((kid, PublicKey { decoding: DecodingKey::from_jwk(&jwk).ok()?, algorithm }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn okp(kid: &str) -> Value {
        json!({ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" })
    }

    fn names(keys: &[Value]) -> Vec<String> {
        let mut names: Vec<_> =
            read(json!({ "keys": keys }).to_string().as_bytes()).map_or(vec![], |keys| keys.into_keys().collect());
        names.sort();
        names
    }

    #[test]
    fn keys_that_can_be_used_are_kept_and_others_left_out() {
        let with = |name: &str, value: Value| {
            let mut key = okp("bad");
            key[name] = value;
            key
        };
        let rsa = |bits: usize| json!({ "kty": "RSA", "kid": "rsa", "e": "AQAB", "n": "v".repeat(bits / 6) });
        let left_out = [
            with("use", json!("enc")),
            with("kty", json!("oct")),
            with("crv", json!("X25519")),
            with("alg", json!("HS999")),
            with("kid", json!("")),
            with("kid", json!("k".repeat(300))),
            with("kid", Value::Null),
            json!({ "kty": "oct", "kid": "bad", "k": "c2VjcmV0" }),
            rsa(1024),
            json!("text"),
            Value::Null,
        ];
        for key in left_out {
            assert_eq!(names(&[key.clone(), okp("good")]), ["good"], "{key}");
            assert!(read(json!({ "keys": [key] }).to_string().as_bytes()).is_err());
        }
        assert_eq!(names(&[okp("a"), okp("b"), rsa(2064)]), ["a", "b", "rsa"]);
        let many: Vec<_> = (0..KEYS_MAX + 5).map(|number| okp(&number.to_string())).collect();
        assert_eq!(names(&many).len(), KEYS_MAX);
        for text in ["", "[]", "{}", r#"{"keys":{}}"#, "not json"] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(&vec![b' '; SET_MAX_BYTES + 1]).is_err());
    }
}

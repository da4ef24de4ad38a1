//! What a token says once its signature is right: for whom, from when and until when.

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use lendport_core::parse_decimal;
use rust_decimal::prelude::ToPrimitive as _;
use serde_json::{Map, Value};

use super::refusal::Refusal;
use super::unverified::NAME_MAX_BYTES;

/// By how much the clocks of an issuer and ours may differ.
pub(super) const LEEWAY: SignedDuration = SignedDuration::from_secs(30);

/// Claims that were signed.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    /// For whom the token is.
    pub(super) sub: String,
    /// When it is taken no more.
    pub(super) over_at: Timestamp,
    all: Map<String, Value>,
}

/// The claims of a token that this key signed with this algorithm, of this issuer, for this audience, at this time.
pub(super) fn believed(
    token: &str,
    key: &DecodingKey,
    algorithm: Algorithm,
    (issuer, audience): (&str, &str),
    now: Timestamp,
) -> Result<Claims, Refusal> {
    let mut validation = Validation::new(algorithm);
    validation.set_issuer(&[issuer]);
    validation.set_audience(&[audience]);
    validation.set_required_spec_claims(&["exp", "aud", "iss", "sub"]);
    // Time is judged below, by our own clock.
    validation.validate_exp = false;
    let claims =
        jsonwebtoken::decode::<Map<String, Value>>(token, key, &validation).map_err(|error| match error.kind() {
            ErrorKind::InvalidAudience => Refusal::Audience,
            ErrorKind::InvalidIssuer => Refusal::Issuer,
            ErrorKind::InvalidAlgorithm => Refusal::Algorithm,
            ErrorKind::MissingRequiredClaim(_) | ErrorKind::Json(_) | ErrorKind::InvalidClaimFormat(_) => {
                Refusal::Incomplete
            }
            _ => Refusal::Signature,
        })?;
    Claims::judged(claims.claims, now)
}

impl Claims {
    fn judged(all: Map<String, Value>, now: Timestamp) -> Result<Self, Refusal> {
        let sub = all.get("sub").and_then(Value::as_str).unwrap_or_default().to_owned();
        if sub.is_empty() || sub.len() > NAME_MAX_BYTES {
            return Err(Refusal::Incomplete);
        }
        let latest = now.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX);
        for name in ["nbf", "iat"] {
            if moment(&all, name)?.is_some_and(|start| start > latest) {
                return Err(Refusal::NotYet);
            }
        }
        let exp = moment(&all, "exp")?.ok_or(Refusal::Incomplete)?;
        let over_at = exp.saturating_add(LEEWAY).unwrap_or(Timestamp::MAX);
        if over_at <= now { Err(Refusal::Expired) } else { Ok(Self { sub, over_at, all }) }
    }

    /// A claim that is a text.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.all.get(name).and_then(Value::as_str)
    }

    /// The words of a claim that is a text with blanks between them (RFC 6749, 3.3) or a list of texts.
    pub(super) fn words(&self, name: &str) -> Vec<&str> {
        match self.all.get(name) {
            Some(Value::String(text)) => text.split_ascii_whitespace().collect(),
            Some(Value::Array(list)) => list.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

/// The moment in a claim: seconds since 1970, of which a fraction is dropped (`NumericDate` of RFC 7519, 2).
fn moment(all: &Map<String, Value>, name: &str) -> Result<Option<Timestamp>, Refusal> {
    let number = match all.get(name) {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Number(number)) => number.to_string(),
        Some(_) => return Err(Refusal::Incomplete),
    };
    let seconds = parse_decimal(&number).ok().and_then(|seconds| seconds.floor().to_i64());
    let moment = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
    moment.map(Some).ok_or(Refusal::Incomplete)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn judged(now: i64, claims: Value) -> Result<Claims, Refusal> {
        let Value::Object(claims) = claims else { panic!("{claims}") };
        Claims::judged(claims, Timestamp::from_second(now).unwrap())
    }

    #[test]
    fn moments_may_have_a_fraction_and_have_to_be_moments() {
        for exp in ["1000", "1000.0", "1000.999", "1e3", "1.0005e3"] {
            let exp: Value = serde_json::from_str(exp).unwrap();
            let claims = json!({ "sub": "a", "exp": exp, "nbf": 900.25, "iat": null });
            assert_eq!(judged(1_029, claims.clone()).unwrap().over_at.as_second(), 1_030, "{exp}");
            assert_eq!(judged(1_030, claims).unwrap_err(), Refusal::Expired, "{exp}");
        }
        let late = json!({ "sub": "a", "exp": 2_000, "nbf": 1_031.5 });
        assert_eq!(judged(1_000, late.clone()).unwrap_err(), Refusal::NotYet);
        assert!(judged(1_001, late).is_ok());
        for wrong in [json!("1000"), json!(true), json!([1_000]), json!(1e300), json!(u64::MAX), json!(-1e15)] {
            for name in ["exp", "nbf", "iat"] {
                let mut claims = json!({ "sub": "a", "exp": 2_000 });
                claims[name] = wrong.clone();
                assert_eq!(judged(1_000, claims).unwrap_err(), Refusal::Incomplete, "{name} {wrong}");
            }
        }
        assert_eq!(judged(0, json!({ "sub": "a" })).unwrap_err(), Refusal::Incomplete);
    }

    /// A configuration may name any of them as the claim with the merchant or with the scopes.
    #[test]
    fn every_claim_can_be_asked_for_by_its_name() {
        let claims = json!({ "sub": "mer_1", "exp": 2_000, "jti": "one", "iss": "https://idp.example", "scp": ["a"] });
        let claims = judged(1_000, claims).unwrap();
        let texts = ["sub", "jti", "iss", "exp"].map(|name| claims.text(name));
        assert_eq!(texts, [Some("mer_1"), Some("one"), Some("https://idp.example"), None]);
        assert_eq!((claims.words("scp"), claims.words("sub"), claims.words("exp")), (vec!["a"], vec!["mer_1"], vec![]));
    }
}

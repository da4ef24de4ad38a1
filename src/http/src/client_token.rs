//! The tokens of a customer's page: signed, so nothing of them is stored, bound to one checkout, and short-lived. No personal
//! data is in them. The same key signs those of [`crate::return_token`], which their audience tells apart.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lendport_core::{CheckoutId, MerchantId, Mode, Secret};
use lendport_engine::view::CheckoutView;
use lendport_storage::Tenant;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Who may use a page's token: whoever has it.
const CLIENT: &str = "lendport-client";
/// Longer texts are not ours.
const TOKEN_MAX_BYTES: usize = 1024;

/// What every token says.
#[derive(Serialize, Deserialize)]
pub(crate) struct Claims {
    /// The checkout.
    sub: CheckoutId,
    /// Its merchant.
    mer: MerchantId,
    /// Its mode.
    mode: Mode,
    aud: String,
    iat: i64,
    exp: i64,
}

/// Whose page a token opens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) tenant: Tenant,
    pub(crate) checkout: CheckoutId,
    /// When the token stops working.
    pub(crate) until: Timestamp,
}

/// Why a token opens nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenRefusal {
    /// It is not one of ours.
    Unknown,
    /// It was, and has run out.
    Expired(Opened),
}

/// A page's token with its address.
#[derive(Clone, Debug)]
pub(crate) struct ClientToken {
    pub(crate) text: String,
    pub(crate) page: String,
    pub(crate) until: Timestamp,
}

/// Signs and checks the tokens.
pub struct ClientTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    /// Without a slash at its end.
    pub(crate) public_url: String,
    lives_for: SignedDuration,
}

impl std::fmt::Debug for ClientTokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientTokens").field("lives_for", &self.lives_for).finish_non_exhaustive()
    }
}

impl ClientTokens {
    /// `public_url` is where customers reach us; a page's token lives for so many minutes.
    pub fn new(key: &Secret<[u8; 32]>, public_url: &str, minutes: u32) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key.expose()),
            decoding: DecodingKey::from_secret(key.expose()),
            public_url: public_url.trim_end_matches('/').to_owned(),
            lives_for: SignedDuration::from_mins(i64::from(minutes)),
        }
    }

    /// A token for a checkout's page from now on; none when it cannot be signed, which is logged.
    pub(crate) fn issue(&self, tenant: Tenant, checkout: CheckoutId, now: Timestamp) -> Option<ClientToken> {
        let until = now.saturating_add(self.lives_for).unwrap_or(Timestamp::MAX);
        let claims = claims(CLIENT, tenant, checkout, now, until);
        let text = self.signed(&claims)?;
        let until = Timestamp::from_second(claims.exp).unwrap_or(until);
        Some(ClientToken { page: format!("{}/c/{text}", self.public_url), text, until })
    }

    /// Fills `client_token` and `checkout_url`.
    pub(crate) fn fill(&self, tenant: Tenant, view: &mut CheckoutView, now: Timestamp) {
        let Ok(id) = view.id.parse() else { return };
        if let Some(token) = self.issue(tenant, id, now) {
            view.checkout_url = Some(token.page);
            view.client_token = Some(token.text);
        }
    }

    /// Whose page a token opens.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Result<Opened, TokenRefusal> {
        let claims: Claims = self.read(token, CLIENT).ok_or(TokenRefusal::Unknown)?;
        opened(&claims, now)
    }

    /// Signs; none when it cannot, which is logged.
    pub(crate) fn signed(&self, claims: &impl Serialize) -> Option<String> {
        match jsonwebtoken::encode(&Header::new(Algorithm::HS256), claims, &self.encoding) {
            Ok(token) => Some(token),
            Err(error) => {
                tracing::error!(%error, "client token not signed");
                None
            }
        }
    }

    /// What a token of ours for this use says, whatever the time.
    pub(crate) fn read<C: DeserializeOwned>(&self, token: &str, audience: &str) -> Option<C> {
        if token.len() > TOKEN_MAX_BYTES {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[audience]);
        // Time is judged by the caller, by our own clock.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "aud".to_owned(), "sub".to_owned()]);
        Some(jsonwebtoken::decode::<C>(token, &self.decoding, &validation).ok()?.claims)
    }
}

/// What a token for this use says.
pub(crate) fn claims(audience: &str, tenant: Tenant, checkout: CheckoutId, now: Timestamp, until: Timestamp) -> Claims {
    Claims {
        sub: checkout,
        mer: tenant.merchant,
        mode: tenant.mode,
        aud: audience.to_owned(),
        iat: now.as_second(),
        exp: until.as_second(),
    }
}

/// Whose page these claims are for, while they hold.
pub(crate) fn opened(claims: &Claims, now: Timestamp) -> Result<Opened, TokenRefusal> {
    let until = Timestamp::from_second(claims.exp).map_err(|_| TokenRefusal::Unknown)?;
    let tenant = Tenant { merchant: claims.mer, mode: claims.mode };
    let opened = Opened { tenant, checkout: claims.sub, until };
    if now < until { Ok(opened) } else { Err(TokenRefusal::Expired(opened)) }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;
    use serde_json::{Value, json};

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn tokens(key: u8) -> ClientTokens {
        ClientTokens::new(&Secret::new([key; 32]), "https://gateway.example", 30)
    }

    fn parties() -> (Tenant, CheckoutId) {
        let ids = SeededIds::new(1);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        (tenant, CheckoutId::mint(&ids))
    }

    fn later(minutes: i64) -> Timestamp {
        NOW + SignedDuration::from_mins(minutes)
    }

    /// Signs whatever is said with the right key.
    fn sign(header: &Header, claims: &Value) -> String {
        jsonwebtoken::encode(header, claims, &EncodingKey::from_secret(&[7; 32])).unwrap()
    }

    #[test]
    fn a_token_opens_its_checkout_until_it_runs_out() {
        let (ours, (tenant, checkout)) = (tokens(7), parties());
        let token = ours.issue(tenant, checkout, NOW).unwrap();
        assert_eq!(token.page, format!("https://gateway.example/c/{}", token.text));
        let opened = Opened { tenant, checkout, until: later(30) };
        assert_eq!((token.until, ours.open(&token.text, NOW)), (later(30), Ok(opened)));
        assert_eq!(ours.open(&token.text, later(29)), Ok(opened));
        assert_eq!(ours.open(&token.text, later(30)), Err(TokenRefusal::Expired(opened)));
        assert_ne!(ours.issue(tenant, checkout, later(1)).unwrap().text, token.text, "a new one lives longer");
    }

    #[test]
    fn what_is_not_signed_by_us_for_this_use_opens_nothing() {
        let (ours, (tenant, checkout)) = (tokens(7), parties());
        let good = ours.issue(tenant, checkout, NOW).unwrap().text;
        let body: Vec<_> = good.split('.').collect();
        let claims = json!({
            "sub": checkout, "mer": tenant.merchant, "mode": "test", "aud": CLIENT, "iat": 0, "exp": 1_000_000_000
        });
        assert!(ours.open(&sign(&Header::new(Algorithm::HS256), &claims), NOW).is_ok(), "the sample itself is good");
        let without = |name: &str| {
            let mut claims = claims.clone();
            claims.as_object_mut().unwrap().remove(name);
            sign(&Header::new(Algorithm::HS256), &claims)
        };
        let with = |name: &str, value: Value| {
            let mut claims = claims.clone();
            claims[name] = value;
            sign(&Header::new(Algorithm::HS256), &claims)
        };
        // {"alg":"none"} and {"alg":"none","typ":"JWT"}
        let unsigned = |header: &str| format!("{header}.{}.", body[1]);
        for wrong in [
            tokens(8).issue(tenant, checkout, NOW).unwrap().text,
            sign(&Header::new(Algorithm::HS384), &claims),
            sign(&Header::new(Algorithm::HS512), &claims),
            unsigned("eyJhbGciOiJub25lIn0"),
            unsigned("eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"),
            format!("{}.{}.", body[0], body[1]),
            format!("{}.{}.AAAA", body[0], body[1]),
            format!("{good}x"),
            good.to_uppercase(),
            without("exp"),
            without("aud"),
            without("sub"),
            without("mer"),
            with("aud", json!("somebody else")),
            with("sub", json!("chk_nothing")),
            with("mode", json!("both")),
            with("exp", json!("tomorrow")),
            with("exp", json!(i64::MAX)),
            "x".repeat(5_000),
            String::new(),
        ] {
            assert_eq!(ours.open(&wrong, NOW), Err(TokenRefusal::Unknown), "{wrong}");
        }
    }

    #[test]
    fn a_token_holds_ids_and_times_and_nothing_else() {
        use base64::Engine as _;
        let (tenant, checkout) = parties();
        let token = tokens(7).issue(tenant, checkout, NOW).unwrap().text;
        let payload =
            base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(token.split('.').nth(1).unwrap()).unwrap();
        let claims: Value = serde_json::from_slice(&payload).unwrap();
        let names: Vec<_> = claims.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(names, ["sub", "mer", "mode", "aud", "iat", "exp"]);
    }
}

//! The token of a customer's page: signed, so nothing of it is stored, and bound to one checkout.

use std::collections::HashSet;

use jiff::Timestamp;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lendport_core::{CheckoutId, MerchantId, Mode, Secret};
use lendport_engine::view::CheckoutView;
use lendport_storage::Tenant;
use serde::{Deserialize, Serialize};

const AUDIENCE: &str = "lendport-client";
/// Longer texts are not ours.
const TOKEN_MAX_BYTES: usize = 1024;

#[derive(Serialize, Deserialize)]
struct Claims {
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

/// Signs and checks the tokens.
pub(crate) struct ClientTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
    public_url: String,
}

impl ClientTokens {
    pub(crate) fn new(key: &Secret<[u8; 32]>, public_url: String) -> Self {
        Self {
            encoding: EncodingKey::from_secret(key.expose()),
            decoding: DecodingKey::from_secret(key.expose()),
            public_url,
        }
    }

    /// Fills `client_token` and `checkout_url`. The same checkout always gets the same token.
    pub(crate) fn fill(&self, tenant: Tenant, view: &mut CheckoutView) {
        let Ok(sub) = view.id.parse() else { return };
        let claims = Claims {
            sub,
            mer: tenant.merchant,
            mode: tenant.mode,
            aud: AUDIENCE.to_owned(),
            iat: view.created_at.as_second(),
            exp: view.deadlines.expires_at.unwrap_or(view.created_at).as_second(),
        };
        match jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding) {
            Ok(token) => {
                view.checkout_url = Some(format!("{}/c/{token}", self.public_url));
                view.client_token = Some(token);
            }
            Err(error) => tracing::error!(%error, "client token not signed"),
        }
    }

    /// Whose page a token opens; nothing when it is not ours or has run out.
    pub(crate) fn open(&self, token: &str, now: Timestamp) -> Option<(Tenant, CheckoutId)> {
        if token.len() > TOKEN_MAX_BYTES {
            return None;
        }
        let mut validation = Validation::new(Algorithm::HS256);
        validation.set_audience(&[AUDIENCE]);
        // Time is judged below, by our own clock.
        validation.validate_exp = false;
        validation.required_spec_claims = HashSet::from(["exp".to_owned(), "aud".to_owned(), "sub".to_owned()]);
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        let tenant = Tenant { merchant: claims.mer, mode: claims.mode };
        (now.as_second() < claims.exp).then_some((tenant, claims.sub))
    }
}

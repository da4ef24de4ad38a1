//! Tokens of another issuer: checked with its keys, and taken for no more than the configuration allows.

use std::sync::Arc;

use lendport_core::{KeyId, Scope, Scopes};
use lendport_engine::{Engine, KeyHolder};
use lendport_storage::Tenant;

use super::claims::{Claims, believed};
use super::issuer_settings::{IssuerSettings, MerchantOf};
use super::key_set::{KeySet, NoKey};
use super::once::Once;
use super::refusal::Refusal;
use super::unverified::Unverified;
use crate::app::App;
use crate::problem::{Code, Problem};

pub(super) struct Issuer {
    settings: IssuerSettings,
    keys: Arc<KeySet>,
}

impl Issuer {
    pub(super) fn new(settings: IssuerSettings) -> Self {
        Self { keys: KeySet::new(Arc::clone(&settings.keys)), settings }
    }

    /// What its tokens have as `iss`.
    pub(super) fn name(&self) -> &str {
        &self.settings.issuer
    }

    /// Whose a token of this issuer's is, and its one use where it has no more.
    pub(super) async fn holder(
        &self,
        app: &App,
        token: &str,
        said: &Unverified,
    ) -> Result<(KeyHolder, Option<Once>), Problem> {
        let known = &self.settings;
        if !known.algorithms.0.contains(&said.algorithm) {
            return Err(Refusal::Algorithm.into());
        }
        // OpenID Connect's tokens for the client itself say nothing else than access tokens do; their audience does.
        if !matches!(said.typ.as_deref(), None | Some("jwt" | "at+jwt" | "application/at+jwt")) {
            return Err(Refusal::Type.into());
        }
        let key = self.keys.key(&said.kid).await.map_err(no_key)?;
        if !key.is_for(said.algorithm) {
            return Err(Refusal::Algorithm.into());
        }
        let names = (known.issuer.as_str(), known.audience.as_str());
        let now = app.clock.now();
        let claims = believed(token, &key.decoding, said.algorithm, names, now)?;
        let once = known.require_jti.then(|| Once::of(&known.issuer, &claims, now)).transpose()?;
        let merchant = match &known.merchant {
            MerchantOf::Fixed(merchant) => merchant.to_string(),
            MerchantOf::Claim(name) => claims.text(name).ok_or(Refusal::Merchant)?.to_owned(),
        };
        let engine = app.engine.clone();
        let found = app.run(async move { engine.merchant_named(&merchant).await }).await?;
        let tenant = Tenant { merchant: found.ok_or(Refusal::Merchant)?, mode: known.mode };
        let key: KeyId = Engine::id_of_subject(&known.issuer, &claims.sub);
        Ok((KeyHolder { tenant, key, scopes: Arc::new(self.scopes(&claims)), expires_at: None }, once))
    }

    /// What the token says, as far as it is allowed. Words that are no scopes of ours are somebody else's.
    fn scopes(&self, claims: &Claims) -> Scopes {
        let said = claims.words(&self.settings.scopes_claim);
        said.into_iter().filter_map(Scope::parse).filter(|scope| self.settings.scopes.has(*scope)).collect()
    }
}

/// Where the keys cannot be read nobody knows whether the token is good, and its holder is to come again with it.
fn no_key(why: NoKey) -> Problem {
    match why {
        NoKey::Unknown => Refusal::Key.into(),
        NoKey::Unread { retry_after_s } => Problem::plain(Code::IssuerUnavailable).after(Some(retry_after_s)),
    }
}

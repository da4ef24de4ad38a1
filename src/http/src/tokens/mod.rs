//! Short tokens in the place of secret keys: ours, given for a key and signed with a key pair that changes (RFC 6749, 7519),
//! and those of the platform's own identity provider.
//!
//! A token of ours works for as long as it says and never longer than the key it was given for: the key's row is looked at
//! with each request, through the same cache of a second as the key itself.

mod bearer;
mod claims;
mod documents;
mod endpoint;
mod form;
mod grant;
mod issuer;
mod issuer_settings;
mod key_set;
mod once;
mod own_keys;
mod public_keys;
mod refusal;
mod unverified;

use std::sync::Arc;

use jiff::SignedDuration;
use lendport_engine::SigningPlan;
use utoipa_axum::router::OpenApiRouter;

pub(crate) use self::bearer::{bearer_of_token, is_token};
pub(crate) use self::endpoint::slow_down;
use self::issuer::Issuer;
pub use self::issuer_settings::{Algorithms, IssuerSettings, KeySetSource, MerchantOf};
pub(crate) use self::once::Once;
use self::own_keys::OwnKeys;
use crate::app::App;
use crate::known_keys::KnownKeys;

/// Settings of tokens; section `[auth]` of the configuration.
#[derive(Clone, Debug)]
pub struct TokenSettings {
    /// Seconds for which a token of ours works.
    pub token_lifetime_s: u32,
    /// Seconds for which others may keep our public keys.
    pub jwks_cache_s: u32,
    /// Days for which a key pair signs.
    pub signing_key_days: u32,
    /// Whose tokens are taken beside our own.
    pub issuers: Vec<IssuerSettings>,
}

impl Default for TokenSettings {
    fn default() -> Self {
        Self { token_lifetime_s: 600, jwks_cache_s: 300, signing_key_days: 30, issuers: Vec::new() }
    }
}

impl TokenSettings {
    /// How long the keys live that sign ours.
    pub fn plan(&self) -> SigningPlan {
        let cached_for = SignedDuration::from_secs(i64::from(self.jwks_cache_s));
        let quarter = SignedDuration::from_millis(i64::from(self.jwks_cache_s) * 250);
        SigningPlan {
            cached_for,
            read_every: quarter.min(SignedDuration::from_secs(30)),
            token_lives: SignedDuration::from_secs(i64::from(self.token_lifetime_s)),
            signs_for: SignedDuration::from_hours(24 * i64::from(self.signing_key_days)),
        }
    }
}

/// Everything about tokens that handlers share.
pub(crate) struct Tokens {
    own: OwnKeys,
    issuers: Vec<Arc<Issuer>>,
    /// Keys whose tokens came a moment ago. Apart from those of secret keys, so that what names a key is never taken for one.
    pub(crate) holders: KnownKeys,
    lives: SignedDuration,
    cache_s: u32,
}

impl Tokens {
    pub(crate) fn new(settings: TokenSettings) -> Self {
        let plan = settings.plan();
        Self {
            own: OwnKeys::new(plan),
            lives: plan.token_lives,
            cache_s: settings.jwks_cache_s,
            issuers: settings.issuers.into_iter().map(|settings| Arc::new(Issuer::new(settings))).collect(),
            holders: KnownKeys::default(),
        }
    }
}

/// The routes.
pub(crate) fn router() -> OpenApiRouter<App> {
    endpoint::router().merge(documents::router())
}

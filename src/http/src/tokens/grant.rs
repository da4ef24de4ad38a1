//! A token of ours: made for a key, and taken while that key works.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, Header};
use lendport_core::{KeyId, Mode, Scope, Scopes};
use lendport_engine::KeyHolder;
use lendport_storage::Tenant;
use serde::Serialize;
use tokio::time::Instant;

use super::Tokens;
use super::claims::{Claims, believed};
use super::refusal::Refusal;
use super::unverified::Unverified;
use crate::app::App;
use crate::problem::{Code, Problem};

/// The `typ` of an access token (RFC 9068, 2.1).
const TYPE: &str = "at+jwt";

/// What a token of ours says.
#[derive(Serialize)]
struct Said<'a> {
    iss: &'a str,
    aud: &'a str,
    /// The key it was given for.
    sub: String,
    client_id: String,
    merchant: String,
    mode: &'static str,
    scope: String,
    iat: i64,
    nbf: i64,
    exp: i64,
    jti: String,
}

/// A token that was just made.
pub(super) struct Granted {
    pub(super) text: String,
    pub(super) lives_s: i64,
}

impl Tokens {
    /// Makes a token for a key's holder. It ends with the key where that is earlier.
    pub(super) async fn grant(&self, app: &App, holder: &KeyHolder, scopes: &Scopes) -> Result<Granted, Problem> {
        let ring = self.own.ring(app, None).await?;
        let now = app.clock.now();
        let usual = now.saturating_add(self.lives).unwrap_or(Timestamp::MAX);
        let until = holder.expires_at.map_or(usual, |end| end.min(usual));
        let said = Said {
            iss: &app.public_url,
            aud: &app.public_url,
            sub: holder.key.to_string(),
            client_id: holder.key.to_string(),
            merchant: holder.tenant.merchant.to_string(),
            mode: holder.tenant.mode.as_str(),
            scope: scopes.to_text(),
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: until.as_second(),
            jti: app.ids.uuid().simple().to_string(),
        };
        let key = ring.signer(now).ok_or_else(|| Problem::plain(Code::Internal))?;
        let header = Header { typ: Some(TYPE.to_owned()), kid: Some(key.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        let text = jsonwebtoken::encode(&header, &said, &key.encoding).map_err(|error| {
            tracing::error!(%error, "a token could not be signed");
            Problem::plain(Code::Internal)
        })?;
        Ok(Granted { text, lives_s: said.exp - said.iat })
    }

    /// Whose a token of ours is, with what it may do: what it says, and never more than its key.
    pub(super) async fn own_holder(&self, app: &App, token: &str, said: &Unverified) -> Result<KeyHolder, Problem> {
        if said.algorithm != Algorithm::EdDSA {
            return Err(Refusal::Algorithm.into());
        }
        if said.typ.as_deref() != Some(TYPE) {
            return Err(Refusal::Type.into());
        }
        let ring = self.own.ring(app, Some(&said.kid)).await?;
        let now = app.clock.now();
        let key = ring.get(&said.kid, now).ok_or(Refusal::Key)?;
        let ours = (app.public_url.as_str(), app.public_url.as_str());
        let claims = believed(token, &key.decoding, said.algorithm, ours, now)?;
        let (tenant, key, scopes) = read(&claims).ok_or(Refusal::Incomplete)?;
        let holder = self.holder_of(app, tenant, key).await?;
        if holder.expires_at.is_some_and(|end| end <= now) {
            return Err(Refusal::Gone.into());
        }
        let scopes: Scopes = scopes.iter().filter(|scope| holder.scopes.allow(*scope)).collect();
        // The key was looked at just now, and the token a moment ago: both hold for this request.
        Ok(KeyHolder { scopes: Arc::new(scopes), expires_at: None, ..holder })
    }

    /// The holder of the key that a token was given for, as it was a second ago at most.
    async fn holder_of(&self, app: &App, tenant: Tenant, key: KeyId) -> Result<KeyHolder, Problem> {
        let name = format!("{} {} {key}", tenant.merchant, tenant.mode.as_str());
        let asked = Instant::now();
        if let Some(known) = self.holders.get(&name, asked) {
            return Ok(known);
        }
        let engine = app.engine.clone();
        let found = app.run(async move { engine.holder_of_key(tenant, key).await }).await?;
        let holder = found.ok_or(Refusal::Gone)?;
        self.holders.put(&name, holder.clone(), asked);
        Ok(holder)
    }

    /// For how long others may keep our public keys.
    pub(super) fn cached_for_s(&self) -> u32 {
        self.cache_s
    }

    /// For how long a token lives at most.
    pub(super) fn lives(&self) -> SignedDuration {
        self.lives
    }
}

fn read(claims: &Claims) -> Option<(Tenant, KeyId, Scopes)> {
    let mode = claims.text("mode").and_then(Mode::parse)?;
    let merchant = claims.text("merchant")?.parse().ok()?;
    let scopes = claims.text("scope")?.split_ascii_whitespace().filter_map(Scope::parse).collect();
    Some((Tenant { merchant, mode }, claims.sub.parse().ok()?, scopes))
}

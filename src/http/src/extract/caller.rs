//! Who asks. The secret key decides the merchant and the mode.

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, header};
use lendport_core::MerchantId;
use lendport_engine::KeyHolder;
use lendport_storage::Tenant;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::{Code, Problem};

const LENDPORT_MERCHANT: HeaderName = HeaderName::from_static("lendport-merchant");
/// Longer texts are no keys of ours.
const KEY_MAX_BYTES: usize = 256;

/// An authenticated caller.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller(pub(crate) Tenant);

/// An authenticated caller, with the key that is kept beside what it decides.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyedCaller(pub(crate) KeyHolder);

impl FromRequestParts<App> for Caller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let KeyedCaller(holder) = KeyedCaller::from_request_parts(parts, app).await?;
        Ok(Self(holder.tenant))
    }
}

impl FromRequestParts<App> for KeyedCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let unknown = || Problem::plain(Code::Unauthorized);
        let key = bearer(parts).filter(|key| key.len() <= KEY_MAX_BYTES).ok_or_else(unknown)?.to_owned();
        let holder = match app.keys.get(&key, Instant::now()) {
            Some(known) => known,
            None => look_up(app, key).await?.ok_or_else(unknown)?,
        };
        if let Some(named) = parts.headers.get(LENDPORT_MERCHANT) {
            let named = named.to_str().ok().and_then(|text| text.parse::<MerchantId>().ok());
            // A key may only act for its own merchant; anything else looks as if it did not exist.
            if named != Some(holder.tenant.merchant) {
                return Err(Problem::plain(Code::NotFound));
            }
        }
        Ok(Self(holder))
    }
}

async fn look_up(app: &App, key: String) -> Result<Option<KeyHolder>, Problem> {
    let (engine, asked, wanted) = (app.engine.clone(), Instant::now(), key.clone());
    let found = app.run(async move { engine.tenant_of_key(&wanted).await }).await?;
    if let Some(holder) = found {
        app.keys.put(&key, holder, asked);
    }
    Ok(found)
}

fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, key) = values.next()?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

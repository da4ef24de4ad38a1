//! Who asks. The secret key, or the token, decides the merchant and the mode, and what may be done.

use std::marker::PhantomData;
use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::request::Parts;
use http::{HeaderName, header};
use lendport_core::{MerchantId, RequestId, Scope, Scopes};
use lendport_engine::By;
use lendport_storage::Tenant;

use super::PathParts;
use super::rights::{AccountsWrite, Right};
use super::secret_key::holder_of_secret;
use crate::app::App;
use crate::problem::{Code, Problem};
use crate::rates::Note;
use crate::tokens::{Once, bearer_of_token, is_token};

const LENDPORT_MERCHANT: HeaderName = HeaderName::from_static("lendport-merchant");

/// An authenticated caller with a right, as the merchant whose rows it is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Caller<R>(pub(crate) Tenant, pub(crate) PhantomData<R>);

/// An authenticated caller with a right, with all that is known of them: for what is kept in the audit log.
#[derive(Clone, Debug)]
pub(crate) struct Asker<R>(pub(crate) By, pub(crate) PhantomData<R>);

/// The merchant that the `{id}` of a path names, for who may administer it: its own keys with `accounts:write`, and the
/// platform. For everybody else there is no such merchant.
#[derive(Clone, Debug)]
pub(crate) struct Managed {
    /// Who asks.
    pub(crate) by: By,
    /// The merchant, in the key's mode.
    pub(crate) tenant: Tenant,
}

/// Any of these, for a handler that may still tell it to send the same request again: with a token that works once, which is
/// therefore not used up yet.
#[derive(Debug)]
pub(crate) struct Unspent<C>(pub(crate) C, pub(crate) Token);

/// What somebody asks with.
#[derive(Debug)]
#[must_use]
pub(crate) struct Token(Option<Once>);

impl Token {
    /// Uses a token up that works once.
    pub(crate) async fn spend(self, app: &App) -> Result<(), Problem> {
        match self.0 {
            Some(once) => once.take(app).await,
            None => Ok(()),
        }
    }
}

impl<R: Right> FromRequestParts<App> for Unspent<Caller<R>> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Unspent(Asker(by, _), token) = Unspent::<Asker<R>>::from_request_parts(parts, app).await?;
        Ok(Self(Caller(by.tenant, PhantomData), token))
    }
}

impl<R: Right> FromRequestParts<App> for Unspent<Asker<R>> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (by, token) = authenticate(parts, app).await?;
        require::<R>(&by)?;
        Ok(Self(Asker(by, PhantomData), token))
    }
}

impl<R: Right> FromRequestParts<App> for Caller<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        Ok(Self(Asker::<R>::from_request_parts(parts, app).await?.0.tenant, PhantomData))
    }
}

impl<R: Right> FromRequestParts<App> for Asker<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Unspent(asker, token) = Unspent::<Self>::from_request_parts(parts, app).await?;
        token.spend(app).await?;
        Ok(asker)
    }
}

impl FromRequestParts<App> for Managed {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let Unspent(managed, token) = Unspent::<Self>::from_request_parts(parts, app).await?;
        token.spend(app).await?;
        Ok(managed)
    }
}

impl FromRequestParts<App> for Unspent<Managed> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        let (by, token) = authenticate(parts, app).await?;
        let nothing = || Problem::plain(Code::NotFound);
        let Ok(path) = PathParts::from_request_parts(parts, app).await;
        let merchant: MerchantId = path.get("id").parse().map_err(|_| nothing())?;
        if merchant != by.tenant.merchant && !(by.scopes.has(Scope::PlatformAdmin) && exists(app, merchant).await?) {
            return Err(nothing());
        }
        require::<AccountsWrite>(&by)?;
        let tenant = Tenant { merchant, mode: by.tenant.mode };
        Ok(Self(Managed { by, tenant }, token))
    }
}

fn require<R: Right>(by: &By) -> Result<(), Problem> {
    let missing = R::ANY_OF.first().copied().unwrap_or(Scope::PlatformAdmin);
    let may = R::ANY_OF.iter().any(|scope| by.scopes.allow(*scope));
    if may { Ok(()) } else { Err(Problem::missing(missing)) }
}

/// Whose key or token it is, and for whom it acts; counted for both. A token is used up last: who comes too soon is told to
/// send the same request again, with the same token.
async fn authenticate(parts: &Parts, app: &App) -> Result<(By, Token), Problem> {
    let (by, once) = identify(parts, app).await?;
    let note = parts.extensions.get::<Note>();
    app.rates.key(&by, &parts.method, note)?;
    let by = act_for(by, parts, app).await?;
    app.rates.merchant(&by, &parts.method, note)?;
    Ok((by, Token(once)))
}

/// Whose key or token it is; with the use of a token that has only one.
async fn identify(parts: &Parts, app: &App) -> Result<(By, Option<Once>), Problem> {
    let unknown = || Problem::plain(Code::Unauthorized);
    let sent = bearer(parts).ok_or_else(unknown)?.to_owned();
    let (holder, once) = if is_token(&sent) {
        bearer_of_token(app, &sent).await?
    } else {
        (holder_of_secret(app, &sent, parts.extensions.get::<Note>()).await?.ok_or_else(unknown)?, None)
    };
    if holder.expires_at.is_some_and(|end| end <= app.clock.now()) {
        return Err(Problem::new(
            Code::Unauthorized,
            "the key has expired; make a new one, or use the one in its place",
        ));
    }
    let by = By {
        tenant: holder.tenant,
        home: holder.tenant.merchant,
        key: holder.key,
        scopes: holder.scopes,
        request: parts.extensions.get::<RequestId>().copied(),
    };
    Ok((by, once))
}

/// The merchant that the key acts for: its own, or the one that a platform names.
async fn act_for(by: By, parts: &Parts, app: &App) -> Result<By, Problem> {
    let Some(named) = parts.headers.get(LENDPORT_MERCHANT) else { return Ok(by) };
    let mut values = parts.headers.get_all(LENDPORT_MERCHANT).iter();
    let once = values.next().is_some() && values.next().is_none();
    let named = named.to_str().ok().filter(|_| once).and_then(|text| text.parse::<MerchantId>().ok());
    match named {
        Some(named) if named == by.home => Ok(by),
        // Who acts for a merchant may do what that merchant may, in the mode of the key.
        Some(named) if by.scopes.has(Scope::PlatformAdmin) && exists(app, named).await? => {
            let tenant = Tenant { merchant: named, ..by.tenant };
            Ok(By { tenant, scopes: Arc::new(Scopes::of_merchant()), ..by })
        }
        // Whatever is not theirs looks as if it did not exist.
        _ => Err(Problem::plain(Code::NotFound)),
    }
}

async fn exists(app: &App, merchant: MerchantId) -> Result<bool, Problem> {
    let engine = app.engine.clone();
    app.run(async move { engine.merchant_exists(merchant).await }).await
}

fn bearer(parts: &Parts) -> Option<&str> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let (scheme, key) = values.next()?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (values.next().is_none() && scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key)
}

//! A token that works once.

use jiff::{SignedDuration, Timestamp};

use super::claims::Claims;
use super::refusal::Refusal;
use super::unverified::NAME_MAX_BYTES;
use crate::app::App;
use crate::problem::Problem;

/// One is remembered until it has expired: not for longer than this.
const REMEMBERED_FOR: SignedDuration = SignedDuration::from_hours(24);

/// The use of a token that works once. Nothing is used up before [`Self::take`].
#[derive(Debug)]
#[must_use]
pub(crate) struct Once {
    issuer: String,
    id: String,
    until: Timestamp,
}

impl Once {
    /// That of a token with these claims; it has to have an id, and to end soon.
    pub(super) fn of(issuer: &str, claims: &Claims, now: Timestamp) -> Result<Self, Refusal> {
        let id = claims.text("jti").filter(|id| !id.is_empty() && id.len() <= NAME_MAX_BYTES);
        let id = id.ok_or(Refusal::Incomplete)?.to_owned();
        if claims.over_at.duration_since(now) > REMEMBERED_FOR {
            return Err(Refusal::TooLong);
        }
        Ok(Self { issuer: issuer.to_owned(), id, until: claims.over_at })
    }

    /// Uses it up. Whoever is refused before this can come again with the same token.
    pub(crate) async fn take(self, app: &App) -> Result<(), Problem> {
        let engine = app.engine.clone();
        let first = app.run(async move { engine.first_use(&self.issuer, &self.id, self.until).await }).await?;
        if first { Ok(()) } else { Err(Refusal::Replayed.into()) }
    }
}

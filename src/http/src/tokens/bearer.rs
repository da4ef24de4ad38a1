//! Who asks with a token.

use lendport_engine::KeyHolder;

use super::once::Once;
use super::refusal::Refusal;
use super::unverified::Unverified;
use crate::app::App;
use crate::problem::Problem;

/// Whether what was sent is meant as a token. No secret key has a dot in it.
pub(crate) fn is_token(text: &str) -> bool {
    text.contains('.')
}

/// Whose a token is, and its one use where it has no more. Its issuer decides which keys it can be signed with, so that
/// nobody's key signs in another's name.
pub(crate) async fn bearer_of_token(app: &App, token: &str) -> Result<(KeyHolder, Option<Once>), Problem> {
    let said = Unverified::read(token)?;
    if said.issuer == app.public_url {
        return Ok((app.auth.own_holder(app, token, &said).await?, None));
    }
    let issuer = app.auth.issuers.iter().find(|issuer| issuer.name() == said.issuer);
    issuer.ok_or(Refusal::Issuer)?.holder(app, token, &said).await
}

//! The addresses that financers send the browser back to. What opens the page there is a token of its own kind: it outlives
//! the checkout, and is no page's token.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AttemptId, CheckoutId, ReturnUrls};
use lendport_engine::{CameBack, ReturnLinks};
use lendport_storage::Tenant;
use serde::{Deserialize, Serialize};

use crate::client_token::{Claims, ClientTokens, Opened, TokenRefusal, claims, opened};

/// Who may use a return address.
const RETURN: &str = "lendport-return";
/// So long after its checkout's deadline does a return address lead to the page: a late customer is told where it stands.
const RETURN_AFTER: SignedDuration = SignedDuration::from_hours(30 * 24);

#[derive(Serialize, Deserialize)]
struct ReturnClaims {
    #[serde(flatten)]
    page: Claims,
    /// The attempt, so that every attempt has addresses of its own.
    att: AttemptId,
    /// `complete` or `abort`, as the financer sees it.
    how: String,
}

/// Somebody whom a financer sent back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Return {
    pub(crate) opened: Opened,
    /// The attempt at that financer; another one may lead by now.
    pub(crate) attempt: AttemptId,
    pub(crate) how: CameBack,
}

impl ClientTokens {
    /// What a return address says.
    pub(crate) fn open_return(&self, token: &str, now: Timestamp) -> Result<Return, TokenRefusal> {
        let claims: ReturnClaims = self.read(token, RETURN).ok_or(TokenRefusal::Unknown)?;
        let how = CameBack::parse(&claims.how).ok_or(TokenRefusal::Unknown)?;
        Ok(Return { opened: opened(&claims.page, now)?, attempt: claims.att, how })
    }

    fn return_url(&self, page: Claims, att: AttemptId, how: CameBack) -> Option<String> {
        let token = self.signed(&ReturnClaims { page, att, how: how.as_str().to_owned() })?;
        Some(format!("{}/r/{token}", self.public_url))
    }
}

impl ReturnLinks for ClientTokens {
    fn return_urls(
        &self,
        tenant: Tenant,
        checkout: CheckoutId,
        attempt: AttemptId,
        started: Timestamp,
        deadline: Timestamp,
    ) -> ReturnUrls {
        let until = deadline.saturating_add(RETURN_AFTER).unwrap_or(Timestamp::MAX);
        let link = |how| self.return_url(claims(RETURN, tenant, checkout, started, until), attempt, how);
        ReturnUrls { success: link(CameBack::Complete), failure: link(CameBack::Abort) }
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode, Secret};
    use lendport_testkit::SeededIds;

    use super::*;

    const NOW: Timestamp = Timestamp::UNIX_EPOCH;

    fn tokens() -> ClientTokens {
        ClientTokens::new(&Secret::new([7; 32]), "https://gateway.example", 30)
    }

    fn parties() -> (Tenant, CheckoutId, AttemptId) {
        let ids = SeededIds::new(1);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        (tenant, CheckoutId::mint(&ids), AttemptId::mint(&ids))
    }

    fn later(minutes: i64) -> Timestamp {
        NOW + SignedDuration::from_mins(minutes)
    }

    fn token_of(url: &str) -> &str {
        url.strip_prefix("https://gateway.example/r/").unwrap()
    }

    #[test]
    fn return_addresses_say_how_and_outlive_the_checkout() {
        let (ours, (tenant, checkout, attempt)) = (tokens(), parties());
        let ReturnUrls { success, failure } = ours.return_urls(tenant, checkout, attempt, NOW, later(60));
        for (url, how) in [(success, CameBack::Complete), (failure, CameBack::Abort)] {
            let url = url.unwrap();
            assert!(url.len() <= lendport_core::limits::URL_MAX_CHARS, "{url}");
            let said = ours.open_return(token_of(&url), later(60)).unwrap();
            assert_eq!((said.opened.tenant, said.opened.checkout), (tenant, checkout));
            assert_eq!((said.attempt, said.how), (attempt, how));
            assert!(matches!(
                ours.open_return(token_of(&url), later(60 + 30 * 24 * 60)),
                Err(TokenRefusal::Expired(_))
            ));
        }
    }

    #[test]
    fn they_are_the_same_for_the_same_attempt_also_of_another_process() {
        let (tenant, checkout, attempt) = parties();
        let links = |tokens: &ClientTokens| tokens.return_urls(tenant, checkout, attempt, later(5), later(60));
        assert_eq!(links(&tokens()), links(&tokens()));
        let another = tokens().return_urls(tenant, checkout, AttemptId::mint(&SeededIds::new(2)), later(5), later(60));
        assert_ne!(links(&tokens()), another);
    }

    #[test]
    fn neither_kind_of_token_does_for_the_other() {
        let (ours, (tenant, checkout, attempt)) = (tokens(), parties());
        let back = ours.return_urls(tenant, checkout, attempt, NOW, later(60)).success.unwrap();
        assert_eq!(ours.open(token_of(&back), NOW), Err(TokenRefusal::Unknown));
        let page = ours.issue(tenant, checkout, NOW).unwrap().text;
        assert_eq!(ours.open_return(&page, NOW), Err(TokenRefusal::Unknown));
    }
}

//! A new secret key, and one in the place of another. Only digests are stored.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{IdSource, KeyId, Mode, Scopes, Secret};
use lendport_storage::{ApiKey, Tenant};

use super::KeyRefusal;
use crate::engine::digest;

/// A key's row with the key itself, which is shown once.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// What is stored.
    pub row: ApiKey,
    /// What is shown.
    pub secret: Secret<String>,
}

/// A new secret key, `lp_test_...` or `lp_live_...`.
pub fn new_secret_key(ids: &dyn IdSource, mode: Mode) -> Secret<String> {
    Secret::new(format!("lp_{}_{}", mode.as_str(), ids.token().expose()))
}

impl NewKey {
    /// A key of the tenant.
    pub fn make(
        ids: &dyn IdSource,
        now: Timestamp,
        tenant: Tenant,
        label: &str,
        scopes: &Scopes,
        expires_at: Option<Timestamp>,
    ) -> Self {
        let secret = new_secret_key(ids, tenant.mode);
        let row = ApiKey::new(KeyId::mint(ids), tenant, digest(secret.expose()), label, now);
        Self { row: ApiKey { scopes: scopes.clone(), expires_at, ..row }, secret }
    }

    /// A key in the place of another one, which goes on working for `overlap_s` seconds and never longer than it would have.
    /// The new one has the same rights, and lasts as long as the old one was made for. The old one comes first.
    pub fn replace(
        ids: &dyn IdSource,
        now: Timestamp,
        old: &ApiKey,
        overlap_s: u32,
    ) -> Result<(ApiKey, Self), KeyRefusal> {
        if !old.works(now) {
            return Err(KeyRefusal::Over);
        }
        if old.replaced_by.is_some() {
            return Err(KeyRefusal::Replaced);
        }
        let expires_at = old.expires_at.map(|end| now.saturating_add(end.duration_since(old.created_at)));
        let expires_at = expires_at.map(|end| end.unwrap_or(Timestamp::MAX));
        let new = Self::make(ids, now, old.tenant(), &old.label, &old.scopes, expires_at);
        let overlap = SignedDuration::from_secs(i64::from(overlap_s));
        let ends = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
        let ends = old.expires_at.map_or(ends, |end| end.min(ends));
        let old = ApiKey { replaced_by: Some(new.row.id), expires_at: Some(ends), ..old.clone() };
        Ok((old, new))
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Scope};
    use lendport_testkit::SeededIds;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn a_key_is_replaced_by_one_that_may_do_the_same_and_lasts_as_long() {
        let ids = SeededIds::new(1);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Live };
        let scopes: Scopes = [Scope::CheckoutsRead].into_iter().collect();
        let first = NewKey::make(&ids, at(100), tenant, "shop", &scopes, Some(at(1_100)));
        assert!(first.secret.expose().starts_with("lp_live_") && first.row.digest == digest(first.secret.expose()));
        let (old, new) = NewKey::replace(&ids, at(600), &first.row, 60).unwrap();
        assert_eq!((old.expires_at, old.replaced_by), (Some(at(660)), Some(new.row.id)));
        assert_eq!((new.row.expires_at, &new.row.scopes, new.row.label.as_str()), (Some(at(1_600)), &scopes, "shop"));
        assert!(old.works(at(659)) && !old.works(at(660)) && new.row.works(at(660)));
        assert_ne!(new.secret.expose(), first.secret.expose());
        assert_eq!(NewKey::replace(&ids, at(610), &old, 60).unwrap_err(), KeyRefusal::Replaced);
        assert_eq!(NewKey::replace(&ids, at(1_100), &first.row, 60).unwrap_err(), KeyRefusal::Over);
        // Nobody's key lives longer for being replaced.
        assert_eq!(NewKey::replace(&ids, at(1_090), &first.row, 60).unwrap().0.expires_at, Some(at(1_100)));
    }
}

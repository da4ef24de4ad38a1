//! Active routing profiles that were looked up a moment ago, compiled, so that not every checkout reads and checks one anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::routing::{Profile, Router};
use lendport_core::{Pointer, RoutingProfileId, routing};
use lendport_storage::{RoutingVersion, Tenant};

use super::judge::in_turn;
use crate::engine::Engine;
use crate::error::EngineError;

/// For how long a profile is believed. Every process looks again after it, so that a new one holds everywhere then.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(1);
/// Tenants whose profile is remembered at most.
const TENANTS_MAX: usize = 10_000;

/// A version that decides.
#[derive(Debug)]
pub(crate) struct ActiveProfile {
    pub(crate) id: RoutingProfileId,
    pub(crate) version: u64,
    pub(crate) profile: Profile,
    pub(crate) router: Router,
}

impl ActiveProfile {
    /// Compiles a stored version. It was checked when it was put; financers may have come and gone since.
    pub(crate) fn of(stored: RoutingVersion) -> Result<Self, EngineError> {
        let router = routing::compile(&stored.profile, None, &Pointer::root())
            .map_err(|invalid| EngineError::Internal(format!("routing profile {}: {invalid}", stored.id)))?;
        Ok(Self { id: stored.id, version: stored.version, profile: stored.profile, router })
    }
}

type Known = (Option<Arc<ActiveProfile>>, Timestamp);

/// The profiles of the tenants of the latest requests; that a tenant has none is remembered as well.
#[derive(Default)]
pub(crate) struct KnownProfiles {
    known: Mutex<HashMap<Tenant, Known>>,
    /// Whose turn it is to compile a stored one.
    compiling: Arc<tokio::sync::Mutex<()>>,
    /// Whose turn it is to have one judged that somebody wrote.
    pub(super) judging: Arc<tokio::sync::Mutex<()>>,
}

impl KnownProfiles {
    /// What is known of a tenant, and whether that is fresh.
    fn get(&self, tenant: Tenant, now: Timestamp) -> Option<(Option<Arc<ActiveProfile>>, bool)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&tenant).map(|(profile, asked)| (profile.clone(), is_fresh(*asked, now)))
    }

    /// Remembers what the database said. `asked` is the moment before it was asked.
    fn put(&self, tenant: Tenant, profile: Option<Arc<ActiveProfile>>, asked: Timestamp) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= TENANTS_MAX && !known.contains_key(&tenant) {
            known.retain(|_, (_, looked_up)| is_fresh(*looked_up, asked));
        }
        if known.len() < TENANTS_MAX || known.contains_key(&tenant) {
            known.insert(tenant, (profile, asked));
        }
    }

    /// Has the profile looked up again.
    pub(crate) fn forget(&self, tenant: Tenant) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&tenant);
    }
}

/// A clock that was set back makes nothing younger.
fn is_fresh(looked_up: Timestamp, now: Timestamp) -> bool {
    let age = now.duration_since(looked_up);
    !age.is_negative() && age < BELIEVED_FOR
}

impl Engine {
    /// The tenant's active profile, as it was a second ago at most.
    pub(crate) async fn active_profile(&self, tenant: Tenant) -> Result<Option<Arc<ActiveProfile>>, EngineError> {
        let asked = self.clock.now();
        let known = self.profiles.get(tenant, asked);
        if let Some((profile, true)) = known {
            return Ok(profile);
        }
        let earlier = known.and_then(|(profile, _)| profile);
        let active = match self.store.routing(tenant).await? {
            None => None,
            // A version never changes: it is compiled once.
            Some(stored) => match earlier.filter(|earlier| earlier.id == stored.id) {
                Some(earlier) => Some(earlier),
                None => return self.compiled(tenant, stored, asked).await.map(Some),
            },
        };
        self.profiles.put(tenant, active.clone(), asked);
        Ok(active)
    }

    /// Compiles a version, and remembers it. Who comes meanwhile waits, and finds it done.
    async fn compiled(
        &self,
        tenant: Tenant,
        stored: RoutingVersion,
        asked: Timestamp,
    ) -> Result<Arc<ActiveProfile>, EngineError> {
        let profiles = Arc::clone(&self.profiles);
        let work = move || {
            let known = profiles.get(tenant, asked).and_then(|(profile, _)| profile);
            let compiled = match known.filter(|known| known.id == stored.id) {
                Some(known) => known,
                None => Arc::new(ActiveProfile::of(stored)?),
            };
            profiles.put(tenant, Some(Arc::clone(&compiled)), asked);
            Ok(compiled)
        };
        in_turn(&self.profiles.compiling, work).await?
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::{MerchantId, Mode};
    use lendport_testkit::SeededIds;

    use super::*;

    #[test]
    fn it_is_believed_for_a_second_and_there_are_never_more_than_so_many() {
        let (known, start, ids) = (KnownProfiles::default(), Timestamp::UNIX_EPOCH, SeededIds::new(1));
        let tenant = || Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let ours = tenant();
        known.put(ours, None, start);
        let fresh = |after_ms: i64| known.get(ours, start + SignedDuration::from_millis(after_ms)).map(|one| one.1);
        assert_eq!([fresh(999), fresh(1_000), fresh(-1)], [Some(true), Some(false), Some(false)]);
        for _ in 0..TENANTS_MAX {
            known.put(tenant(), None, start);
        }
        assert_eq!(known.known.lock().unwrap().len(), TENANTS_MAX);
        known.put(tenant(), None, start + BELIEVED_FOR);
        assert_eq!(known.known.lock().unwrap().len(), 1, "old ones make room");
    }
}

//! The life of a key that signs tokens: made, published, signing, published still, gone.
//!
//! A key is published for so long before it signs that everybody who keeps our keys for as long as we allow knows it by
//! then, and after its last token for as long as that is believed. So no token is ever met by somebody who cannot check it.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Actor, AuditAction, AuditEntry, IdSource, Secret, SigningKeyId};
use lendport_storage::{SigningKey, Store, StoreError};
use sha2::{Digest as _, Sha256};

/// By how much clocks of replicas may differ.
const CLOCKS_APART: SignedDuration = SignedDuration::from_secs(60);
/// How often is looked again when another process was faster.
const TRIES: u32 = 5;

/// How long the keys live.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SigningPlan {
    /// For how long others may keep the published keys.
    pub cached_for: SignedDuration,
    /// After how long every replica has read the keys anew.
    pub read_every: SignedDuration,
    /// How long a token lives.
    pub token_lives: SignedDuration,
    /// For how long a key signs.
    pub signs_for: SignedDuration,
}

impl SigningPlan {
    /// From when on a key that is made now may sign.
    fn known_at(&self, now: Timestamp) -> Timestamp {
        later(later(now, self.cached_for), self.read_every.saturating_mul(2))
    }

    /// Until when what an older key signed is believed, where a new one signs from then on.
    fn over_at(&self, from: Timestamp) -> Timestamp {
        later(later(from, self.token_lives), CLOCKS_APART.saturating_mul(2))
    }

    /// Whether the next key is to be made: so that it may sign when the newest one has done so for long enough.
    fn is_due(&self, newest: &SigningKey, now: Timestamp) -> bool {
        later(newest.active_from, self.signs_for) <= self.known_at(now)
    }
}

fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.saturating_add(by).unwrap_or(Timestamp::MAX)
}

/// The keys, newest first, with the first one made where there is none and the next one where that is due. Of several
/// processes one makes it.
pub async fn tend(
    store: &dyn Store,
    ids: &dyn IdSource,
    now: Timestamp,
    plan: &SigningPlan,
) -> Result<Vec<SigningKey>, StoreError> {
    for _ in 0..TRIES {
        let keys = store.signing_keys().await?;
        let next = match keys.first() {
            // Nobody holds a token yet: it may sign at once.
            None => make(ids, now, 1, now),
            Some(newest) if plan.is_due(newest, now) => make(ids, now, newest.number + 1, plan.known_at(now)),
            Some(_) => return Ok(keys),
        };
        let told = told(ids, Actor::Gateway, &next);
        if store.add_signing_key(&next, plan.over_at(next.active_from), &told).await? {
            tracing::info!(kid = %next.id, active_from = %next.active_from, "a new key will sign tokens");
        }
    }
    store.signing_keys().await
}

/// Has somebody at the command line make the next key now, whatever the age of the newest one. `at_once` ends all others with it, tokens that they signed
/// included: for a key that somebody else may have.
pub async fn rotate(
    store: &dyn Store,
    ids: &dyn IdSource,
    now: Timestamp,
    plan: &SigningPlan,
    at_once: bool,
) -> Result<Vec<SigningKey>, StoreError> {
    for _ in 0..TRIES {
        let keys = store.signing_keys().await?;
        let number = keys.first().map_or(1, |newest| newest.number + 1);
        let from = if at_once || keys.is_empty() { now } else { plan.known_at(now) };
        let until = if at_once { now } else { plan.over_at(from) };
        let next = make(ids, now, number, from);
        let told = told(ids, Actor::CommandLine, &next).with("at_once", at_once);
        if store.add_signing_key(&next, until, &told).await? {
            break;
        }
    }
    store.signing_keys().await
}

fn make(ids: &dyn IdSource, now: Timestamp, number: u32, active_from: Timestamp) -> SigningKey {
    let (id, random) = (SigningKeyId::mint(ids), ids.token());
    // A token of ours is 256 random bits as text; a seed is as many as bytes.
    let seed = Sha256::new_with_prefix(b"lendport signing key 1\0").chain_update(random.expose());
    let seed = Secret::new(seed.finalize().into());
    SigningKey { id, number, seed, created_at: now, active_from, retire_at: None }
}

fn told(ids: &dyn IdSource, actor: Actor, key: &SigningKey) -> AuditEntry {
    AuditEntry::of_gateway(ids, key.created_at, actor, AuditAction::SigningKeyCreated)
        .about(key.id)
        .with("number", key.number)
        .with("active_from", key.active_from)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use lendport_core::Mode;
    use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
    use lendport_storage::{AuditFilter, Audited, Database, PageAsk, Vault};
    use lendport_testkit::SeededIds;

    use super::*;

    const PLAN: SigningPlan = SigningPlan {
        cached_for: SignedDuration::from_secs(300),
        read_every: SignedDuration::from_secs(30),
        token_lives: SignedDuration::from_secs(600),
        signs_for: SignedDuration::from_hours(24),
    };

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn told(keys: &[SigningKey]) -> Vec<(u32, i64, Option<i64>)> {
        let told = |key: &SigningKey| (key.number, key.active_from.as_second(), key.retire_at.map(|at| at.as_second()));
        keys.iter().map(told).collect()
    }

    #[tokio::test]
    async fn the_next_key_is_made_before_it_signs_and_the_old_one_outlives_its_tokens() {
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("a.db"));
        let sqlite = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
        let (store, ids) = (Database::of(Arc::new(sqlite)).store, SeededIds::new(1));
        let tend = async |now: i64| told(&tend(store.as_ref(), &ids, at(now), &PLAN).await.unwrap());
        assert_eq!(tend(1_000).await, [(1, 1_000, None)]);
        let due = 1_000 + 86_400 - 360;
        assert_eq!(tend(due - 1).await, [(1, 1_000, None)]);
        let both = [(2, due + 360, None), (1, 1_000, Some(due + 360 + 600 + 120))];
        assert_eq!(tend(due).await, both);
        assert_eq!(tend(due + 400).await, both, "once");
        let rotated = rotate(store.as_ref(), &ids, at(due + 500), &PLAN, false).await.unwrap();
        assert_eq!(told(&rotated)[0], (3, due + 860, None));
        let at_once = rotate(store.as_ref(), &ids, at(due + 501), &PLAN, true).await.unwrap();
        let now = Some(due + 501);
        assert_eq!(told(&at_once), [(4, due + 501, None), (3, due + 860, now), (2, due + 360, now), (1, 1_000, now)]);
        let whose = Audited::All(Mode::Test);
        let log = store.audit(whose, AuditFilter::default(), PageAsk { limit: 9, after: None }).await.unwrap().rows;
        let log: Vec<_> =
            log.iter().map(|one| (one.actor, one.subject.clone(), one.merchant, one.facts.len())).collect();
        let (hand, itself) = ((Actor::CommandLine, 3), (Actor::Gateway, 2));
        let wanted = at_once.iter().zip([hand, hand, itself, itself]);
        let wanted: Vec<_> = wanted.map(|(key, (actor, facts))| (actor, key.id.to_string(), None, facts)).collect();
        assert_eq!(log, wanted, "each is told of once, with who made it");
        let seeds: Vec<_> = at_once.iter().map(|key| *key.seed.expose()).collect();
        assert!((1..seeds.len()).all(|one| !seeds[..one].contains(&seeds[one])), "no two are alike");
    }
}

//! The key pairs that sign our tokens, as this process knows them: read from the database, where all replicas share them.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};
use lendport_core::{Secret, SigningKeyId};
use lendport_engine::SigningPlan;
use lendport_storage::SigningKey;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::app::App;
use crate::problem::{Code, Problem};

/// What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410, 7).
const PKCS8: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
/// Between two times that the keys are read because a token names one that is not known.
const PAUSE: Duration = Duration::from_secs(1);

/// One of them.
pub(super) struct OwnKey {
    id: SigningKeyId,
    /// As it stands in a token.
    pub(super) kid: String,
    pub(super) encoding: EncodingKey,
    pub(super) decoding: DecodingKey,
    pub(super) public: Jwk,
    active_from: Timestamp,
    retire_at: Option<Timestamp>,
}

impl OwnKey {
    fn of(row: &SigningKey) -> Option<Self> {
        let der = Secret::new([PKCS8.as_slice(), row.seed.expose().as_slice()].concat());
        let encoding = EncodingKey::from_ed_der(der.expose());
        let mut public = Jwk::from_encoding_key(&encoding, Algorithm::EdDSA).ok()?;
        let kid = row.id.to_string();
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        // The public half and nothing else, whatever the library makes of a key pair.
        matches!(public.algorithm, AlgorithmParameters::OctetKeyPair(_)).then_some(())?;
        let decoding = DecodingKey::from_jwk(&public).ok()?;
        let (active_from, retire_at) = (row.active_from, row.retire_at);
        Some(Self { id: row.id, kid, encoding, decoding, public, active_from, retire_at })
    }

    fn is_believed(&self, now: Timestamp) -> bool {
        self.retire_at.is_none_or(|end| now < end)
    }
}

/// All of them, newest first.
#[derive(Default)]
pub(super) struct Ring {
    keys: Vec<Arc<OwnKey>>,
    asked_at: Option<Instant>,
}

impl Ring {
    /// The one that signs at this moment.
    pub(super) fn signer(&self, now: Timestamp) -> Option<&OwnKey> {
        self.keys.iter().find(|key| key.active_from <= now && key.is_believed(now)).map(Arc::as_ref)
    }

    /// The one of this name, while what it signed is believed.
    pub(super) fn get(&self, kid: &str, now: Timestamp) -> Option<&OwnKey> {
        self.keys.iter().find(|key| key.kid == kid && key.is_believed(now)).map(Arc::as_ref)
    }

    /// Those that others may have to know.
    pub(super) fn published(&self, now: Timestamp) -> impl Iterator<Item = &Jwk> {
        self.keys.iter().filter(move |key| key.is_believed(now)).map(|key| &key.public)
    }

    fn has(&self, kid: Option<&str>) -> bool {
        !self.keys.is_empty() && kid.is_none_or(|kid| self.keys.iter().any(|key| key.kid == kid))
    }

    /// While somebody else reads them again: a key waits for twice as long before it signs, the writing of it included.
    fn may_be_used(&self, kid: Option<&str>, plan: &SigningPlan) -> bool {
        let every = plan.read_every.unsigned_abs();
        self.has(kid) && self.is_younger_than(every + every / 2)
    }

    fn is_younger_than(&self, limit: Duration) -> bool {
        self.asked_at.is_some_and(|at| at.elapsed() < limit)
    }
}

pub(super) struct OwnKeys {
    plan: SigningPlan,
    known: RwLock<Arc<Ring>>,
    reading: Mutex<()>,
}

impl OwnKeys {
    pub(super) fn new(plan: SigningPlan) -> Self {
        Self { plan, known: RwLock::default(), reading: Mutex::default() }
    }

    /// The keys, read again where they are old or do not hold `kid`. Who can go on with those of a moment ago does not wait.
    pub(super) async fn ring(&self, app: &App, kid: Option<&str>) -> Result<Arc<Ring>, Problem> {
        let (ring, asked) = (self.known(), Instant::now());
        let limit = if ring.has(kid) { self.plan.read_every.unsigned_abs() } else { PAUSE };
        if ring.is_younger_than(limit) && !ring.keys.is_empty() {
            return Ok(ring);
        }
        let _alone = match self.reading.try_lock() {
            Ok(alone) => alone,
            Err(_) if ring.may_be_used(kid, &self.plan) => return Ok(ring),
            Err(_) => self.reading.lock().await,
        };
        let meanwhile = self.known();
        if meanwhile.asked_at.is_some_and(|at| at >= asked) {
            return Ok(meanwhile);
        }
        match self.read(app).await {
            Ok(keys) => {
                let new = Arc::new(Ring { keys, asked_at: Some(asked) });
                *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&new);
                Ok(new)
            }
            Err(_) if ring.has(kid) => Ok(ring),
            Err(problem) => Err(problem),
        }
    }

    async fn read(&self, app: &App) -> Result<Vec<Arc<OwnKey>>, Problem> {
        let (engine, plan) = (app.engine.clone(), self.plan);
        let rows = app.run(async move { engine.tend_signing_keys(&plan).await }).await?;
        let known = self.known();
        let of = |row: &SigningKey| {
            let same = known.keys.iter().find(|key| key.id == row.id && key.retire_at == row.retire_at);
            same.cloned().or_else(|| OwnKey::of(row).map(Arc::new)).ok_or_else(|| Problem::plain(Code::Internal))
        };
        rows.iter().map(of).collect()
    }

    fn known(&self) -> Arc<Ring> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;
    use serde_json::json;

    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn row(number: u8, from: i64, until: Option<i64>) -> SigningKey {
        SigningKey {
            id: SigningKeyId::mint(&SeededIds::new(number.into())),
            number: number.into(),
            seed: Secret::new([number; 32]),
            created_at: at(0),
            active_from: at(from),
            retire_at: until.map(at),
        }
    }

    /// RFC 8032, 7.1, test 1: the public key of this seed is known.
    #[test]
    fn the_public_half_of_a_key_is_published_and_nothing_of_the_other() {
        let seed = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
        let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap();
        let bytes: Vec<u8> = seed.as_bytes().chunks(2).map(byte).collect();
        let key = OwnKey::of(&SigningKey { seed: Secret::new(bytes.try_into().unwrap()), ..row(1, 0, None) }).unwrap();
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let public = serde_json::to_value(&key.public).unwrap();
        let wanted = json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "kid": key.kid, "use": "sig", "alg": "EdDSA" });
        assert_eq!(public, wanted);
    }

    #[test]
    fn a_key_signs_from_its_moment_and_is_believed_until_its_end() {
        let rows = [row(3, 300, None), row(2, 200, Some(320)), row(1, 0, Some(220))];
        let keys: Vec<_> = rows.iter().map(|row| Arc::new(OwnKey::of(row).unwrap())).collect();
        let ring = Ring { keys, asked_at: None };
        let [third, second, first] = rows.map(|row| row.id.to_string());
        let signs = |now: i64| ring.signer(at(now)).map(|key| key.kid.clone());
        assert_eq!(
            [signs(0), signs(199), signs(200), signs(299)],
            [&first, &first, &second, &second].map(|kid| Some(kid.clone()))
        );
        assert_eq!(signs(300), Some(third));
        assert!(ring.get(&first, at(219)).is_some() && ring.get(&first, at(220)).is_none());
        assert!(ring.get("nobody", at(0)).is_none());
        let published = |now: i64| ring.published(at(now)).count();
        assert_eq!([published(0), published(220), published(320)], [3, 2, 1]);
    }

    /// Keys that nobody asked for in a long time are waited for: the next one may sign already.
    #[test]
    fn old_keys_are_not_published_while_new_ones_are_read() {
        let row = row(1, 0, None);
        let ring = |ago: u64| {
            let asked_at = Instant::now().checked_sub(Duration::from_secs(ago));
            assert!(asked_at.is_some());
            Ring { keys: vec![Arc::new(OwnKey::of(&row).unwrap())], asked_at }
        };
        let plan = crate::TokenSettings::default().plan();
        assert_eq!(plan.read_every, jiff::SignedDuration::from_secs(30));
        let kid = row.id.to_string();
        assert!(ring(31).may_be_used(None, &plan) && ring(31).may_be_used(Some(&kid), &plan));
        assert!(!ring(31).may_be_used(Some("another"), &plan));
        assert!(!ring(46).may_be_used(None, &plan) && !ring(46).may_be_used(Some(&kid), &plan));
    }
}

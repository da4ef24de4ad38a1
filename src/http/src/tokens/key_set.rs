//! The keys of another issuer, read when they are needed and kept for a while.
//!
//! They are read again when they are old, and when a token names a key that is not among them: at most once every few
//! seconds, by one task for all who wait, whoever hangs up. Where that fails the old ones are used, for an hour at most.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::Instant;

use super::issuer_settings::KeySetSource;
use super::public_keys::{self, PublicKey, PublicKeys};

/// Older keys are read again.
const FRESH_FOR: Duration = Duration::from_secs(300);
/// Between two times that they are read, whatever tokens name.
const PAUSE: Duration = Duration::from_secs(10);
/// For how long keys are used that cannot be read again.
const KEPT_FOR: Duration = Duration::from_secs(3600);
/// However long the source takes.
const TIME_LIMIT: Duration = Duration::from_secs(10);

pub(super) struct KeySet {
    source: Arc<dyn KeySetSource>,
    known: RwLock<Known>,
    reading: Mutex<()>,
}

#[derive(Clone, Default)]
struct Known {
    keys: Arc<PublicKeys>,
    read_at: Option<Instant>,
    tried_at: Option<Instant>,
    /// The last try came to nothing, so that nobody knows which keys there are now.
    unread: bool,
}

/// Why there is no key of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoKey {
    /// It is not among the issuer's keys.
    Unknown,
    /// The issuer's keys cannot be read now; they are tried again after so many seconds.
    Unread { retry_after_s: u32 },
}

impl Known {
    fn get(&self, kid: &str, now: Instant) -> Option<Arc<PublicKey>> {
        let kept = self.read_at.is_some_and(|at| now.duration_since(at) < KEPT_FOR);
        self.keys.get(kid).filter(|_| kept).cloned()
    }

    fn is_fresh(&self, now: Instant) -> bool {
        self.read_at.is_some_and(|at| now.duration_since(at) < FRESH_FOR)
    }

    fn no_key(&self, now: Instant) -> NoKey {
        if !self.unread {
            return NoKey::Unknown;
        }
        let pause = self.tried_at.map_or(PAUSE, |at| PAUSE.saturating_sub(now.duration_since(at)));
        let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
        NoKey::Unread { retry_after_s: u32::try_from(seconds).unwrap_or(u32::MAX).max(1) }
    }

    fn tried_just_now(&self, now: Instant) -> bool {
        self.tried_at.is_some_and(|at| now.duration_since(at) < PAUSE)
    }
}

impl KeySet {
    pub(super) fn new(source: Arc<dyn KeySetSource>) -> Arc<Self> {
        Arc::new(Self { source, known: RwLock::default(), reading: Mutex::default() })
    }

    /// The key of this name.
    pub(super) async fn key(self: &Arc<Self>, kid: &str) -> Result<Arc<PublicKey>, NoKey> {
        let (known, now) = (self.known(), Instant::now());
        let found = known.get(kid, now);
        if (found.is_some() && known.is_fresh(now)) || (known.tried_just_now(now) && self.reading.try_lock().is_ok()) {
            return found.ok_or_else(|| known.no_key(now));
        }
        // In a task of its own: a caller that hangs up must not stop what all others wait for.
        let this = Arc::clone(self);
        let reading = tokio::spawn(async move { this.read(now).await });
        if let Some(found) = found {
            return Ok(found);
        }
        if reading.await.is_err() {
            tracing::error!("the keys of an issuer were not read to the end");
        }
        let (known, now) = (self.known(), Instant::now());
        known.get(kid, now).ok_or_else(|| known.no_key(now))
    }

    /// Reads them, unless somebody has done so since `asked` or a moment before.
    async fn read(&self, asked: Instant) {
        let _alone = self.reading.lock().await;
        let known = self.known();
        if known.tried_at.is_some_and(|at| at >= asked) || known.tried_just_now(Instant::now()) {
            return;
        }
        self.change(|known| {
            known.tried_at = Some(Instant::now());
            known.unread = true;
        });
        let started = Instant::now();
        let fetched = tokio::time::timeout(TIME_LIMIT, self.source.fetch()).await;
        let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
        match fetched.and_then(|bytes| public_keys::read(&bytes).map_err(str::to_owned)) {
            Ok(keys) => self.change(|known| {
                known.keys = Arc::new(keys);
                known.read_at = Some(started);
                known.unread = false;
            }),
            Err(why) => tracing::warn!(source = ?self.source, why, "the keys of an issuer could not be read"),
        }
    }

    fn known(&self) -> Known {
        self.known.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn change(&self, change: impl FnOnce(&mut Known)) {
        change(&mut self.known.write().unwrap_or_else(PoisonError::into_inner));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

    use async_trait::async_trait;
    use serde_json::json;

    use super::*;

    /// Publishes one key, named after how often it was asked before the last change.
    #[derive(Debug, Default)]
    struct Source {
        asked: AtomicUsize,
        broken: AtomicBool,
        slow: AtomicBool,
        silent: AtomicBool,
        generation: AtomicUsize,
    }

    #[async_trait]
    impl KeySetSource for Source {
        async fn fetch(&self) -> Result<Vec<u8>, String> {
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.slow.load(Ordering::SeqCst) {
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
            if self.silent.load(Ordering::SeqCst) {
                std::future::pending::<()>().await;
            }
            if self.broken.load(Ordering::SeqCst) {
                return Err("broken".to_owned());
            }
            let kid = self.generation.load(Ordering::SeqCst).to_string();
            let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
            Ok(json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": kid, "x": x }] }).to_string().into_bytes())
        }
    }

    fn set() -> (Arc<Source>, Arc<KeySet>) {
        let source = Arc::new(Source::default());
        (Arc::clone(&source), KeySet::new(source))
    }

    /// Lets tasks that nobody waits for come to their end.
    async fn settle() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }

    #[tokio::test(start_paused = true)]
    async fn keys_are_read_once_for_all_and_again_when_they_are_old() {
        let (source, set) = set();
        source.slow.store(true, Ordering::SeqCst);
        let waiting = futures_util::future::join_all((0..50).map(|_| set.key("0"))).await;
        assert!(waiting.iter().all(Result::is_ok));
        assert_eq!(source.asked.load(Ordering::SeqCst), 1);
        tokio::time::advance(FRESH_FOR).await;
        let before = Instant::now();
        assert!(set.key("0").await.is_ok());
        assert_eq!(before.elapsed(), Duration::ZERO, "who knows the key does not wait");
        tokio::time::sleep(Duration::from_secs(3)).await;
        assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_key_is_looked_for_every_few_seconds_and_found_after_a_change() {
        let (source, set) = set();
        assert!(set.key("0").await.is_ok());
        for _ in 0..100 {
            assert_eq!(set.key("nobody's").await.err(), Some(NoKey::Unknown));
        }
        assert_eq!(source.asked.load(Ordering::SeqCst), 1);
        source.generation.store(1, Ordering::SeqCst);
        tokio::time::advance(PAUSE).await;
        assert!(set.key("1").await.is_ok());
        assert_eq!(set.key("0").await.err(), Some(NoKey::Unknown), "what is published no more is believed no more");
        assert_eq!(source.asked.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn old_keys_are_used_for_an_hour_where_they_cannot_be_read_again() {
        let (source, set) = set();
        assert!(set.key("0").await.is_ok());
        source.broken.store(true, Ordering::SeqCst);
        tokio::time::advance(KEPT_FOR - Duration::from_secs(1)).await;
        assert!(set.key("0").await.is_ok());
        settle().await;
        assert_eq!(source.asked.load(Ordering::SeqCst), 2);
        tokio::time::advance(Duration::from_secs(1)).await;
        let unread = |retry_after_s| Some(NoKey::Unread { retry_after_s });
        assert_eq!(set.key("0").await.err(), unread(9), "tried a second ago");
        tokio::time::advance(Duration::from_millis(6_500)).await;
        assert_eq!((set.key("0").await.err(), set.key("nobody's").await.err()), (unread(3), unread(3)));
        source.broken.store(false, Ordering::SeqCst);
        tokio::time::advance(PAUSE).await;
        assert!(set.key("0").await.is_ok(), "and they come back");
    }

    #[tokio::test(start_paused = true)]
    async fn a_source_that_never_answers_keeps_nobody_for_longer_than_the_limit() {
        let (source, set) = set();
        source.silent.store(true, Ordering::SeqCst);
        let before = Instant::now();
        let waiting = futures_util::future::join_all((0..50).map(|_| set.key("0"))).await;
        assert!(waiting.iter().all(|one| matches!(one, Err(NoKey::Unread { .. }))));
        assert_eq!((before.elapsed().as_secs(), source.asked.load(Ordering::SeqCst)), (TIME_LIMIT.as_secs(), 1));
        source.silent.store(false, Ordering::SeqCst);
        tokio::time::advance(PAUSE).await;
        assert!(set.key("0").await.is_ok(), "it is asked again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_hangs_up_stops_nobodys_reading() {
        let (source, set) = set();
        source.slow.store(true, Ordering::SeqCst);
        assert!(tokio::time::timeout(Duration::from_millis(10), set.key("0")).await.is_err());
        assert!(set.key("0").await.is_ok());
        assert_eq!(source.asked.load(Ordering::SeqCst), 1);
    }
}

//! How often may be asked. Each process counts by itself. With a valid key a request is counted before anything is done for
//! it, and one that is refused claims no idempotency key, so that it can be sent again.
//!
//! A key and the merchant it is about have limits for reads and for writes. That somebody has no valid key is known only when
//! it was looked up, and nothing that comes from an address keeps a valid key out: behind one address there may be everybody.
//! Who has none is counted by address afterwards and hears 429 in the place of 401; what it costs is bounded by `strangers`.
//! Providers' pushes and customers' pages are counted for each attempt and each checkout, so that nobody can use up what
//! another one needs.

mod at_once;
mod limit;
mod note;
mod peer;
mod strangers;

use std::sync::Arc;

use http::{HeaderMap, Method};
use lendport_core::{CheckoutId, Clock, KeyId, MerchantId, ProviderId};
use lendport_engine::{By, digest_of};
use lendport_storage::Tenant;

use crate::problem::{Code, Problem};
use at_once::AtOnce;
pub(crate) use at_once::Place;
use limit::{Limit, Refused, Window};
pub(crate) use note::{Note, write_headers};
pub(crate) use peer::{Peer, SocketPeer};
use strangers::Strangers;
pub(crate) use strangers::Turn;

/// Simulations at once, whose reads must leave room for everybody else's: there are four readers of a SQLite file by default.
const SIMULATIONS_MAX: usize = 2;
/// Accounts that are verified at once.
const VERIFICATIONS_MAX: usize = 64;
/// Seconds after which a place may be free again.
const BUSY_FOR_S: u32 = 2;

/// Limits of one process; section `[limits]` of the configuration. 0: none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RateSettings {
    /// Reads with one key in a second.
    pub key_reads_per_second: u32,
    /// Writes with one key in a second.
    pub key_writes_per_second: u32,
    /// Reads about one merchant in one mode in a second, with whatever keys.
    pub merchant_reads_per_second: u32,
    /// Writes about one merchant in one mode in a second.
    pub merchant_writes_per_second: u32,
    /// Tokens for one key in a minute.
    pub tokens_per_minute: u32,
    /// Refused requests without a valid key from one address in a minute.
    pub strays_per_minute: u32,
    /// Requests for the page of one checkout in a second.
    pub page_per_second: u32,
    /// Pushes for one attempt in a second.
    pub pushes_per_second: u32,
    /// Proxies of our own in front, each of which adds to `X-Forwarded-For` whom it heard from.
    pub trusted_proxies: u32,
}

/// Counts requests.
pub(crate) struct Rates {
    key: [Limit<KeyId>; 2],
    merchant: [Limit<Tenant>; 2],
    tokens: Limit<KeyId>,
    strays: Limit<Peer>,
    strangers: Strangers,
    page: Limit<CheckoutId>,
    pushes: Limit<String>,
    simulations: Arc<AtOnce<MerchantId>>,
    verifications: Arc<AtOnce<(Tenant, ProviderId)>>,
    trusted_proxies: u32,
}

impl Rates {
    pub(crate) fn new(settings: RateSettings, clock: &Arc<dyn Clock>) -> Self {
        fn seconds<K: Clone + Eq + std::hash::Hash>(per_second: u32, clock: &Arc<dyn Clock>) -> Limit<K> {
            Limit::new(per_second, Window::Seconds, clock)
        }
        Self {
            key: [seconds(settings.key_reads_per_second, clock), seconds(settings.key_writes_per_second, clock)],
            merchant: [
                seconds(settings.merchant_reads_per_second, clock),
                seconds(settings.merchant_writes_per_second, clock),
            ],
            tokens: Limit::new(settings.tokens_per_minute, Window::Minute, clock),
            strays: Limit::new(settings.strays_per_minute, Window::Minute, clock),
            strangers: Strangers::new(Arc::clone(clock)),
            page: seconds(settings.page_per_second, clock),
            pushes: seconds(settings.pushes_per_second, clock),
            simulations: AtOnce::new(SIMULATIONS_MAX),
            verifications: AtOnce::new(VERIFICATIONS_MAX),
            trusted_proxies: settings.trusted_proxies,
        }
    }

    /// Counts a request with a valid key, whatever comes of it.
    pub(crate) fn key(&self, by: &By, method: &Method, note: Option<&Note>) -> Result<(), Problem> {
        if let Some(note) = note {
            note.identified();
        }
        let [reads, writes] = &self.key;
        told(note, if is_read(method) { reads } else { writes }.count(&by.key), "this key may send")
    }

    /// Counts a request about a merchant.
    pub(crate) fn merchant(&self, by: &By, method: &Method, note: Option<&Note>) -> Result<(), Problem> {
        let [reads, writes] = &self.merchant;
        let limit = if is_read(method) { reads } else { writes };
        told(note, limit.count(&by.tenant), "all keys of the merchant together may send")
    }

    /// Counts a token for a key that works. Whoever has none is a stray here as everywhere.
    pub(crate) fn token(&self, key: KeyId, note: Option<&Note>) -> Result<(), Problem> {
        if let Some(note) = note {
            note.identified();
        }
        told(note, self.tokens.count(&key), "for this key there may be")
    }

    /// Counts a request that was refused before anybody knew whose it is.
    pub(crate) fn stray(&self, peer: Peer, note: Option<&Note>) -> Result<(), Problem> {
        let counted = told(note, self.strays.count(&peer), "without a valid key one address may send");
        if counted.is_err() {
            self.strangers.refused(peer);
        }
        counted
    }

    /// Waits until a key may be looked up that comes from this address.
    pub(crate) async fn turn(&self, peer: Peer) -> Option<Turn> {
        self.strangers.turn(peer).await
    }

    /// Counts a request of a customer's page.
    pub(crate) fn page(&self, checkout: CheckoutId) -> Result<(), Problem> {
        told(None, self.page.count(&checkout), "the page of one checkout may send")
    }

    /// Counts a push for the attempt with this token. False where it comes too soon; its sender is to send it again.
    pub(crate) fn takes_push(&self, provider: &str, token: &str) -> bool {
        // The token itself is a secret.
        !matches!(self.pushes.count(&digest_of(&[provider.as_bytes(), b"/", token.as_bytes()])), Some(Err(_)))
    }

    /// A place for a simulation: one for both modes, so that no merchant takes them all.
    pub(crate) fn simulation(&self, merchant: MerchantId) -> Result<Place<MerchantId>, Problem> {
        self.simulations.enter(merchant).ok_or_else(|| {
            busy(format!(
                "one simulation runs at a time for a merchant in both modes together, and {SIMULATIONS_MAX} altogether"
            ))
        })
    }

    /// A place for a question whether an account works.
    pub(crate) fn verification(
        &self,
        tenant: Tenant,
        provider: ProviderId,
    ) -> Result<Place<(Tenant, ProviderId)>, Problem> {
        self.verifications.enter((tenant, provider)).ok_or_else(|| {
            busy(format!("one account is verified once at a time, and {VERIFICATIONS_MAX} accounts altogether"))
        })
    }

    /// Whoever sent a request.
    pub(crate) fn peer(&self, socket: Option<SocketPeer>, headers: &HeaderMap) -> Peer {
        Peer::of(self.trusted_proxies, socket, headers)
    }
}

fn is_read(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

fn busy(who: String) -> Problem {
    Problem::new(Code::RateLimited, format!("{who}; nothing was done")).after(Some(BUSY_FOR_S))
}

fn told(note: Option<&Note>, counted: Option<limit::Counted>, who: &str) -> Result<(), Problem> {
    let Some(counted) = counted else { return Ok(()) };
    let standing = counted.as_ref().map_or_else(|refused| refused.standing, |standing| *standing);
    if let Some(note) = note {
        note.keep(standing);
    }
    counted.map(drop).map_err(|Refused { standing, retry_after_s }| {
        let detail = format!(
            "{who} {} requests of this kind in {} seconds, and has; nothing was done, and an Idempotency-Key is as it was",
            standing.limit, standing.window_s
        );
        Problem::new(Code::RateLimited, detail).after(Some(retry_after_s))
    })
}

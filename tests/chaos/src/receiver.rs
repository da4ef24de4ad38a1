//! A merchant's server for webhooks: believes nothing unsigned, writes every delivery down, and now and then answers 500,
//! hangs or resets. It does so on the first try of an event only, so that the schedule's second try, after 5 s, brings it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use jiff::Timestamp;
use lendport_core::Clock;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::dice::Dice;
use crate::downtime::Downtime;
use crate::merchant::text_at;
use crate::signature::{self, Signed};
use crate::wire::{self, Message};

/// First tries in a hundred that go wrong.
const TROUBLE_PERCENT: u64 = 15;
const OK: &[u8] = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
const SORRY: &[u8] = b"HTTP/1.1 500 Internal Server Error\r\nconnection: close\r\ncontent-length: 5\r\n\r\nsorry";
const NO: &[u8] = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How a try is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Accept,
    Refuse,
    Hang,
    Reset,
}

/// What is known of one event at one receiver.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) kind: String,
    pub(crate) sequence: u64,
    /// Empty when it is about none.
    pub(crate) checkout: String,
    /// Its place among the events whose acceptance was sent.
    pub(crate) accepted_at: Option<u64>,
    /// How each try was answered.
    pub(crate) tries: Vec<Manner>,
    digest: Vec<u8>,
}

/// A receiver that listens.
pub(crate) struct Receiver {
    pub(crate) name: &'static str,
    /// Types it asks for; empty means all.
    pub(crate) events: &'static [&'static str],
    pub(crate) address: String,
    secret: OnceLock<String>,
    healthy: AtomicBool,
    accepted: AtomicU64,
    received: Mutex<BTreeMap<String, Received>>,
    wrongs: Mutex<Vec<String>>,
    clock: Arc<dyn Clock>,
    downtime: Arc<Downtime>,
    seed: u64,
}

/// What every receiver is given.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) downtime: Arc<Downtime>,
    pub(crate) seed: u64,
    pub(crate) stop: CancellationToken,
}

impl Receiver {
    /// Listens on a free port for events of these types.
    pub(crate) async fn start(
        name: &'static str,
        events: &'static [&'static str],
        around: Surroundings,
    ) -> Result<Arc<Self>, Fault> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let receiver = Arc::new(Self {
            name,
            events,
            address: listener.local_addr()?.to_string(),
            secret: OnceLock::new(),
            healthy: AtomicBool::new(false),
            accepted: AtomicU64::new(0),
            received: Mutex::default(),
            wrongs: Mutex::default(),
            clock: around.clock,
            downtime: around.downtime,
            seed: around.seed,
        });
        let own = Arc::clone(&receiver);
        tokio::spawn(async move {
            while let Some(Ok((stream, _))) = around.stop.run_until_cancelled(listener.accept()).await {
                let (own, stop) = (Arc::clone(&own), around.stop.clone());
                tokio::spawn(async move { stop.run_until_cancelled(own.serve(stream)).await });
            }
        });
        Ok(receiver)
    }

    /// Learns what deliveries are signed with.
    pub(crate) fn share(&self, secret: &str) {
        _ = self.secret.set(secret.to_owned());
    }

    /// Answers 200 from now on.
    pub(crate) fn recover(&self) {
        self.healthy.store(true, Ordering::SeqCst);
    }

    /// True when events of this type are delivered here.
    pub(crate) fn wants(&self, kind: &str) -> bool {
        self.events.is_empty() || self.events.contains(&kind)
    }

    /// Everything received so far, by `webhook-id`.
    pub(crate) fn received(&self) -> BTreeMap<String, Received> {
        self.log().clone()
    }

    /// How many events were accepted.
    pub(crate) fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }

    /// What went against the contract, in words.
    pub(crate) fn wrongs(&self) -> Vec<String> {
        self.wrongs.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn log(&self) -> MutexGuard<'_, BTreeMap<String, Received>> {
        self.received.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wrong(&self, what: String) {
        self.wrongs.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}: {what}", self.name));
    }

    async fn serve(&self, mut stream: TcpStream) {
        // A kill in the middle of a request leaves half of it; that is no delivery.
        let Ok(message) = wire::read(&mut stream).await else { return };
        let manner = match self.write_down(&message) {
            Ok(manner) => manner,
            Err(what) => {
                self.wrong(what);
                _ = stream.write_all(NO).await;
                return;
            }
        };
        match manner {
            Manner::Accept => _ = stream.write_all(OK).await,
            Manner::Refuse => _ = stream.write_all(SORRY).await,
            // Until the other side has had enough.
            Manner::Hang => _ = stream.read(&mut [0; 64]).await,
            // With no lingering the close that follows is a reset.
            Manner::Reset => _ = stream.set_zero_linger(),
        }
    }

    fn write_down(&self, message: &Message) -> Result<Manner, String> {
        let (id, now) = (message.header("webhook-id"), self.clock.now());
        let signed = Signed {
            id,
            timestamp: message.header("webhook-timestamp"),
            signatures: message.header("webhook-signature"),
            body: &message.body,
        };
        let secret = self.secret.get().map_or("", String::as_str);
        signature::check(&signed, secret, now.as_second()).map_err(|why| format!("{id}: {why}"))?;
        let body = message.json();
        if text_at(&body, "/id") != id {
            return Err(format!("{id}: the body is that of {}", text_at(&body, "/id")));
        }
        let mut log = self.log();
        let place = u64::try_from(log.len()).unwrap_or(u64::MAX);
        let digest = Sha256::digest(&message.body).to_vec();
        let first = !log.contains_key(id);
        let entry = log.entry(id.to_owned()).or_insert_with(|| Received {
            kind: text_at(&body, "/type").to_owned(),
            sequence: body.get("sequence").and_then(Value::as_u64).unwrap_or(0),
            checkout: text_at(&body, "/data/checkout/id").to_owned(),
            accepted_at: None,
            tries: Vec::new(),
            digest: digest.clone(),
        });
        if entry.digest != digest {
            return Err(format!("{id}: a repeat with another body"));
        }
        let manner = if first { self.manner(place) } else { Manner::Accept };
        entry.tries.push(manner);
        if manner == Manner::Accept && entry.accepted_at.is_none() {
            entry.accepted_at = Some(self.accepted.fetch_add(1, Ordering::SeqCst));
        }
        let checkout = entry.checkout.clone();
        // What waits behind an event that went wrong waits for its schedule, not for the gateway.
        let held = log.values().any(|other| other.checkout == checkout && other.tries.first() != Some(&Manner::Accept));
        if let (true, false, Ok(created)) = (first, held, text_at(&body, "/created_at").parse::<Timestamp>()) {
            self.downtime.arrived(created, now);
        }
        Ok(manner)
    }

    fn manner(&self, place: u64) -> Manner {
        let mut dice = Dice::new(self.seed, self.name, place);
        if self.healthy.load(Ordering::SeqCst) || !dice.percent(TROUBLE_PERCENT) {
            return Manner::Accept;
        }
        dice.weighted(&[(1, Manner::Refuse), (1, Manner::Hang), (1, Manner::Reset)], Manner::Refuse)
    }
}

//! The engine as production runs it, over a store that is a value: a signal is carried out from any state, and the state it
//! leads to is taken out again.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use lendport_core::routing::Policies;
use lendport_core::{
    AccountSettings, Actor, Attempt, AttemptId, AttemptState, CascadeHints, CheckoutRecord, Choice, Clock,
    FinancingProvider, KeyId, Ledger, OperationKind, ProviderAccount, ProviderAccountId, ProviderId, Quotas, Secret,
};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Database, Store, Tenant, Vault};
use lendport_testkit::clock::START;
use lendport_testkit::{Sample, SeededIds};
use tempfile::TempDir;

use super::financer::{Answer, Desk, Financer, KINDS, Says, Sent, push_of};
use super::laws;
use super::memory::{Memory, Rows};
use super::signals::Signal;
use crate::attempt_start::Start;
use crate::breaker::BreakerSettings;
use crate::cascade::Following;
use crate::engine::{Engine, EngineParts, EngineSettings, WebhookSettings};
use crate::last_look::LastLooks;
use crate::tenancy::Doer;
use crate::ticket::{Rendered, Ticket};
use crate::upkeep::UpkeepSettings;
use crate::{CallbackKey, CommandAsk, RefundAsk, ResolveAsk};

/// After the deadline of every checkout here.
const LATE: SignedDuration = SignedDuration::from_hours(80);

/// A clock that is put where a state was left.
struct Hand(Mutex<Timestamp>);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        *self.0.lock().unwrap()
    }
    fn steady(&self) -> Timestamp {
        self.now()
    }
}

/// A state, with the creates that are under way in it.
#[derive(Clone)]
pub(super) struct Point {
    pub(super) rows: Rows,
    pub(super) late: bool,
    pub(super) under_way: Vec<Start>,
    /// The merchant's cancel of the latest attempt was carried out; since then the merchant has started no other, and no late
    /// approval has brought the order back.
    pub(super) given_up: bool,
}

/// What a signal did.
pub(super) struct Step {
    pub(super) after: Point,
    pub(super) sent: Vec<Sent>,
    /// Attempts whose financer said yes in it.
    pub(super) yes: Vec<AttemptId>,
    /// Attempts that nobody wants signed any more, and that their financer showed as signed.
    pub(super) signed_in_vain: Vec<AttemptId>,
}

pub(super) struct World {
    engine: Arc<Engine>,
    memory: Arc<Memory>,
    desk: Arc<Desk>,
    clock: Arc<Hand>,
    ids: SeededIds,
    tenant: Tenant,
    messages: AtomicU64,
    pub(super) root: Point,
    _folder: TempDir,
}

impl World {
    /// A checkout whose customer may choose among all three, with these policies.
    pub(super) fn new(seed: u64, policies: Option<Policies>) -> Self {
        let ids = SeededIds::new(seed);
        let mut checkout = Sample::usa().checkout(&ids);
        checkout.route.policies = policies;
        checkout.route.providers = KINDS.iter().map(|kind| ProviderId::parse(kind.id).unwrap()).collect();
        let tenant = Tenant { merchant: checkout.merchant, mode: checkout.mode };
        let accounts = KINDS.iter().map(|kind| ProviderAccount {
            id: ProviderAccountId::mint(&ids),
            merchant: tenant.merchant,
            provider: ProviderId::parse(kind.id).unwrap(),
            mode: tenant.mode,
            settings: AccountSettings::default(),
        });
        let rows = Rows::of(CheckoutRecord { checkout, attempts: Vec::new(), ledger: Ledger::default() });
        let memory = Arc::new(Memory::new(rows.clone(), accounts.collect()));
        let desk = Arc::new(Desk {
            says: Mutex::default(),
            sent: Mutex::default(),
            asked: Mutex::default(),
            memory: Arc::clone(&memory),
            engine: Mutex::default(),
        });
        let clock = Arc::new(Hand(Mutex::new(START)));
        let providers = KINDS.map(|descriptor| -> Arc<dyn FinancingProvider> {
            Arc::new(Financer { descriptor, desk: Arc::clone(&desk) })
        });
        // Events have their way out elsewhere.
        let folder = tempfile::tempdir().unwrap();
        let settings = SqliteSettings::new(folder.path().join("unused.db"));
        let unused = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
        let store: Arc<dyn Store> = Arc::<Memory>::clone(&memory);
        let hand: Arc<dyn Clock> = Arc::<Hand>::clone(&clock);
        let engine = Arc::new(Engine::new(EngineParts {
            store,
            outbox: Database::of(Arc::new(unused)).outbox,
            providers: providers.to_vec(),
            clock: hand,
            ids: Arc::new(ids.clone()),
            returns: None,
            settings: EngineSettings {
                public_url: "https://gateway.example".to_owned(),
                callback_key: CallbackKey::new(Secret::new([5; 32])),
                checkout_expires_after_hours: 72,
                operation_lease_ms: 60_000,
                idempotency_keep_days: 7,
                owner: "proof".to_owned(),
                webhooks: WebhookSettings::default(),
                quotas: Quotas::default(),
                // Breakers remember what other orders did.
                upkeep: UpkeepSettings { looks_per_minute: 0, breaker: never_open(), ..UpkeepSettings::default() },
            },
        }));
        *desk.engine.lock().unwrap() = Some(Arc::clone(&engine));
        let root = Point { rows, late: false, under_way: Vec::new(), given_up: false };
        let messages = AtomicU64::new(0);
        Self { engine, memory, desk, clock, ids, tenant, messages, root, _folder: folder }
    }

    fn ticket(&self) -> Ticket {
        let key = format!("key {}", self.messages.fetch_add(1, Ordering::Relaxed));
        let render = Arc::new(|_: &_| Rendered { status: 200, body: "{}".to_owned(), version: None });
        Ticket { route: "POST /".to_owned(), key, fingerprint: String::new(), render }
    }

    fn message(&self, attempt: &Attempt, state: AttemptState) -> (String, String, String) {
        let token = self.engine.settings.callback_key.token(attempt.id);
        let body = format!("{} {}", state.as_str(), self.messages.fetch_add(1, Ordering::Relaxed));
        (attempt.provider.to_string(), token.expose().clone(), body)
    }

    /// Carries the signal out from here.
    pub(super) fn step(&self, from: &Point, signal: Signal) -> Step {
        let Signal::Open { kind, answer } = signal else { return self.one_step(from, signal) };
        let chosen = Signal::Choose { kind, look: AttemptState::AwaitingCustomer };
        let Step { after, sent, .. } = self.one_step(from, chosen);
        let Some(number) = after.under_way.last().map(|start| start.attempt.number) else {
            return Step { after, sent, yes: Vec::new(), signed_in_vain: Vec::new() };
        };
        let between = after.rows.wrong.clone();
        let mut answered = self.one_step(&after, Signal::Answer { number, answer });
        answered.after.rows.wrong.extend(between);
        Step { sent, ..answered }
    }

    fn one_step(&self, from: &Point, signal: Signal) -> Step {
        let mut point = from.clone();
        point.rows.wrong.clear();
        point.late |= matches!(signal, Signal::Deadline { .. });
        *self.memory.rows.lock().unwrap() = point.rows.clone();
        *self.clock.0.lock().unwrap() = if point.late { START + LATE } else { START };
        let attempt = |number: u32| from.rows.record.attempts.iter().find(|one| one.number == number).unwrap();
        let meanwhile = signal.meanwhile().map(|(number, state)| self.message(attempt(number), state));
        *self.desk.says.lock().unwrap() = Says { meanwhile, ..signal.says() };
        self.desk.sent.lock().unwrap().clear();
        self.desk.asked.lock().unwrap().clear();
        let (tenant, id, engine) = (self.tenant, from.rows.record.checkout.id, &self.engine);
        match signal {
            Signal::Start { kind } => {
                let provider = Some(KINDS[kind].id.to_owned());
                let _ = engine.start_attempt(tenant, id, provider, None, self.ticket()).now_or_never();
            }
            Signal::Choose { kind, .. } => {
                let seen = from.rows.record.attempts.last().map(|latest| latest.id);
                let _ = engine.choose_financer(tenant, id, KINDS[kind].id, seen, self.ticket()).now_or_never();
            }
            // Two steps, which `step` takes apart.
            Signal::Open { .. } => {}
            Signal::Follow => {
                if let Some(done) = engine.start_follower(tenant, id).now_or_never() {
                    done.unwrap();
                }
            }
            Signal::Answer { number, .. } => {
                let at = point.under_way.iter().position(|start| start.attempt.number == number).unwrap();
                let start = point.under_way.remove(at);
                let account = engine.account(tenant, &start.attempt.provider).now_or_never().unwrap().unwrap();
                let checkout = from.rows.record.checkout.clone();
                // Where another follows at once, its create is under way now.
                let _ = engine
                    .call_create(tenant, Following { checkout, start, account, admission: None }, self.ticket())
                    .now_or_never();
            }
            Signal::Interrupted { number } => {
                let of = attempt(number).id;
                let create = |one: &&lendport_core::Operation| one.attempt == of && one.kind == OperationKind::Create;
                let create = from.rows.operations.iter().find(create).unwrap().clone();
                engine.mark_unknown(tenant, create).now_or_never().unwrap().unwrap();
            }
            Signal::Push { number, state } => {
                let (provider, token, body) = self.message(attempt(number), state);
                let heard = engine.take_in_push(&provider, &token, push_of(&body)).now_or_never().unwrap();
                assert_eq!(heard.status, 200);
            }
            Signal::Look { number, .. } => {
                engine.look_and_follow(tenant, id, attempt(number).id).now_or_never().unwrap().unwrap();
            }
            Signal::Turn { number, .. } => {
                let record = &from.rows.record;
                engine.look_and_settle(tenant, record, attempt(number).id).now_or_never().unwrap().unwrap();
            }
            Signal::Cancel { .. } => {
                let _ = engine.cancel(tenant, id, None, CommandAsk::default(), self.ticket()).now_or_never().unwrap();
            }
            Signal::Refund { .. } => {
                let _ = engine.refund(tenant, id, None, RefundAsk::default(), self.ticket()).now_or_never().unwrap();
            }
            Signal::Deadline { .. } => {
                engine.end_overdue(tenant, id, &LastLooks::default()).now_or_never().unwrap().unwrap();
            }
            Signal::Settle { item, choice } => {
                let item = from.rows.open_items().nth(item).unwrap().id;
                let asked = self.resolution(from, choice);
                let _ = engine.resolve_attention(tenant, item, asked, self.ticket()).now_or_never().unwrap();
            }
        }
        point.rows = self.memory.rows();
        point.given_up = match signal {
            Signal::Start { .. } => false,
            Signal::Cancel { .. } => from.given_up || laws::is_given_up(&from.rows, &point.rows),
            _ => from.given_up && !laws::came_back(&from.rows, &point.rows),
        };
        let sent = std::mem::take(&mut *self.desk.sent.lock().unwrap());
        self.note_creates(from, &mut point);
        let heard_meanwhile = self.desk.says.lock().unwrap().meanwhile.is_none();
        let asked = std::mem::take(&mut *self.desk.asked.lock().unwrap());
        let asked = asked.into_iter().map(attempt);
        let says = signal.says();
        let says_yes = |state: AttemptState| matches!(state, AttemptState::Authorized | AttemptState::Captured);
        let mut yes: Vec<AttemptId> = asked.clone().filter(|_| says_yes(says.look)).map(|one| one.id).collect();
        let done = |one: &&Sent| one.what == "finalize" && says.command == Answer::Done;
        yes.extend(sent.iter().filter(done).map(|one| attempt(one.attempt).id));
        yes.extend(
            signal.pushed().into_iter().filter(|(_, state)| says_yes(*state)).map(|(number, _)| attempt(number).id),
        );
        let said_meanwhile = signal.meanwhile().filter(|(_, state)| heard_meanwhile && says_yes(*state));
        yes.extend(said_meanwhile.map(|(number, _)| attempt(number).id));
        let signed = asked.filter(|one| says.look == AttemptState::AwaitingMerchant && laws::signs_in_vain(one));
        let signed_in_vain = signed.map(|one| one.id).collect();
        Step { after: point, sent, yes, signed_in_vain }
    }

    /// A new attempt's create is under way until a later signal answers it.
    fn note_creates(&self, from: &Point, point: &mut Point) {
        for attempt in point.rows.record.attempts.iter().skip(from.rows.record.attempts.len()) {
            let create = |one: &&lendport_core::Operation| one.attempt == attempt.id;
            let operation = point.rows.operations.iter().find(create).unwrap().clone();
            let token = self.engine.settings.callback_key.token(attempt.id);
            point.under_way.push(Start { attempt: attempt.clone(), operation, token, hints: CascadeHints::FIRST });
        }
    }

    fn resolution(&self, from: &Point, choice: Choice) -> ResolveAsk {
        let total = from.rows.record.checkout.cart.total;
        let amount = choice.needs_amount().then(|| total.to_string().parse().unwrap());
        let (choice, reason) = (choice.as_str().to_owned(), "looked at".to_owned());
        let by = Doer { actor: Actor::Key(KeyId::mint(&self.ids)), request: None };
        ResolveAsk { choice, reason, amount, lines: Vec::new(), by }
    }
}

impl Signal {
    fn says(self) -> Says {
        let says = Says::default();
        match self {
            Self::Answer { number, answer } => Says { create: Some((number, answer)), ..says },
            Self::Choose { look, .. } | Self::Deadline { look } => Says { look, ..says },
            Self::Look { state, then, .. } | Self::Turn { state, then, .. } => {
                Says { look: state, command: then, ..says }
            }
            Self::Cancel { answer, .. } | Self::Refund { answer } => Says { command: answer, ..says },
            _ => says,
        }
    }

    fn meanwhile(self) -> Option<(u32, AttemptState)> {
        match self {
            Self::Look { meanwhile, .. } => meanwhile.map(|number| (number, AttemptState::Authorized)),
            Self::Cancel { meanwhile, .. } => meanwhile,
            _ => None,
        }
    }

    /// Who pushes, and what.
    fn pushed(self) -> Option<(u32, AttemptState)> {
        match self {
            Self::Push { number, state } => Some((number, state)),
            _ => None,
        }
    }
}

fn never_open() -> BreakerSettings {
    BreakerSettings { failures: 0, ..BreakerSettings::default() }
}

//! Random work on the queue, against the simplest description of what it must do.

use std::collections::BTreeMap;

use lendport_core::{CheckoutId, DeliveryState, EventId, EventType, WebhookEndpointId};
use lendport_storage::{
    AfterTry, ChangeOutcome, DeliveryFilter, LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxChange,
};

use super::post::ask;
use super::world::{World, at};

const RUNS: u64 = 12;
const STEPS: u64 = 90;
const OWNERS: [&str; 2] = ["one", "two"];

/// One delivery as it must be.
#[derive(Clone, Debug)]
struct Expected {
    checkout: CheckoutId,
    sequence: u64,
    created: i64,
    due: Option<i64>,
    overtakable: bool,
    lease: Option<Lease>,
    delivered: bool,
    /// How often it was put in the queue again.
    resent: u32,
}

/// Who has it, until when, and how often it had been resent.
#[derive(Clone, Copy, Debug)]
struct Lease {
    owner: usize,
    until: i64,
    resent: u32,
}

/// A delivery as it was handed out.
struct Taken {
    owner: usize,
    resent: u32,
    leased: LeasedDelivery,
}

type Key = (WebhookEndpointId, EventId);

/// Deliveries by endpoint and event.
struct Model(BTreeMap<Key, Expected>);

impl Model {
    /// What a worker may get when it asks for everything, and whether it must: one that was resent during a try may go
    /// beside it or after it.
    fn eligible(&self, now: i64) -> Vec<(Key, bool)> {
        let is_held = |one: &Expected| one.lease.is_some_and(|lease| lease.until > now);
        let is_resent = |one: &Expected| one.lease.is_some_and(|lease| lease.resent != one.resent);
        let may_go = |endpoint: &WebhookEndpointId, one: &Expected| {
            let is_before = |other: &Expected| other.checkout == one.checkout && other.sequence < one.sequence;
            one.due.is_some_and(|due| due <= now)
                && (!is_held(one) || is_resent(one))
                && !self.0.iter().any(|((to, _), other)| {
                    to == endpoint && is_before(other) && other.due.is_some() && !other.overtakable
                })
        };
        let eligible = self.0.iter().filter(|((endpoint, _), one)| may_go(endpoint, one));
        eligible.map(|(key, one)| (*key, !is_held(one))).collect()
    }

    fn requeue(&mut self, key: Key, now: i64) {
        let one = self.0.get_mut(&key).unwrap();
        (one.due, one.overtakable, one.delivered, one.resent) = (Some(now), false, false, one.resent + 1);
    }

    /// One of those of these checkouts.
    fn any(&self, dice: &mut Dice, checkouts: &[CheckoutId]) -> Option<Key> {
        let of_them: Vec<_> = self.0.iter().filter(|(_, one)| checkouts.contains(&one.checkout)).collect();
        let number = dice.below(u64::try_from(of_them.len()).unwrap().max(1));
        of_them.get(usize::try_from(number).unwrap()).map(|(key, _)| **key)
    }
}

/// Numbers that repeat from run to run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Nothing is lost, nothing is handed out twice at a time, and the order of a checkout holds, whatever happens.
pub(super) async fn nothing_lost_nothing_twice(world: World) {
    let endpoints = [world.add_endpoint(&[]).await.id, world.add_endpoint(&[]).await.id];
    let (mut model, mut now) = (Model(BTreeMap::new()), 0);
    for run in 0..RUNS {
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15 ^ (run + 1));
        let mut checkouts = Vec::new();
        for _ in 0..3 {
            checkouts.push(world.told(&[]).await.0);
        }
        let mut taken: Vec<Taken> = Vec::new();
        for _ in 0..STEPS {
            let who = usize::from(dice.below(2) == 1);
            match dice.below(11) {
                0 | 1 => {
                    let checkout = checkouts[usize::try_from(dice.below(3)).unwrap()];
                    let event = world.tell(checkout, EventType::CheckoutUpdated, at(now)).await;
                    for endpoint in endpoints {
                        let expected = Expected {
                            checkout,
                            sequence: event.sequence,
                            created: now,
                            due: Some(now),
                            overtakable: false,
                            lease: None,
                            delivered: false,
                            resent: 0,
                        };
                        model.0.insert((endpoint, event.id), expected);
                    }
                }
                2 | 3 => {
                    let limit = [1, 3, 100][usize::try_from(dice.below(3)).unwrap()];
                    lease(&world, &mut model, who, now, limit, &mut taken).await;
                }
                4 | 8 | 9 if !taken.is_empty() => {
                    let at_random = usize::try_from(dice.below(u64::try_from(taken.len()).unwrap())).unwrap();
                    let one = taken.swap_remove(at_random);
                    let after = match dice.below(4) {
                        0 => AfterTry::Retry { at: at(now + 20), overtakable: dice.below(2) == 0 },
                        1 => AfterTry::Failed,
                        _ => AfterTry::Delivered,
                    };
                    settle(&world, &mut model, now, &one, after).await;
                }
                4 | 8 | 9 => {}
                5 | 10 => {
                    if let Some(key) = model.any(&mut dice, &checkouts) {
                        resend(&world, &mut model, key, now).await;
                    }
                }
                6 => recover(&world, &mut model, endpoints[who], now - 60, now).await,
                _ => now += i64::try_from(dice.below(40)).unwrap(),
            }
        }
        drain(&world, &mut model, &mut now).await;
    }
    let delivered = model.0.values().filter(|one| one.delivered).count();
    assert!(delivered > 100 && delivered < model.0.len(), "{delivered} of {}", model.0.len());
}

fn side(world: &World, who: usize) -> &dyn Outbox {
    if who == 0 { &*world.outbox } else { world.other_outbox() }
}

async fn lease(world: &World, model: &mut Model, who: usize, now: i64, limit: u32, taken: &mut Vec<Taken>) {
    let question = LeaseAsk { limit, ..ask(OWNERS[who], at(now)) };
    let leased = side(world, who).lease_deliveries(&question).await.unwrap();
    let expected = model.eligible(now);
    let mut got: Vec<_> = leased.iter().map(|one| (one.endpoint.id, one.event.id)).collect();
    got.sort();
    got.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "handed out twice"));
    for key in &got {
        let may_go = expected.iter().any(|(known, _)| known == key);
        assert!(may_go, "{key:?} is not due, or somebody has it, or an earlier one waits");
    }
    let limit = usize::try_from(limit).unwrap();
    let must = expected.iter().filter(|(_, must)| *must).count();
    assert!((must.min(limit)..=limit).contains(&got.len()), "{} of {expected:?}", got.len());
    for leased in leased {
        let known = model.0.get_mut(&(leased.endpoint.id, leased.event.id)).unwrap();
        known.lease = Some(Lease { owner: who, until: now + 60, resent: known.resent });
        taken.push(Taken { owner: who, resent: known.resent, leased });
    }
}

async fn settle(world: &World, model: &mut Model, now: i64, one: &Taken, after: AfterTry) {
    let Taken { owner: who, resent, leased } = one;
    let known = model.0.get_mut(&(leased.endpoint.id, leased.event.id)).unwrap();
    let is_ours = |lease: Lease| lease.owner == *who && lease.until > now && lease.resent == *resent;
    let is_ours = known.lease.is_some_and(is_ours);
    let is_resent = known.resent != *resent;
    if !is_ours && !is_resent && after != AfterTry::Delivered {
        // Whether a lease that ended and that nobody took still counts is not promised.
        return;
    }
    let tried = world.tried(leased, after, now);
    side(world, *who).settle_deliveries(OWNERS[*who], vec![tried]).await.unwrap();
    if is_ours {
        known.lease = None;
    }
    match after {
        AfterTry::Delivered => (known.due, known.delivered) = (None, true),
        // It was resent, or accepted, while the try was under way.
        _ if is_resent || known.due.is_none() => {}
        AfterTry::Retry { at, overtakable } => {
            known.due = Some(at.as_second() - super::world::at(0).as_second());
            known.overtakable = overtakable;
        }
        AfterTry::Failed => known.due = None,
    }
}

async fn resend(world: &World, model: &mut Model, key: Key, now: i64) {
    let filter = DeliveryFilter { endpoint: Some(key.0), event: Some(key.1), state: None };
    let delivery = world.deliveries(filter).await.remove(0);
    world.resend(delivery.id, now).await;
    model.requeue(key, now);
}

async fn recover(world: &World, model: &mut Model, endpoint: WebhookEndpointId, since: i64, now: i64) {
    let ask = OutboxAsk { endpoint: Some(endpoint), ..OutboxAsk::default() };
    let change = OutboxChange { recover_since: Some(at(since)), ..OutboxChange::default() };
    assert_eq!(world.post(ask, change).await, ChangeOutcome::Done);
    while world.outbox.recover_some(at(now), 7).await.unwrap() > 0 {}
    let missed = |one: &Expected| one.created >= since && one.due.is_none() && !one.delivered;
    let keys: Vec<Key> =
        model.0.iter().filter(|((to, _), one)| *to == endpoint && missed(one)).map(|(key, _)| *key).collect();
    keys.into_iter().for_each(|key| model.requeue(key, now));
}

/// Everything that is left arrives.
async fn drain(world: &World, model: &mut Model, now: &mut i64) {
    for _ in 0..500 {
        *now += 61;
        let mut taken = Vec::new();
        lease(world, model, 0, *now, 100, &mut taken).await;
        let pending = model.0.values().filter(|one| one.due.is_some()).count();
        if taken.is_empty() && pending == 0 {
            let filter = DeliveryFilter { state: Some(DeliveryState::Pending), ..DeliveryFilter::default() };
            assert!(world.deliveries(filter).await.is_empty());
            return;
        }
        for one in taken {
            settle(world, model, *now, &one, AfterTry::Delivered).await;
        }
    }
    assert_eq!(model.eligible(i64::MAX).len(), 0, "something never arrived");
}

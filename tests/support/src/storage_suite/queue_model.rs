//! Random work on the queue, against the simplest description of what it must do.

use std::collections::BTreeMap;

use lendport_core::{CheckoutId, DeliveryState, EventId, EventType, WebhookEndpointId};
use lendport_storage::{AfterTry, LeaseAsk, LeasedDelivery, Outbox};

use super::post::ask;
use super::world::{World, at};

const RUNS: u64 = 12;
const STEPS: u64 = 60;
const OWNERS: [&str; 2] = ["one", "two"];

/// One delivery as it must be.
#[derive(Clone, Debug)]
struct Expected {
    checkout: CheckoutId,
    sequence: u64,
    due: Option<i64>,
    overtakable: bool,
    lease: Option<(usize, i64)>,
    delivered: bool,
}

/// Deliveries by endpoint and event.
struct Model(BTreeMap<(WebhookEndpointId, EventId), Expected>);

impl Model {
    fn is_held(one: &Expected, now: i64) -> bool {
        one.lease.is_some_and(|(_, until)| until > now)
    }

    /// What a worker must get when it asks for everything.
    fn eligible(&self, now: i64) -> Vec<(WebhookEndpointId, EventId)> {
        let may_go = |endpoint: &WebhookEndpointId, one: &Expected| {
            let is_before = |other: &Expected| other.checkout == one.checkout && other.sequence < one.sequence;
            one.due.is_some_and(|due| due <= now)
                && !Self::is_held(one, now)
                && !self.0.iter().any(|((to, _), other)| {
                    to == endpoint && is_before(other) && other.due.is_some() && !other.overtakable
                })
        };
        self.0.iter().filter(|((endpoint, _), one)| may_go(endpoint, one)).map(|(key, _)| *key).collect()
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
        let mut taken: Vec<(usize, LeasedDelivery)> = Vec::new();
        for _ in 0..STEPS {
            let who = usize::from(dice.below(2) == 1);
            match dice.below(6) {
                0 | 1 => {
                    let checkout = checkouts[usize::try_from(dice.below(3)).unwrap()];
                    let event = world.tell(checkout, EventType::CheckoutUpdated, at(now)).await;
                    for endpoint in endpoints {
                        let expected = Expected {
                            checkout,
                            sequence: event.sequence,
                            due: Some(now),
                            overtakable: false,
                            lease: None,
                            delivered: false,
                        };
                        model.0.insert((endpoint, event.id), expected);
                    }
                }
                2 | 3 => {
                    let limit = [1, 3, 100][usize::try_from(dice.below(3)).unwrap()];
                    lease(&world, &mut model, who, now, limit, &mut taken).await;
                }
                4 if !taken.is_empty() => {
                    let at_random = usize::try_from(dice.below(u64::try_from(taken.len()).unwrap())).unwrap();
                    let (who, leased) = taken.swap_remove(at_random);
                    let after = match dice.below(4) {
                        0 => AfterTry::Retry { at: at(now + 20), overtakable: dice.below(2) == 0 },
                        1 => AfterTry::Failed,
                        _ => AfterTry::Delivered,
                    };
                    settle(&world, &mut model, who, now, &leased, after).await;
                }
                4 => {}
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

async fn lease(
    world: &World,
    model: &mut Model,
    who: usize,
    now: i64,
    limit: u32,
    taken: &mut Vec<(usize, LeasedDelivery)>,
) {
    let question = LeaseAsk { limit, ..ask(OWNERS[who], at(now)) };
    let leased = side(world, who).lease_deliveries(&question).await.unwrap();
    let expected = model.eligible(now);
    let mut got: Vec<_> = leased.iter().map(|one| (one.endpoint.id, one.event.id)).collect();
    got.sort();
    got.windows(2).for_each(|pair| assert_ne!(pair[0], pair[1], "handed out twice"));
    for key in &got {
        assert!(expected.contains(key), "{key:?} is not due, or somebody has it, or an earlier one waits");
    }
    let wanted = expected.len().min(usize::try_from(limit).unwrap());
    assert_eq!(got.len(), wanted, "of {expected:?}");
    for one in leased {
        let known = model.0.get_mut(&(one.endpoint.id, one.event.id)).unwrap();
        known.lease = Some((who, now + 60));
        taken.push((who, one));
    }
}

async fn settle(world: &World, model: &mut Model, who: usize, now: i64, leased: &LeasedDelivery, after: AfterTry) {
    let known = model.0.get_mut(&(leased.endpoint.id, leased.event.id)).unwrap();
    let is_ours = known.lease.is_some_and(|(owner, until)| owner == who && until > now);
    if !is_ours && after != AfterTry::Delivered {
        // Whether a lease that ended and that nobody took still counts is not promised.
        return;
    }
    let tried = world.tried(leased, after, now);
    side(world, who).settle_deliveries(OWNERS[who], vec![tried]).await.unwrap();
    (known.due, known.overtakable) = match after {
        AfterTry::Retry { at, overtakable } => (Some(at.as_second() - super::world::at(0).as_second()), overtakable),
        AfterTry::Delivered | AfterTry::Failed => (None, false),
    };
    known.delivered = after == AfterTry::Delivered;
    if is_ours {
        known.lease = None;
    }
}

/// Everything that is left arrives.
async fn drain(world: &World, model: &mut Model, now: &mut i64) {
    for _ in 0..500 {
        *now += 61;
        let mut taken = Vec::new();
        lease(world, model, 0, *now, 100, &mut taken).await;
        let pending = model.0.values().filter(|one| one.due.is_some()).count();
        if taken.is_empty() && pending == 0 {
            let filter = lendport_storage::DeliveryFilter {
                state: Some(DeliveryState::Pending),
                ..lendport_storage::DeliveryFilter::default()
            };
            assert!(world.deliveries(filter).await.is_empty());
            return;
        }
        for (who, leased) in taken {
            settle(world, model, who, *now, &leased, AfterTry::Delivered).await;
        }
    }
    assert_eq!(model.eligible(i64::MAX).len(), 0, "something never arrived");
}

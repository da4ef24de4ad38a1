//! One merchant with much to be done keeps no other waiting.

use std::collections::HashSet;
use std::sync::Arc;

use lendport_core::{AttemptState, DeliveryState, EventType, MerchantId, Mode};
use lendport_storage::{AfterTry, FairAsk, LeaseAsk, Located, OutboxAsk, OutboxChange, Tenant};

use super::post::ask;
use super::world::{World, at, work};

/// Rows of the one that has much to be done, all due before those of anybody else.
const MANY: i64 = 60;

/// The same store, as another merchant.
async fn beside(world: &World, name: &str) -> World {
    let tenant = Tenant { merchant: MerchantId::mint(&world.ids), mode: Mode::Test };
    world.merchant(tenant.merchant, name).await;
    let (store, outbox) = (Arc::clone(&world.store), Arc::clone(&world.outbox));
    World { store, outbox, other: None, ids: world.ids.clone(), tenant }
}

/// Stores an attempt whose provider is to be asked then.
async fn to_ask(world: &World, second: i64) {
    let mut change = world.opening(AttemptState::AwaitingCustomer);
    change.attempts[0].poll_at = Some(at(second));
    world.insert(change).await;
}

/// Stores a checkout with that deadline.
async fn to_end(world: &World, second: i64) {
    let mut change = world.opening(AttemptState::AwaitingCustomer);
    change.checkout.as_mut().unwrap().expires_at = at(second);
    world.insert(change).await;
}

/// A look that came due last is among the first that are taken, behind one of each other merchant; within one merchant, and
/// where everything fits into one answer, age decides.
pub(super) async fn looks(world: World) {
    let quiet = beside(&world, "quiet").await;
    for second in 0..MANY {
        to_ask(&world, second).await;
    }
    to_ask(&quiet, 1_000).await;
    let found = world.store.due_for_poll(work(at(2_000), 5).into()).await.unwrap();
    let whose: Vec<_> = found.iter().map(|one| one.tenant).collect();
    assert_eq!(whose.iter().filter(|tenant| **tenant == quiet.tenant).count(), 1, "{whose:?}");
    assert_eq!(found.len(), 5, "what is left goes to who has more");
    assert!(whose[..2].contains(&quiet.tenant), "{whose:?}");
    let mut polls = Vec::new();
    for one in found.iter().filter(|one| one.tenant == world.tenant) {
        polls.push(world.read(one.checkout).await.attempts[0].poll_at);
    }
    assert_eq!(polls, [0, 1, 2, 3].map(|second| Some(at(second))));
    let all = world.store.due_for_poll(work(at(3_000), 99).into()).await.unwrap();
    assert_eq!(all.len(), 61);
    assert_eq!(all[60].tenant, quiet.tenant, "everything fits: by age");
    // A row that was changed is its merchant's still.
    let record = quiet.read(all[60].checkout).await;
    let mut attempt = record.attempts[0].clone();
    attempt.poll_at = Some(at(4_000));
    let checkout = Some(super::world::next(&record.checkout));
    let change = lendport_storage::Change { checkout, attempts: vec![attempt], ..Default::default() };
    quiet.change(record.checkout.id, move |_| change.clone()).await.unwrap();
    let found = world.store.due_for_poll(work(at(5_000), 5).into()).await.unwrap();
    assert!(found[..2].iter().any(|one| one.tenant == quiet.tenant));
}

/// The same for deadlines.
pub(super) async fn deadlines(world: World) {
    let quiet = beside(&world, "quiet").await;
    for second in 0..MANY {
        to_end(&world, second).await;
    }
    to_end(&quiet, 1_000).await;
    let found = world.store.due_for_expiry(work(at(2_000), 5).into()).await.unwrap();
    assert_eq!(found.len(), 5);
    assert!(found[..2].iter().any(|one| one.tenant == quiet.tenant), "{found:?}");
    let all = world.store.due_for_expiry(work(at(3_000), 99).into()).await.unwrap();
    assert_eq!((all.len(), all[60].tenant), (61, quiet.tenant), "everything fits: by age");
}

/// A tenant gets no more than its room, whatever else is due; without room it is passed over, and others have theirs.
pub(super) async fn rooms(world: World) {
    let (quiet, third) = (beside(&world, "quiet").await, beside(&world, "third").await);
    for second in 0..6 {
        to_ask(&world, second).await;
        to_end(&world, second).await;
    }
    for (whose, second) in [(&quiet, 100), (&quiet, 101), (&third, 102)] {
        to_ask(whose, second).await;
        to_end(whose, second).await;
    }
    let tenants = [world.tenant, quiet.tenant, third.tenant];
    let counts = |found: Vec<Located>| tenants.map(|tenant| found.iter().filter(|one| one.tenant == tenant).count());
    // Whoever took it before died.
    for (minutes, each, rooms, expected) in [
        (5, 9, vec![], [6, 2, 1]),
        (10, 4, vec![], [4, 2, 1]),
        (15, 1, vec![], [1, 1, 1]),
        (20, 9, vec![(world.tenant, 0)], [0, 2, 1]),
        (25, 1, vec![(world.tenant, 3), (quiet.tenant, 0)], [3, 0, 1]),
        (30, 0, vec![(third.tenant, 1)], [0, 0, 1]),
        (35, 9, tenants.map(|tenant| (tenant, 0)).to_vec(), [0, 0, 0]),
    ] {
        let ask = FairAsk { work: work(at(minutes * 60), 50), each, rooms };
        let (looks, overdue) = (ask.clone(), ask);
        assert_eq!(counts(world.store.due_for_poll(looks.clone()).await.unwrap()), expected, "{looks:?}");
        assert_eq!(counts(world.store.due_for_expiry(overdue).await.unwrap()), expected, "{looks:?}");
    }
    let live = Tenant { mode: Mode::Live, ..world.tenant };
    let ask = FairAsk { rooms: vec![(live, 0)], ..work(at(40 * 60), 50).into() };
    assert_eq!(world.store.due_for_poll(ask).await.unwrap().len(), 9, "the other mode is another tenant");
}

/// Where more merchants have something due than one answer holds, all have their turn within as many answers as it takes to
/// go round.
pub(super) async fn rounds(world: World) {
    let mut merchants = vec![world.tenant];
    for second in 0..9 {
        to_ask(&world, second).await;
        to_end(&world, second).await;
    }
    for number in 0..6 {
        let other = beside(&world, &format!("other {number}")).await;
        for second in 10..13 {
            to_ask(&other, second).await;
            to_end(&other, second).await;
        }
        merchants.push(other.tenant);
    }
    let (mut asked, mut ended) = (HashSet::new(), HashSet::new());
    for _ in 0..4 {
        let looks = world.store.due_for_poll(work(at(100), 2).into()).await.unwrap();
        asked.extend(looks.iter().map(|one| one.tenant));
        let overdue = world.store.due_for_expiry(work(at(100), 2).into()).await.unwrap();
        ended.extend(overdue.iter().map(|one| one.tenant));
    }
    let all: HashSet<_> = merchants.into_iter().collect();
    assert_eq!((asked, ended), (all.clone(), all));
}

/// Two that take by turns have everybody's turn within as many answers as it takes to go round once: what one took hides
/// nothing from the other.
pub(super) async fn between_two(world: World) {
    let mut merchants = HashSet::new();
    for number in 0..30 {
        let other = beside(&world, &format!("other {number}")).await;
        to_ask(&other, number).await;
        to_end(&other, number).await;
        merchants.insert(other.tenant);
    }
    let (mut asked, mut ended) = (HashSet::new(), HashSet::new());
    for number in 0..6 {
        let store = world.either_store(number);
        let looks = store.due_for_poll(work(at(100), 5).into()).await.unwrap();
        asked.extend(looks.iter().map(|one| one.tenant));
        let overdue = store.due_for_expiry(work(at(100), 5).into()).await.unwrap();
        ended.extend(overdue.iter().map(|one| one.tenant));
    }
    assert_eq!((asked.len(), ended.len()), (30, 30));
    assert_eq!((&asked, &ended), (&merchants, &merchants));
}

/// The one delivery of an endpoint waits for one share of each other endpoint that has work, and for no more.
pub(super) async fn deliveries(world: World) {
    let quiet = beside(&world, "quiet").await;
    world.add_endpoint(&[]).await;
    quiet.add_endpoint(&[]).await;
    for _ in 0..MANY {
        world.told(&[EventType::CheckoutCreated]).await;
    }
    let (id, _) = quiet.told(&[]).await;
    quiet.tell(id, EventType::CheckoutCreated, at(1_000)).await;
    let mut whose = Vec::new();
    for _ in 0..2 {
        let few = LeaseAsk { limit: 5, per_endpoint: 5, ..ask("one", at(2_000)) };
        whose.extend(world.outbox.lease_deliveries(&few).await.unwrap().into_iter().map(|leased| leased.tenant));
    }
    assert!(whose.contains(&quiet.tenant), "{whose:?}");
}

/// However many endpoints a merchant has, together they get no more than is asked for; those apart do not count, and neither do
/// those that are not due.
pub(super) async fn endpoints_of_one(world: World) {
    let quiet = beside(&world, "quiet").await;
    let mut many = Vec::new();
    for _ in 0..8 {
        many.push(world.add_endpoint(&[]).await.id);
    }
    let one = quiet.add_endpoint(&[]).await.id;
    for _ in 0..3 {
        world.told(&[EventType::CheckoutCreated]).await;
    }
    quiet.told(&[EventType::CheckoutCreated]).await;
    let base = LeaseAsk { per_endpoint: 1, per_merchant: 3, ..ask("one", at(10)) };
    let taken = async |ask: LeaseAsk| {
        let leased = world.outbox.lease_deliveries(&ask).await.unwrap();
        world.outbox.release_deliveries("one").await.unwrap();
        let of = |id| leased.iter().filter(|leased| leased.endpoint.id == id).count();
        (many.iter().map(|id| of(*id)).collect::<Vec<_>>(), of(one))
    };
    // All have their turn, three at a time; what others are given in between changes nothing.
    let busy = |room| LeaseAsk { merchants: [(world.tenant.merchant, room)].into(), ..base.clone() };
    let mut served = [0; 8];
    for _ in 0..8 {
        assert_eq!(taken(busy(0)).await, (vec![0; 8], 1));
        let (theirs, other) = taken(base.clone()).await;
        assert_eq!((theirs.iter().sum::<usize>(), other), (3, 1), "{theirs:?}");
        served.iter_mut().zip(theirs).for_each(|(all, now)| *all += now);
    }
    assert!(served.iter().all(|times| *times >= 1), "{served:?}");
    for room in [0, 1, 5] {
        let (theirs, other) = taken(busy(u32::try_from(room).unwrap())).await;
        assert_eq!((theirs.iter().sum::<usize>(), other), (room, 1));
    }
    let (theirs, _) = taken(LeaseAsk { rooms: [(many[5], 2)].into(), apart: [many[5]].into(), ..busy(1) }).await;
    assert_eq!((theirs[5], theirs.iter().sum::<usize>()), (2, 3));
    let (theirs, _) = taken(LeaseAsk { rooms: [(many[5], 2)].into(), ..busy(0) }).await;
    assert_eq!(theirs, [0; 8], "a name alone changes nothing");
    // What is not due takes no place.
    let leased = world.outbox.lease_deliveries(&LeaseAsk { per_merchant: 5, ..base.clone() }).await.unwrap();
    let theirs: HashSet<_> =
        leased.iter().filter(|one| one.tenant == world.tenant).map(|one| one.endpoint.id).collect();
    for delivery in leased {
        world.settle("one", &delivery, AfterTry::Retry { at: at(900), overtakable: false }, 10).await;
    }
    let (next, _) = taken(LeaseAsk { per_endpoint: 3, per_merchant: 9, ..base }).await;
    let of = |held: bool| {
        many.iter().zip(&next).filter(|(id, _)| theirs.contains(id) == held).map(|(_, n)| *n).sum::<usize>()
    };
    assert_eq!((of(true), of(false)), (0, 9), "{next:?}");
}

/// What one endpoint gets again waits for one batch of each other one.
pub(super) async fn recoveries(world: World) {
    let quiet = beside(&world, "quiet").await;
    for _ in 0..MANY {
        world.told(&[EventType::CheckoutCreated]).await;
    }
    quiet.told(&[EventType::CheckoutCreated]).await;
    let (many, one) = (world.add_endpoint(&[]).await, quiet.add_endpoint(&[]).await);
    for (whose, endpoint) in [(&world, &many), (&quiet, &one)] {
        let ask = OutboxAsk { endpoint: Some(endpoint.id), ..OutboxAsk::default() };
        whose.post(ask, OutboxChange { recover_since: Some(at(-1)), ..OutboxChange::default() }).await;
    }
    for _ in 0..2 {
        world.outbox.recover_some(at(10), 5).await.unwrap();
    }
    assert_eq!(quiet.in_state(one.id, DeliveryState::Pending).await.len(), 1);
    let pending = world.in_state(many.id, DeliveryState::Pending).await.len();
    assert!((5..10).contains(&pending), "{pending}");
    // And it goes on to its end.
    while world.outbox.recover_some(at(10), 25).await.unwrap() > 0 {}
    assert_eq!(world.in_state(many.id, DeliveryState::Pending).await.len(), 60);
}

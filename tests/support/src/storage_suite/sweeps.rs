//! Lists of providers: one worker at a time reads that of an account, where the last one stopped, and finds the attempts that a
//! row may be about.

use lendport_core::{AttemptState, CheckoutRecord, MerchantId, Mode, ProviderId};
use lendport_storage::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn, Tenant};

use super::world::{World, at, work};

const fn mark(byte: u8) -> SweepMark {
    SweepMark([byte; 32])
}

fn entry(record: &CheckoutRecord, tenant: Tenant, marks: &[u8], now: i64, until: i64) -> SweepEntry {
    SweepEntry {
        tenant,
        provider: record.attempts[0].provider.clone(),
        checkout: record.checkout.id,
        attempt: record.attempts[0].id,
        marks: marks.iter().map(|byte| mark(*byte)).collect(),
        now: at(now),
        until: at(until),
    }
}

impl World {
    /// Has the list of this checkout's provider read from `now` to `until`.
    async fn swept(&self, record: &CheckoutRecord, marks: &[u8], now: i64, until: i64) {
        let entry = entry(record, self.tenant, marks, now, until);
        self.store.put_sweep_entry(&entry).await.unwrap();
        // Once more is the same.
        self.store.put_sweep_entry(&entry).await.unwrap();
    }

    async fn turn(&self, now: i64) -> Option<SweepTurn> {
        self.store.take_sweep(work(at(now), 1)).await.unwrap()
    }

    /// An attempt that is looked at now and then.
    async fn watched(&self, state: AttemptState) -> CheckoutRecord {
        let mut change = self.opening(state);
        change.attempts[0].poll_at = Some(at(1_000));
        self.insert(change).await
    }
}

/// A turn is one worker's until its lease ends, goes on where the last one stopped, and is not wanted for ever.
pub(super) async fn turns(world: World) {
    let record = world.watched(AttemptState::AwaitingCustomer).await;
    assert_eq!(world.turn(9).await, None);
    world.swept(&record, &[1], 10, 1_000).await;
    assert_eq!(world.turn(9).await, None, "not yet");
    let first = world.turn(10).await.unwrap();
    assert_eq!((first.tenant, &first.provider), (world.tenant, &record.attempts[0].provider));
    assert_eq!((first.since, first.cursor.clone()), (None, None));
    assert_eq!((world.turn(10).await, world.turn(69).await), (None, None), "somebody has it");

    let going_on = Some((at(5), Some("page 2".to_owned())));
    assert!(world.store.end_sweep(&first, &SweepNext { at: at(10), going_on }).await.unwrap());
    let second = world.turn(11).await.unwrap();
    assert_eq!((second.since, second.cursor.as_deref()), (Some(at(5)), Some("page 2")));
    // Its worker dies. Another one takes the same page, and the first comes back too late.
    let third = world.turn(71).await.unwrap();
    assert_eq!((third.since, third.cursor.as_deref()), (second.since, second.cursor.as_deref()));
    let end = SweepNext { at: at(130), going_on: None };
    assert!(!world.store.end_sweep(&second, &end).await.unwrap());
    assert_eq!(world.turn(129).await, None);
    assert!(world.store.end_sweep(&third, &end).await.unwrap());
    assert!(!world.store.end_sweep(&third, &end).await.unwrap(), "a turn ends once");
    assert_eq!(world.turn(129).await, None, "not before it is due");
    let fourth = world.turn(130).await.unwrap();
    assert_eq!((fourth.since, fourth.cursor.clone()), (None, None), "from the beginning");
    assert!(world.store.end_sweep(&fourth, &SweepNext { at: at(190), going_on: None }).await.unwrap());

    // Nothing is open any more, until something is.
    assert_eq!(world.turn(1_000).await, None);
    world.swept(&world.watched(AttemptState::AwaitingCustomer).await, &[2], 1_500, 900).await;
    assert_eq!(world.turn(1_500).await, None, "it is not cut short");
    world.swept(&record, &[1], 1_600, 2_000).await;
    assert!(world.turn(1_600).await.is_some());
}

/// Many workers, one list: each turn is handed out once.
pub(super) async fn one_turn_for_many(world: World) {
    let record = world.watched(AttemptState::AwaitingCustomer).await;
    world.swept(&record, &[1], 0, 1_000).await;
    for round in 0..10 {
        let now = round * 100;
        let (a, b, c) = tokio::join!(world.turn(now), world.turn(now), world.turn(now));
        let taken: Vec<_> = [a, b, c].into_iter().flatten().collect();
        assert_eq!(taken.len(), 1, "round {round}");
        assert!(world.store.end_sweep(&taken[0], &SweepNext { at: at(now + 100), going_on: None }).await.unwrap());
    }
}

/// A mark finds what waits for a customer, of its own tenant only.
pub(super) async fn marks(world: World) {
    let mut waiting = Vec::new();
    for state in AttemptState::ALL {
        let record = world.watched(state).await;
        world.swept(&record, &[7], 0, 1_000).await;
        let over = matches!(
            state,
            AttemptState::Initiating
                | AttemptState::Indeterminate
                | AttemptState::AwaitingCustomer
                | AttemptState::UnderReview
                | AttemptState::Preapproved
                | AttemptState::Canceled
                | AttemptState::Expired
        );
        if over {
            waiting.push(record.attempts[0].id);
        }
    }
    // What nobody looks at is over.
    let unwatched = world.open(AttemptState::Canceled).await;
    world.swept(&unwatched, &[7], 0, 1_000).await;
    let two = world.watched(AttemptState::AwaitingCustomer).await;
    world.swept(&two, &[8, 9], 3, 1_000).await;

    let found = |tenant: Tenant, marks: Vec<SweepMark>| {
        let store = &world.store;
        async move { store.marked(tenant, &marks).await.unwrap() }
    };
    let mut ids: Vec<_> =
        found(world.tenant, vec![mark(7)]).await.iter().map(|marked| marked.found.attempt.unwrap()).collect();
    ids.sort();
    waiting.sort();
    assert_eq!(ids, waiting);
    let both: Vec<Marked> = found(world.tenant, vec![mark(6), mark(8), mark(9)]).await;
    assert_eq!(both.iter().map(|marked| marked.mark).collect::<Vec<_>>(), [mark(8), mark(9)]);
    assert!(both.iter().all(|marked| marked.found.checkout == two.checkout.id));
    assert!(both.iter().all(|marked| marked.created_at == two.attempts[0].created_at));
    let live = Tenant { mode: Mode::Live, ..world.tenant };
    assert_eq!((found(live, vec![mark(8)]).await, found(world.tenant, vec![]).await), (vec![], vec![]));

    assert_eq!(world.store.trim_sweep_marks(at(3), 2).await.unwrap(), 2, "a batch at a time");
    while world.store.trim_sweep_marks(at(3), 100).await.unwrap() > 0 {}
    assert_eq!(found(world.tenant, vec![mark(7)]).await, []);
    assert_eq!(found(world.tenant, vec![mark(8)]).await.len(), 1);
    // Nobody's checkout gets a mark of a stranger.
    let stranger = Tenant { merchant: MerchantId::mint(&crate::clock::SeededIds::new(99)), mode: Mode::Test };
    let foreign = SweepEntry { provider: ProviderId::parse("sandbox").unwrap(), ..entry(&two, stranger, &[9], 0, 1) };
    assert!(world.store.put_sweep_entry(&foreign).await.is_err());
}

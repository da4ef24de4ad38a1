//! Lists: newest first, each row once, whatever is added meanwhile.

use lendport_core::{AttemptState, CheckoutId, CheckoutStatus, ProviderId, limits};
use lendport_storage::{Change, CheckoutFilter, PageAsk};

use super::world::{World, at, next};

async fn ids(world: &World, filter: &CheckoutFilter) -> Vec<CheckoutId> {
    let page = PageAsk { limit: 100, after: None };
    let page = world.store.checkouts(world.tenant, filter, page).await.unwrap();
    assert!(!page.has_more);
    page.rows.into_iter().map(|record| record.checkout.id).collect()
}

/// New rows come in between two pages: the walk goes on downwards and meets none of them, and none twice.
pub(super) async fn a_walk_sees_each_row_once(world: World) {
    let filter = CheckoutFilter::default();
    let mut stored = Vec::new();
    for _ in 0..23 {
        stored.push(world.open(AttemptState::AwaitingCustomer).await.checkout.id);
    }
    stored.reverse();
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let page = world.store.checkouts(world.tenant, &filter, PageAsk { limit: 5, after }).await.unwrap();
        assert!(page.rows.len() == 5 || !page.has_more);
        seen.extend(page.rows.iter().map(|record| record.checkout.id));
        world.open(AttemptState::AwaitingCustomer).await;
        after = seen.last().copied();
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seen, stored);
    // Exactly as many as a page holds: nothing more. Limits outside of what is allowed are brought inside.
    let ask = |limit, after| PageAsk { limit, after };
    let last = world.store.checkouts(world.tenant, &filter, ask(5, Some(stored[17]))).await.unwrap();
    assert_eq!((last.rows.len(), last.has_more), (5, false));
    let none = world.store.checkouts(world.tenant, &filter, ask(0, None)).await.unwrap();
    assert_eq!((none.rows.len(), none.has_more), (1, true));
    let all = world.store.checkouts(world.tenant, &filter, ask(u32::MAX, None)).await.unwrap();
    assert!(all.rows.len() <= usize::try_from(limits::PAGE_MAX).unwrap());
    let end = world.store.checkouts(world.tenant, &filter, ask(5, stored.last().copied())).await.unwrap();
    assert_eq!((end.rows.len(), end.has_more), (0, false));
}

/// Every filter, alone and together.
pub(super) async fn filters(world: World) {
    let mut stored = Vec::new();
    for (second, state) in (0..).zip([
        AttemptState::AwaitingCustomer,
        AttemptState::Authorized,
        AttemptState::Authorized,
        AttemptState::Declined,
    ]) {
        let mut change = world.opening(state);
        let checkout = change.checkout.as_mut().unwrap();
        checkout.created_at = at(second);
        checkout.reference = (second > 0).then(|| format!("order {}", second % 2));
        stored.push(world.insert(change).await);
    }
    let id = |number: usize| stored[number].checkout.id;
    let all = CheckoutFilter::default();
    let reference = |text: &str| CheckoutFilter { reference: Some(text.to_owned()), ..CheckoutFilter::default() };
    let status = |status| CheckoutFilter { status: Some(status), ..CheckoutFilter::default() };
    assert_eq!(ids(&world, &all).await, [id(3), id(2), id(1), id(0)]);
    assert_eq!(ids(&world, &reference("order 1")).await, [id(3), id(1)]);
    assert_eq!(ids(&world, &reference("order")).await, []);
    assert_eq!(ids(&world, &reference("order 1' OR 1=1 --")).await, []);
    assert_eq!(ids(&world, &status(CheckoutStatus::Authorized)).await, [id(2), id(1)]);
    assert_eq!(ids(&world, &status(CheckoutStatus::Open)).await, []);
    let both = CheckoutFilter { status: Some(CheckoutStatus::Authorized), ..reference("order 1") };
    assert_eq!(ids(&world, &both).await, [id(1)]);
    let after = CheckoutFilter { created_after: Some(at(1)), ..all.clone() };
    assert_eq!(ids(&world, &after).await, [id(3), id(2), id(1)]);
    let before = CheckoutFilter { created_before: Some(at(2)), ..all.clone() };
    assert_eq!(ids(&world, &before).await, [id(1), id(0)]);
    let between = CheckoutFilter { created_before: Some(at(2)), ..after.clone() };
    assert_eq!(ids(&world, &between).await, [id(1)]);
    let authorized_after = CheckoutFilter { status: Some(CheckoutStatus::Authorized), ..after };
    assert_eq!(ids(&world, &authorized_after).await, [id(2), id(1)]);

    // The leading attempt's financer follows the attempts, and so does the status.
    let provider = |name: &str| CheckoutFilter { provider: ProviderId::parse(name), ..CheckoutFilter::default() };
    assert_eq!(ids(&world, &provider("sandbox")).await.len(), 4);
    let mut second = world.attempt(&stored[0].checkout, 2, AttemptState::Captured);
    second.provider = ProviderId::parse("second").unwrap();
    let change = Change { attempts: vec![second], ..Change::default() };
    world.change(id(0), move |_| change.clone()).await.unwrap();
    assert_eq!(ids(&world, &provider("second")).await, [id(0)]);
    assert_eq!(ids(&world, &status(CheckoutStatus::Captured)).await, [id(0)]);
    let stated = Change {
        checkout: Some(next(&stored[0].checkout)),
        status: Some(CheckoutStatus::Indeterminate),
        ..Change::default()
    };
    world.change(id(0), move |_| stated.clone()).await.unwrap();
    assert_eq!(ids(&world, &status(CheckoutStatus::Indeterminate)).await, [id(0)]);
    assert_eq!(ids(&world, &provider("sandbox")).await, [id(3), id(2), id(1)]);
}

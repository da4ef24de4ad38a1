//! Items for a person: opened and settled with the change, listed for a tenant, kept as they were settled.

use lendport_core::{AttemptState, AttentionId, AttentionKind, KeyId, MerchantId, Resolution};
use lendport_storage::{AttentionFilter, AttentionItem, Change, ChangeAsk, PageAsk, Tenant, change_with};

use super::post::first;
use super::world::{World, at, next};

fn item(world: &World, record: &lendport_core::CheckoutRecord, kind: AttentionKind) -> AttentionItem {
    AttentionItem {
        id: AttentionId::mint(&world.ids),
        checkout: record.checkout.id,
        attempt: record.attempts[0].id,
        kind,
        detail: "both sums: 1.00 and 2.00 €".to_owned(),
        opened_at: at(1),
        deadline: Some(at(86_400)),
        resolution: None,
    }
}

async fn found(world: &World, filter: AttentionFilter) -> Vec<AttentionId> {
    let page = world.store.attention(world.tenant, &filter, first()).await.unwrap();
    assert!(!page.has_more);
    page.rows.into_iter().map(|item| item.id).collect()
}

/// From opening to settling.
pub(super) async fn settled(world: World) {
    let record = world.open(AttemptState::Authorized).await;
    let id = record.checkout.id;
    let items =
        [item(&world, &record, AttentionKind::AmountMismatch), item(&world, &record, AttentionKind::LateApproval)];
    let opening = Change { attention: items.to_vec(), ..Change::default() };
    world.change(id, move |_| opening.clone()).await.unwrap();
    assert_eq!(world.store.attention_item(world.tenant, items[0].id).await, Ok(Some(items[0].clone())));

    let resolution = Resolution {
        choice: "confirm_amount".to_owned(),
        reason: "compared in the back office".to_owned(),
        by: Some(KeyId::mint(&world.ids)),
        at: at(50),
    };
    let settled = AttentionItem { resolution: Some(resolution.clone()), ..items[0].clone() };
    let ask = ChangeAsk { attention: Some(items[0].id), ..ChangeAsk::default() };
    let expected = (items.clone(), settled.clone());
    let decide = move |loaded: lendport_storage::Loaded<'_>| {
        assert_eq!((loaded.attention.as_ref(), &loaded.open_items[..]), (Some(&expected.0[0]), &expected.0[..]));
        let checkout = Some(next(&loaded.record.checkout));
        (Change { checkout, attention: vec![expected.1.clone()], ..Change::default() }, ())
    };
    change_with(&*world.store, world.tenant, id, ask, decide).await.unwrap();
    assert_eq!(world.store.attention_item(world.tenant, items[0].id).await, Ok(Some(settled.clone())));
    let timeline = world.store.timeline(world.tenant, id).await.unwrap().unwrap();
    assert_eq!(timeline.attention, [settled.clone(), items[1].clone()]);

    // The record of a decision about money does not change any more.
    let other = Resolution { choice: "cancel".to_owned(), ..resolution };
    for late in [None, Some(other)] {
        let change =
            Change { attention: vec![AttentionItem { resolution: late, ..settled.clone() }], ..Change::default() };
        assert!(world.change(id, move |_| change.clone()).await.is_err());
    }
    let decide = |loaded: lendport_storage::Loaded<'_>| {
        let open = loaded.open_items.iter().map(|item| item.id).collect::<Vec<_>>();
        (Change::abort(), (loaded.attention.is_some(), open))
    };
    let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
    let (_, seen) = change_with(&*world.store, world.tenant, id, ask, decide).await.unwrap();
    assert_eq!(seen, Some((false, vec![items[1].id])));
    let (_, seen) = change_with(&*world.store, world.tenant, id, ChangeAsk::default(), decide).await.unwrap();
    assert_eq!(seen, Some((false, vec![])), "nobody asked");
    // Another checkout's item is not loaded with this one.
    let elsewhere = world.open(AttemptState::Authorized).await.checkout.id;
    let ask = ChangeAsk { attention: Some(items[1].id), ..ChangeAsk::default() };
    let (_, seen) = change_with(&*world.store, world.tenant, elsewhere, ask, decide).await.unwrap();
    assert_eq!(seen, Some((false, vec![])));
}

/// Lists: every filter, pages, and nobody else's.
pub(super) async fn lists(world: World) {
    let mut stored = Vec::new();
    let mut records = Vec::new();
    for number in 0..6 {
        let kind = if number % 2 == 0 { AttentionKind::UnknownOutcome } else { AttentionKind::SilentProvider };
        let record = world.open(AttemptState::Indeterminate).await;
        let resolution = (number < 2).then(|| Resolution {
            choice: "by_evidence".to_owned(),
            reason: String::new(),
            by: None,
            at: at(2),
        });
        let opened = AttentionItem { resolution, ..item(&world, &record, kind) };
        stored.push(opened.id);
        let change = Change { attention: vec![opened], ..Change::default() };
        world.change(record.checkout.id, move |_| change.clone()).await.unwrap();
        records.push(record.checkout.id);
    }
    stored.reverse();
    let all = AttentionFilter::default;
    assert_eq!(found(&world, all()).await, stored);
    assert_eq!(found(&world, AttentionFilter { open: Some(true), ..all() }).await, stored[..4]);
    assert_eq!(found(&world, AttentionFilter { open: Some(false), ..all() }).await, stored[4..]);
    let kind = Some(AttentionKind::SilentProvider);
    assert_eq!(found(&world, AttentionFilter { kind, ..all() }).await, [stored[0], stored[2], stored[4]]);
    assert_eq!(found(&world, AttentionFilter { kind, open: Some(true), ..all() }).await, [stored[0], stored[2]]);
    let checkout = Some(records[2]);
    assert_eq!(found(&world, AttentionFilter { checkout, ..all() }).await, [stored[3]]);
    assert_eq!(found(&world, AttentionFilter { checkout, open: Some(false), ..all() }).await, []);
    let page = PageAsk { limit: 4, after: Some(stored[0]) };
    let rest = world.store.attention(world.tenant, &all(), page).await.unwrap();
    assert_eq!(rest.rows.iter().map(|item| item.id).collect::<Vec<_>>(), stored[1..5]);
    assert!(rest.has_more);

    let other = MerchantId::mint(&world.ids);
    world.merchant(other, "second").await;
    let stranger = Tenant { merchant: other, ..world.tenant };
    assert_eq!(world.store.attention_item(stranger, stored[0]).await, Ok(None));
    assert!(world.store.attention(stranger, &all(), first()).await.unwrap().rows.is_empty());
    let of_checkout = AttentionFilter { checkout, ..all() };
    assert!(world.store.attention(stranger, &of_checkout, first()).await.unwrap().rows.is_empty());
}

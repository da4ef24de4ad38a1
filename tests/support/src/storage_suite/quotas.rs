//! A merchant's own quotas, and what is counted against them.

use lendport_core::{AttemptState, AuditAction, Checkout, MerchantId, Mode, Quotas};
use lendport_storage::{AdminAsk, AdminChange, Change, ChangeOutcome, CheckoutCounts, Tenant, administer_with};

use super::world::{World, at};

/// None until they are set, all of them at once, and a merchant's alone.
pub(super) async fn round_trip(world: World) {
    let other = MerchantId::mint(&world.ids);
    world.merchant(other, "other").await;
    let merchant = world.tenant.merchant;
    assert_eq!(world.store.quotas(merchant).await, Ok(Quotas::default()));
    let version = world.store.merchant_row(merchant).await.unwrap().unwrap().version;
    let some = Quotas { open_checkouts: Some(0), checkouts_per_day: Some(u32::MAX), webhook_endpoints: None };
    for (number, quotas) in (1..).zip([some, Quotas { webhook_endpoints: Some(3), ..Quotas::default() }]) {
        let audit = vec![world.entry(world.tenant, None, AuditAction::MerchantUpdated)];
        let change = AdminChange { quotas: Some(quotas), audit, ..AdminChange::default() };
        let decide = move |_: lendport_storage::AdminLoaded<'_>| (change.clone(), ());
        let outcome = administer_with(&*world.store, world.tenant, AdminAsk::default(), decide).await.unwrap().0;
        assert_eq!(outcome, ChangeOutcome::Done);
        assert_eq!(world.store.quotas(merchant).await, Ok(quotas));
        assert_eq!(world.store.merchant_row(merchant).await.unwrap().unwrap().version, version + number);
    }
    assert_eq!(world.store.quotas(other).await, Ok(Quotas::default()));
    assert_eq!(world.store.quotas(MerchantId::mint(&world.ids)).await, Ok(Quotas::default()), "there is none");
    // A new name or page leaves them alone.
    let known = world.store.merchant(merchant).await.unwrap().unwrap();
    world.store.put_merchant(&known).await.unwrap();
    assert_eq!(world.store.quotas(merchant).await.unwrap().webhook_endpoints, Some(3));
}

/// Of one tenant alone: those that nobody has decided on, and those after a moment, and no further than asked.
pub(super) async fn counts(world: World) {
    let count = |tenant, since, most| {
        let store = &world.store;
        async move {
            let CheckoutCounts { open, since } = store.count_checkouts(tenant, at(since), most).await.unwrap();
            (open, since)
        }
    };
    assert_eq!(count(world.tenant, 0, 9).await, (0, 0));
    let states =
        [AttemptState::AwaitingCustomer, AttemptState::UnderReview, AttemptState::Captured, AttemptState::Declined];
    for (second, state) in (10..).zip(states) {
        let mut change = world.opening(state);
        change.checkout.as_mut().unwrap().created_at = at(second);
        world.insert(change).await;
    }
    let unchosen = Checkout { created_at: at(14), ..world.checkout() };
    world.insert(Change { checkout: Some(Box::new(unchosen)), ..Change::default() }).await;
    let (open, all) = count(world.tenant, 0, 99).await;
    assert_eq!(all, 5);
    assert!((3..5).contains(&open), "{open}: a customer's, a reviewed one, and one without a financer");
    assert_eq!(count(world.tenant, 12, 99).await, (open, 2), "the moment itself is not after it");
    assert_eq!(count(world.tenant, 0, 2).await, (2, 2));
    assert_eq!(count(world.tenant, 0, 0).await, (0, 0));
    assert_eq!(count(Tenant { mode: Mode::Live, ..world.tenant }, 0, 99).await, (0, 0));
    assert_eq!(count(Tenant { merchant: MerchantId::mint(&world.ids), ..world.tenant }, 0, 99).await, (0, 0));
}

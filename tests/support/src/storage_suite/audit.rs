//! The audit log: everything is told of with who did it, or does not happen.

use lendport_core::{
    Actor, AttemptState, AuditAction, MerchantId, Mode, ProviderAccount, ProviderAccountId, ProviderId, Quotas,
};
use lendport_storage::{
    AdminAsk, AdminChange, AuditFilter, Audited, Change, ChangeOutcome, PageAsk, Tenant, administer_with,
};

use super::world::World;
use crate::samples::account;

/// Nothing changes without a word of who changed it.
pub(super) async fn nothing_untold(world: World) {
    let tenant = world.tenant;
    let account = || ProviderAccount {
        id: ProviderAccountId::mint(&world.ids),
        merchant: tenant.merchant,
        provider: ProviderId::parse("sandbox").unwrap(),
        mode: tenant.mode,
        settings: account(&[("password", "one")]),
    };
    for untold in [
        AdminChange { merchant: Some(world.merchant_row(tenant.merchant, "other")), ..AdminChange::default() },
        AdminChange { keys: vec![world.stored_key(tenant, 7)], ..AdminChange::default() },
        AdminChange { account: Some(account()), ..AdminChange::default() },
        AdminChange { quotas: Some(Quotas::default()), ..AdminChange::default() },
    ] {
        assert!(!world.administered_as_it_is(tenant, untold.clone()).await, "{untold:?}");
        assert!(world.administered(tenant, untold).await);
    }
    let ask = AdminAsk { account: Some(account().provider), ..AdminAsk::default() };
    let remove =
        |_: lendport_storage::AdminLoaded<'_>| (AdminChange { remove_account: true, ..AdminChange::default() }, ());
    assert!(administer_with(&*world.store, tenant, ask, remove).await.is_err());
    assert_eq!(world.log(Audited::Of(tenant)).await.len(), 4);
}

/// Entries are listed newest first, by action, of one merchant or all; those about both modes show in both.
pub(super) async fn log(world: World) {
    let tenant = world.tenant;
    let other = Tenant { merchant: MerchantId::mint(&world.ids), ..tenant };
    world.merchant(other.merchant, "second").await;
    let mut all = Vec::new();
    for (tenant, mode, action) in [
        (tenant, None, AuditAction::MerchantCreated),
        (tenant, Some(Mode::Test), AuditAction::KeyCreated),
        (other, Some(Mode::Test), AuditAction::KeyCreated),
        (tenant, Some(Mode::Test), AuditAction::AccountPut),
    ] {
        let mut entry = world.entry(tenant, mode, action);
        if action == AuditAction::MerchantCreated {
            (entry.actor, entry.request) = (Actor::CommandLine, None);
        }
        assert!(world.administered(tenant, AdminChange { audit: vec![entry.clone()], ..AdminChange::default() }).await);
        all.insert(0, entry);
    }
    assert_eq!(world.log(Audited::All(Mode::Test)).await, all);
    let own: Vec<_> = all.iter().filter(|entry| entry.merchant == Some(tenant.merchant)).cloned().collect();
    assert_eq!(world.log(Audited::Of(tenant)).await, own);
    assert_eq!(world.log(Audited::Of(Tenant { mode: Mode::Live, ..tenant })).await, own[2..]);

    let filter = AuditFilter { action: Some(AuditAction::KeyCreated) };
    let ask = |whose, after| world.store.audit(whose, filter, PageAsk { limit: 1, after });
    let first = ask(Audited::All(Mode::Test), None).await.unwrap();
    assert_eq!((&first.rows[..], first.has_more), (&all[1..2], true));
    let second = ask(Audited::All(Mode::Test), Some(first.rows[0].id)).await.unwrap();
    assert_eq!((&second.rows[..], second.has_more), (&all[2..3], false));
    assert_eq!(ask(Audited::Of(tenant), None).await.unwrap().rows, all[2..3]);
}

/// Whoever decides about a checkout is written with what was decided, or nothing is.
pub(super) async fn with_a_checkout(world: World) {
    let record = world.open(AttemptState::AwaitingCustomer).await;
    let entry = world.entry(world.tenant, Some(Mode::Test), AuditAction::AttentionResolved);
    let change = Change { audit: vec![entry.clone()], ..Change::default() };
    assert_eq!(world.change(record.checkout.id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
    assert_eq!(world.log(Audited::Of(world.tenant)).await, [entry]);

    let stranger = Tenant { mode: Mode::Live, ..world.tenant };
    let foreign = world.entry(stranger, Some(Mode::Live), AuditAction::AttentionResolved);
    let next = super::world::next(&record.checkout);
    let change = Change { checkout: Some(next), audit: vec![foreign], ..Change::default() };
    assert!(world.change(record.checkout.id, move |_| change.clone()).await.is_err());
    assert_eq!(world.read(record.checkout.id).await.checkout.version, record.checkout.version);
}

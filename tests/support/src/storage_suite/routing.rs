//! Versions of routing profiles: counted, kept, one of them active, and never another tenant's.

use std::collections::BTreeMap;

use lendport_core::routing::{Profile, Rule, When};
use lendport_core::{Actor, AuditAction, AuditEntry, AuditId, IdSource, MerchantId, Mode, RoutingProfileId};
use lendport_storage::{AuditFilter, Audited, PageAsk, RoutingVersion, Tenant};

use super::world::{World, at};
use crate::routing::{Dice, profile};

/// Who put a version, as it is told of.
fn told(ids: &dyn IdSource, tenant: Tenant, next: &RoutingVersion) -> AuditEntry {
    AuditEntry {
        id: AuditId::mint(ids),
        merchant: Some(tenant.merchant),
        mode: Some(tenant.mode),
        actor: Actor::CommandLine,
        action: AuditAction::RoutingChanged,
        subject: next.id.to_string(),
        facts: BTreeMap::new(),
        request: None,
        at: next.created_at,
    }
}

impl World {
    fn routing_version(&self, version: u64, profile: Profile) -> RoutingVersion {
        let id = RoutingProfileId::mint(&self.ids);
        let created_at = at(i64::try_from(version).unwrap());
        RoutingVersion { id, version, active: true, profile, created_by: "key_\u{e9}".to_owned(), created_at }
    }

    async fn versions(
        &self,
        tenant: Tenant,
        limit: u32,
        after: Option<RoutingProfileId>,
    ) -> (Vec<RoutingVersion>, bool) {
        let page = self.store.routing_versions(tenant, PageAsk { limit, after }).await.unwrap();
        (page.rows, page.has_more)
    }
}

/// Each version follows the one before it, and the last one is active.
pub(super) async fn versions(world: World) {
    let (store, tenant) = (&world.store, world.tenant);
    assert_eq!(store.routing(tenant).await, Ok(None));
    let [first, second, third] = [(1, 3), (2, 200), (3, 0)].map(|(version, rules)| match rules {
        0 => world.routing_version(version, Profile::default()),
        rules => world.routing_version(version, profile(rules, &mut Dice::new(version))),
    });
    assert_eq!(
        store.put_routing(tenant, 1, &first, &told(&world.ids, tenant, &first)).await,
        Ok(false),
        "there is no version 1 to follow"
    );
    assert_eq!(store.put_routing(tenant, 0, &first, &told(&world.ids, tenant, &first)).await, Ok(true));
    assert_eq!(store.routing(tenant).await.unwrap().as_ref(), Some(&first));
    assert_eq!(
        store.put_routing(tenant, 0, &second, &told(&world.ids, tenant, &second)).await,
        Ok(false),
        "somebody was quicker"
    );
    assert_eq!(store.put_routing(tenant, 1, &second, &told(&world.ids, tenant, &second)).await, Ok(true));
    assert_eq!(store.put_routing(tenant, 2, &third, &told(&world.ids, tenant, &third)).await, Ok(true));
    assert_eq!(store.routing(tenant).await.unwrap().as_ref(), Some(&third));
    let page = PageAsk { limit: 100, after: None };
    let told = store.audit(Audited::Of(tenant), AuditFilter::default(), page).await.unwrap().rows;
    let told: Vec<_> = told.into_iter().rev().map(|entry| entry.subject).collect();
    assert_eq!(told, [&first, &second, &third].map(|put| put.id.to_string()), "what was not put is not told of");

    let old = |version: &RoutingVersion| RoutingVersion { active: false, ..version.clone() };
    let all = vec![third.clone(), old(&second), old(&first)];
    assert_eq!(world.versions(tenant, 100, None).await, (all.clone(), false));
    assert_eq!(world.versions(tenant, 2, None).await, (all[..2].to_vec(), true));
    assert_eq!(world.versions(tenant, 2, Some(second.id)).await, (all[2..].to_vec(), false));
    let nobody = RoutingProfileId::mint(&world.ids);
    assert_eq!(world.versions(tenant, 2, Some(nobody)).await, (vec![], false));
}

/// A page holds no more than two megabytes of documents, and never less than one of them; with the cursor all are seen.
pub(super) async fn large(world: World) {
    let tenant = world.tenant;
    let of_size = |bytes: usize| {
        let sku = vec!["x".repeat(bytes)];
        let rule = Rule { name: "large".to_owned(), when: When { sku, ..When::default() }, ..Rule::default() };
        Profile { rules: vec![rule], ..Profile::default() }
    };
    let mut put = Vec::new();
    for (version, bytes) in (1_u64..).zip([5, 900_000, 900_000, 900_000, 5, 5, 3_000_000, 900_000]) {
        let next = world.routing_version(version, of_size(bytes));
        let told = told(&world.ids, tenant, &next);
        assert_eq!(world.store.put_routing(tenant, version - 1, &next, &told).await, Ok(true));
        put.push(next.id);
    }
    let (mut after, mut seen, mut sizes) = (None, Vec::new(), Vec::new());
    loop {
        let (rows, has_more) = world.versions(tenant, 100, after).await;
        sizes.push(rows.len());
        seen.extend(rows.iter().map(|row| row.id));
        after = seen.last().copied();
        if !has_more {
            break;
        }
    }
    put.reverse();
    assert_eq!((sizes, seen), (vec![1, 1, 4, 2], put));
    let (rows, has_more) = world.versions(tenant, 3, after).await;
    assert_eq!((rows.len(), has_more), (0, false));
}

/// Another merchant, and the other mode, have versions of their own.
pub(super) async fn tenants(world: World) {
    let (store, tenant) = (&world.store, world.tenant);
    let stranger = Tenant { merchant: MerchantId::mint(&world.ids), mode: Mode::Test };
    world.merchant(stranger.merchant, "stranger").await;
    let live = Tenant { mode: Mode::Live, ..tenant };
    let mut put = Vec::new();
    for (version, owner) in [(1, tenant), (1, stranger), (1, live)] {
        let next = world.routing_version(version, profile(2, &mut Dice::new(1)));
        assert_eq!(store.put_routing(owner, 0, &next, &told(&world.ids, owner, &next)).await, Ok(true));
        put.push((owner, next));
    }
    for (owner, next) in &put {
        assert_eq!(store.routing(*owner).await.unwrap().as_ref(), Some(next));
        assert_eq!(world.versions(*owner, 10, None).await, (vec![next.clone()], false));
    }
    assert_eq!(world.versions(tenant, 10, Some(put[1].1.id)).await, (vec![], false), "a cursor of another tenant");
}

/// Of many who follow the same version one does.
pub(super) async fn at_once(world: World) {
    let tenant = world.tenant;
    for round in 0..5 {
        let puts = (0..8).map(|number| {
            let (store, next) = (world.either_store(number), world.routing_version(round + 1, Profile::default()));
            let told = told(&world.ids, tenant, &next);
            tokio::spawn(async move { (store.put_routing(tenant, round, &next, &told).await, next.id) })
        });
        let mut won = Vec::new();
        for put in puts.collect::<Vec<_>>() {
            let (result, id) = put.await.unwrap();
            won.extend(result.unwrap().then_some(id));
        }
        assert_eq!(won.len(), 1, "round {round}");
        let active = world.store.routing(tenant).await.unwrap().unwrap();
        assert_eq!((active.version, active.id), (round + 1, won[0]));
    }
    let rows = world.versions(tenant, 100, None).await.0;
    assert_eq!(rows.iter().filter(|row| row.active).count(), 1);
}

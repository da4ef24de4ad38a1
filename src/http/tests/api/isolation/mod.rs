//! Nobody reaches anything of anybody else's: every route of the API's description, walked with one's own key and another's ids,
//! on both databases.
//!
//! Routes, parameters and bodies come from the description. A new route is walked as soon as it is there; where nobody knows
//! what fills its path or its query, the walk fails.

mod bodies;
mod crowds;
mod pages;
mod routes;
mod seen;
mod shop;
mod strangers;

use std::sync::Arc;

use http::Method;
use lendport_core::{Mode, Scope, Secret};
use lendport_http::RateSettings;
use lendport_storage::postgres::{PostgresSettings, PostgresStore};
use lendport_storage::{Database, Tenant};
use lendport_testkit::postgres::Cluster;

use self::routes::Route;
use self::seen::Seen;
use self::shop::Shop;
use self::strangers::{Stranger, Walk};
use crate::tokens_of_others;
use crate::world::{PLATFORM_KEY, World, vault};

/// Routes that ask for no key, and why nothing of a merchant is behind them.
const OPEN: [(&str, &str); 19] = [
    ("getPublicKeys", "public keys, the same for everybody"),
    ("getAuthorizationServer", "addresses of the gateway"),
    ("createToken", "a key's own secret is the password; `tokens.rs` tries others"),
    ("getDocs", "the description"),
    ("getOpenApi", "the description"),
    ("listProblems", "the description"),
    ("getProblem", "the description"),
    ("healthz", "the process"),
    ("readyz", "the process"),
    ("getCustomerPage", "whoever has the token is that checkout's customer: `pages`"),
    ("getCustomerPageStage", "as the page"),
    ("getClientStatus", "as the page"),
    ("getClientPlugin", "as the page"),
    ("streamClientStatus", "as the page"),
    ("chooseFinancer", "as the page"),
    ("customerCameBack", "as the page"),
    ("returnFromFinancer", "as the page"),
    ("pushNotification", "whoever has the token may push to that attempt: `pages`"),
    ("pushNotificationByQuery", "as the other push"),
];

async fn on_postgresql() -> World {
    let server = Cluster::shared();
    let settings = PostgresSettings::new(Secret::from(server.url(&server.create_database()).as_str()));
    let postgres = PostgresStore::open(&settings, vault()).await.unwrap();
    World::over(Database::of(Arc::new(postgres)), None, 10_000, tokens_of_others::settings(), RateSettings::default())
        .await
}

#[test]
fn every_route_asks_for_a_key_or_is_known_to_show_nobodys_data() {
    let mut open: Vec<_> =
        routes::all().into_iter().filter(|route| !route.keyed).map(|route| route.operation).collect();
    let mut known: Vec<_> = OPEN.iter().map(|(operation, _)| (*operation).to_owned()).collect();
    open.sort();
    known.sort();
    assert_eq!(open, known);
}

/// Keys of a platform, for either mode.
async fn platform(world: &World) {
    let test = world.platform().await;
    world.add_key("lp_live_platform", Tenant { mode: Mode::Live, ..test }, &[Scope::PlatformAdmin]).await;
}

/// Who asks for the shop: keys that may do everything, keys that may do one thing, a token, and a platform.
async fn strangers(world: &World, shop: &Shop) -> Vec<Stranger> {
    let mut all = vec![
        Stranger::new("the merchant", &shop.key),
        Stranger::new("a repeat of the other's request", &shop.key).repeating(),
    ];
    all.push(Stranger::new("a token of the merchant's", &world.token(shop.key_id, &shop.key, "").await));
    for scope in &Scope::ALL[..4] {
        let key = format!("{}_{}", shop.key, scope.as_str().replace(':', "_"));
        world.add_key(&key, shop.tenant, &[*scope]).await;
        all.push(Stranger::new(&key, &key).with_few_rights());
    }
    let key = if shop.tenant.mode == Mode::Live { "lp_live_platform" } else { PLATFORM_KEY };
    all.push(Stranger::new("a platform acting for the merchant", key).acting_for(shop.tenant.merchant));
    all
}

/// Two merchants, each with one of everything; neither is anything to the other.
async fn merchants(world: World) {
    platform(&world).await;
    let [first, other] = world.merchants.map(|merchant| Tenant { merchant, mode: Mode::Test });
    let ours = Shop::furnished(&world, first, "lp_test_aurora", "aurora").await;
    let alone = Seen::by(&world, &ours).await;
    let theirs = Shop::furnished(&world, other, "lp_test_borealis", "borealis").await;
    theirs.use_every_route(&world, &alone.ids()).await;
    let before = Seen::by(&world, &theirs).await;
    // What one merchant sees is what it would see if it were alone.
    Seen::by(&world, &ours).await.is_as(&alone);
    let walk = Walk {
        own: alone.ids(),
        others: before.ids().without(&alone.ids()),
        marks: vec![theirs.mark, "lp_test_borealis"],
    };
    for prefix in ["chk", "att", "atn", "evt", "dlv", "whe", "key", "aud", "rpf", "mer", "lin", "op", "dla", "req"] {
        assert!(!walk.others.of(prefix).is_empty(), "the other merchant has no {prefix}");
    }
    let mut strangers = strangers(&world, &ours).await;
    strangers.push(Stranger::new("a token of another issuer", &tokens_of_others::token(&world, first.merchant)));
    let own = Seen::by(&world, &ours).await.ids();
    let walk = Walk { own, ..walk };
    let asked = walk.every_route(&world, &strangers).await;
    assert!(asked > 1_000, "{asked}");
    assert!(walk.others_lines(&world, &strangers[0]).await >= 5, "shipment, capture, cancel, refund, a person's word");
    walk.in_the_others_name(&world, &ours, theirs.tenant.merchant).await;
    Seen::by(&world, &theirs).await.is_as(&before);
    theirs.delete_everything(&world, &before.ids()).await;
}

/// One merchant with one of everything in both modes; neither mode's keys see the other mode's rows.
async fn modes(world: World) {
    platform(&world).await;
    let [test, live] = [Mode::Test, Mode::Live].map(|mode| Tenant { mode, ..world.tenant });
    let tests = Shop::furnished(&world, test, "lp_test_aurora", "aurora").await;
    let alone = Seen::by(&world, &tests).await;
    let lives = Shop::furnished(&world, live, "lp_live_zenith", "zenith").await;
    lives.use_every_route(&world, &alone.ids()).await;
    Seen::by(&world, &tests).await.is_as(&alone);
    for (ours, theirs) in [(&tests, &lives), (&lives, &tests)] {
        let before = Seen::by(&world, theirs).await;
        let mut strangers = strangers(&world, ours).await;
        // Who has used every route itself repeats its own requests.
        strangers.retain(|stranger| !(stranger.repeats && ours.mark == lives.mark));
        let own = Seen::by(&world, ours).await.ids();
        let walk = Walk { others: before.ids().without(&own), own, marks: vec![theirs.mark, &theirs.key] };
        assert!(walk.others.of("mer").is_empty(), "both modes are the same merchant's");
        let asked = walk.every_route(&world, &strangers).await;
        assert!(asked > 1_000, "{asked}");
        Seen::by(&world, theirs).await.is_as(&before);
    }
}

#[tokio::test]
async fn no_route_leads_to_another_merchants_things_on_sqlite() {
    merchants(World::trusting(tokens_of_others::settings()).await).await;
}

#[tokio::test]
async fn no_route_leads_to_another_merchants_things_on_postgresql() {
    merchants(on_postgresql().await).await;
}

#[tokio::test]
async fn no_route_leads_from_one_mode_to_the_other_on_sqlite() {
    modes(World::new().await).await;
}

#[tokio::test]
async fn no_route_leads_from_one_mode_to_the_other_on_postgresql() {
    modes(on_postgresql().await).await;
}

/// Asks as this shop.
async fn ask(world: &World, shop: &Shop, route: &Route, path: &str, key: Option<&str>) -> crate::world::Answer {
    let named: Vec<_> = key.map(|key| ("idempotency-key", key)).into_iter().collect();
    let headers = if route.method == Method::GET { &[] } else { named.as_slice() };
    world.with_headers(&shop.key, route.method.clone(), path, headers, &route.body).await
}

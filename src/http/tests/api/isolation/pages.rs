//! Tokens without a key: of a customer's page, of the way back to it, of a financer's push. Each opens the one checkout it was
//! made for, for the one use it was made for.

use http::Method;
use lendport_core::{Mode, Scope};
use lendport_storage::Tenant;
use serde_json::Value;

use super::routes::{self, Hole, Ids};
use super::seen::{Seen, said};
use super::shop::Shop;
use crate::live_updates::Heard;
use crate::world::World;

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

/// Everything that a page asks for, as the description names it.
async fn everything(world: &World, page: &str) -> Vec<String> {
    let mut heard = Vec::new();
    let below = |path: &str| path.strip_prefix("/c/{client_token}").map(str::to_owned);
    let routes: Vec<_> = routes::all().into_iter().filter_map(|route| Some((below(&route.path)?, route))).collect();
    assert!(routes.len() >= 7, "{routes:?}");
    for (path, route) in routes {
        if path == "/events" {
            heard.push(Heard::open(world, page, None).await.next().await.unwrap().2.to_string());
            continue;
        }
        let body = if route.body.is_null() { String::new() } else { route.body.to_string() };
        let answer = world.browse(route.method, &format!("{page}{path}"), &JSON, &body).await;
        assert!(answer.status != 404 && answer.status.as_u16() < 500, "{path}: {}", answer.text);
        heard.push(said(&answer));
    }
    heard
}

/// Browsers and financers of one shop do all they can; the other shop is told nothing of, and stays as it is.
#[tokio::test]
async fn tokens_of_one_merchants_checkouts_open_nothing_of_another_or_of_the_other_mode() {
    let world = World::new().await;
    let [first, other] = world.merchants.map(|merchant| Tenant { merchant, mode: Mode::Test });
    let live = Tenant { mode: Mode::Live, ..first };
    let ours = Shop::furnished(&world, first, "lp_test_aurora", "aurora").await;
    let mut theirs = vec![Shop::furnished(&world, other, "lp_test_borealis", "borealis").await];
    theirs.push(Shop::furnished(&world, live, "lp_live_zenith", "zenith").await);
    let before = Seen::by(&world, &ours).await;
    let merchant = ours.tenant.merchant.to_string();
    for shop in &theirs {
        let mut heard = Vec::new();
        for page in &shop.pages {
            heard.extend(everything(&world, page).await);
        }
        for back in &shop.returns {
            heard.push(said(&world.browse(Method::GET, back, &[("sec-fetch-dest", "iframe")], "").await));
        }
        for push in &shop.pushes {
            let path = format!("/callbacks/acme/{push}");
            heard.push(said(&world.browse(Method::POST, &path, &[], "expired").await));
            let elsewhere = format!("/callbacks/others/{push}");
            assert_eq!(world.browse(Method::POST, &elsewhere, &[], "expired").await.status, 404);
        }
        assert!(heard.iter().any(|text| text.contains(shop.mark)), "their own is shown");
        for text in heard {
            let strange: Vec<_> = Ids::in_text(&text)
                .all()
                .filter(|id| before.ids().has(id) && *id != merchant)
                .map(str::to_owned)
                .collect();
            assert!(strange.is_empty() && !text.contains(ours.mark), "{strange:?}: {text}");
        }
    }
    Seen::by(&world, &ours).await.is_as(&before);
}

/// A token of one kind is nothing where another kind is asked for.
#[tokio::test]
async fn a_token_of_one_kind_is_nothing_where_another_is_asked_for() {
    let world = World::new().await;
    let shop = Shop::furnished(&world, world.tenant, "lp_test_aurora", "aurora").await;
    let before = Seen::by(&world, &shop).await;
    let id = world.add_key("lp_test_for_a_token", shop.tenant, &Scope::ALL[..4]).await;
    let bearer = world.token(id, "lp_test_for_a_token", "").await;
    let page = shop.pages[0].strip_prefix("/c/").unwrap();
    let back = shop.returns[0].strip_prefix("/r/").unwrap();
    let kinds =
        [("page", page), ("return", back), ("push", shop.pushes[0].as_str()), ("bearer", &bearer), ("key", &shop.key)];
    for route in routes::all() {
        let Some((_, Hole::Token(kind))) = route.holes().into_iter().find(|(_, hole)| matches!(hole, Hole::Token(_)))
        else {
            continue;
        };
        for (_, token) in kinds.iter().filter(|(other, _)| *other != kind) {
            let path = ["{client_token}", "{return_token}", "{token}"]
                .iter()
                .fold(route.path.replace("{provider}", "acme"), |path, hole| path.replace(hole, token));
            let body = if route.body.is_null() { "expired".to_owned() } else { route.body.to_string() };
            let answer = world.browse(route.method.clone(), &path, &JSON, &body).await;
            assert_eq!(answer.status, 404, "{} {}: {}", route.method, route.path, answer.text);
        }
    }
    for (kind, token) in kinds.iter().filter(|(kind, _)| !["bearer", "key"].contains(kind)) {
        let answer = world.with_key(token, Method::GET, "/v1/checkouts", &Value::Null).await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{kind}");
    }
    // Only keys that were made since are new.
    let after = Seen::by(&world, &shop).await;
    let checkouts = |seen: &Seen| seen.ids().of("evt").into_iter().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(checkouts(&after), checkouts(&before), "nothing happened");
}

//! A merchant with one of everything, in one mode. Every text that can be made up carries its mark.

use std::sync::atomic::Ordering;

use http::Method;
use lendport_core::{CommitClass, ErrorKind, KeyId, ProviderError, Scope, ShopPage};
use lendport_storage::Tenant;
use serde_json::{Value, json};

use super::ask;
use super::routes::{self, Hole, Ids};
use crate::deliveries::{accept, leased};
use crate::fake::Create;
use crate::world::{Answer, PUBLIC_URL, World, sample};

/// The merchant in one mode, by its key.
pub(super) struct Shop {
    pub(super) mark: &'static str,
    pub(super) key: String,
    pub(super) key_id: KeyId,
    pub(super) tenant: Tenant,
    /// Below the gateway's address: pages of customers, ways back to them.
    pub(super) pages: Vec<String>,
    pub(super) returns: Vec<String>,
    /// Tokens that pushes come with.
    pub(super) pushes: Vec<String>,
}

fn error(kind: ErrorKind, commit: CommitClass) -> Create {
    Create::Fails(ProviderError { commit, ..ProviderError::new(kind, "words of a financer") })
}

#[track_caller]
fn works(answer: &Answer) -> Value {
    assert!(answer.status.is_success(), "{}", answer.text);
    if answer.text.is_empty() { Value::Null } else { answer.json() }
}

impl Shop {
    pub(super) async fn furnished(world: &World, tenant: Tenant, key: &str, mark: &'static str) -> Self {
        let key_id = world.add_key(key, tenant, &Scope::ALL[..4]).await;
        let (pages, returns, pushes) = (Vec::new(), Vec::new(), Vec::new());
        let mut shop = Self { mark, key: key.to_owned(), key_id, tenant, pages, returns, pushes };
        world.fake.refunds.store(true, Ordering::SeqCst);
        shop.settle_in(world).await;
        shop.trade(world).await;
        shop.hear(world).await;
        shop
    }

    async fn send(&self, world: &World, method: Method, path: &str, body: Value) -> Answer {
        world.with_key(&self.key, method, path, &body).await
    }

    async fn post(&self, world: &World, path: &str, body: Value) -> Value {
        works(&self.send(world, Method::POST, path, body).await)
    }

    /// Page, account, routing, keys, an endpoint.
    async fn settle_in(&self, world: &World) {
        let mark = self.mark;
        // Both modes of a merchant show its name: only who is there in one mode has a mark in it.
        if self.tenant.merchant == world.merchants[1] {
            let page = ShopPage { display_name: Some(format!("{mark} shop")), ..ShopPage::default() };
            world.set_page(self.tenant.merchant, page).await;
        }
        let merchant = format!("/v1/merchants/{}", self.tenant.merchant);
        let fields =
            json!({ "fields": { "password": format!("{mark} password"), "push_key": format!("{mark} push") } });
        works(&self.send(world, Method::PUT, &format!("{merchant}/provider_accounts/acme"), fields).await);
        for name in ["first", "second"] {
            let rule = json!({ "name": format!("{mark} {name}"), "when": {}, "then": { "providers": ["acme"] } });
            let profile = json!({ "rules": [rule], "cascade": ["acme"] });
            works(&self.send(world, Method::PUT, "/v1/routing", profile).await);
        }
        let spare = self.post(world, &format!("{merchant}/keys"), json!({ "label": format!("{mark} spare") })).await;
        let id = spare["id"].as_str().unwrap();
        self.post(world, &format!("{merchant}/keys/{id}/rotate"), json!({})).await;
        let hook = json!({ "url": format!("https://{mark}.example/hooks"), "description": format!("{mark} hooks") });
        self.post(world, "/v1/webhook_endpoints", hook).await;
    }

    /// Opens a checkout; its id, whatever came of it.
    async fn open(&mut self, world: &World, name: &str, create: Create) -> String {
        let mark = self.mark;
        world.fake.next(create);
        let mut cart = sample();
        cart["reference"] = json!(format!("{mark}-{name}"));
        cart["customer"]["first_name"] = json!(mark);
        cart["customer"]["email"] = json!(format!("{mark}@example.com"));
        cart["items"][0]["name"] = json!(format!("{mark} TV"));
        cart["metadata"] = json!({ "note": mark });
        // Neither waits for the other where both use the same word.
        let key = [("idempotency-key", name)];
        let made = world.with_headers(&self.key, Method::POST, "/v1/checkouts", &key, &cart).await;
        world.fake.next(Create::Works);
        let json = made.json();
        let id = json.pointer("/checkout/id").or(json.get("id")).unwrap_or_else(|| panic!("{name}: {}", made.text));
        let id = id.as_str().unwrap().to_owned();
        let token = self.post(world, &format!("/v1/checkouts/{id}/client_token"), Value::Null).await;
        self.pages.push(token["checkout_url"].as_str().unwrap().strip_prefix(PUBLIC_URL).unwrap().to_owned());
        let back = world.fake.return_urls.lock().unwrap().success.clone().unwrap();
        self.returns.push(back.strip_prefix(PUBLIC_URL).unwrap().to_owned());
        self.pushes.push(world.fake.token.lock().unwrap().clone());
        id
    }

    /// Checkouts in every kind of state, with what belongs to them.
    async fn trade(&mut self, world: &World) {
        let mark = self.mark;
        let push = async |word: &str| assert_eq!(world.push(&format!("{word}\n{mark}\n{mark}")).await.status, 200);
        self.open(world, "open", Create::Works).await;

        let paid = self.open(world, "paid", Create::Works).await;
        push("authorized").await;
        let shipment = json!({ "status": "shipped", "carrier": mark, "tracking_number": mark, "message": mark });
        self.post(world, &format!("/v1/checkouts/{paid}/shipments"), shipment).await;
        push("captured").await;
        self.post(world, &format!("/v1/checkouts/{paid}/refunds"), json!({ "reason": mark })).await;

        let refused = self.open(world, "refused", error(ErrorKind::Unavailable, CommitClass::NotSent)).await;
        self.post(world, &format!("/v1/checkouts/{refused}/attempts"), json!({ "provider": "acme" })).await;
        self.pushes.push(world.fake.token.lock().unwrap().clone());
        push("declined").await;

        let canceled = self.open(world, "canceled", Create::Works).await;
        self.post(world, &format!("/v1/checkouts/{canceled}/cancel"), json!({ "reason": mark })).await;

        self.open(world, "unknown", error(ErrorKind::NoAnswer, CommitClass::Unknown)).await;
        self.open(world, "mismatch", Create::Echoes("1.00")).await;
        for name in ["withdrawn", "settled"] {
            let id = self.open(world, name, Create::Works).await;
            push("authorized").await;
            push("declined").await;
            if name == "settled" {
                let page = self.send(world, Method::GET, &format!("/v1/attention?checkout={id}"), Value::Null).await;
                let item = page.json()["data"][0]["id"].as_str().unwrap().to_owned();
                let body = json!({ "choice": "approval_holds", "reason": mark });
                self.post(world, &format!("/v1/attention/{item}/resolve"), body).await;
            }
        }
    }

    /// Deliveries, with the tries of a worker.
    async fn hear(&self, world: &World) {
        let hooks = self.send(world, Method::GET, "/v1/webhook_endpoints", Value::Null).await.json();
        let id = hooks["data"][0]["id"].as_str().unwrap();
        self.post(world, &format!("/v1/webhook_endpoints/{id}/test"), json!({ "type": "checkout.created" })).await;
        loop {
            let batch = leased(world, 100).await;
            if batch.is_empty() {
                break;
            }
            accept(world, batch).await;
        }
    }

    /// Uses every route that changes something and deletes nothing, with its name as the key of the request: each finds
    /// what its path names. So a stranger who hears of nothing has asked for something that is there.
    pub(super) async fn use_every_route(&self, world: &World, others: &Ids) {
        let mine = super::Seen::by(world, self).await.ids().without(others);
        for route in routes::all().into_iter().filter(|route| route.keyed && route.method != Method::DELETE) {
            if route.method == Method::GET {
                continue;
            }
            let known = self.with_itself(&mine);
            let filled = route.filled(&Ids::default(), &known);
            let Some(filled) = filled.first() else { panic!("{} {}: nothing to name", route.method, route.path) };
            let answer = ask(world, self, &route, &filled.path, Some(&route.operation)).await;
            assert!(
                answer.status.as_u16() < 500 && answer.status != 404,
                "{} {}: {}",
                route.method,
                filled.path,
                answer.text
            );
        }
    }

    /// Deletes one of each kind: it was there all the time.
    pub(super) async fn delete_everything(&self, world: &World, mine: &Ids) {
        let deletions = routes::all().into_iter().filter(|route| route.method == Method::DELETE);
        for route in deletions {
            let has_key = route.holes().iter().any(|(_, hole)| *hole == Hole::Owned("key"));
            let known = self.with_itself(mine);
            for filled in route.filled(&Ids::default(), &known) {
                // Its own key goes last, when nobody needs it any more.
                if has_key && filled.path.contains(&self.key_id.to_string()) {
                    continue;
                }
                // What is open at the financer does not keep the account.
                let force = if route.query.iter().any(|(name, _)| name == "force") { "?force=true" } else { "" };
                let answer = ask(world, self, &route, &format!("{}{force}", filled.path), None).await;
                assert_eq!(answer.status, 204, "{}: {}", filled.path, answer.text);
            }
        }
    }

    fn with_itself(&self, mine: &Ids) -> Ids {
        let mut known = mine.clone();
        known.add(Ids::in_text(&self.tenant.merchant.to_string()));
        known
    }
}

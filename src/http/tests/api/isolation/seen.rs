//! All that somebody is shown, as it stands: the answer of every route that only reads.

use std::collections::BTreeMap;

use http::Method;
use serde_json::json;

use super::ask;
use super::routes::{self, Ids, Route};
use super::shop::Shop;
use crate::world::{Answer, World};

/// Questions that are asked with a body.
const QUESTIONS: [&str; 2] = ["askEligibility", "simulateRouting"];

/// Answers by request.
#[derive(Debug)]
pub(super) struct Seen(BTreeMap<String, String>);

/// What an answer says, without what only its request has.
pub(super) fn said(answer: &Answer) -> String {
    let headers: BTreeMap<_, _> = answer
        .headers
        .iter()
        .filter(|(name, _)| *name != "request-id")
        .map(|(name, value)| (name.as_str(), String::from_utf8_lossy(value.as_bytes())))
        .collect();
    let mut text = answer.text.clone();
    if answer.header("content-type") == Some("application/problem+json") {
        let mut problem = answer.json();
        problem["request_id"] = json!(null);
        text = problem.to_string();
    }
    format!("{} {headers:?}\n{text}", answer.status)
}

impl Seen {
    /// Asks for everything with the shop's own key.
    pub(super) async fn by(world: &World, shop: &Shop) -> Self {
        let mut seen = Self(BTreeMap::new());
        let reads = |route: &Route| {
            route.keyed && (route.method == Method::GET || QUESTIONS.contains(&route.operation.as_str()))
        };
        let routes: Vec<_> = routes::all().into_iter().filter(reads).collect();
        // The merchant names itself; what an answer names is asked for next.
        let mut known = Ids::in_text(&shop.tenant.merchant.to_string());
        loop {
            let before = seen.0.len();
            for route in &routes {
                for filled in route.filled(&Ids::default(), &known) {
                    let limit = if route.query.iter().any(|(name, _)| name == "limit") { "?limit=100" } else { "" };
                    let path = format!("{}{limit}", filled.path);
                    let request = format!("{} {path}", route.method);
                    if seen.0.contains_key(&request) {
                        continue;
                    }
                    let answer = ask(world, shop, route, &path, None).await;
                    let whole = answer.status.as_u16() < 500 && !answer.text.contains("\"has_more\":true");
                    assert!(whole, "{path}: {}", answer.text);
                    seen.0.insert(request, said(&answer));
                }
            }
            known.add(seen.ids());
            if seen.0.len() == before {
                break;
            }
        }
        seen
    }

    /// All ids in it.
    pub(super) fn ids(&self) -> Ids {
        let mut ids = Ids::default();
        self.0.values().for_each(|text| ids.add(Ids::in_text(text)));
        ids
    }

    /// Fails where something of the other is not in it, or not as it was.
    pub(super) fn is_as(&self, before: &Self) {
        for (request, text) in &before.0 {
            assert_eq!(self.0.get(request), Some(text), "{request}");
        }
        assert_eq!(self.0.len(), before.0.len());
    }
}

//! Routing and eligibility over HTTP: shapes and meanings answered with pointers, versions with ETags, and nothing of another
//! merchant's.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::world::{Answer, LIVE_KEY, OTHER_KEY, World, sample};

impl World {
    async fn put_routing(&self, headers: &[(&str, &str)], body: &Value) -> Answer {
        self.call(Method::PUT, "/v1/routing", headers, body.to_string()).await
    }

    async fn ask(&self, path: &str, body: &Value) -> Answer {
        self.call(Method::POST, path, &[], body.to_string()).await
    }
}

fn profile() -> Value {
    json!({
        "rules": [{
            "name": "Jersey",
            "when": { "state": ["US-NJ"], "amount": { "currency": "USD", "min": 500, "max": "5000.00" } },
            "then": { "providers": ["acme"] },
        }],
        "cascade": ["acme"],
        "policies": { "after_decline": "automatic" },
    })
}

fn unnamed() -> Value {
    let mut cart = sample();
    cart.as_object_mut().unwrap().remove("provider");
    cart
}

#[tokio::test]
async fn a_profile_is_put_read_followed_and_decides() {
    let world = World::new().await;
    assert_eq!(world.get("/v1/routing").await.problem(), (404, "not_found".to_owned()));
    let put = world.put_routing(&[("if-match", "\"0\"")], &profile()).await;
    assert_eq!((put.status, put.header("etag")), (StatusCode::OK, Some("\"1\"")), "{}", put.text);
    let shown = put.json();
    assert_eq!(
        (&shown["object"], &shown["version"], &shown["active"]),
        (&json!("routing_profile"), &json!(1), &json!(true))
    );
    assert!(
        shown["id"].as_str().unwrap().starts_with("rpf_") && shown["created_by"].as_str().unwrap().starts_with("key_")
    );
    // A number is read exactly and written as a string; what was left out is not made up.
    assert_eq!(
        shown["profile"]["rules"][0]["when"]["amount"],
        json!({ "currency": "USD", "min": "500", "max": "5000.00" })
    );
    assert_eq!(shown["profile"]["policies"]["after_expiry"], "offer");
    let read = world.get("/v1/routing").await;
    assert_eq!((read.header("etag"), read.json()), (Some("\"1\""), shown.clone()));

    let made = world.create(unnamed().to_string()).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text);
    let route = &made.json()["route"];
    assert_eq!((&route["rule"], &route["profile"]["version"]), (&json!("Jersey"), &json!(1)));
    assert_eq!(route["profile"]["id"], shown["id"]);

    // The document of a version is put as it was read.
    let again = world.put_routing(&[("if-match", "\"1\"")], &shown["profile"]).await;
    assert_eq!(again.json()["id"], shown["id"]);
    let next = world.put_routing(&[("if-match", "\"1\"")], &json!({ "cascade": ["acme"] })).await;
    assert_eq!(next.header("etag"), Some("\"2\""));
    let stale = world.put_routing(&[("if-match", "\"1\"")], &profile()).await;
    assert_eq!(stale.problem(), (412, "precondition_failed".to_owned()));
    let all = world.get("/v1/routing/versions?limit=1").await.json();
    assert_eq!((&all["data"][0]["version"], &all["has_more"]), (&json!(2), &json!(true)));
    let cursor = all["next_cursor"].as_str().unwrap();
    let rest = world.get(&format!("/v1/routing/versions?after={cursor}")).await.json();
    assert_eq!((&rest["data"][0]["profile"], &rest["data"][0]["active"]), (&shown["profile"], &json!(false)));
    // What a checkout says of its route does not change with the profile.
    let id = made.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(&world.get(&format!("/v1/checkouts/{id}")).await.json()["route"], route);
}

#[tokio::test]
async fn everything_wrong_with_a_profile_is_named_at_once() {
    let world = World::new().await;
    let wrong = json!({
        "cascade": "acme",
        "policies": { "after_decline": "sometimes", "after_refusal": "off" },
        "rule": [],
        "rules": [
            { "name": "a", "when": { "amount": { "min": "ten", "currency": "USD" }, "sku": [1, "x"], "custmers": {} },
              "then": { "providers": ["acme", "nobody"] } },
            { "when": { "metadata": { "k": "v" }, "customers": { "from": 1.5, "below": 10 } },
              "then": { "split": [{ "weight": 50, "providers": ["acme"] }] } },
            "no rule",
        ],
    });
    let answer = world.put_routing(&[], &wrong).await;
    assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
    let mut found = answer.pointers();
    found.sort();
    let expected = [
        "/cascade wrong_type",
        "/policies/after_decline unknown_choice",
        "/policies/after_refusal unknown_field",
        "/rule unknown_field",
        "/rules/0/then/providers/1 unknown_provider",
        "/rules/0/when/amount/min not_a_number",
        "/rules/0/when/custmers unknown_field",
        "/rules/0/when/sku/0 wrong_type",
        "/rules/1/name missing",
        "/rules/1/then/split weights_do_not_sum",
        "/rules/1/when/customers/from not_whole",
        "/rules/1/when/metadata/k wrong_type",
        "/rules/2 wrong_type",
    ];
    let missing: Vec<_> = expected.iter().filter(|one| !found.iter().any(|known| known == *one)).collect();
    assert!(missing.is_empty(), "{missing:?} not in {found:?}");
    assert!(answer.text.contains("did you mean customers?") && answer.text.contains("did you mean rules?"));
    assert_eq!(world.get("/v1/routing").await.status, StatusCode::NOT_FOUND, "nothing was stored");
}

#[tokio::test]
async fn hostile_profiles_are_refused_and_not_stored() {
    let world = World::new().await;
    let many = |count: usize| (0..count).map(|number| json!(format!("v{number}"))).collect::<Vec<_>>();
    let rule = |when: Value| json!({ "rules": [{ "name": "r", "when": when, "then": { "providers": ["acme"] } }] });
    let rules: Vec<Value> =
        many(501).into_iter().map(|name| json!({ "name": name, "then": { "providers": ["acme"] } })).collect();
    for (body, pointer) in [
        (rule(json!({ "sku": many(1_001) })), "/rules/0/when/sku too_many"),
        (json!({ "rules": rules }), "/rules too_many"),
        (
            rule(json!({ "time": [{ "zone": "../../etc/passwd", "from": "09:00", "to": "10:00" }] })),
            "/rules/0/when/time/0/zone unknown_time_zone",
        ),
        (rule(json!({ "state": ["US-\u{0}"] })), "/rules/0/when/state/0 invalid_state"),
        (rule(json!({ "category": ["a\nb"] })), "/rules/0/when/category/0 control_character"),
        (rule(json!({ "amount": { "currency": "USD", "min": "1e400" } })), "/rules/0/when/amount/min not_a_number"),
        (
            rule(json!({ "customers": { "from": 0, "below": 4_294_967_295_u32 } })),
            "/rules/0/when/customers/below out_of_range",
        ),
    ] {
        let answer = world.put_routing(&[], &body).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
        assert!(answer.pointers().iter().any(|one| one == pointer), "{pointer} not in {:?}", answer.pointers());
    }
    for body in ["", "[]", "{\"rules\":[", "null"] {
        let answer = world.call(Method::PUT, "/v1/routing", &[], body).await;
        assert!(matches!(answer.status.as_u16(), 400 | 422), "{body}: {}", answer.text);
    }
    assert_eq!(world.get("/v1/routing").await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn another_merchant_and_the_other_mode_see_and_change_nothing() {
    let world = World::new().await;
    world.put_routing(&[], &profile()).await;
    let id = world.get("/v1/routing").await.json()["id"].as_str().unwrap().to_owned();
    for key in [OTHER_KEY, LIVE_KEY] {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        let read = world.call(Method::GET, "/v1/routing", &headers, "").await;
        assert_eq!(read.problem(), (404, "not_found".to_owned()));
        let listed = world.call(Method::GET, "/v1/routing/versions", &headers, "").await.json();
        assert_eq!(listed["data"], json!([]));
        let after = world.call(Method::GET, &format!("/v1/routing/versions?after={id}"), &headers, "").await.json();
        assert_eq!(after["data"], json!([]));
        let put = world.put_routing(&headers, &json!({ "cascade": ["acme"] })).await;
        assert_eq!(put.json()["version"], 1);
        let tried = world.call(Method::POST, "/v1/routing/simulate", &headers, "{}").await.json();
        assert_eq!((&tried["considered"], &tried["version"]), (&json!(0), &json!(1)));
    }
    assert_eq!(world.get("/v1/routing").await.json()["profile"]["rules"][0]["name"], "Jersey");
    for (method, path) in [
        (Method::GET, "/v1/routing"),
        (Method::PUT, "/v1/routing"),
        (Method::GET, "/v1/routing/versions"),
        (Method::POST, "/v1/routing/simulate"),
        (Method::POST, "/v1/eligibility"),
    ] {
        let answer = world.call(method, path, &[("authorization", "Bearer lp_test_wrong")], "{}").await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{path}");
    }
}

#[tokio::test]
async fn eligibility_explains_everything_and_creates_nothing() {
    let world = World::new().await;
    let cart = |country: &str, state: &str| {
        json!({
            "currency": "USD",
            "billing_address": { "country": country, "state": state },
            "items": [{ "name": "TV", "quantity": 1, "unit_price": 1370 }],
        })
    };
    let answer = world.ask("/v1/eligibility", &cart("US", "nj")).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    assert_eq!(
        answer.json(),
        json!({
            "object": "eligibility", "currency": "USD", "total": "1370.00",
            "providers": [{
                "provider": "acme", "name": "Acme", "product_type": "loan", "eligible": true, "exclusions": [],
                "needed": ["/customer/email"],
            }],
        })
    );
    let mut wrong = cart("MX", "CDMX");
    wrong["currency"] = json!("CAD");
    wrong["product_type"] = json!("lease_to_own");
    let answer = world.ask("/v1/eligibility", &wrong).await.json();
    let acme = &answer["providers"][0];
    assert_eq!(acme["eligible"], false);
    let found: Vec<_> = acme["exclusions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["code"], &one["pointer"], &one["limit"]))
        .collect();
    let one_of = |values: Value| json!({ "one_of": values });
    assert_eq!(
        found,
        [
            (&json!("unsupported_country"), &json!("/billing_address/country"), &one_of(json!(["US", "CA"]))),
            (&json!("unsupported_currency"), &json!("/currency"), &one_of(json!(["USD"]))),
            (&json!("other_product"), &json!("/product_type"), &one_of(json!(["loan"]))),
        ]
    );
    let unset = world.ask("/v1/eligibility", &json!({ "billing_address": {}, "itmes": [] })).await;
    assert_eq!(unset.problem(), (422, "validation_failed".to_owned()));
    assert_eq!(unset.pointers(), ["/itmes unknown_field", "/billing_address/state missing", "/items missing"]);
    assert_eq!(world.fake.count(), 0, "a financer was called");
    assert_eq!(world.get("/v1/checkouts").await.json()["data"], json!([]));
}

#[tokio::test]
async fn a_draft_is_tried_over_past_checkouts_and_carts() {
    let world = World::new().await;
    world.put_routing(&[], &profile()).await;
    for key in ["one", "two"] {
        assert_eq!(world.post("/v1/checkouts", key, unnamed().to_string()).await.status, StatusCode::CREATED);
    }
    let creates = world.fake.count();
    let answer = world.ask("/v1/routing/simulate", &json!({ "profile": {}, "past": { "limit": 1 } })).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
    let seen = answer.json();
    assert_eq!((&seen["considered"], &seen["moved"], &seen["has_more"]), (&json!(1), &json!(1), &json!(true)));
    assert_eq!((&seen["moves"][0]["from"], &seen["moves"][0]["to"]), (&json!("acme"), &Value::Null));
    assert_eq!(seen["moves"][0]["amounts"], json!([{ "currency": "USD", "total": "1420.00" }]));
    assert!(seen["moves"][0]["examples"][0].as_str().unwrap().starts_with("chk_"));
    let mut cart = unnamed();
    cart.as_object_mut().unwrap().remove("return_urls");
    let carts = json!({ "profile": { "cascade": ["acme"] }, "carts": [cart] });
    let seen = world.ask("/v1/routing/simulate", &carts).await;
    assert_eq!(
        (&seen.json()["unchanged"], &seen.json()["rules"][0]["rule"]),
        (&json!(1), &json!("cascade")),
        "{}",
        seen.text
    );
    for (body, pointer) in [
        (json!({ "past": { "limit": 10_001 } }), "/past/limit out_of_range"),
        (json!({ "past": { "created_after": "yesterday" } }), "/past/created_after invalid_time"),
        (json!({ "carts": vec![json!({}); 101] }), "/carts too_many"),
        (json!({ "profile": { "cascade": ["nobody"] } }), "/profile/cascade/0 unknown_provider"),
        (json!({ "draft": {} }), "/draft unknown_field"),
    ] {
        let answer = world.ask("/v1/routing/simulate", &body).await;
        assert_eq!(answer.problem(), (422, "validation_failed".to_owned()));
        assert_eq!(answer.pointers(), [pointer]);
    }
    assert_eq!(world.fake.count(), creates);
}

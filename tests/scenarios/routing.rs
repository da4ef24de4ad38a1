//! A platform sets its routing up: it asks who can serve a cart, tries a draft over the orders it has had, puts it, and its
//! checkouts follow it, each with the reasons on its route.

use reqwest::Method;
use serde_json::{Value, json};

use crate::harness::{Answer, Merchant, TestGateway, carts, fresh};

fn unnamed(mut cart: Value) -> Value {
    cart.as_object_mut().unwrap().remove("provider");
    cart
}

async fn put(merchant: &Merchant, etag: &str, profile: &Value) -> Answer {
    merchant.send(merchant.request(Method::PUT, "/v1/routing").header("if-match", etag).json(profile)).await
}

async fn ask(merchant: &Merchant, path: &str, body: &Value) -> Answer {
    merchant.send(merchant.request(Method::POST, path).json(body)).await
}

/// Who is eligible, and the first code against each of the others.
fn judged(answer: &Answer) -> Vec<(String, String)> {
    let providers = answer.ok(200).body["providers"].as_array().unwrap();
    let first = |one: &Value| match one["eligible"] == true {
        true => "eligible".to_owned(),
        false => one["exclusions"][0]["code"].as_str().unwrap().to_owned(),
    };
    providers.iter().map(|one| (one["provider"].as_str().unwrap().to_owned(), first(one))).collect()
}

fn pairs(expected: [(&str, &str); 4]) -> Vec<(String, String)> {
    expected.map(|(provider, word)| (provider.to_owned(), word.to_owned())).to_vec()
}

/// Canadians to the lender that funds there, leases where they are asked for, small carts to a payment, the rest by shares.
fn profile() -> Value {
    json!({
        "rules": [
            { "name": "canada", "when": { "country": ["CA"] }, "then": { "providers": ["flexshopper", "wegetfinancing"] } },
            { "name": "lease", "when": { "product_type": ["lease_to_own"] }, "then": { "providers": ["flexshopper"] } },
            { "name": "small", "when": { "amount": { "currency": "USD", "max": "49.99" } },
              "then": { "providers": ["flexshopper", "sandbox"] } },
            { "name": "split", "when": { "metadata": { "test": ["on"] } },
              "then": { "split": [{ "weight": 50, "providers": ["sandbox"] }, { "weight": 50, "providers": ["wepay"] }] } },
        ],
        "cascade": ["sandbox", "wegetfinancing"],
    })
}

#[tokio::test]
async fn a_platform_asks_tries_puts_and_its_checkouts_follow() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;

    let home = json!({
        "billing_address": { "state": "NJ" },
        "items": [{ "name": "TV", "quantity": 1, "unit_price": "40.00" }],
    });
    let seen = ask(merchant, "/v1/eligibility", &home).await;
    let expected =
        [("flexshopper", "too_small"), ("sandbox", "eligible"), ("wegetfinancing", "eligible"), ("wepay", "eligible")];
    assert_eq!(judged(&seen), pairs(expected));
    assert_eq!(seen.str("/providers/0/exclusions/0/limit/min"), "49.95");
    let needed = seen.body["providers"][2]["needed"].as_array().unwrap();
    assert!(needed.contains(&json!("/customer/email")) && needed.contains(&json!("/billing_address/line1")));
    let mut abroad = home.clone();
    abroad["billing_address"] = json!({ "state": "ON", "country": "CA" });
    abroad["currency"] = json!("CAD");
    abroad["items"][0]["unit_price"] = json!("400.00");
    let expected = [
        ("flexshopper", "unsupported_country"),
        ("sandbox", "eligible"),
        ("wegetfinancing", "unsupported_currency"),
        ("wepay", "eligible"),
    ];
    assert_eq!(judged(&ask(merchant, "/v1/eligibility", &abroad).await), pairs(expected));

    // Without a profile several financers have to be named.
    merchant.open(&unnamed(carts::usa())).await.refused(422, "validation_failed");
    let named = merchant.open(&carts::usa()).await;
    assert_eq!(named.ok(201).str("/route/rule"), "explicit");
    // The order named its lender; as if it had not, the draft sends it elsewhere.
    let draft = json!({ "profile": profile(), "past": { "include_named": true } });
    let tried = ask(merchant, "/v1/routing/simulate", &draft).await;
    assert_eq!((tried.ok(200).str("/moves/0/from"), tried.str("/moves/0/to")), ("wegetfinancing", "sandbox"));
    assert_eq!(tried.str("/moves/0/amounts/0/total"), "1420.00");
    merchant.get("/v1/routing").await.refused(404, "not_found");

    let first = put(merchant, "\"0\"", &profile()).await;
    assert_eq!((first.ok(200).header("etag"), &first.body["warnings"]), ("\"1\"", &Value::Null));
    put(merchant, "\"0\"", &profile()).await.refused(412, "precondition_failed");

    let rest = merchant.open(&unnamed(carts::usa())).await;
    assert_eq!((rest.ok(201).str("/route/rule"), rest.str("/provider")), ("cascade", "sandbox"));
    assert_eq!(rest.str("/route/profile/id"), first.id());
    let canada = merchant.open(&unnamed(carts::canada())).await;
    assert_eq!((canada.ok(201).str("/route/rule"), canada.str("/provider")), ("canada", "wegetfinancing"));
    assert_eq!(canada.body["route"]["candidates"], json!(["flexshopper", "wegetfinancing"]));
    assert_eq!(canada.str("/route/skipped/0/provider"), "flexshopper");
    assert_eq!(canada.str("/route/skipped/0/exclusions/0/code"), "unsupported_country");
    let mut small = unnamed(carts::usa());
    small["items"][0]["unit_price"] = json!("40.00");
    small["items"][0]["unit_tax"] = json!("0.00");
    small["shipping_amount"] = json!("0.00");
    let opened = merchant.open(&small).await;
    assert_eq!((opened.ok(201).str("/route/rule"), opened.str("/provider")), ("small", "sandbox"));
    assert_eq!(opened.str("/route/skipped/0/reason"), "too_small");

    // Nobody is left: everything that is in the way of anybody.
    small["product_type"] = json!("lease_to_own");
    let refused = merchant.open(&small).await;
    assert_eq!(refused.refused(422, "validation_failed").errors()[0].0, "/items");
    assert!(refused.errors()[0].1.starts_with("flexshopper: "), "{}", refused.text);

    // A customer comes again with another cart, and to the same share.
    let mut again = unnamed(carts::usa());
    again["metadata"] = json!({ "test": "on" });
    let one = merchant.open(&again).await;
    again["reference"] = json!("ANOTHER");
    again["customer"]["email"] = json!("JOHN@example.com");
    again["items"][0]["unit_price"] = json!("999.00");
    let two = merchant.open(&again).await;
    assert_eq!(one.ok(201).body["route"]["profile"]["arm"], two.ok(201).body["route"]["profile"]["arm"]);

    // Another version decides from now on, and what was decided stays as it was.
    let second = put(merchant, "\"1\"", &json!({ "cascade": ["wepay"] })).await;
    assert_eq!(second.ok(200).header("etag"), "\"2\"");
    assert_eq!(merchant.open(&unnamed(carts::usa())).await.ok(201).str("/provider"), "wepay");
    assert_eq!(merchant.read(&canada.id()).await.body["route"], canada.body["route"]);
    let versions = merchant.get("/v1/routing/versions").await;
    assert_eq!(versions.ok(200).body["data"].as_array().unwrap().len(), 2);
    assert_eq!(versions.body["data"][1]["profile"], first.body["profile"]);
}

#[tokio::test]
async fn a_route_is_gone_on_with_those_who_can_serve_it() {
    let gateway = TestGateway::start().await;
    let merchant = &gateway.merchant;
    put(merchant, "\"0\"", &json!({ "cascade": ["sandbox", "flexshopper", "wegetfinancing"] })).await.ok(200);
    let mut cart = unnamed(carts::usa());
    cart["items"][0]["unit_price"] = json!("40.00");
    cart["items"][0]["unit_tax"] = json!("0.00");
    cart["shipping_amount"] = json!("0.00");
    let made = merchant.open(&cart).await;
    assert_eq!(made.ok(201).body["route"]["providers"], json!(["sandbox", "wegetfinancing"]));
    let url = format!("{}/decide", made.str("/next_action/url"));
    let pressed = merchant.http.post(url).header("content-type", "application/x-www-form-urlencoded");
    assert!(pressed.body("decision=reject").send().await.unwrap().status().as_u16() < 400);
    // Nobody has it, and there is one more to go to.
    merchant.until_status(&made.id(), "open").await;
    let next = merchant.post(&format!("/v1/checkouts/{}/attempts", made.id()), &fresh(), &json!({})).await;
    assert_eq!((next.ok(201).str("/provider"), next.str("/route/rule")), ("wegetfinancing", "cascade"));
}

/// The committed schema of a profile takes what the gateway takes.
#[tokio::test]
async fn the_schema_and_the_gateway_agree() {
    let gateway = TestGateway::start().await;
    let document = gateway.merchant.get("/openapi.json").await.body;
    let schema = &document["components"]["schemas"]["RoutingProfile"];
    let validator = jsonschema::draft202012::new(schema).unwrap();
    let wrong = |change: &dyn Fn(&mut Value)| {
        let mut profile = profile();
        change(&mut profile);
        profile
    };
    assert!(validator.is_valid(&profile()));
    for profile in [
        wrong(&|profile| profile["rules"][0]["nme"] = json!("x")),
        wrong(&|profile| _ = profile["rules"][0].as_object_mut().unwrap().remove("then")),
        wrong(&|profile| profile["rules"][2]["when"]["amount"]["currency"] = json!("dollars")),
        wrong(&|profile| profile["cascade"] = json!("sandbox")),
        wrong(&|profile| profile["policies"] = json!({ "after_decline": "sometimes" })),
    ] {
        assert!(!validator.is_valid(&profile), "{profile}");
        put(&gateway.merchant, "*", &profile).await.refused(422, "validation_failed");
    }
}

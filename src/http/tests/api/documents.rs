//! The description of the API is served as it is generated, complete, and free of dangling references.

use http::Method;
use serde_json::Value;

use crate::world::World;

#[tokio::test]
async fn the_description_is_served_and_complete() {
    let world = World::new().await;
    let answer = world.get("/openapi.json").await;
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.text, lendport_http::openapi_json());
    let document = answer.json();
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    for (path, methods) in [
        ("/v1/checkouts", &["get", "post"][..]),
        ("/v1/checkouts/{id}", &["get"]),
        ("/v1/checkouts/{id}/attempts", &["post"]),
        ("/v1/checkouts/{id}/cancel", &["post"]),
        ("/v1/checkouts/{id}/capture", &["post"]),
        ("/v1/checkouts/{id}/refunds", &["get", "post"]),
        ("/v1/checkouts/{id}/shipments", &["get", "post"]),
        ("/v1/checkouts/{id}/application", &["post"]),
        ("/v1/checkouts/{id}/payment_methods", &["post"]),
        ("/v1/checkouts/{id}/offer", &["get"]),
        ("/v1/checkouts/{id}/agreement", &["get", "post"]),
        ("/v1/checkouts/{id}/agreement/sign", &["post"]),
        ("/v1/checkouts/{id}/refresh", &["post"]),
        ("/v1/checkouts/{id}/renew_callback", &["post"]),
        ("/v1/checkouts/{id}/timeline", &["get"]),
        ("/v1/providers", &["get"]),
        ("/v1/eligibility", &["post"]),
        ("/v1/routing", &["get", "put"]),
        ("/v1/routing/versions", &["get"]),
        ("/v1/routing/simulate", &["post"]),
        ("/v1/webhook_endpoints", &["get", "post"]),
        ("/v1/webhook_endpoints/{id}", &["get", "patch", "delete"]),
        ("/v1/webhook_endpoints/{id}/rotate_secret", &["post"]),
        ("/v1/webhook_endpoints/{id}/test", &["post"]),
        ("/v1/webhook_endpoints/{id}/recover", &["post"]),
        ("/v1/events", &["get"]),
        ("/v1/events/{id}", &["get"]),
        ("/v1/deliveries", &["get"]),
        ("/v1/deliveries/{id}", &["get"]),
        ("/v1/deliveries/{id}/resend", &["post"]),
        ("/v1/merchants", &["get", "post"]),
        ("/v1/merchants/{id}", &["get", "patch"]),
        ("/v1/merchants/{id}/keys", &["get", "post"]),
        ("/v1/merchants/{id}/keys/{key_id}", &["get", "delete"]),
        ("/v1/merchants/{id}/keys/{key_id}/rotate", &["post"]),
        ("/v1/merchants/{id}/provider_accounts", &["get"]),
        ("/v1/merchants/{id}/provider_accounts/{provider}", &["get", "put", "delete"]),
        ("/v1/merchants/{id}/provider_accounts/{provider}/verify", &["post"]),
        ("/v1/audit", &["get"]),
        ("/v1/oauth/token", &["post"]),
        ("/.well-known/jwks.json", &["get"]),
        ("/v1/providers/{id}", &["get"]),
        ("/callbacks/{provider}/{token}", &["get", "post"]),
        ("/c/{client_token}", &["get"]),
    ] {
        for method in methods {
            let operation = &document["paths"][path][method];
            assert!(operation["summary"].is_string() && operation["operationId"].is_string(), "{method} {path}");
        }
    }
    for word in lendport_http::problem::Code::ALL.map(|code| code.entry().word) {
        assert!(document["components"]["schemas"]["Problem"].to_string().contains(word));
    }
}

#[test]
fn every_reference_leads_somewhere_and_every_operation_is_described() {
    for text in [lendport_http::openapi_json(), lendport_http::events_schema_json()] {
        let document: Value = serde_json::from_str(&text).unwrap();
        for target in text.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            assert!(document.pointer(target).is_some(), "{target}");
        }
        assert!(text.ends_with("}\n"));
    }
    let document: Value = serde_json::from_str(&lendport_http::openapi_json()).unwrap();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            for (status, response) in operation["responses"].as_object().unwrap() {
                let described = response["description"].as_str().is_some_and(|text| !text.is_empty());
                assert!(described && response["headers"]["Request-Id"].is_object(), "{method} {path} {status}");
            }
            let needs: Vec<_> = operation["security"].as_array().unwrap().iter().collect();
            let named = |scheme: &str| {
                let scopes =
                    needs.iter().filter_map(|one| one[scheme].as_array()).inspect(|named| assert_eq!(named.len(), 1));
                scopes.map(|scopes| scopes[0].clone()).collect::<Vec<_>>()
            };
            let (by_key, by_token) = (named("secret_key"), named("token"));
            assert_eq!(by_key, by_token, "{method} {path}: a token is taken wherever a key is");
            let scoped = !by_key.is_empty() && by_key.len() + by_token.len() == needs.len();
            // Who asks for a token has none yet.
            assert_eq!(scoped, path.starts_with("/v1/") && path != "/v1/oauth/token", "{method} {path}");
        }
    }
}

/// At every address that takes JSON.
#[tokio::test]
async fn what_is_said_of_half_a_body_is_in_the_description() {
    let world = World::new().await;
    let id = world.opened("one").await;
    let page = world.page_of(&id).await;
    let document = world.get("/openapi.json").await.json();
    let merchant = format!("/merchants/{}", world.tenant.merchant);
    let mut unread = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["requestBody"]["content"]["application/json"].is_null() {
                continue;
            }
            let filled = path
                .replace("/c/{client_token}", &page)
                .replace("/merchants/{id}", &merchant)
                .replace("{id}", &id)
                .replace("{key_id}", "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")
                .replace("{provider}", "acme");
            let method: Method = method.to_uppercase().parse().unwrap();
            let answer = world.call(method.clone(), &filled, &[("idempotency-key", "half")], "{").await;
            let status = answer.status.as_str();
            assert!(operation["responses"][status].is_object(), "{method} {path}: {status} {}", answer.text);
            unread += usize::from(status == "400");
        }
    }
    assert!(unread >= 20, "{unread}");
}

#[tokio::test]
async fn what_is_told_to_come_again_is_described_with_when() {
    let document = World::new().await.get("/openapi.json").await.json();
    for (path, method, status) in [
        ("/v1/checkouts", "get", "503"),
        ("/c/{client_token}", "get", "503"),
        ("/c/{client_token}/events", "get", "503"),
        ("/r/{return_token}", "get", "503"),
    ] {
        let response = &document["paths"][path][method]["responses"][status];
        assert!(response["headers"]["Retry-After"].is_object(), "{method} {path} {status}: {response}");
    }
    let pushes = &document["paths"]["/callbacks/{provider}/{token}"];
    let answers = |method: &str| pushes[method]["responses"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(answers("get"), answers("post"), "both are taken in alike");
}

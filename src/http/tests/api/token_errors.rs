//! What the token endpoint refuses, in the words of RFC 6749; and tokens that somebody made up.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lendport_core::Scope;
use serde_json::{Value, json};

use crate::tokens::{FORM, SHOP_KEY, key_pair, part};
use crate::world::{Answer, OTHER_KEY, PUBLIC_URL, World};

/// Status and word, after judging what every error has.
#[track_caller]
fn refused(answer: &Answer) -> (u16, String) {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.text);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let asked = answer.header("www-authenticate");
    assert_eq!(asked, (answer.status == 401).then_some("Basic realm=\"lendport\""));
    assert!(!answer.json()["error_description"].as_str().unwrap().is_empty());
    (answer.status.as_u16(), answer.json()["error"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn refusals_are_those_of_rfc_6749() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead, Scope::WebhooksWrite]).await;
    let other = world.add_key("lp_test_second", world.tenant, &[Scope::CheckoutsRead]).await;
    let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{SHOP_KEY}")));
    let post = async |headers: &[(&str, &str)], body: &str| {
        let mut all = vec![("content-type", FORM)];
        all.extend_from_slice(headers);
        refused(&world.browse(Method::POST, "/v1/oauth/token", &all, body).await)
    };
    let authorized = [("authorization", basic.as_str())];
    for (body, status, word) in [
        ("", 400, "invalid_request"),
        ("grant_type=", 400, "invalid_request"),
        ("grant_type=authorization_code", 400, "unsupported_grant_type"),
        ("grant_type=password&username=a&password=b", 400, "unsupported_grant_type"),
        ("grant_type=client_credentials&grant_type=client_credentials", 400, "invalid_request"),
        ("grant_type=client_credentials&scope=checkouts:read&scope=webhooks:write", 400, "invalid_request"),
        ("grant_type=client_credentials&scope=checkouts:delete", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=checkouts:write", 400, "invalid_scope"),
        ("grant_type=client_credentials&scope=checkouts:read+platform:admin", 400, "invalid_scope"),
        ("grant_type=client_credentials&client_secret=x", 400, "invalid_request"),
        ("grant_type=client_credentials&client_id=key_1", 401, "invalid_client"),
    ] {
        assert_eq!(post(&authorized, body).await, (status, word.to_owned()), "{body}");
    }
    let pair = |id: &str, secret: &str| format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
    let id = id.to_string();
    for wrong in [
        pair(&id, "lp_test_nobody"),
        pair(&id, ""),
        pair(&id, OTHER_KEY),
        pair(&other.to_string(), SHOP_KEY),
        pair("", SHOP_KEY),
        pair(&id, &"x".repeat(4_000)),
        format!("Bearer {SHOP_KEY}"),
        "Basic !!!".to_owned(),
        "Basic".to_owned(),
        format!("Basic {}", STANDARD.encode("no colon")),
        format!("Basic {}", STANDARD.encode([0xff, b':', 0xff])),
    ] {
        let headers = [("authorization", wrong.as_str())];
        let refusal = post(&headers, "grant_type=client_credentials").await;
        assert_eq!(refusal, (401, "invalid_client".to_owned()), "{wrong}");
    }
    assert_eq!(post(&[], "grant_type=client_credentials").await.1, "invalid_client");
    assert_eq!(post(&[], &format!("grant_type=client_credentials&client_id={id}")).await.1, "invalid_client");
    assert_eq!(post(&[], &format!("grant_type=client_credentials&client_secret={SHOP_KEY}")).await.1, "invalid_client");
    let twice = [authorized[0], authorized[0]];
    assert_eq!(post(&twice, "grant_type=client_credentials").await.1, "invalid_request");
    let json = [("authorization", basic.as_str()), ("content-type", "application/json")];
    let answer = world.browse(Method::POST, "/v1/oauth/token", &json, r#"{"grant_type":"client_credentials"}"#).await;
    assert_eq!(refused(&answer), (400, "invalid_request".to_owned()));
    let escaped = pair(&id.replace('_', "%5F"), &SHOP_KEY.replace('_', "%5f"));
    let headers = [("authorization", escaped.as_str()), ("content-type", FORM)];
    let answer = world.browse(Method::POST, "/v1/oauth/token", &headers, "grant_type=client_credentials").await;
    assert_eq!(answer.status, 200, "both halves are written as in a form");
}

/// The one refusal of this endpoint that comes before it, in the form of all others.
#[tokio::test]
async fn a_version_that_is_not_served_is_a_problem_and_described_as_one() {
    let world = World::new().await;
    let headers = [("lendport-version", "2020-01-01"), ("content-type", FORM)];
    let answer = world.browse(Method::POST, "/v1/oauth/token", &headers, "grant_type=client_credentials").await;
    assert_eq!(answer.problem(), (400, "unsupported_version".to_owned()));
    let document: Value = serde_json::from_str(&lendport_http::openapi_json()).unwrap();
    let described = &document["paths"]["/v1/oauth/token"]["post"]["responses"];
    let schema = |media: &str| described["400"]["content"][media]["schema"]["$ref"].as_str().unwrap_or_default();
    assert!(schema("application/problem+json").ends_with("/Problem"), "{described}");
    assert!(schema("application/json").ends_with("/TokenError"), "{described}");
    let keys = &document["paths"]["/.well-known/jwks.json"]["get"]["responses"];
    for status in ["500", "503", "504"] {
        assert!(described[status].is_object() && keys[status].is_object(), "{status}");
    }
}

#[tokio::test]
async fn long_requests_are_refused() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead]).await;
    let long = world.ask_token(id, SHOP_KEY, &format!("&x={}", "x".repeat(8 * 1024))).await;
    assert_eq!(refused(&long), (413, "invalid_request".to_owned()));
}

#[tokio::test]
async fn what_is_not_signed_by_our_key_for_this_use_is_refused() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead]).await;
    let good = world.token(id, SHOP_KEY, "").await;
    let row = world.store.signing_keys().await.unwrap().remove(0);
    let (ours, kid, claims) = (key_pair(row.seed.expose()), row.id.to_string(), part(&good, 1));
    let header = |alg: Algorithm| {
        let mut header = Header::new(alg);
        (header.kid, header.typ) = (Some(kid.clone()), Some("at+jwt".to_owned()));
        header
    };
    let sign = |claims: &Value| jsonwebtoken::encode(&header(Algorithm::EdDSA), claims, &ours).unwrap();
    let with = |name: &str, value: Value| {
        let mut claims = claims.clone();
        claims[name] = value;
        sign(&claims)
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        sign(&claims)
    };
    // A header of any shape, rightly signed.
    let signed_header = |header: Value| {
        let text = URL_SAFE_NO_PAD.encode(header.to_string());
        let message = format!("{text}.{}", good.split('.').nth(1).unwrap());
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &ours, Algorithm::EdDSA).unwrap();
        format!("{message}.{signature}")
    };
    let plain = json!({ "alg": "EdDSA", "kid": kid, "typ": "at+jwt" });
    let plus = |name: &str, value: Value| {
        let mut header = plain.clone();
        header[name] = value;
        signed_header(header)
    };
    assert_eq!(world.status_with(&sign(&claims)).await, 200, "the sample itself is good");
    assert_eq!(world.status_with(&signed_header(plain.clone())).await, 200, "and the one with a header of our own");

    // Our public key as a shared secret, in every way it may be written.
    let published = world.browse(Method::GET, "/.well-known/jwks.json", &[], "").await;
    let jwk = published.json()["keys"][0].clone();
    let x = jwk["x"].as_str().unwrap();
    let raw = URL_SAFE_NO_PAD.decode(x).unwrap();
    let confused = [x.as_bytes(), &raw, jwk.to_string().as_bytes(), published.text.as_bytes(), b""].map(|secret| {
        jsonwebtoken::encode(&header(Algorithm::HS256), &claims, &EncodingKey::from_secret(secret)).unwrap()
    });
    let now = claims["iat"].as_i64().unwrap();
    let body: Vec<_> = good.split('.').collect();
    let strange = key_pair(&[9; 32]);
    let unsigned = |header: &Value| format!("{}.{}.", URL_SAFE_NO_PAD.encode(header.to_string()), body[1]);
    let mut forged = vec![
        ("none", unsigned(&json!({ "alg": "none", "kid": kid, "typ": "at+jwt" }))),
        ("none in capitals", unsigned(&json!({ "alg": "NONE", "kid": kid, "typ": "at+jwt" }))),
        ("no signature", format!("{}.{}.", body[0], body[1])),
        (
            "another signature",
            format!("{}.{}.{}", body[0], body[1], &sign(&json!({ "a": 1 })).split('.').next_back().unwrap()),
        ),
        ("another key", jsonwebtoken::encode(&header(Algorithm::EdDSA), &claims, &strange).unwrap()),
        ("unknown kid", plus("kid", json!("sig_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"))),
        ("no kid", signed_header(json!({ "alg": "EdDSA", "typ": "at+jwt" }))),
        ("another type", plus("typ", json!("JWT"))),
        ("no type", signed_header(json!({ "alg": "EdDSA", "kid": kid }))),
        ("crit", plus("crit", json!(["exp"]))),
        ("embedded key", plus("jwk", jwk.clone())),
        ("address of a key", plus("jku", json!(format!("{PUBLIC_URL}/.well-known/jwks.json")))),
        ("address of a certificate", plus("x5u", json!("https://x.example"))),
        ("wrong audience", with("aud", json!("https://other.example"))),
        ("no audience", without("aud")),
        ("wrong issuer", with("iss", json!("https://other.example"))),
        ("no issuer", without("iss")),
        ("expired", with("exp", json!(now - 30))),
        ("no exp", without("exp")),
        ("exp that is no time", with("exp", json!("tomorrow"))),
        ("exp out of range", with("exp", json!(i64::MAX))),
        ("not yet", with("nbf", json!(now + 31))),
        ("made in the future", with("iat", json!(now + 31))),
        ("no sub", without("sub")),
        ("sub that is no key", with("sub", json!("key_1"))),
        ("another key's id", with("sub", json!("key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"))),
        ("another merchant", with("merchant", json!(world.merchants[1]))),
        ("another mode", with("mode", json!("live"))),
        ("no mode", without("mode")),
        ("no scope", without("scope")),
        ("oversized", with("filler", json!("x".repeat(4_096)))),
        ("a dot", ".".to_owned()),
        ("four parts", format!("{good}.x")),
        ("white space", format!("{good} {good}")),
    ];
    forged.extend(confused.map(|token| ("our public key as a secret", token)));
    for (what, token) in &forged {
        let answer = world.with_key(token, Method::GET, "/v1/checkouts", &Value::Null).await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{what}");
        assert_eq!(answer.header("www-authenticate"), Some("Bearer realm=\"lendport\""), "{what}");
    }
    for (name, value) in [("nbf", json!(now + 30)), ("iat", json!(now + 30)), ("exp", json!(now - 29))] {
        assert_eq!(world.status_with(&with(name, value)).await, 200, "{name}: clocks differ by half a minute");
    }
    let none = world.call(Method::GET, "/v1/checkouts", &[("authorization", "Bearer .")], Body::empty()).await;
    assert_eq!(none.status, 401);
}

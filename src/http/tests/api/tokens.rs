//! Tokens for secret keys: given, taken wherever the key is, for no more and no longer than it.

use axum::body::Body;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::Method;
use jiff::SignedDuration;
use jsonwebtoken::jwk::JwkSet;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use lendport_core::{Clock as _, KeyId, Mode, Scope};
use lendport_storage::{ApiKey, Tenant};
use serde_json::{Value, json};

use crate::world::{Answer, KEY, PLATFORM_KEY, PUBLIC_URL, World};

/// What a test's key is called in its row and in requests.
pub(crate) const SHOP_KEY: &str = "lp_test_shop";
pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

impl World {
    /// Asks for a token with HTTP Basic.
    pub(crate) async fn ask_token(&self, id: impl ToString, secret: &str, more: &str) -> Answer {
        let basic = format!("Basic {}", STANDARD.encode(format!("{}:{secret}", id.to_string())));
        let headers = [("authorization", basic.as_str()), ("content-type", FORM)];
        let body = format!("grant_type=client_credentials{more}");
        self.browse(Method::POST, "/v1/oauth/token", &headers, &body).await
    }

    /// A token for a key that has to be given one.
    pub(crate) async fn token(&self, id: KeyId, secret: &str, more: &str) -> String {
        let answer = self.ask_token(id, secret, more).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()["access_token"].as_str().unwrap().to_owned()
    }

    /// The first merchant's key with these scopes, by its id.
    pub(crate) async fn shop_key(&self, scopes: &[Scope]) -> KeyId {
        self.add_key(SHOP_KEY, self.tenant, scopes).await
    }

    pub(crate) async fn status_with(&self, bearer: &str) -> u16 {
        self.with_key(bearer, Method::GET, "/v1/checkouts", &Value::Null).await.status.as_u16()
    }
}

/// What a token says, believed or not.
pub(crate) fn part(token: &str, number: usize) -> Value {
    let part = token.split('.').nth(number).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// The key pair of an Ed25519 seed.
pub(crate) fn key_pair(seed: &[u8; 32]) -> EncodingKey {
    let start = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    EncodingKey::from_ed_der(&[start.as_slice(), seed].concat())
}

#[tokio::test]
async fn a_key_is_exchanged_for_a_token_that_works_where_the_key_does() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead, Scope::CheckoutsWrite]).await;
    let answer = world.ask_token(id, SHOP_KEY, "").await;
    assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, Some("no-store")), "{}", answer.text);
    assert_eq!(answer.header("pragma"), Some("no-cache"));
    let given = answer.json();
    let told = [&given["token_type"], &given["expires_in"], &given["scope"]];
    assert_eq!(told, [&json!("Bearer"), &json!(600), &json!("checkouts:read checkouts:write")]);
    let token = given["access_token"].as_str().unwrap();

    let (header, claims, now) = (part(token, 0), part(token, 1), world.clock.now().as_second());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    let said = json!({
        "iss": PUBLIC_URL, "aud": PUBLIC_URL, "sub": id, "client_id": id, "merchant": world.tenant.merchant,
        "mode": "test", "scope": "checkouts:read checkouts:write", "iat": now, "nbf": now, "exp": now + 600,
        "jti": claims["jti"],
    });
    assert_eq!(claims, said);
    assert!(!answer.text.contains(SHOP_KEY));

    let made = world.with_key(token, Method::POST, "/v1/checkouts", &crate::world::sample()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let path = format!("/v1/checkouts/{}", made.json()["id"].as_str().unwrap());
    assert_eq!(world.with_key(KEY, Method::GET, &path, &Value::Null).await.status, 200, "the same merchant's");
    let refused = world.with_key(token, Method::GET, "/v1/audit", &Value::Null).await;
    assert_eq!(refused.json()["required_scope"], "accounts:write");

    // In the body, and no two are alike.
    let body =
        format!("client_id={id}&client_secret={SHOP_KEY}&grant_type=client_credentials&scope=checkouts%3Aread&x=");
    let headers = [("content-type", "application/x-www-form-urlencoded;charset=UTF-8")];
    let narrow = world.browse(Method::POST, "/v1/oauth/token", &headers, &body).await.json();
    assert_eq!(narrow["scope"], "checkouts:read");
    let narrow = narrow["access_token"].as_str().unwrap();
    assert_ne!(part(narrow, 1)["jti"], claims["jti"]);
    assert_eq!(world.status_with(narrow).await, 200);
    let refused = world.with_key(narrow, Method::POST, "/v1/checkouts", &crate::world::sample()).await;
    assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));

    // To the second, with the half minute by which clocks may differ.
    world.clock.advance(SignedDuration::from_secs(629));
    assert_eq!(world.status_with(narrow).await, 200);
    world.clock.advance(SignedDuration::from_secs(1));
    let over = world.with_key(narrow, Method::GET, "/v1/checkouts", &Value::Null).await;
    assert_eq!(over.problem(), (401, "unauthorized".to_owned()));
    assert!(over.json()["detail"].as_str().unwrap().contains("expired"));
}

#[tokio::test]
async fn anybody_can_check_a_token_with_the_published_keys() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead]).await;
    let token = world.token(id, SHOP_KEY, "").await;
    let published = world.browse(Method::GET, "/.well-known/jwks.json", &[], "").await;
    assert_eq!(published.header("cache-control"), Some("public, max-age=300"));
    let set: JwkSet = serde_json::from_str(&published.text).unwrap();
    let key = set.find(part(&token, 0)["kid"].as_str().unwrap()).unwrap();
    let mut validation = Validation::new(Algorithm::EdDSA);
    validation.set_audience(&[PUBLIC_URL]);
    validation.set_issuer(&[PUBLIC_URL]);
    validation.validate_exp = false;
    let read = jsonwebtoken::decode::<Value>(&token, &DecodingKey::from_jwk(key).unwrap(), &validation).unwrap();
    assert_eq!(read.claims["sub"], id.to_string());
    for key in published.json()["keys"].as_array().unwrap() {
        let mut names: Vec<_> = key.as_object().unwrap().keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["alg", "crv", "kid", "kty", "use", "x"], "and nothing of the private half");
    }
    let about = world.browse(Method::GET, "/.well-known/oauth-authorization-server", &[], "").await.json();
    assert_eq!(about["issuer"], PUBLIC_URL);
    assert_eq!(about["jwks_uri"], format!("{PUBLIC_URL}/.well-known/jwks.json"));
    assert_eq!(about["token_endpoint"], format!("{PUBLIC_URL}/v1/oauth/token"));
    assert_eq!(about["scopes_supported"].as_array().unwrap().len(), Scope::ALL.len());
}

#[tokio::test]
async fn a_token_ends_with_its_key() {
    let world = World::new().await;
    let id = world.shop_key(&[Scope::CheckoutsRead]).await;
    let token = world.token(id, SHOP_KEY, "").await;
    assert_eq!(world.status_with(&token).await, 200);
    let path = format!("/v1/merchants/{}/keys/{id}", world.tenant.merchant);
    assert_eq!(world.with_key(KEY, Method::DELETE, &path, &Value::Null).await.status, 204);
    let gone = world.with_key(&token, Method::GET, "/v1/checkouts", &Value::Null).await;
    assert_eq!(gone.problem().0, 401);
    assert!(gone.json()["detail"].as_str().unwrap().contains("works no more"), "{}", gone.text);
    assert_eq!(world.ask_token(id, SHOP_KEY, "").await.json()["error"], "invalid_client");

    let short = world.add_key("lp_test_short", world.tenant, &[Scope::CheckoutsRead]).await;
    let row = world.store.key(world.tenant, short).await.unwrap().unwrap();
    let ends = world.clock.now() + SignedDuration::from_secs(60);
    world.store.put_key(&ApiKey { expires_at: Some(ends), ..row }).await.unwrap();
    let answer = world.ask_token(short, "lp_test_short", "").await.json();
    assert_eq!(answer["expires_in"], 60, "no longer than the key");
    let token = answer["access_token"].as_str().unwrap().to_owned();
    world.clock.advance(SignedDuration::from_secs(59));
    assert_eq!(world.status_with(&token).await, 200);
    world.clock.advance(SignedDuration::from_secs(1));
    assert_eq!(world.status_with(&token).await, 401, "to the moment: no leeway for a key");
    assert_eq!(world.ask_token(short, "lp_test_short", "").await.json()["error"], "invalid_client");
}

#[tokio::test]
async fn a_token_of_one_mode_sees_nothing_of_the_other() {
    let world = World::new().await;
    let checkout = format!("/v1/checkouts/{}", world.opened("a test checkout").await);
    let live = Tenant { mode: Mode::Live, ..world.tenant };
    let live_key = world.add_key("lp_live_shop", live, &[Scope::CheckoutsRead]).await;
    let live_token = world.token(live_key, "lp_live_shop", "").await;
    assert_eq!(part(&live_token, 1)["mode"], "live");
    assert_eq!(world.with_key(&live_token, Method::GET, &checkout, &Value::Null).await.problem().0, 404);
    let listed = world.with_key(&live_token, Method::GET, "/v1/checkouts", &Value::Null).await.json();
    assert_eq!(listed["data"], json!([]));
    let test_token = world.token(world.shop_key(&[Scope::CheckoutsRead]).await, SHOP_KEY, "").await;
    assert_eq!(world.with_key(&test_token, Method::GET, &checkout, &Value::Null).await.status, 200);

    // Signed by us and about the other mode: the key is not there.
    let row = world.store.signing_keys().await.unwrap().remove(0);
    let mut claims = part(&test_token, 1);
    claims["mode"] = json!("live");
    let mut header = Header::new(Algorithm::EdDSA);
    (header.kid, header.typ) = (Some(row.id.to_string()), Some("at+jwt".to_owned()));
    let moved = jsonwebtoken::encode(&header, &claims, &key_pair(row.seed.expose())).unwrap();
    assert_eq!(world.status_with(&moved).await, 401);
    claims["mode"] = json!("test");
    let same = jsonwebtoken::encode(&header, &claims, &key_pair(row.seed.expose())).unwrap();
    assert_eq!(world.status_with(&same).await, 200, "the sample itself is good");
    claims["scope"] = json!("checkouts:read accounts:write platform:admin");
    let more = jsonwebtoken::encode(&header, &claims, &key_pair(row.seed.expose())).unwrap();
    let refused = world.with_key(&more, Method::GET, "/v1/audit", &Value::Null).await;
    assert_eq!(refused.problem().0, 403, "never more than the key, whatever was signed");
}

#[tokio::test]
async fn a_platforms_token_acts_for_a_merchant_as_its_key_does() {
    let world = World::new().await;
    let platform = world.platform().await;
    let checkout = format!("/v1/checkouts/{}", world.opened("one").await);
    let key =
        world.store.keys(platform, lendport_storage::PageAsk { limit: 1, after: None }).await.unwrap().rows.remove(0);
    let first = world.tenant.merchant.to_string();
    let acting = async |token: &str| {
        let headers = [("lendport-merchant", first.as_str())];
        world.with_headers(token, Method::GET, &checkout, &headers, &Value::Null).await
    };
    let token = world.token(key.id, PLATFORM_KEY, "").await;
    assert_eq!(acting(&token).await.status, 200);
    assert_eq!(world.with_key(&token, Method::GET, &checkout, &Value::Null).await.problem().0, 404);
    // Without the right to administer, the platform's token is nobody else's.
    let narrow = world.token(key.id, PLATFORM_KEY, "&scope=checkouts:read").await;
    assert_eq!(acting(&narrow).await.problem().0, 404);
    assert_eq!(world.status_with(&narrow).await, 200);
}

#[tokio::test]
async fn a_page_token_is_no_api_token_and_the_other_way_round() {
    let world = World::new().await;
    let id = world.opened("one").await;
    let page = world.page_of(&id).await;
    let page_token = page.strip_prefix("/c/").unwrap();
    assert_eq!(world.browse(Method::GET, &page, &[], "").await.status, 200);
    assert_eq!(world.status_with(page_token).await, 401);
    let api_token = world.token(world.shop_key(&[Scope::CheckoutsRead]).await, SHOP_KEY, "").await;
    let opened = world.browse(Method::GET, &format!("/c/{api_token}"), &[], "").await;
    assert_eq!(opened.status, 404, "{}", opened.text);
}

#[tokio::test]
async fn two_authorization_headers_are_none() {
    let world = World::new().await;
    let token = world.token(world.shop_key(&[Scope::CheckoutsRead]).await, SHOP_KEY, "").await;
    let bearer = format!("Bearer {token}");
    let key = format!("Bearer {KEY}");
    for second in [&bearer, &key] {
        let twice = [("authorization", bearer.as_str()), ("authorization", second.as_str())];
        let answer = world.call(Method::GET, "/v1/checkouts", &twice, Body::empty()).await;
        assert_eq!(answer.problem().0, 401);
    }
}

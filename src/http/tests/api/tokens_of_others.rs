//! Tokens of the platform's own identity provider: taken for what the configuration allows, and refused for the rest.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::Method;
use jiff::SignedDuration;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use lendport_core::{Clock as _, MerchantId, Mode, Scope, Scopes};
use lendport_http::{Algorithms, IssuerSettings, KeySetSource, MerchantOf, RateSettings, TokenSettings};
use serde_json::{Value, json};

use crate::tokens::key_pair;
use crate::world::{World, sample};

const ISSUER: &str = "https://idp.example";
const OTHER_ISSUER: &str = "https://second.example";
const AUDIENCE: &str = "lendport-test";

/// What an identity provider publishes.
#[derive(Debug, Default)]
struct Published(Mutex<Vec<Value>>);

#[async_trait]
impl KeySetSource for Published {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        Ok(json!({ "keys": *self.0.lock().unwrap() }).to_string().into_bytes())
    }
}

/// The same, where it can be read at all.
#[derive(Debug)]
struct Shaky {
    broken: AtomicBool,
    published: Arc<Published>,
}

#[async_trait]
impl KeySetSource for Shaky {
    async fn fetch(&self) -> Result<Vec<u8>, String> {
        if self.broken.load(Ordering::SeqCst) { Err("broken".to_owned()) } else { self.published.fetch().await }
    }
}

/// A key pair of an identity provider's.
struct Signer {
    key: EncodingKey,
    algorithm: Algorithm,
    kid: &'static str,
}

impl Signer {
    fn ed(seed: u8, kid: &'static str) -> Self {
        Self { key: key_pair(&[seed; 32]), algorithm: Algorithm::EdDSA, kid }
    }

    fn ec(kid: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256).unwrap();
        let key = EncodingKey::from_ec_pem(pair.serialize_pem().as_bytes()).unwrap();
        Self { key, algorithm: Algorithm::ES256, kid }
    }

    fn rsa(kid: &'static str) -> Self {
        let pair = rcgen::KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_2048).unwrap();
        let key = EncodingKey::from_rsa_pem(pair.serialize_pem().as_bytes()).unwrap();
        Self { key, algorithm: Algorithm::RS256, kid }
    }

    fn public(&self) -> Value {
        let mut public = Jwk::from_encoding_key(&self.key, self.algorithm).unwrap();
        public.common.key_id = Some(self.kid.to_owned());
        serde_json::to_value(public).unwrap()
    }

    fn header(&self) -> Header {
        Header { kid: Some(self.kid.to_owned()), ..Header::new(self.algorithm) }
    }

    fn sign(&self, claims: &Value) -> String {
        jsonwebtoken::encode(&self.header(), claims, &self.key).unwrap()
    }
}

fn issuer(issuer: &str, keys: Arc<Published>) -> IssuerSettings {
    IssuerSettings {
        issuer: issuer.to_owned(),
        audience: AUDIENCE.to_owned(),
        algorithms: Algorithms::parse("EdDSA ES256 RS256").unwrap(),
        mode: Mode::Test,
        merchant: MerchantOf::Claim("merchant".to_owned()),
        scopes_claim: "scope".to_owned(),
        scopes: [Scope::CheckoutsRead, Scope::CheckoutsWrite].into_iter().collect(),
        require_jti: false,
        keys,
    }
}

fn published(signers: &[&Signer]) -> Arc<Published> {
    Arc::new(Published(Mutex::new(signers.iter().map(|signer| signer.public()).collect())))
}

async fn trusting(issuers: Vec<IssuerSettings>) -> World {
    World::trusting(TokenSettings { issuers, ..TokenSettings::default() }).await
}

/// What an identity provider says of somebody who works for the first merchant.
fn claims(world: &World) -> Value {
    let now = world.clock.now().as_second();
    json!({
        "iss": ISSUER, "aud": AUDIENCE, "sub": "operator 7", "exp": now + 300, "nbf": now, "iat": now,
        "merchant": world.tenant.merchant, "scope": "openid checkouts:read accounts:write", "jti": "1",
    })
}

fn with(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[name] = value;
    claims
}

/// An issuer that may do for its merchants what a usual key may.
pub(crate) fn settings() -> TokenSettings {
    let scopes = Scope::ALL[..4].iter().copied().collect();
    let issuer = IssuerSettings { scopes, ..issuer(ISSUER, published(&[&Signer::ed(1, "ed")])) };
    TokenSettings { issuers: vec![issuer], ..TokenSettings::default() }
}

/// A token of that issuer's.
pub(crate) fn token(world: &World, merchant: MerchantId) -> String {
    let scope: Vec<_> = Scope::ALL[..4].iter().map(|scope| scope.as_str()).collect();
    let claims = with(&with(&claims(world), "merchant", json!(merchant)), "scope", json!(scope.join(" ")));
    Signer::ed(1, "ed").sign(&claims)
}

#[tokio::test]
async fn each_algorithm_that_is_allowed_is_taken_for_what_the_configuration_allows() {
    let signers = [Signer::ed(1, "ed"), Signer::ec("ec"), Signer::rsa("rsa")];
    let keys = published(&signers.iter().collect::<Vec<_>>());
    let world = trusting(vec![issuer(ISSUER, keys)]).await;
    let claims = claims(&world);
    for signer in &signers {
        let token = signer.sign(&claims);
        assert_eq!(world.status_with(&token).await, 200, "{}", signer.kid);
        // What it asks for beyond the bound, and what it does not ask for within it, it has not.
        for path in ["/v1/audit", "/v1/merchants"] {
            let refused = world.with_key(&token, Method::GET, path, &Value::Null).await;
            assert_eq!(refused.problem(), (403, "insufficient_scope".to_owned()));
        }
        assert_eq!(world.with_key(&token, Method::POST, "/v1/checkouts", &sample()).await.problem().0, 403);
    }
    let listed = with(&claims, "scope", json!(["checkouts:write", "profile"]));
    let token = signers[0].sign(&listed);
    assert_eq!(world.with_key(&token, Method::POST, "/v1/checkouts", &sample()).await.status, 201);
    let none = signers[0].sign(&with(&claims, "scope", json!("platform:admin")));
    assert_eq!(world.with_key(&none, Method::GET, "/v1/checkouts", &Value::Null).await.problem().0, 403);
    // Live data is another issuer's, or nobody's.
    let live = signers[0].sign(&with(&claims, "mode", json!("live")));
    let made = world.with_key(&live, Method::GET, "/v1/checkouts", &Value::Null).await.json();
    assert_eq!(made["data"].as_array().unwrap().len(), 1, "the configuration says which world it is");
}

#[tokio::test]
async fn what_is_wrong_with_a_token_of_another_issuer_is_refused() {
    let (first, second, ec) = (Signer::ed(1, "first"), Signer::ed(2, "second"), Signer::ec("ec"));
    let only_ed =
        IssuerSettings { algorithms: Algorithms::parse("EdDSA").unwrap(), ..issuer(ISSUER, published(&[&first, &ec])) };
    let world = trusting(vec![only_ed, issuer(OTHER_ISSUER, published(&[&second]))]).await;
    let claims = claims(&world);
    let now = world.clock.now().as_second();
    assert_eq!(world.status_with(&first.sign(&claims)).await, 200, "the sample itself is good");
    let other = with(&claims, "iss", json!(OTHER_ISSUER));
    assert_eq!(world.status_with(&second.sign(&other)).await, 200, "and that of the other issuer");

    let header = |change: &dyn Fn(&mut Header)| {
        let mut header = first.header();
        change(&mut header);
        jsonwebtoken::encode(&header, &claims, &first.key).unwrap()
    };
    let public = first.public();
    let hs256 = |secret: &[u8]| {
        let header = Header { kid: Some("first".to_owned()), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(secret)).unwrap()
    };
    let without = |name: &str| {
        let mut claims = claims.clone();
        claims.as_object_mut().unwrap().remove(name);
        first.sign(&claims)
    };
    let signed = |name: &str, value: Value| first.sign(&with(&claims, name, value));
    let unsigned = |algorithm: &str| {
        let header = json!({ "alg": algorithm, "kid": "first", "typ": "JWT" });
        format!("{}.{}.", URL_SAFE_NO_PAD.encode(header.to_string()), URL_SAFE_NO_PAD.encode(claims.to_string()))
    };
    let strange = Signer::ed(3, "strange");
    let pretending = Signer::ed(3, "first");
    let refused = [
        ("the public key as a secret", hs256(public["x"].as_str().unwrap().as_bytes())),
        ("the published key as a secret", hs256(public.to_string().as_bytes())),
        ("an algorithm that is not allowed", ec.sign(&claims)),
        ("none", unsigned("none")),
        ("none in other letters", unsigned("nOnE")),
        ("no signature", unsigned("EdDSA")),
        ("an unknown kid", strange.sign(&claims)),
        ("another key under a known kid", pretending.sign(&claims)),
        ("the kid of another issuer", second.sign(&claims)),
        ("another issuer's key in its own name", first.sign(&other)),
        ("nobody's issuer", signed("iss", json!("https://nobody.example"))),
        ("the issuer with a slash", signed("iss", json!("https://idp.example/"))),
        ("no issuer", without("iss")),
        ("a wrong audience", signed("aud", json!("somebody else"))),
        ("wrong audiences", signed("aud", json!(["a", "b"]))),
        ("no audience", without("aud")),
        ("expired", signed("exp", json!(now - 30))),
        ("no exp", without("exp")),
        ("not yet", signed("nbf", json!(now + 31))),
        ("made in the future", signed("iat", json!(now + 31))),
        ("no sub", without("sub")),
        ("an empty sub", signed("sub", json!(""))),
        ("no merchant", without("merchant")),
        ("an unknown merchant", signed("merchant", json!("mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b"))),
        ("a merchant's name", signed("merchant", json!("first"))),
        ("oversized", signed("filler", json!("x".repeat(4_096)))),
        ("crit", header(&|header| header.crit = Some(vec!["exp".to_owned()]))),
        ("an embedded key", header(&|header| header.jwk = Some(serde_json::from_value(public.clone()).unwrap()))),
        ("an address of keys", header(&|header| header.jku = Some("https://x.example".to_owned()))),
        ("an address of certificates", header(&|header| header.x5u = Some("https://x.example".to_owned()))),
        ("certificates", header(&|header| header.x5c = Some(vec!["AAAA".to_owned()]))),
        ("another type", header(&|header| header.typ = Some("logout+jwt".to_owned()))),
        ("no kid", header(&|header| header.kid = None)),
    ];
    for (what, token) in &refused {
        let answer = world.with_key(token, Method::GET, "/v1/checkouts", &Value::Null).await;
        assert_eq!(answer.problem(), (401, "unauthorized".to_owned()), "{what}");
    }
    let many = signed("aud", json!([AUDIENCE, "somebody else"]));
    assert_eq!(world.status_with(&many).await, 200, "one of several audiences");
}

#[tokio::test]
async fn a_token_that_works_once_works_once() {
    let signer = Signer::ed(1, "one");
    let settings = IssuerSettings { require_jti: true, ..issuer(ISSUER, published(&[&signer])) };
    let world = trusting(vec![settings]).await;
    let claims = claims(&world);
    // What is refused for another reason is not used up.
    assert_eq!(world.status_with(&signer.sign(&with(&claims, "aud", json!("other")))).await, 401);
    let token = signer.sign(&claims);
    assert_eq!(world.with_key(&token, Method::POST, "/v1/checkouts", &sample()).await.problem().0, 403);
    assert_eq!(world.status_with(&token).await, 200);
    let again = world.with_key(&token, Method::GET, "/v1/checkouts", &Value::Null).await;
    assert_eq!(again.problem().0, 401);
    assert!(again.json()["detail"].as_str().unwrap().contains("works once"), "{}", again.text);
    let same_id = signer.sign(&with(&claims, "sub", json!("somebody else")));
    assert_eq!(world.status_with(&same_id).await, 401);
    assert_eq!(world.status_with(&signer.sign(&with(&claims, "jti", json!("2")))).await, 200);
    let mut without = claims.clone();
    without.as_object_mut().unwrap().remove("jti");
    let now = world.clock.now().as_second();
    let long = with(&with(&claims, "jti", json!("3")), "exp", json!(now + 25 * 3600));
    for wrong in [without, with(&claims, "jti", json!("")), with(&claims, "jti", json!("j".repeat(256))), long] {
        assert_eq!(world.status_with(&signer.sign(&wrong)).await, 401, "{wrong}");
    }
    // In the database: what one process took, no other one takes.
    let router = world.engine.first_use(ISSUER, "1", world.clock.now()).await.unwrap();
    assert!(!router);
}

/// Nobody knows then whether they are good: it is no guess of a stranger's.
#[tokio::test]
async fn tokens_are_to_come_again_while_the_keys_of_their_issuer_cannot_be_read() {
    let signer = Signer::ed(1, "one");
    let keys = Arc::new(Shaky { broken: AtomicBool::new(true), published: published(&[&signer]) });
    let settings = IssuerSettings { keys: keys.clone(), ..issuer(ISSUER, published(&[])) };
    let auth = TokenSettings { issuers: vec![settings], ..TokenSettings::default() };
    let world = World::made(10_000, auth, RateSettings { strays_per_minute: 3, ..RateSettings::default() }).await;
    let token = signer.sign(&claims(&world));
    for _ in 0..10 {
        let answer = world.with_key(&token, Method::GET, "/v1/checkouts", &Value::Null).await;
        assert_eq!(answer.problem(), (503, "issuer_unavailable".to_owned()));
        let wait: u32 = answer.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=10).contains(&wait) && answer.json()["retryable"] == true, "{wait}");
    }
    assert_eq!(world.status_with("lp_test_nobody").await, 401, "none of them was counted");
    keys.broken.store(false, Ordering::SeqCst);
    tokio::time::pause();
    tokio::time::advance(Duration::from_secs(10)).await;
    tokio::time::resume();
    assert_eq!(world.status_with(&token).await, 200);
    assert_eq!(world.status_with(&Signer::ed(2, "strange").sign(&claims(&world))).await, 401, "not among those read");
}

/// Who hears 429 is told that the same request may be sent again, and the token is a part of it.
#[tokio::test]
async fn a_token_that_works_once_is_not_used_up_by_being_refused() {
    let signer = Signer::ed(1, "one");
    let settings = IssuerSettings {
        require_jti: true,
        scopes: [Scope::PlatformAdmin, Scope::CheckoutsRead].into_iter().collect(),
        ..issuer(ISSUER, published(&[&signer]))
    };
    let auth = TokenSettings { issuers: vec![settings], ..TokenSettings::default() };
    let rates = RateSettings { key_reads_per_second: 1, ..RateSettings::default() };
    let world = World::made(10_000, auth, rates).await;
    let claims = with(&claims(&world), "scope", json!("checkouts:read platform:admin"));
    let token = |number: usize| signer.sign(&with(&claims, "jti", json!(number.to_string())));
    for number in 0..4 {
        assert_eq!(world.status_with(&token(number)).await, 200);
    }
    let nobody = [("lendport-merchant", "mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")];
    let acting = world.with_headers(&token(4), Method::GET, "/v1/checkouts", &nobody, &Value::Null).await;
    assert_eq!(acting.problem().0, 404);
    let late = world.with_key(&token(4), Method::GET, "/v1/checkouts", &Value::Null).await;
    assert_eq!(late.problem(), (429, "rate_limited".to_owned()));
    world.clock.advance(SignedDuration::from_secs(2));
    assert_eq!(world.status_with(&token(4)).await, 200, "as it was");
    assert_eq!(world.status_with(&token(4)).await, 401, "and once");
}

#[tokio::test]
async fn the_merchant_may_be_in_any_claim_the_subject_among_them() {
    let signer = Signer::ed(1, "one");
    for name in ["sub", "jti", "merchant"] {
        let settings =
            IssuerSettings { merchant: MerchantOf::Claim(name.to_owned()), ..issuer(ISSUER, published(&[&signer])) };
        let world = trusting(vec![settings]).await;
        let token = signer.sign(&with(&claims(&world), name, json!(world.tenant.merchant)));
        assert_eq!(world.status_with(&token).await, 200, "{name}");
    }
}

#[tokio::test]
async fn a_platforms_operator_acts_for_a_merchant_and_its_changes_are_logged_under_one_id() {
    let signer = Signer::ed(1, "one");
    let ids = lendport_testkit::SeededIds::new(1);
    // The first merchant of the made-up world, as the platform's own.
    let home = MerchantId::mint(&ids);
    let settings = IssuerSettings {
        merchant: MerchantOf::Fixed(home),
        scopes: [Scope::PlatformAdmin].into_iter().collect::<Scopes>(),
        ..issuer(ISSUER, published(&[&signer]))
    };
    let world = trusting(vec![settings]).await;
    assert_eq!(world.merchants[0], home);
    let claims = with(&claims(&world), "scope", json!("platform:admin"));
    let token = signer.sign(&with(&claims, "merchant", json!(world.merchants[1])));
    let other = world.merchants[1].to_string();
    let acting = [("lendport-merchant", other.as_str())];
    let listed = world.with_headers(&token, Method::GET, "/v1/checkouts", &acting, &Value::Null).await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    let made = world.with_key(&token, Method::POST, "/v1/merchants", &json!({ "name": "third" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let log = world.with_key(&token, Method::GET, "/v1/audit", &Value::Null).await.json();
    let expected = lendport_engine::Engine::id_of_subject(ISSUER, "operator 7");
    assert!(log["data"][0].to_string().contains(&expected.to_string()), "{log}");
    let plain = signer.sign(&with(&claims, "scope", json!("checkouts:read")));
    let refused = world.with_headers(&plain, Method::GET, "/v1/checkouts", &acting, &Value::Null).await;
    assert_eq!(refused.problem().0, 404);
}

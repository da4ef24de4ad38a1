//! At the finest level, nothing personal and nothing secret is written.

use std::io::Write;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use http::{Method, Request};
use tracing_subscriber::fmt::MakeWriter;

use crate::world::{KEY, World, sample};

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Kept {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

#[tokio::test]
async fn nothing_personal_is_logged() {
    let kept = Kept::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(kept.clone())
        .with_ansi(false)
        .finish();
    // With one subscriber alone, tracing lets the thread that reaches a log line first decide for all whether it is
    // written, and other tests run on threads without one. With two it asks the subscribers.
    let second = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(std::io::sink).finish();
    let _second = tracing::Dispatch::new(second);
    let _guard = tracing::subscriber::set_default(subscriber);
    let world = World::new().await;
    let id = world.opened("a secret key of the caller").await;
    world.post("/v1/checkouts", "k2", sample().to_string().replace("1370.00", "1.005")).await;
    world.post("/v1/checkouts", "k3", "{\"customer\": john@example.com").await;
    let token = world.get(&format!("/v1/checkouts/{id}")).await.json()["client_token"].as_str().unwrap().to_owned();
    world.get(&format!("/c/{token}")).await;
    world.get("/v1/checkouts?reference=john@example.com").await;
    world.get("/john@example.com").await;
    world.call(Method::GET, "/v1/checkouts", &[("authorization", "Bearer lp_test_guess")], Body::empty()).await;
    let hook = r#"{"url":"https://shop.example/?token=of-the-shop"}"#;
    let endpoint = world.post("/v1/webhook_endpoints", "k4", hook).await.json();
    let rotate = format!("/v1/webhook_endpoints/{}/rotate_secret", endpoint["id"].as_str().unwrap());
    let rotated = world.post(&rotate, "k5", "").await.json();
    let secrets = [&endpoint, &rotated].map(|shown| shown["secret"].as_str().unwrap().to_owned());
    world.post("/v1/webhook_endpoints", "k6", hook.replace("https", "ftp")).await;
    let callback = world.fake.token.lock().unwrap().clone();
    world.push("authorized").await;
    world.push("john@example.com").await;
    world.send(Request::get("/callbacks/acme/guessed-token?email=john@example.com").body(Body::empty()).unwrap()).await;
    drop(world);

    let written = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
    assert!(written.contains("/callbacks/{provider}/{token}") && written.contains("answered"), "{written}");
    for word in [
        "John",
        "Doe",
        "john@example.com",
        "West End",
        "2222222222",
        KEY,
        "lp_test_guess",
        &token,
        &callback,
        "guessed-token",
        "a secret key of the caller",
        "of-the-shop",
        &secrets[0],
        &secrets[1],
    ] {
        assert!(!written.contains(word), "{word} was written");
    }
}

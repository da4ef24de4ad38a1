//! At the loudest level, with no library silenced, a call prints neither credentials nor bodies.
#![expect(clippy::unwrap_used, unreachable_pub, dead_code, reason = "tests")]

#[path = "../../../tests/support/src/faulty_server.rs"]
mod faulty_server;

use std::io;
use std::sync::{Arc, Mutex};

use faulty_server::{Fault, FaultyServer};
use lendport_core::{CallLog, Secret};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use tracing::level_filters::LevelFilter;

#[derive(Clone, Default)]
struct Capture(Arc<Mutex<Vec<u8>>>);

impl io::Write for Capture {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_private_is_printed_at_trace() {
    let capture = Capture::default();
    let writer = capture.clone();
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE)
        .with_ansi(false)
        .with_writer(move || writer.clone())
        .init();

    let outbound = Outbound::live(ClientSettings { request_timeout_ms: 5_000, ..ClientSettings::default() }).unwrap();
    let server = FaultyServer::start(Fault::Silence).await.unwrap();
    let faults = [
        // A kept text may quote the customer: it belongs in the record, which is the merchant's, and not in the log.
        Fault::Json(
            400,
            r#"{"message":"wilhelmina@example.com is in use","email":"wilhelmina@example.com"}"#.to_owned(),
        ),
        Fault::Html(502),
        Fault::HalfBody,
        Fault::Reset,
        Fault::Silence,
        Fault::Garbage,
    ];
    for (fault, base) in faults.into_iter().zip([
        server.url(),
        server.url(),
        server.url(),
        server.url(),
        server.url(),
        server.https_url(),
    ]) {
        server.switch(fault);
        let request = Request::post(Url::parse(&format!("{base}/create?private=query-text")).unwrap())
            .basic_auth("user-name", &Secret::from("pass-word"))
            .secret_header("x-access-token", &Secret::from("token-text"))
            .header("x-person", "person-text")
            .keep_fields(&["message"])
            .json(&serde_json::json!({"first_name": "Wilhelmina"}));
        let shown = format!("{request:?}");
        assert!(!shown.contains("Wilhelmina") && !shown.contains("person-text"), "{shown}");
        let outcome = outbound.call(request, &CallLog::new()).await;
        let shown = format!("{outcome:?}");
        assert!(!shown.contains("ilhelmina") && !shown.contains("query-text"), "{shown}");
    }

    let printed = String::from_utf8(capture.0.lock().unwrap().clone()).unwrap();
    assert!(printed.contains("provider called") && printed.contains("status=400"), "{printed}");
    let basic = "dXNlci1uYW1lOnBhc3Mtd29yZA";
    for private in ["ilhelmina", "pass-word", "user-name", basic, "token-text", "person-text", "query-text", "Sorry"] {
        assert!(!printed.contains(private), "{private} was printed:\n{printed}");
    }
}

//! The guarded client against receivers that misbehave and addresses that must never be connected to. Nothing here
//! needs a network: names are answered by the tests, and whatever is permitted is this machine.
#![expect(clippy::unwrap_used, unreachable_pub, dead_code, reason = "tests; the server has more than these use")]

// The file and not the crate `lendport-testkit`: that one depends on this one.
#[path = "../../../tests/support/src/faulty_server.rs"]
mod faulty_server;

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use faulty_server::{Fault, FaultyServer, refused_address};
use jiff::Timestamp;
use lendport_core::GuardPolicy;
use lendport_outbound::guard::Lookup;
use lendport_outbound::{GuardSettings, GuardedClient, GuardedError, GuardedRequest, GuardedTry};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

const NOW: Timestamp = Timestamp::constant(1_795_262_400, 0);
const OPEN: GuardPolicy = GuardPolicy { allow_loopback: true, allow_http: true };
/// What a send may take that never ends by itself.
const LIMIT: Duration = Duration::from_millis(600);
/// What one may take that does, on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(120);

/// Answers one prepared list after the other, the last one for ever, and counts.
#[derive(Default)]
struct Answers {
    lists: Mutex<VecDeque<Vec<IpAddr>>>,
    asked: Mutex<Vec<String>>,
}

impl Answers {
    fn of(lists: &[&[&str]]) -> Arc<Self> {
        let lists = lists.iter().map(|list| list.iter().map(|text| text.parse().unwrap()).collect());
        Arc::new(Self { lists: Mutex::new(lists.collect()), asked: Mutex::default() })
    }

    fn asked(&self) -> usize {
        self.asked.lock().unwrap().len()
    }
}

#[async_trait]
impl Lookup for Answers {
    async fn addresses(&self, name: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.lock().unwrap().push(name.to_owned());
        let mut lists = self.lists.lock().unwrap();
        let last = lists.len() <= 1;
        let list = if last { lists.front().cloned() } else { lists.pop_front() };
        list.ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

fn client(lookup: Arc<Answers>) -> GuardedClient {
    client_within(PATIENCE, lookup)
}

fn client_within(timeout: Duration, lookup: Arc<Answers>) -> GuardedClient {
    let settings = GuardSettings { timeout, connect_timeout: timeout / 2, loopback: true, ..GuardSettings::default() };
    GuardedClient::with_lookup(&settings, lookup).unwrap()
}

async fn post(client: &GuardedClient, url: &str, policy: GuardPolicy) -> GuardedTry {
    let headers = [("content-type", "application/json"), ("webhook-id", "evt_1")];
    let body = br#"{"mark":"hidden"}"#.to_vec();
    client.send(GuardedRequest { url, headers: &headers, body, policy, now: NOW }).await
}

async fn faulty(fault: Fault) -> (FaultyServer, GuardedTry) {
    faulty_within(PATIENCE, fault).await
}

async fn faulty_within(timeout: Duration, fault: Fault) -> (FaultyServer, GuardedTry) {
    let server = FaultyServer::start(fault).await.unwrap();
    let client = client_within(timeout, Answers::of(&[]));
    let tried = post(&client, &format!("{}/hook", server.url()), OPEN).await;
    (server, tried)
}

fn named(server: &FaultyServer) -> String {
    format!("http://shop.example:{}/hook", server.address().port())
}

#[tokio::test]
async fn a_good_receiver_gets_the_request_and_its_answer_is_kept() {
    let (server, tried) = faulty(Fault::Json(201, r#"{"ok":true}"#.to_owned())).await;
    let answer = tried.result.unwrap();
    assert_eq!((answer.status, answer.first_bytes.as_slice()), (201, br#"{"ok":true}"#.as_slice()));
    let requests = server.requests();
    let [request] = requests.as_slice() else { panic!("{requests:?}") };
    assert!(request.starts_with("POST /hook HTTP/1.1\r\n"), "{request}");
    for part in ["content-type: application/json", "webhook-id: evt_1", "user-agent: lendport/", r#"{"mark":"hidden"}"#]
    {
        assert!(request.contains(part), "{request}");
    }
}

#[tokio::test]
async fn connections_are_used_again() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let lookup = Answers::of(&[&["127.0.0.1"]]);
    let client = client(Arc::clone(&lookup));
    for _ in 0..5 {
        assert_eq!(post(&client, &named(&server), OPEN).await.result.unwrap().status, 200);
    }
    assert_eq!(server.requests().len(), 5);
    // One that is not handed back yet is not waited for.
    assert!(server.connections() < 5 && lookup.asked() < 5, "{} connections", server.connections());
}

/// Literals that `check_url` knows are refused before anything is looked up or connected to. The complete table is
/// there; these are the notations that must not slip through between it and the connector.
#[tokio::test]
async fn literal_addresses_never_reach_the_resolver() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let port = server.address().port();
    let lookup = Answers::of(&[&["127.0.0.1"]]);
    let client = client(Arc::clone(&lookup));
    let http = GuardPolicy { allow_http: true, ..GuardPolicy::STRICT };
    for host in [
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "0x7f000001",
        "2130706433",
        "0177.0.0.1",
        "127.0.0.1.",
        "%31%32%37.0.0.1",
        "localhost",
        "localhost.",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "0",
        "[::]",
    ] {
        let tried = post(&client, &format!("http://{host}:{port}/"), http).await;
        assert_eq!(tried.result.unwrap_err(), GuardedError::RefusedAddress, "{host}");
    }
    for host in
        ["10.0.0.1", "0xa.1", "[::ffff:10.0.0.1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0", "[fd00::1]"]
    {
        let tried = post(&client, &format!("http://{host}:{port}/"), OPEN).await;
        assert_eq!(tried.result.unwrap_err(), GuardedError::RefusedAddress, "{host}");
    }
    assert_eq!((server.connections(), lookup.asked()), (0, 0));
}

#[tokio::test]
async fn other_schemes_and_credentials_are_refused() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let at = server.address();
    let client = client(Answers::of(&[&["127.0.0.1"]]));
    for url in [
        "file:///etc/passwd".to_owned(),
        format!("ftp://{at}/"),
        format!("gopher://{at}/_POST"),
        "data:text/plain,x".to_owned(),
        "unix:/run/docker.sock".to_owned(),
        format!("http://user:pass@{at}/"),
        format!("http://shop.example@{at}/"),
        "not a url".to_owned(),
        String::new(),
    ] {
        assert_eq!(post(&client, &url, OPEN).await.result.unwrap_err(), GuardedError::RefusedUrl, "{url}");
    }
    let https_only = GuardPolicy { allow_http: false, ..OPEN };
    assert_eq!(post(&client, &named(&server), https_only).await.result.unwrap_err(), GuardedError::RefusedUrl);
    assert_eq!(server.connections(), 0);
}

#[tokio::test]
async fn names_are_judged_by_where_they_lead() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let http = GuardPolicy { allow_http: true, ..GuardPolicy::STRICT };
    for address in ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "0.0.0.0"]
    {
        let lookup = Answers::of(&[&[address]]);
        let tried = post(&client(Arc::clone(&lookup)), &named(&server), http).await;
        assert_eq!(tried.result.unwrap_err(), GuardedError::RefusedAddress, "{address}");
        assert_eq!(lookup.asked(), 1);
    }
    assert_eq!(server.connections(), 0);
}

/// A client that was never opened to this machine stays closed, whatever the policy of one send says.
#[tokio::test]
async fn a_policy_opens_only_a_client_that_was_built_for_it() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let client = GuardedClient::with_lookup(&GuardSettings::default(), Answers::of(&[&["127.0.0.1"]])).unwrap();
    for url in [named(&server), server.url(), format!("http://localhost:{}/", server.address().port())] {
        assert_eq!(post(&client, &url, OPEN).await.result.unwrap_err(), GuardedError::RefusedAddress, "{url}");
    }
    assert_eq!(server.connections(), 0);
}

/// The name leads to a permitted address at first and to a refused one when the next connection is made.
#[tokio::test]
async fn a_name_that_changes_its_mind_is_checked_on_every_connection() {
    let server = FaultyServer::start(Fault::HalfBody).await.unwrap();
    for second in ["10.0.0.1", "169.254.169.254", "::ffff:127.0.0.1"] {
        let lookup = Answers::of(&[&["127.0.0.1"], &[second]]);
        let client = client(Arc::clone(&lookup));
        let before = server.connections();
        assert_eq!(post(&client, &named(&server), OPEN).await.result.unwrap().status, 200);
        assert_eq!(post(&client, &named(&server), OPEN).await.result.unwrap_err(), GuardedError::RefusedAddress);
        assert_eq!((server.connections() - before, lookup.asked()), (1, 2), "{second}");
    }
}

/// A connection that test mode opened to this machine is no way in for live mode.
#[tokio::test]
async fn connections_are_not_shared_between_policies() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let client = client(Answers::of(&[&["127.0.0.1"]]));
    assert_eq!(post(&client, &named(&server), OPEN).await.result.unwrap().status, 200);
    let http = GuardPolicy { allow_http: true, ..GuardPolicy::STRICT };
    assert_eq!(post(&client, &named(&server), http).await.result.unwrap_err(), GuardedError::RefusedAddress);
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn of_a_mixed_answer_only_permitted_addresses_are_connected_to() {
    let server = FaultyServer::start(Fault::Json(200, String::new())).await.unwrap();
    let lookup = Answers::of(&[&["10.0.0.1", "169.254.169.254", "127.0.0.1", "::ffff:127.0.0.1"]]);
    // Trying a refused address first would run into the limit.
    assert_eq!(post(&client(lookup), &named(&server), OPEN).await.result.unwrap().status, 200);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_leads_nowhere() {
    let inside = FaultyServer::start(Fault::Json(200, "inside".to_owned())).await.unwrap();
    for to in [inside.url(), "http://10.0.0.1/".to_owned(), "file:///etc/passwd".to_owned()] {
        let (_server, tried) = faulty(Fault::Redirect(to)).await;
        assert_eq!(tried.result.unwrap().status, 302);
    }
    assert_eq!(inside.connections(), 0);
}

#[tokio::test]
async fn a_name_without_addresses_and_a_closed_port_are_told_apart() {
    let tried = post(&client(Answers::of(&[])), "https://nowhere.example/", OPEN).await;
    assert_eq!(tried.result.unwrap_err(), GuardedError::Dns);
    let tried = post(&client(Answers::of(&[&[]])), "https://nowhere.example/", OPEN).await;
    assert_eq!(tried.result.unwrap_err(), GuardedError::Dns);
    let closed: SocketAddr = refused_address().await.unwrap();
    let tried = post(&client(Answers::of(&[])), &format!("http://{closed}/"), OPEN).await;
    assert_eq!(tried.result.unwrap_err(), GuardedError::Connect);
}

#[tokio::test]
async fn a_receiver_without_tls_gets_nothing_over_https() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/hook", listener.local_addr().unwrap());
    let mail_server = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut heard = Vec::new();
        stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap();
        // A reset at the end is as good as an end.
        let _ = stream.read_to_end(&mut heard).await;
        heard
    });
    let tried = post(&client(Answers::of(&[])), &url, OPEN).await;
    assert_eq!(tried.result.unwrap_err(), GuardedError::Tls);
    let heard = mail_server.await.unwrap();
    assert!(!String::from_utf8_lossy(&heard).contains("hidden"));
}

#[tokio::test]
async fn a_receiver_that_hangs_ends_in_the_limit() {
    // It says nothing for ever: only the limit ends the send.
    let (_server, tried) = faulty_within(LIMIT, Fault::Silence).await;
    assert_eq!(tried.result.unwrap_err(), GuardedError::Timeout);
    assert!(tried.latency >= LIMIT, "{:?}", tried.latency);
}

#[tokio::test]
async fn a_broken_connection_and_nonsense_are_a_reset() {
    for fault in [Fault::Reset, Fault::Garbage] {
        let (_server, tried) = faulty(fault.clone()).await;
        assert_eq!(tried.result.unwrap_err(), GuardedError::Reset, "{fault:?}");
    }
}

#[tokio::test]
async fn the_status_counts_however_the_body_ends() {
    let (_server, tried) = faulty(Fault::HalfBody).await;
    let answer = tried.result.unwrap();
    assert_eq!((answer.status, answer.first_bytes.as_slice()), (200, br#"{"inv_id":"#.as_slice()));
    // Its body never ends: that it is given up at all is what is asked for.
    let (_server, tried) = faulty(Fault::Trickle).await;
    let answer = tried.result.unwrap();
    assert!(answer.status == 200 && answer.first_bytes.iter().all(|byte| *byte == b' '));
}

#[tokio::test]
async fn of_a_huge_body_only_the_beginning_is_read() {
    for announced in [true, false] {
        let (_server, tried) = faulty(Fault::Huge { bytes: 1 << 30, announced }).await;
        let answer = tried.result.unwrap();
        assert_eq!((answer.status, answer.first_bytes.len()), (200, 4_096));
    }
}

//! On a real socket: probes, a body that never ends, and stopping in order.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::fake::Create;
use crate::world::{KEY, World, sample};

/// How long anything may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);

async fn start(
    world: &World,
    grace_ms: u64,
) -> (std::net::SocketAddr, CancellationToken, tokio::task::JoinHandle<std::io::Result<()>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let serving = lendport_http::serve(listener, world.router.clone(), stop.clone(), world.tasks.clone(), grace_ms);
    (address, stop, tokio::spawn(serving))
}

async fn exchange(address: std::net::SocketAddr, request: String) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

fn post(body: &str) -> String {
    format!(
        "POST /v1/checkouts HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer {KEY}\r\n\
         idempotency-key: k\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn stopping_lets_what_is_under_way_end() {
    let world = Arc::new(World::new().await);
    world.fake.next(Create::Takes(Duration::from_millis(400)));
    let (address, stop, served) = start(&world, 120_000).await;
    let under_way = tokio::spawn(exchange(address, post(&sample().to_string())));
    while world.fake.count() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    let answer = under_way.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    served.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let world = Arc::new(World::new().await);
    world.fake.next(Create::Takes(Duration::from_secs(3_600)));
    let (address, stop, served) = start(&world, 200).await;
    let under_way = tokio::spawn(exchange(address, post(&sample().to_string())));
    while world.fake.count() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
    under_way.abort();
}

#[tokio::test]
async fn stopping_does_not_wait_for_those_who_ask_nothing() {
    let world = Arc::new(World::new().await);
    world.fake.next(Create::Takes(Duration::from_millis(400)));
    let (address, stop, served) = start(&world, 3_600_000).await;
    let mut silent = TcpStream::connect(address).await.unwrap();
    let mut half = TcpStream::connect(address).await.unwrap();
    half.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ").await.unwrap();
    let mut kept = TcpStream::connect(address).await.unwrap();
    kept.write_all(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
    let mut answer = [0; 512];
    let length = kept.read(&mut answer).await.unwrap();
    assert!(answer[..length].starts_with(b"HTTP/1.1 200"));
    let under_way = tokio::spawn(exchange(address, post(&sample().to_string())));
    while world.fake.count() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    stop.cancel();
    tokio::time::timeout(PATIENCE, served).await.unwrap().unwrap().unwrap();
    let answer = under_way.await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    for stream in [&mut silent, &mut half, &mut kept] {
        // A reset is an end as well.
        let closed = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        assert!(closed.is_ok(), "it is still open");
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_given_up() {
    // In this time the key has to be looked up, on a busy machine too.
    let world = World::within(5_000).await;
    let (address, stop, served) = start(&world, 1_000).await;
    let request = post(&sample().to_string());
    let answer = exchange(address, request.strip_suffix("}").unwrap().to_owned()).await;
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"code\":\"request_timeout\""), "{answer}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_push_whose_body_does_not_arrive_is_given_up() {
    let world = World::within(200).await;
    let (address, stop, served) = start(&world, 1_000).await;
    let request = "POST /callbacks/acme/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 9\r\n\r\n{";
    let answer = tokio::time::timeout(PATIENCE, exchange(address, request.to_owned())).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503"), "{answer}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

/// Whoever sends it has no key: this must not be a way to hold all connections for good.
#[tokio::test]
async fn a_request_for_a_token_that_only_drips_is_given_up() {
    let world = World::within(200).await;
    let (address, stop, served) = start(&world, 1_000).await;
    let (mut reads, mut writes) = TcpStream::connect(address).await.unwrap().into_split();
    let head = "POST /v1/oauth/token HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\
        content-type: application/x-www-form-urlencoded\r\ncontent-length: 8000\r\n\r\n";
    writes.write_all(head.as_bytes()).await.unwrap();
    let drip = tokio::spawn(async move {
        while writes.write_all(b"x").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    });
    let mut answer = Vec::new();
    // What still drips in may end it with a reset, after the answer.
    let _ = tokio::time::timeout(PATIENCE, reads.read_to_end(&mut answer)).await.unwrap();
    drip.abort();
    let answer = String::from_utf8(answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("\"error\":\"invalid_request\""), "{answer}");
    stop.cancel();
    served.await.unwrap().unwrap();
}

#[tokio::test]
async fn probes_tell_living_from_ready() {
    let world = World::new().await;
    assert_eq!((world.get("/healthz").await.status.as_u16(), world.get("/readyz").await.status.as_u16()), (200, 200));
    world.store.close().await;
    assert_eq!(world.get("/healthz").await.status, 200);
    assert_eq!(world.get("/readyz").await.problem(), (503, "storage_unavailable".to_owned()));
    let answer = world.create(sample().to_string()).await;
    assert_eq!(answer.problem(), (503, "storage_unavailable".to_owned()));
}

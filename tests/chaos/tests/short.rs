//! The crash suite in small, for `make test`. The long one is `make chaos`.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use clap::Parser as _;
use lendport_chaos::{Arguments, run};

/// The gateway is this crate's own program, which is `lendport serve`.
const GATEWAY: &str = env!("CARGO_BIN_EXE_lendport-chaos");

async fn survives(arguments: &[&str]) -> bool {
    assert!(Path::new(GATEWAY).is_file());
    let fixed = ["lendport-chaos", "--gateway", GATEWAY];
    run(&Arguments::try_parse_from(fixed.iter().chain(arguments)).unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_the_one_process_on_a_file_is_killed() {
    assert!(
        survives(&["--database", "sqlite", "--kills", "12", "--shoppers", "3", "--seed", "20261121"]).await,
        "the run's output says what"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_when_replicas_and_their_server_are_killed() {
    let asked = ["--database", "postgres", "--replicas", "2", "--kills", "8", "--shoppers", "3", "--seed", "20261122"];
    assert!(survives(&asked).await, "the run's output says what");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_where_the_gateway_confirms_what_customers_sign() {
    let asked =
        ["--provider", "flexshopper", "--database", "sqlite", "--kills", "8", "--shoppers", "6", "--seed", "20261124"];
    assert!(survives(&asked).await, "the run's output says what");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_where_every_notice_only_says_look() {
    let asked =
        ["--provider", "wepay", "--database", "sqlite", "--kills", "8", "--shoppers", "9", "--seed", "20261123"];
    assert!(survives(&asked).await, "the run's output says what");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_or_doubled_where_financers_follow_by_themselves() {
    let asked =
        ["--provider", "cascade", "--database", "sqlite", "--kills", "8", "--shoppers", "6", "--seed", "20261125"];
    assert!(survives(&asked).await, "the run's output says what");
}

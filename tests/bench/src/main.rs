//! `make bench`: starts the servers as children of its own, loads them in turns, and writes down what it saw.

use std::process::ExitCode;

use clap::Parser as _;
use lendport_bench::{Arguments, run};

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            complain(&fault.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of the command line")]
fn complain(what: &str) {
    eprintln!("lendport-bench: {what}");
}

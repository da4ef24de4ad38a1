//! `make chaos`. With `serve` it is the gateway itself, so that the driver can start what it was built with.

use std::process::ExitCode;

use clap::Parser as _;
use lendport_chaos::{Arguments, Command, run, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let asked = Arguments::parse();
    let outcome = match &asked.command {
        Some(Command::Serve { config }) => serve(config.clone()).await.map(|()| true),
        None => run(&asked).await,
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(fault) => {
            complain(&fault.to_string());
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stderr, reason = "the last word of the command line")]
fn complain(what: &str) {
    eprintln!("lendport-chaos: {what}");
}

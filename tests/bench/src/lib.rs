#![doc = include_str!("../README.md")]

mod arguments;
mod call;
mod child;
mod compare;
mod floor;
mod floor_store;
mod gateway;
mod load;
mod machine;
mod plan;
mod plot;
mod postback;
mod report;
mod rounds;
mod sample;
mod seed;
mod statistics;
mod upstream;
mod wire;

pub use arguments::{Arguments, Command};

/// Whatever went wrong; a benchmark that cannot run says so and stops.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Runs what the command line asks for.
///
/// # Errors
/// When a server does not start, a file cannot be written, or no request came through.
pub async fn run(asked: Arguments) -> Result<(), Fault> {
    match asked.command {
        Some(Command::Floor { upstream, folder, durable }) => floor::serve(&upstream, &folder, durable).await,
        Some(Command::Gateway { upstream, folder, quiet }) => gateway::serve(&upstream, &folder, quiet).await,
        None => rounds::measure(&plan::Plan::of(&asked)?).await,
    }
}

#[expect(clippy::print_stdout, reason = "the one place that prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

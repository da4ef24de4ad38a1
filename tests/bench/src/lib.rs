#![doc = include_str!("../README.md")]

mod arguments;
mod bench;
mod call;
mod child;
mod compare;
mod floor;
mod gateway;
mod goal;
mod limits;
mod load;
mod machine;
mod open_loop;
mod part;
mod plan;
mod plot;
pub mod polling;
mod postback;
mod process;
mod report;
pub mod routing;
mod run;
mod sample;
mod seed;
mod sink;
mod statistics;
mod stock;
mod subject;
mod suites;
mod targets;
mod upstream;
mod wire;

pub use arguments::{Arguments, Command, FloorCommand, PollingCommand};
pub use part::Suite;
pub use routing::RoutingCommand;
pub use subject::Databases;

/// Whatever went wrong; a benchmark that cannot run says so and stops.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// Runs what the command line asks for.
///
/// # Errors
/// When a server does not start, a file cannot be written, or no request came through.
pub async fn run(asked: Arguments) -> Result<(), Fault> {
    match asked.command {
        Some(Command::Floor(asked)) => floor::serve(asked).await,
        Some(Command::Polling(asked)) => asked.play().await,
        Some(Command::Routing(asked)) => asked.play(),
        None => {
            let plan = plan::Plan::of(&asked)?;
            limits::raise()?;
            run::measure(&plan).await
        }
    }
}

#[expect(clippy::print_stdout, reason = "the one place that prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

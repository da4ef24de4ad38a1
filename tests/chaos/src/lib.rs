#![doc = include_str!("../README.md")]

mod arguments;
mod balancer;
mod book;
mod clerk;
mod customer;
mod database;
mod dice;
mod downtime;
mod endpoints;
mod financer;
mod following;
mod gateway;
mod goods;
mod killer;
mod lender;
mod merchant;
mod plot;
mod receiver;
mod report;
mod run;
mod settings;
mod shop;
mod signature;
mod story;
mod verdict;
mod wire;
mod world;

use std::path::PathBuf;

pub use arguments::{Arguments, Command, DatabaseKind, Played};
pub use run::run;

/// Whatever kept the driver itself from doing its work; what the gateway did wrong is in the verdict.
pub type Fault = Box<dyn std::error::Error + Send + Sync>;

/// `lendport serve`, in this process.
///
/// # Errors
/// When the gateway does not start, or does not stop in order.
pub async fn serve(config: PathBuf) -> Result<(), Fault> {
    let file = lendport::cli::ConfigFile { config: Some(config) };
    Ok(lendport::serve::run(lendport::cli::Serve { file }).await?)
}

#[expect(clippy::print_stdout, reason = "the one place that prints")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}

//! The command line. With no subcommand it runs the development gateway.

use std::process::ExitCode;

use clap::Parser as _;
use lendport::cli::{Cli, Command, ConfigCommand, KeysCommand, MerchantsCommand, SigningKeysCommand};
use lendport::failure::Failure;
use lendport::{demo, dev, documents, keys, merchants, record, serve, signing_keys, simulate, vault};

/// Threads free what others allocated all the time here: it costs less CPU than with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = Cli::parse().into_command();
    let outcome = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime.block_on(run(command)),
        Err(cause) => Err(Failure::socket("starting the runtime", cause)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            complain(&failure);
            ExitCode::FAILURE
        }
    }
}

async fn run(command: Command) -> Result<(), Failure> {
    match command {
        Command::Dev(asked) => dev::run(asked).await,
        Command::Serve(asked) => serve::run(asked).await,
        Command::Demo(asked) => demo::run(asked).await,
        Command::Simulate(asked) => simulate::run(asked).await,
        Command::Record(asked) => record::run(asked).await,
        Command::Migrate(asked) => serve::migrate(&asked).await,
        Command::Config(ConfigCommand::Check(file)) => serve::check_config(&file),
        Command::Openapi(asked) => documents::run(&asked),
        Command::Merchants(MerchantsCommand::Create(asked)) => merchants::create(asked).await,
        Command::Merchants(MerchantsCommand::List(asked)) => merchants::list(asked).await,
        Command::Keys(KeysCommand::Create(asked)) => keys::create(asked).await,
        Command::Keys(KeysCommand::List(asked)) => keys::list(asked).await,
        Command::Keys(KeysCommand::Revoke(asked)) => keys::revoke(asked).await,
        Command::Keys(KeysCommand::Rotate(asked)) => keys::rotate(asked).await,
        Command::Vault(asked) => vault::run(asked).await,
        Command::SigningKeys(SigningKeysCommand::List(asked)) => signing_keys::list(asked).await,
        Command::SigningKeys(SigningKeysCommand::Rotate(asked)) => signing_keys::rotate(asked).await,
    }
}

#[expect(clippy::print_stderr, reason = "the last word of the command line")]
fn complain(failure: &Failure) {
    eprintln!("lendport: {failure}");
}

//! The command line: what may be typed. What it does is in `main.rs` and the modules it calls.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub use crate::cli_signing_keys::SigningKeysCommand;
pub use crate::cli_simulate::{Field, Simulate};
pub use crate::cli_tenants::{CreateKey, KeyMode, KeysCommand, MerchantsCommand};

const AFTER: &str = "\
Without a command this is `lendport dev`: a gateway with its own database, a simulator of each provider and a test key.

Examples:
  lendport                                   try it: prints a key and a curl command
  lendport demo                              watch one checkout go from cart to authorized
  lendport serve --config lendport.toml      run it for a shop
  lendport config check --config FILE        show what would be in force, secrets masked

Settings come from the built-in defaults, then --config FILE, then LENDPORT_SECTION__KEY variables, then flags.";

/// A checkout-financing gateway: one API, many financers, one truth.
#[derive(Debug, Parser)]
#[command(name = "lendport", version, about, after_help = AFTER, propagate_version = true, disable_help_subcommand = true)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Cli {
    /// What to do; `dev` when nothing is said.
    #[command(subcommand)]
    command: Option<Command>,
    /// Flags of `dev`, when nothing is said.
    #[command(flatten)]
    dev: Dev,
}

impl Cli {
    /// The command that was asked for.
    pub fn into_command(self) -> Command {
        self.command.unwrap_or(Command::Dev(self.dev))
    }
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a gateway to develop against: SQLite, simulators, a test merchant and its key.
    Dev(Dev),
    /// Run the gateway for real shops.
    Serve(Serve),
    /// Play one checkout from cart to authorized, against the running code, and print each step.
    Demo(Demo),
    /// Run the simulator of one provider by itself.
    Simulate(Simulate),
    /// Play a scenario against a provider's sandbox and write it down as a cassette, redacted.
    Record(Record),
    /// Bring the database to this version's form and exit.
    Migrate(Migrate),
    /// Look at the configuration.
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print, write or check the generated documents: the API description and the configuration schema.
    Openapi(Openapi),
    /// Work with merchants.
    #[command(subcommand)]
    Merchants(MerchantsCommand),
    /// Work with merchants' secret keys.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Work with the keys that data at rest is sealed with, while the gateway runs.
    #[command(subcommand)]
    Vault(VaultCommand),
    /// Work with the keys that sign tokens.
    #[command(subcommand, name = "signing-keys")]
    SigningKeys(SigningKeysCommand),
}

/// Where the settings are.
#[derive(Args, Clone, Debug, Default)]
pub struct ConfigFile {
    /// Settings that differ from the defaults, as in config/lendport.toml.
    #[arg(long, value_name = "FILE", env = "LENDPORT_CONFIG")]
    pub config: Option<PathBuf>,
}

/// `lendport dev`.
#[derive(Args, Clone, Debug, Default)]
#[command(after_help = "\
Examples:
  lendport dev
  lendport dev --bind 127.0.0.1:0 --data-dir ./scratch --ready-file ./ready.json

The ready file is written once the gateway answers, in one piece:
  {\"url\", \"shop\", \"secret_key\", \"merchant\", \"simulators\": {\"<provider>\": \"http://...\"}}")]
pub struct Dev {
    /// Address to listen on; port 0 takes a free one. Overrides server.bind.
    #[arg(long, value_name = "ADDR")]
    pub bind: Option<SocketAddr>,
    /// Address of the demo shop's own site; port 0 takes a free one. Overrides simulator.shop_bind.
    #[arg(long, value_name = "ADDR")]
    pub shop_bind: Option<SocketAddr>,
    /// Folder of the database and of the encryption key; made when missing. Overrides storage.url.
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// File to write when the gateway answers, so that scripts need not guess.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport serve`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Example:\n  lendport serve --config config/examples/single-node.toml")]
pub struct Serve {
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport demo`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Exits with 1 when a step did not go as it should.\n\nExample:\n  lendport demo --keep")]
pub struct Demo {
    /// Keep the database of the demo and say where it is.
    #[arg(long)]
    pub keep: bool,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport record`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "\
Uses the test account in [merchant.accounts.<provider>.test]. Nothing is written when a configured secret would be in it.

Example:
  lendport record sandbox create_ok --config my-sandbox.toml")]
pub struct Record {
    /// The provider's name.
    pub provider: String,
    /// The scenario, which is the cassette's name without .json.
    pub scenario: String,
    /// File to write; the provider's cassettes folder when not given.
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport migrate`.
#[derive(Args, Clone, Debug)]
pub struct Migrate {
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport config`.
#[derive(Clone, Debug, Subcommand)]
pub enum ConfigCommand {
    /// Check the settings and print those in force, each with where it came from and secrets masked.
    #[command(after_help = "Example:\n  LENDPORT_SERVER__BIND=0.0.0.0:80 lendport config check --config lendport.toml")]
    Check(ConfigFile),
}

/// `lendport openapi`.
#[derive(Args, Clone, Debug)]
#[command(after_help = "Run it in the repository. Without a flag the API description is printed.")]
pub struct Openapi {
    /// Write the committed documents anew.
    #[arg(long, conflicts_with = "check")]
    pub write: bool,
    /// Exit with 1 when a committed document is not what the code says.
    #[arg(long)]
    pub check: bool,
}

/// `lendport vault`.
#[derive(Clone, Debug, Subcommand)]
pub enum VaultCommand {
    /// Which keys there are, how old, and what is sealed with each. Reads all rows.
    #[command(after_help = "Example:\n  lendport vault status --config FILE")]
    Status(ConfigFile),
    /// Seal every data key with the newest configured key. Takes a moment; afterwards the older one may go.
    #[command(after_help = "Example:\n  lendport vault rewrap --config FILE")]
    Rewrap(ConfigFile),
    /// Make a data key, with which new rows are sealed ten minutes later.
    #[command(after_help = "Example:\n  lendport vault new-data-key --config FILE")]
    NewDataKey(ConfigFile),
    /// Seal every row with the newest data key, a few at a time, and delete data keys that no row needs. Stopped, it goes
    /// on where it was.
    #[command(after_help = "Example:\n  lendport vault reencrypt --config FILE")]
    Reencrypt(ConfigFile),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use lendport_core::Mode;

    use super::*;

    fn parse(line: &str) -> Command {
        Cli::try_parse_from(line.split(' ')).unwrap().into_command()
    }

    fn refused(line: &str) -> String {
        Cli::try_parse_from(line.split(' ')).unwrap_err().to_string()
    }

    #[test]
    fn definitions_hold_together() {
        Cli::command().debug_assert();
    }

    #[test]
    fn nothing_means_dev_and_takes_its_flags() {
        let Command::Dev(dev) = parse("lendport") else { panic!("not dev") };
        assert!(dev.bind.is_none() && dev.data_dir.is_none() && dev.ready_file.is_none());
        let Command::Dev(dev) = parse("lendport --bind 127.0.0.1:0 --data-dir d --ready-file r") else { panic!() };
        assert_eq!(dev.bind, Some(SocketAddr::from(([127, 0, 0, 1], 0))));
        let Command::Dev(same) = parse("lendport dev --bind 127.0.0.1:0 --data-dir d --ready-file r") else { panic!() };
        assert_eq!((dev.bind, dev.data_dir, dev.ready_file), (same.bind, same.data_dir, same.ready_file));
    }

    #[test]
    fn every_command_is_understood() {
        assert!(matches!(parse("lendport serve --config f"), Command::Serve(Serve { file }) if file.config.is_some()));
        assert!(matches!(parse("lendport demo --keep"), Command::Demo(Demo { keep: true, .. })));
        assert!(matches!(parse("lendport migrate"), Command::Migrate(_)));
        assert!(matches!(parse("lendport config check"), Command::Config(ConfigCommand::Check(_))));
        assert!(matches!(parse("lendport openapi --check"), Command::Openapi(Openapi { check: true, write: false })));
        let Command::Record(record) = parse("lendport record p create_ok --out x.json") else { panic!() };
        assert_eq!((record.provider.as_str(), record.scenario.as_str()), ("p", "create_ok"));
        let Command::Keys(KeysCommand::Create(key)) = parse("lendport keys create --merchant-name A --mode live")
        else {
            panic!()
        };
        assert_eq!((key.merchant_name.as_str(), Mode::from(key.mode)), ("A", Mode::Live));
    }

    #[test]
    fn the_vault_is_worked_at_by_four_commands() {
        let vault = |line| match parse(line) {
            Command::Vault(command) => command,
            other => panic!("{other:?}"),
        };
        assert!(
            matches!(vault("lendport vault status --config f"), VaultCommand::Status(file) if file.config.is_some())
        );
        assert!(matches!(vault("lendport vault rewrap"), VaultCommand::Rewrap(_)));
        assert!(matches!(vault("lendport vault new-data-key"), VaultCommand::NewDataKey(_)));
        assert!(matches!(vault("lendport vault reencrypt"), VaultCommand::Reencrypt(_)));
    }

    #[test]
    fn nonsense_is_refused() {
        assert!(refused("lendport serv").contains("serve"));
        assert!(refused("lendport openapi --write --check").contains("cannot be used with"));
        assert!(refused("lendport keys create --merchant-name A --mode both").contains("test, live"));
        assert!(refused("lendport dev --bind here").contains("--bind"));
    }
}

//! What may be typed about merchants and their secret keys.

use clap::{Args, Subcommand, ValueEnum};
use lendport_core::{KeyId, Mode, Scope, limits};

use crate::cli::ConfigFile;

/// `lendport merchants`.
#[derive(Clone, Debug, Subcommand)]
pub enum MerchantsCommand {
    /// Make a merchant without keys and accounts.
    #[command(after_help = "Example:\n  lendport merchants create --name \"Example TV\" --config FILE")]
    Create(CreateMerchant),
    /// List all merchants, newest first.
    List(ListMerchants),
}

/// `lendport merchants create`.
#[derive(Args, Clone, Debug)]
pub struct CreateMerchant {
    /// The merchant's name, unique among merchants.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport merchants list`.
#[derive(Args, Clone, Debug)]
pub struct ListMerchants {
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport keys`.
#[derive(Clone, Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a secret key for a merchant, who is made too when the name is new. It is printed once and stored hashed.
    #[command(after_help = "\
Examples:
  lendport keys create --merchant-name \"Example TV\" --mode test --config FILE
  lendport keys create --merchant-name Platform --mode live --scope platform:admin --expires-in-days 90 --config FILE")]
    Create(CreateKey),
    /// List a merchant's keys of both modes, newest first. No key itself is known any more.
    List(ListKeys),
    /// Make a key stop working, within a second on every replica.
    #[command(after_help = "Example:\n  lendport keys revoke key_0190... --merchant-name \"Example TV\" --config FILE")]
    Revoke(RevokeKey),
    /// Make a key in the place of another one, which goes on working for a while. It is printed once.
    #[command(
        after_help = "Example:\n  lendport keys rotate key_0190... --merchant-name \"Example TV\" --overlap-s 3600"
    )]
    Rotate(RotateKey),
}

/// `lendport keys create`.
#[derive(Args, Clone, Debug)]
pub struct CreateKey {
    /// The merchant's name.
    #[arg(long, value_name = "NAME")]
    pub merchant_name: String,
    /// Which world the key opens.
    #[arg(long)]
    pub mode: KeyMode,
    /// What may be done with it; may be given more than once. Everything within the merchant when it is not given.
    #[arg(long = "scope", value_name = "SCOPE", value_parser = scope)]
    pub scopes: Vec<Scope>,
    /// Days until it stops working; never when this is not given.
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_500))]
    pub expires_in_days: Option<u32>,
    /// What to call it.
    #[arg(long, value_name = "TEXT", default_value = "command line")]
    pub label: String,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport keys list`.
#[derive(Args, Clone, Debug)]
pub struct ListKeys {
    /// The merchant's name.
    #[arg(long, value_name = "NAME")]
    pub merchant_name: String,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport keys revoke`.
#[derive(Args, Clone, Debug)]
pub struct RevokeKey {
    /// The key's id, as `keys list` shows it.
    pub id: KeyId,
    /// The merchant's name.
    #[arg(long, value_name = "NAME")]
    pub merchant_name: String,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport keys rotate`.
#[derive(Args, Clone, Debug)]
pub struct RotateKey {
    /// The key's id, as `keys list` shows it.
    pub id: KeyId,
    /// The merchant's name.
    #[arg(long, value_name = "NAME")]
    pub merchant_name: String,
    /// Seconds for which the old key works beside the new one; 0 after a leak.
    #[arg(long, value_name = "SECONDS", default_value_t = limits::KEY_OVERLAP_DEFAULT_S)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=i64::from(limits::KEY_OVERLAP_MAX_S)))]
    pub overlap_s: u32,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

fn scope(word: &str) -> Result<Scope, String> {
    let known = Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(word).ok_or_else(|| format!("choose from {known}"))
}

/// [`Mode`] as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum KeyMode {
    /// Sandbox credentials, made-up money.
    Test,
    /// Real shoppers and real money.
    Live,
}

impl From<KeyMode> for Mode {
    fn from(mode: KeyMode) -> Self {
        match mode {
            KeyMode::Test => Self::Test,
            KeyMode::Live => Self::Live,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::{Cli, Command};

    fn parse(line: &str) -> Result<Command, String> {
        Cli::try_parse_from(line.split(' ')).map(Cli::into_command).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_typed_about_keys_is_understood() {
        let line = "lendport keys create --merchant-name A --mode live --scope checkouts:read --scope platform:admin";
        let Ok(Command::Keys(KeysCommand::Create(key))) = parse(line) else { panic!() };
        assert_eq!((key.scopes, key.expires_in_days), (vec![Scope::CheckoutsRead, Scope::PlatformAdmin], None));
        let line = "lendport keys rotate key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b --merchant-name A";
        let Ok(Command::Keys(KeysCommand::Rotate(key))) = parse(line) else { panic!() };
        assert_eq!(key.overlap_s, 86_400);
        assert!(matches!(parse("lendport merchants list"), Ok(Command::Merchants(MerchantsCommand::List(_)))));
        for (line, told) in [
            ("lendport keys create --merchant-name A --mode test --scope admin", "platform:admin"),
            ("lendport keys create --merchant-name A --mode test --expires-in-days 0", "1..=36500"),
            ("lendport keys revoke key_1 --merchant-name A", "key_"),
            (
                "lendport keys rotate key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b --merchant-name A --overlap-s 604801",
                "604800",
            ),
        ] {
            assert!(parse(line).is_err_and(|error| error.contains(told)), "{line}");
        }
    }
}

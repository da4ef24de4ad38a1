//! What may be typed about the keys that sign tokens.

use clap::{Args, Subcommand};

use crate::cli::ConfigFile;

/// `lendport signing-keys`.
#[derive(Clone, Debug, Subcommand)]
pub enum SigningKeysCommand {
    /// List the keys that sign tokens or did a while ago, newest first.
    List(ListSigningKeys),
    /// Make the next key now. It is published at once, signs when everybody can know it, and no request fails meanwhile.
    #[command(after_help = "\
Examples:
  lendport signing-keys rotate --config FILE
  lendport signing-keys rotate --at-once --config FILE      somebody else may have a key: all tokens end now")]
    Rotate(RotateSigningKeys),
}

/// `lendport signing-keys list`.
#[derive(Args, Clone, Debug)]
pub struct ListSigningKeys {
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

/// `lendport signing-keys rotate`.
#[derive(Args, Clone, Debug)]
pub struct RotateSigningKeys {
    /// End all other keys, and the tokens that they signed, now; replicas that run follow within half a minute.
    #[arg(long)]
    pub at_once: bool,
    /// The settings.
    #[command(flatten)]
    pub file: ConfigFile,
}

//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

/// Kills the gateway at random moments while shops, lenders and receivers go on, then checks that nothing was lost and
/// nothing happened twice. Exits with 1 when something was.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// Kills before the run ends.
    #[arg(long, default_value_t = 200)]
    pub kills: u64,
    /// Which database is under the gateway.
    #[arg(long, value_enum, default_value_t = DatabaseKind::Sqlite)]
    pub database: DatabaseKind,
    /// Gateways on that database. [default: 1 on SQLite, 2 on PostgreSQL]
    #[arg(long)]
    pub replicas: Option<usize>,
    /// Draws every decision: what shops and lenders do, which replica dies after how long, what receivers answer.
    /// [default: from the clock]
    #[arg(long)]
    pub seed: Option<u64>,
    /// Shoppers at the same time. [default: 6; 24 with WePay, 18 with FlexShopper and 12 in a cascade, where one that was interrupted waits for a while]
    #[arg(long)]
    pub shoppers: Option<usize>,
    /// Which provider finances most checkouts; the made-up one has a few.
    #[arg(long, value_enum, default_value_t = Played::Wegetfinancing)]
    pub provider: Played,
    /// The gateway's program. [default: this program's own `serve`, which is the same code]
    #[arg(long, value_name = "FILE")]
    pub gateway: Option<PathBuf>,
    /// Where database, logs and settings are kept; removed afterwards when absent and all went well.
    #[arg(long, value_name = "DIR")]
    pub folder: Option<PathBuf>,
    /// What the driver starts this program for.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What the driver starts this program for.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// `lendport serve`.
    #[command(hide = true)]
    Serve {
        /// Its settings.
        #[arg(long)]
        config: PathBuf,
    },
}

/// Which database is under the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum DatabaseKind {
    /// One file, one process.
    Sqlite,
    /// A server of the driver's own, which is stopped and started too.
    Postgres,
}

/// A provider that is played step by step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Played {
    /// Its lender pushes what it decides.
    Wegetfinancing,
    /// Its notices only say "look".
    Wepay,
    /// It tells nothing at all, and the gateway confirms what its customers sign.
    Flexshopper,
    /// WeGetFinancing, where the made-up provider said no before: a routing profile has it follow by itself.
    Cascade,
}

impl Played {
    /// Shoppers that keep the gateway busy between kills.
    pub(crate) fn shoppers(self) -> usize {
        match self {
            Self::Wegetfinancing => 6,
            // An interrupted start waits for its lease.
            Self::Cascade => 12,
            Self::Wepay => 24,
            // Some sign where nobody hears of it, and wait until the gateway asks.
            Self::Flexshopper => 18,
        }
    }

    /// The provider's id.
    pub(crate) fn id(self) -> &'static str {
        match self {
            Self::Wegetfinancing | Self::Cascade => "wegetfinancing",
            Self::Wepay => "wepay",
            Self::Flexshopper => "flexshopper",
        }
    }
}

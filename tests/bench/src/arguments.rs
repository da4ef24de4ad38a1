//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

use crate::Fault;
use crate::part::Suite;
use crate::polling::{self, PollingPlan};
use crate::routing::RoutingCommand;
use crate::subject::Databases;

const AFTER: &str = "\
Examples:
  lendport-bench --quick                                       a look at everything, under three minutes
  lendport-bench --quick --only create --database sqlite       one thing, for an A/B
  lendport-bench --only callback --connections 64 --rounds 9   one cell, more rounds
  lendport-bench --gateway OLD_BINARY --only create            the same against another build
  lendport-bench --seeds FOLDER --sizes 1000,1000000           keeps the filled databases for the next run";

/// Measures the gateway beside the least work that would be correct.
#[derive(Debug, Parser)]
#[command(after_help = AFTER)]
pub struct Arguments {
    /// Two short rounds of fewer cells. For a look, not for a comparison.
    #[arg(long)]
    pub quick: bool,
    /// What to measure. [default: everything]
    #[arg(long, value_delimiter = ',', value_enum)]
    pub only: Option<Vec<Suite>>,
    /// On which database.
    #[arg(long, value_enum, default_value_t = Databases::Both)]
    pub database: Databases,
    /// Rounds; each starts every server anew. [default: 5, with --quick 2]
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Milliseconds of load per cell and round. [default: 800, with --quick 400]
    #[arg(long)]
    pub cell_ms: Option<u64>,
    /// Connections that load a server at the same time. [default: 1,16,64,512, callbacks
    /// also 256; with --quick 1,64]
    #[arg(long, value_delimiter = ',')]
    pub connections: Option<Vec<usize>>,
    /// Checkouts stored before a round starts, one gateway each. [default: 1000,100000,1000000, with --quick 1000]
    #[arg(long, value_delimiter = ',', visible_alias = "stored")]
    pub sizes: Option<Vec<u64>>,
    /// Runs the gateway without its log.
    #[arg(long)]
    pub quiet: bool,
    /// The gateway's binary. [default: built from this tree first]
    #[arg(long, value_name = "FILE")]
    pub gateway: Option<PathBuf>,
    /// Writes `results/DATE-NAME.md` and `.svg`. [default: run; nothing is written with --quick or --only]
    #[arg(long)]
    pub name: Option<String>,
    /// A sentence about the circumstances, for the head of the result.
    #[arg(long)]
    pub note: Option<String>,
    /// Where the databases lie while measuring; a folder of the system's temporary one when absent.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Keeps the filled databases here, and takes those that an earlier run of the same version kept.
    #[arg(long, value_name = "FOLDER")]
    pub seeds: Option<PathBuf>,
    /// Something else.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What else this program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Opens checkouts at a provider that says nothing by itself, and counts how it is asked, on a virtual clock.
    Polling(PollingCommand),
    /// Decides random carts by a large routing profile, and says how long a decision takes.
    Routing(RoutingCommand),
    /// Serves the floor until standard input ends.
    #[command(hide = true)]
    Floor(FloorCommand),
}

/// Open checkouts, and how they are asked for.
#[derive(Clone, Copy, Debug, clap::Args)]
pub struct PollingCommand {
    /// Checkouts that are open from the beginning.
    #[arg(long, default_value_t = PollingPlan::default().checkouts)]
    pub checkouts: usize,
    /// Virtual minutes that are watched; from 75 on every checkout has had a look.
    #[arg(long, default_value_t = PollingPlan::default().minutes)]
    pub minutes: i64,
    /// The account's budget, `engine.looks_per_minute`.
    #[arg(long, default_value_t = PollingPlan::default().looks_per_minute)]
    pub looks_per_minute: u32,
}

impl PollingCommand {
    /// Plays it, prints what was seen, and fails when a promise was broken.
    pub(crate) async fn play(self) -> Result<(), Fault> {
        let Self { checkouts, minutes, looks_per_minute } = self;
        let plan = PollingPlan { checkouts, minutes, looks_per_minute, ..PollingPlan::default() };
        let seen = polling::play(plan).await?;
        polling::tell(&plan, &seen);
        let broken = polling::broken(&seen);
        if broken.is_empty() { Ok(()) } else { Err(broken.join("; ").into()) }
    }
}

/// The floor, told apart by what it stores and where it tells of it.
#[derive(Debug, clap::Args)]
pub struct FloorCommand {
    /// Base address of the upstream.
    pub upstream: String,
    /// With the two commits: the address of its database, as in the gateway's `storage.url`.
    #[arg(long)]
    pub store: Option<String>,
    /// Delivers its events to this address.
    #[arg(long)]
    pub sink: Option<String>,
}

impl ValueEnum for Suite {
    fn value_variants<'a>() -> &'a [Self] {
        &Self::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.word()).help(self.help()))
    }
}

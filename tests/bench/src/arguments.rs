//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Measures the gateway beside the least work that would be correct.
#[derive(Debug, Parser)]
pub struct Arguments {
    /// A run of half a minute: two short rounds, fewer cells. For a look, not for a comparison.
    #[arg(long)]
    pub quick: bool,
    /// Rounds; each starts every server anew. [default: 5, with --quick 2]
    #[arg(long)]
    pub rounds: Option<usize>,
    /// Milliseconds of load per cell and round. [default: 1000, with --quick 400]
    #[arg(long)]
    pub cell_ms: Option<u64>,
    /// Connections that load a server at the same time. [default: 1,16,64, with --quick 1,64]
    #[arg(long, value_delimiter = ',')]
    pub connections: Option<Vec<usize>>,
    /// Checkouts stored before a round starts, one gateway each. [default: 1000,100000, with --quick 1000]
    #[arg(long, value_delimiter = ',')]
    pub stored: Option<Vec<u64>>,
    /// Milliseconds the upstream waits before it answers.
    #[arg(long, default_value_t = 0)]
    pub upstream_ms: u64,
    /// Runs the gateway without its log.
    #[arg(long)]
    pub quiet: bool,
    /// Writes `results/DATE-NAME.md` and `.svg`. [default: run, with --quick nothing is written]
    #[arg(long)]
    pub name: Option<String>,
    /// A sentence about the circumstances, for the head of the result.
    #[arg(long)]
    pub note: Option<String>,
    /// Where the databases lie while measuring; a folder of the system's temporary one when absent.
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// What a child of this program does.
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What a child of this program does.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serves the floor until standard input ends.
    #[command(hide = true)]
    Floor {
        /// Base address of the upstream.
        upstream: String,
        /// Where its database lies.
        folder: PathBuf,
        /// With the two commits.
        #[arg(long)]
        durable: bool,
    },
    /// Serves the gateway until standard input ends.
    #[command(hide = true)]
    Gateway {
        /// Base address of the upstream.
        upstream: String,
        /// Where its database lies.
        folder: PathBuf,
        /// Without the log.
        #[arg(long)]
        quiet: bool,
    },
}

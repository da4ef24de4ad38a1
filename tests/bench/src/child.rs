//! A server as a process of its own, so that its processor time and memory are not the load client's.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::Fault;

/// What a child prints before its address, once it answers.
const READY: &str = "ready ";
const START_LIMIT: Duration = Duration::from_secs(60);
/// Microseconds of one clock tick in `/proc`: 100 in a second on every Linux that Rust runs on.
const TICK_US: u64 = 10_000;

/// A server that answers.
pub(crate) struct Server {
    process: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Milliseconds from the start of the process to the word that it answers.
    pub(crate) start_ms: u64,
    proc_folder: String,
}

impl Server {
    /// Starts this program again with these arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self, Fault> {
        let begun = Instant::now();
        let mut process = Command::new(std::env::current_exe()?)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // Log lines are written, and then nowhere: a log collector's costs are not ours.
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()?;
        let id = process.id().ok_or("the server ended at once")?;
        let mut lines = BufReader::new(process.stdout.take().ok_or("the server has no output")?).lines();
        let line = timeout(START_LIMIT, lines.next_line()).await??.unwrap_or_default();
        let address = line.strip_prefix(READY).ok_or("the server did not start; run its command by hand to see why")?;
        let start_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Self { process, address: address.to_owned(), start_ms, proc_folder: format!("/proc/{id}") })
    }

    /// Processor time so far, of all threads, in user and kernel, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<u64, Fault> {
        let text = fs::read_to_string(format!("{}/stat", self.proc_folder))?;
        // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field after it.
        let (_, rest) = text.rsplit_once(')').ok_or("/proc/PID/stat without a name")?;
        let mut ticks = rest.split_whitespace().skip(11).take(2);
        let mut next = || ticks.next().and_then(|field| field.parse::<u64>().ok()).ok_or("/proc/PID/stat is too short");
        Ok((next()? + next()?) * TICK_US)
    }

    /// A line of `/proc/PID/status` in kB: `VmRSS` now, `VmHWM` at its highest.
    pub(crate) fn memory_kb(&self, name: &str) -> Result<u64, Fault> {
        let text = fs::read_to_string(format!("{}/status", self.proc_folder))?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.split_whitespace().next());
        Ok(value.ok_or("/proc/PID/status lacks a line")?.parse()?)
    }

    /// Ends its input and waits until it has stopped.
    pub(crate) async fn stop(mut self) -> Result<(), Fault> {
        drop(self.process.stdin.take());
        timeout(START_LIMIT, self.process.wait()).await??;
        Ok(())
    }
}

/// In the child: says that it answers.
pub(crate) fn announce(address: std::net::SocketAddr) {
    crate::say(&format!("{READY}{address}"));
}

/// In the child: completes when the parent is done with it, or dead.
pub(crate) async fn input_ended() {
    _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

/// A path as an argument.
pub(crate) fn text_of(path: &Path) -> Result<&str, Fault> {
    path.to_str().ok_or_else(|| "the folder's name is not UTF-8".into())
}

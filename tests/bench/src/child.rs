//! A server as a process of its own, so that its processor time and memory are not the load client's.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::{Instant, timeout};

use crate::Fault;
use crate::load::micros;
use crate::process::Process;
use crate::wire::Connection;

/// What a floor prints before its address, once it answers.
const READY: &str = "ready ";
const LIMIT: Duration = Duration::from_secs(60);
/// Between two looks whether a server answers: short beside any start.
const LOOK_EVERY: Duration = Duration::from_micros(500);
const PROBE: &[u8] = b"GET /readyz HTTP/1.1\r\nhost: gateway\r\n\r\n";

/// A server that answers.
pub(crate) struct Server {
    child: Child,
    /// `127.0.0.1:PORT`.
    pub(crate) address: String,
    /// Microseconds from the start of the process to its first answer.
    pub(crate) start_us: u64,
    pub(crate) process: Process,
}

impl Server {
    /// Starts this program again as a floor.
    pub(crate) async fn floor(arguments: &[&str]) -> Result<Self, Fault> {
        let begun = Instant::now();
        let mut command = Command::new(std::env::current_exe()?);
        // It ends when its input does, so it cannot outlive this process.
        command.arg("floor").args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = quietly(&mut command).spawn()?;
        let mut lines = BufReader::new(child.stdout.take().ok_or("the floor has no output")?).lines();
        let line = timeout(LIMIT, lines.next_line()).await??.unwrap_or_default();
        let address = line.strip_prefix(READY).ok_or("the floor did not start")?.to_owned();
        Self::of(child, address, begun)
    }

    /// Starts a program that will answer `/readyz` at this address.
    pub(crate) async fn program(mut command: Command, address: String) -> Result<Self, Fault> {
        let begun = Instant::now();
        let mut child = quietly(command.stdin(Stdio::null()).stdout(Stdio::null())).spawn()?;
        while !answers(&address).await {
            if let Some(status) = child.try_wait()? {
                // Once more with its words kept, as it would end the same way.
                let said = command.stderr(Stdio::piped()).output().await?;
                let said = String::from_utf8_lossy(&said.stderr).trim().to_owned();
                return Err(format!("the gateway ended while starting ({status}): {said}").into());
            }
            if begun.elapsed() > LIMIT {
                return Err("the gateway does not get ready".into());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Self::of(child, address, begun)
    }

    fn of(child: Child, address: String, begun: Instant) -> Result<Self, Fault> {
        let process = Process(child.id().ok_or("the server ended at once")?);
        Ok(Self { child, address, start_us: micros(begun.elapsed()), process })
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(mut self) -> Result<(), Fault> {
        drop(self.child.stdin.take());
        let id = self.process.0.to_string();
        Command::new("kill").args(["-TERM", &id]).stderr(Stdio::null()).status().await?;
        timeout(LIMIT, self.child.wait()).await??;
        Ok(())
    }

    /// `SIGKILL`, and waits until it is gone.
    pub(crate) async fn kill(mut self) -> Result<(), Fault> {
        Ok(self.child.kill().await?)
    }
}

/// Log lines are written, and then nowhere: a log collector's costs are not ours.
fn quietly(command: &mut Command) -> &mut Command {
    command.stderr(Stdio::null()).kill_on_drop(true)
}

async fn answers(address: &str) -> bool {
    let Ok(mut connection) = Connection::open(address).await else { return false };
    connection.exchange(PROBE).await.is_ok_and(|answer| answer.status == 200)
}

/// In the floor: says that it answers.
pub(crate) fn announce(address: std::net::SocketAddr) {
    crate::say(&format!("{READY}{address}"));
}

/// In the floor: completes when the parent is done with it, or dead.
pub(crate) async fn input_ended() {
    _ = tokio::io::stdin().read_to_end(&mut Vec::new()).await;
}

//! One replica: a process that is started again whenever it ends, and killed when the killer says so.

use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::Fault;
use crate::book::millis;
use crate::wire::{self, Request};
use crate::world::World;

const PAUSE: Duration = Duration::from_millis(3);
/// A replica that ended by itself is started again after this.
const AFTER_AN_END: Duration = Duration::from_millis(100);
/// How long a replica may take to stop, on a busy machine.
const STOP_LIMIT: Duration = Duration::from_secs(120);
/// What a gateway logs when it listens.
const LISTENS: &str = "gateway answers";

/// How the program is started.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    /// Understands `serve --config FILE`.
    pub(crate) path: PathBuf,
    pub(crate) settings: PathBuf,
    pub(crate) folder: PathBuf,
}

impl Program {
    /// Where replica `number` logs.
    fn log(&self, number: usize) -> PathBuf {
        self.folder.join(format!("replica-{number}.log"))
    }

    fn spawn(&self, number: usize) -> Result<Child, Fault> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log(number))?;
        let mut command = Command::new(&self.path);
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("LENDPORT_") {
                command.env_remove(name);
            }
        }
        command.arg("serve").arg("--config").arg(&self.settings);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::from(log)).kill_on_drop(true);
        Ok(command.spawn()?)
    }
}

/// Keeps a replica alive until `stop`; each message of `kills` kills it.
pub(crate) async fn keep(
    world: Arc<World>,
    program: Program,
    number: usize,
    mut kills: mpsc::Receiver<()>,
    stop: CancellationToken,
) -> Result<(), Fault> {
    let log = program.log(number);
    loop {
        let from = std::fs::metadata(&log).map_or(0, |found| found.len());
        let started = Instant::now();
        let outages = world.outages();
        let mut child = program.spawn(number)?;
        let watched = async {
            let address = until_ready(&log, from).await;
            // Time that the database was away is not the gateway's.
            if world.outages() == outages {
                world.downtime.ready(millis(started, Instant::now()));
            }
            world.balancer.set(number, Some(address));
            std::future::pending::<()>().await;
        };
        let ended = tokio::select! {
            () = stop.cancelled() => return end(&mut child).await,
            Some(()) = kills.recv() => None,
            ended = child.wait() => Some(ended?),
            () = watched => None,
        };
        world.balancer.set(number, None);
        match ended {
            None => {
                // SIGKILL: nothing of its own runs any more.
                child.kill().await?;
                world.killed();
            }
            Some(status) => {
                world.ended_by_itself(format!("replica {number} ended by itself with {status}"), outages);
                sleep(AFTER_AN_END).await;
            }
        }
    }
}

/// Asks it to stop and waits until it has.
async fn end(child: &mut Child) -> Result<(), Fault> {
    let id = child.id().ok_or("the replica is gone")?.to_string();
    Command::new("kill").args(["-TERM", &id]).status().await?;
    let status = tokio::time::timeout(STOP_LIMIT, child.wait()).await;
    match status {
        Ok(status) if status.as_ref().is_ok_and(std::process::ExitStatus::success) => Ok(()),
        Ok(status) => Err(format!("asked to stop, a replica ended with {status:?}").into()),
        Err(_) => Err(format!("a replica does not stop within {STOP_LIMIT:?} of SIGTERM").into()),
    }
}

/// The address of the gateway whose log begins at `from`, once it says that it is ready.
async fn until_ready(log: &Path, from: u64) -> String {
    let address = loop {
        if let Some(address) = announced(log, from) {
            break address;
        }
        sleep(PAUSE).await;
    };
    let request = Request { method: "GET", path: "/readyz", headers: Vec::new(), body: None };
    while !wire::exchange(&address, &request, Duration::from_secs(2)).await.is_ok_and(|answer| answer.status() == 200) {
        sleep(PAUSE).await;
    }
    address
}

fn announced(log: &Path, from: u64) -> Option<String> {
    let mut file = std::fs::File::open(log).ok()?;
    file.seek(SeekFrom::Start(from)).ok()?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    let line = text.lines().find(|line| line.contains(LISTENS))?;
    let line: serde_json::Value = serde_json::from_str(line).ok()?;
    Some(line.get("address")?.as_str()?.to_owned())
}

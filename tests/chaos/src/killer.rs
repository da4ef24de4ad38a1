//! Decides who dies when.

use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::sleep;

use crate::Fault;
use crate::database::Database;
use crate::dice::Dice;
use crate::say;
use crate::world::World;

/// Times in a hundred that the database is stopped instead of a gateway.
const OUTAGE_PERCENT: u64 = 6;
/// Kills in a hundred that do not wait until the gateway is ready.
const STARTING_PERCENT: u64 = 20;
/// A gateway that does not come up is killed all the same.
const WAIT: Duration = Duration::from_secs(5);
/// Kills between two lines of progress.
const PROGRESS: u64 = 20;

/// Kills so many times, then returns with everything running again.
pub(crate) async fn kill_all(world: &World, database: &Database, replicas: &[mpsc::Sender<()>]) -> Result<(), Fault> {
    let mut dice = Dice::new(world.plan.seed, "kills", 0);
    let mut done = 0;
    while done < world.plan.kills {
        let (outage, length_ms) = (dice.percent(OUTAGE_PERCENT), dice.between(100, 900));
        let chosen = usize::try_from(dice.between(0, u64::from(u32::MAX))).unwrap_or(0);
        let chosen = chosen.checked_rem(replicas.len()).unwrap_or(0);
        // Most kills meet a gateway at work; some come while one still starts.
        let at_work = !dice.percent(STARTING_PERCENT);
        if at_work {
            until_reached(world, chosen).await;
        }
        let most = if at_work { 600 } else { 80 };
        sleep(Duration::from_millis(dice.between(1, most))).await;
        if outage && database.can_stop() {
            world.outage_begins();
            database.stop().await?;
            sleep(Duration::from_millis(length_ms)).await;
            database.start_again().await?;
            world.outage_ends();
            continue;
        }
        let replica = replicas.get(chosen).ok_or("there is no replica to kill")?;
        replica.send(()).await.map_err(|_| "a replica is not kept any more")?;
        done += 1;
        if done % PROGRESS == 0 {
            say(&world.progress(done));
        }
    }
    Ok(())
}

async fn until_reached(world: &World, replica: usize) {
    let reached = async {
        while !world.balancer.reaches(replica) {
            sleep(Duration::from_millis(3)).await;
        }
    };
    // Whether it came in time is told by the measured starts.
    _ = tokio::time::timeout(WAIT, reached).await;
}

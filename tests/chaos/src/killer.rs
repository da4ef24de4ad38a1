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
/// Kills between two lines of progress.
const PROGRESS: u64 = 20;

/// Kills so many times, then returns with everything running again.
pub(crate) async fn kill_all(
    world: &World,
    database: &Database,
    replicas: &[mpsc::Sender<()>],
) -> Result<(), Fault> {
    let mut dice = Dice::new(world.plan.seed, "kills", 0);
    let mut done = 0;
    while done < world.plan.kills {
        // Now and then the next one comes while the gateway still starts.
        let (least, most) = dice.weighted(&[(1, (1, 80)), (4, (100, 1_000))], (100, 1_000));
        sleep(Duration::from_millis(dice.between(least, most))).await;
        let (outage, length_ms) = (dice.percent(OUTAGE_PERCENT), dice.between(100, 900));
        let chosen = usize::try_from(dice.between(0, u64::from(u32::MAX))).unwrap_or(0);
        if outage && database.can_stop() {
            world.outage_begins();
            database.stop().await?;
            sleep(Duration::from_millis(length_ms)).await;
            database.start_again().await?;
            world.outage_ends();
            continue;
        }
        let Some(replica) = chosen.checked_rem(replicas.len()).and_then(|place| replicas.get(place)) else {
            return Err("there is no replica to kill".into());
        };
        replica.send(()).await.map_err(|_| "a replica is not kept any more")?;
        done += 1;
        if done % PROGRESS == 0 {
            say(&world.progress(done));
        }
    }
    Ok(())
}

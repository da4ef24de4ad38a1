//! Seals every value with the data key in use, row by row, beside whatever else is going on. The rows themselves say how
//! far it came: begun again after a crash, it passes over what is done.

use std::time::Duration;

use crate::error::StoreError;
use crate::keys::{ColumnCount, Finished, Keeper, Keys, SealedWith};

/// Rounds over all rows before it gives up on those that somebody else writes again and again.
const ROUNDS: u32 = 5;
/// Between two pieces, so that those who serve customers go first.
const PAUSE: Duration = Duration::from_millis(10);

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The column at work.
    pub column: String,
    /// Values of it that were sealed anew in this round.
    pub resealed: u64,
    /// Values that were to be sealed anew, in all columns, when it began.
    pub wanted: u64,
    /// Values that were, in all columns.
    pub done: u64,
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reencrypted {
    /// Values that were sealed anew.
    pub resealed: u64,
    /// Values that do not open; they are as they were.
    pub unreadable: u64,
    /// Values that are still sealed with something else, those included.
    pub left: u64,
    /// The end.
    pub finished: Finished,
}

/// Has somebody seal everything anew. `tell` hears of each piece.
///
/// # Errors
/// What the database says; what was done holds, and calling it again goes on.
pub async fn reencrypt(
    keys: &dyn Keys,
    by: Keeper<'_>,
    tell: &(dyn Fn(&Progress) + Sync),
) -> Result<Reencrypted, StoreError> {
    keys.reload().await?;
    let mut outcome = Reencrypted::default();
    let wanted = others(keys, &keys.count().await?).await?;
    for _ in 0..ROUNDS {
        let before = outcome.resealed;
        let busy = round(keys, wanted, &mut outcome, tell).await?;
        outcome.finished = keys.finish(by).await?;
        outcome.left = others(keys, &outcome.finished.counts).await?;
        if outcome.left <= outcome.unreadable || (outcome.resealed == before && busy == 0) {
            break;
        }
    }
    Ok(outcome)
}

/// Once over all rows; says how many were busy.
async fn round(
    keys: &dyn Keys,
    wanted: u64,
    outcome: &mut Reencrypted,
    tell: &(dyn Fn(&Progress) + Sync),
) -> Result<u64, StoreError> {
    let mut busy = 0;
    outcome.unreadable = 0;
    for (number, column) in keys.columns().into_iter().enumerate() {
        let (mut from, mut resealed) = (0, 0);
        loop {
            let piece = keys.reseal_some(number, from).await?;
            resealed += piece.resealed;
            outcome.resealed += piece.resealed;
            outcome.unreadable += piece.unreadable;
            busy += piece.busy;
            tell(&Progress { column: column.clone(), resealed, wanted, done: outcome.resealed });
            let Some(next) = piece.next else { break };
            from = next;
            if piece.resealed > 0 {
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    Ok(busy)
}

/// Values that are not sealed with the data key in use.
async fn others(keys: &dyn Keys, counts: &[ColumnCount]) -> Result<u64, StoreError> {
    let report = keys.report().await?;
    let current = report.data.iter().find(|key| key.sealing).map(|key| SealedWith::Data(key.id));
    let values = counts.iter().flat_map(|column| &column.values);
    Ok(values.filter(|(with, _)| Some(*with) != current).map(|(_, count)| count).sum())
}

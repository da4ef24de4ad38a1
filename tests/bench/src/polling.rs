//! Twenty thousand open checkouts at a provider that says nothing by itself: how often it is asked, and how soon what changes
//! is found.
//!
//! The engine, its SQLite file and the calls over HTTP are real; the clock is turned by hand, for the engine and for the
//! provider's simulator alike, a second at a time. The simulator has a thread of its own, so that the gateway's processor time
//! can be told from its.

mod account;
mod crowd;
mod watch;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::Clock as _;
use lendport_engine::Engine;
use lendport_testkit::ManualClock;

use self::account::{Account, Simulated};
use self::crowd::Crowd;
use self::watch::Watch;
use crate::{Fault, say};

/// The provider that is asked for everything.
const PROVIDER: &str = "flexshopper";
/// A reserved moment is used so late at most, and the budget's minute is longer by that (`src/engine/src/budget.rs`).
const BUDGET_WINDOW_S: i64 = 65;
/// A look at once a second, and a turn in between.
const TICKS_S: i64 = 3;

/// What is played.
#[derive(Clone, Copy, Debug)]
pub struct PollingPlan {
    /// Checkouts that are open from the beginning.
    pub checkouts: usize,
    /// How many of a hundred are signed while it is watched.
    pub signed_percent: usize,
    /// New checkouts in a minute.
    pub arrivals_per_minute: usize,
    /// Virtual minutes that are watched.
    pub minutes: i64,
    /// The account's budget.
    pub looks_per_minute: u32,
}

impl Default for PollingPlan {
    fn default() -> Self {
        Self { checkouts: 20_000, signed_percent: 5, arrivals_per_minute: 10, minutes: 80, looks_per_minute: 600 }
    }
}

/// What was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PollingSeen {
    /// Checkouts, those that came later included.
    pub checkouts: usize,
    /// Leases that were signed.
    pub signed: usize,
    /// Of those, how many are confirmed.
    pub confirmed: usize,
    /// Times that a lease was confirmed at the provider.
    pub confirmations: u64,
    /// The longest time from a signature to its confirmation, in seconds.
    pub slowest_s: i64,
    /// What the schedule promises, in seconds.
    pub promised_s: i64,
    /// The median of those times, in seconds.
    pub median_s: i64,
    /// Questions to the provider in the busiest minute: looks and pages of its list, without what belongs to commands.
    pub busiest_minute: u64,
    /// The budget.
    pub budget: u64,
    /// Questions in an hour.
    pub questions_per_hour: u64,
    /// Of them, pages of the list.
    pub pages_per_hour: u64,
    /// Checkouts that were open all the time and never looked at.
    pub starved: usize,
    /// The gateway's processor time in an hour, in milliseconds, without the simulator's.
    pub cpu_ms_per_hour: u64,
}

/// Plays it.
///
/// # Errors
/// When something cannot be started, or answers what it must not.
pub async fn play(plan: PollingPlan) -> Result<PollingSeen, Fault> {
    let clock = ManualClock::new();
    let simulated = Simulated::start(&clock)?;
    let account = Account::open(&simulated, &clock).await?;
    let mut crowd = Crowd::new(plan);
    // As they stand when they have been open for hours: entered in the list by their first look, and looked at once an hour.
    let filling = account.engine(0);
    for _ in 0..plan.checkouts {
        crowd.open(&account, &filling, &clock).await?;
    }
    clock.advance(SignedDuration::from_secs(7));
    filling.settle_due().await?;
    crowd.age(&account, clock.now()).await?;
    drop(filling);

    let engine = account.engine(plan.looks_per_minute);
    let mut watch = Watch::begin(&simulated, &crowd).await?;
    let end = clock.now() + SignedDuration::from_mins(plan.minutes);
    while clock.now() < end || crowd.waits() {
        clock.advance(SignedDuration::from_secs(1));
        turn(&account, &engine, &simulated, &mut crowd, &clock, end).await?;
        watch.look(&simulated).await?;
        if clock.now() >= end + SignedDuration::from_mins(10) {
            break;
        }
    }
    watch.end(&simulated, &account, &crowd, plan).await
}

/// One second of everybody's.
async fn turn(
    account: &Account,
    engine: &Arc<Engine>,
    simulated: &Simulated,
    crowd: &mut Crowd,
    clock: &ManualClock,
    end: Timestamp,
) -> Result<(), Fault> {
    let now = clock.now();
    if now < end {
        crowd.arrive(account, engine, clock).await?;
        crowd.sign(account, engine, simulated, now).await?;
    }
    engine.sweep_due().await?;
    engine.settle_due().await?;
    if now.as_second() % 60 == 0 {
        engine.expire_due().await?;
    }
    crowd.find(account, now).await
}

/// Prints it.
pub(crate) fn tell(plan: &PollingPlan, seen: &PollingSeen) {
    let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    say(&format!("{} open checkouts at one account, {} virtual minutes, {build}", plan.checkouts, plan.minutes));
    say(&format!(
        "questions: {} an hour ({} of them pages of the list), {} in the busiest minute, budget {}",
        seen.questions_per_hour, seen.pages_per_hour, seen.busiest_minute, seen.budget
    ));
    say(&format!(
        "changes: {} signed, {} confirmed by {} confirmations; found after {} s (median) and {} s (slowest), promised {} s",
        seen.signed, seen.confirmed, seen.confirmations, seen.median_s, seen.slowest_s, seen.promised_s
    ));
    say(&format!("never looked at: {}", seen.starved));
    say(&format!("processor time of the gateway: {} ms in an hour of the clock", seen.cpu_ms_per_hour));
}

/// What went wrong, in words; empty when every promise was kept.
pub(crate) fn broken(seen: &PollingSeen) -> Vec<&'static str> {
    let confirmed = u64::try_from(seen.confirmed).unwrap_or(u64::MAX);
    [
        (seen.signed == 0, "nobody signed"),
        (seen.confirmed < seen.signed, "a signature was not found"),
        (seen.confirmations != confirmed, "a lease was confirmed more than once, or not by us"),
        (seen.slowest_s > seen.promised_s, "a signature was found later than promised"),
        (seen.busiest_minute > seen.budget, "a minute had more questions than the budget"),
        (seen.starved > 0, "a checkout was never looked at"),
    ]
    .into_iter()
    .filter_map(|(wrong, what)| wrong.then_some(what))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tenth of the number, for every build.
    #[tokio::test(flavor = "multi_thread")]
    async fn two_thousand_are_asked_within_the_budget_and_what_changes_is_found_in_time() {
        let plan =
            PollingPlan { checkouts: 2_000, looks_per_minute: 60, arrivals_per_minute: 1, ..PollingPlan::default() };
        let seen = play(plan).await.unwrap();
        tell(&plan, &seen);
        assert_eq!(broken(&seen), Vec::<&str>::new(), "{seen:?}");
        assert!(seen.signed >= 80 && seen.questions_per_hour >= 1_500, "{seen:?}");
        // Asking for each every minute would be a hundred and twenty thousand.
        assert!(seen.questions_per_hour <= 3_600, "{seen:?}");
    }
}

//! Counts what the provider was asked, second by second.

use std::collections::VecDeque;

use lendport::registry;
use serde_json::Value;

use super::account::{Account, Simulated};
use super::crowd::Crowd;
use super::{BUDGET_WINDOW_S, PROVIDER, PollingPlan, PollingSeen, TICKS_S};
use crate::Fault;

/// Seconds in which no more may be asked than the budget.
const MINUTE: usize = 60;

/// How often the provider was called so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    /// Looks and pages of the list, without what belongs to commands.
    questions: u64,
    pages: u64,
    confirmations: u64,
}

impl Counts {
    async fn read(at: &Simulated) -> Result<Self, Fault> {
        let calls = at.control("calls", None).await?;
        let count = |name: &str| calls.get(name).and_then(Value::as_u64).unwrap_or(0);
        let (pages, confirmations) = (count("transactions"), count("finalize"));
        // Confirming reads the order once more before.
        let questions = (count("transaction") + pages).saturating_sub(confirmations);
        Ok(Self { questions, pages, confirmations })
    }
}

pub(super) struct Watch {
    began: Counts,
    last: Counts,
    cpu_us: u64,
    /// Questions of each of the last seconds.
    seconds: VecDeque<u64>,
    busiest_minute: u64,
    watched_s: u64,
    /// Checkouts that were there from the beginning.
    there: usize,
}

impl Watch {
    pub(super) async fn begin(at: &Simulated, crowd: &Crowd) -> Result<Self, Fault> {
        let began = Counts::read(at).await?;
        Ok(Self {
            began,
            last: began,
            cpu_us: at.cpu_us_beside()?,
            seconds: VecDeque::new(),
            busiest_minute: 0,
            watched_s: 0,
            there: crowd.all.len(),
        })
    }

    /// Counts the second that just went by.
    pub(super) async fn look(&mut self, at: &Simulated) -> Result<(), Fault> {
        let now = Counts::read(at).await?;
        self.seconds.push_back(now.questions.saturating_sub(self.last.questions));
        while self.seconds.len() > MINUTE {
            self.seconds.pop_front();
        }
        self.busiest_minute = self.busiest_minute.max(self.seconds.iter().sum());
        self.watched_s += 1;
        self.last = now;
        Ok(())
    }

    pub(super) async fn end(
        self,
        at: &Simulated,
        account: &Account,
        crowd: &Crowd,
        plan: PollingPlan,
    ) -> Result<PollingSeen, Fault> {
        let cpu_us = at.cpu_us_beside()?.saturating_sub(self.cpu_us);
        let per_hour = |count: u64| count * 3_600 / self.watched_s.max(1);
        let mut found = crowd.found_s.clone();
        found.sort_unstable();
        let sweep = registry::registration(PROVIDER).and_then(|known| known.descriptor.sweep);
        let every_s = i64::from(sweep.ok_or("the provider has no list")?.every_s);
        let mut starved = 0;
        for (id, _) in crowd.all.iter().take(self.there) {
            let record = account.store.checkout(account.tenant, *id).await?.ok_or("a checkout is gone")?;
            // Each was given the count of one that has waited for hours; a look adds to it, news sets it back.
            let untouched = |attempt: &lendport_core::Attempt| {
                attempt.state == lendport_core::AttemptState::AwaitingCustomer
                    && attempt.polls == super::crowd::LOOKED_AT
            };
            starved += usize::from(record.attempts.iter().any(untouched));
        }
        Ok(PollingSeen {
            checkouts: crowd.all.len(),
            signed: crowd.signatures,
            confirmed: found.len(),
            confirmations: self.last.confirmations - self.began.confirmations,
            slowest_s: found.last().copied().unwrap_or(0),
            median_s: found.get(found.len() / 2).copied().unwrap_or(0),
            // The list's pause, a fifth more or less; its turn and the look's in the budget.
            promised_s: every_s * 12 / 10 + 2 * BUDGET_WINDOW_S + TICKS_S,
            busiest_minute: self.busiest_minute,
            budget: u64::from(plan.looks_per_minute),
            questions_per_hour: per_hour(self.last.questions - self.began.questions),
            pages_per_hour: per_hour(self.last.pages - self.began.pages),
            starved,
            cpu_ms_per_hour: per_hour(cpu_us / 1_000),
        })
    }
}

//! How much a merchant may have, and how much it has.
//!
//! Checkouts are not counted for each that is made. A process counts those of a tenant in the database every few seconds, up
//! to the limit and no further, and in between adds what it makes itself, from before it is stored. So one process never lets
//! a merchant have more than its quota; with several, each may add what the others made since it last counted: ten seconds
//! of theirs at most, which their rate limits bound.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::{AuditAction, Invalid, MerchantId, Quota, Quotas, Scope, limits};
use lendport_storage::{AdminChange, PageAsk, Tenant};
use tokio::sync::Notify;

use super::By;
use super::merchants::{require_live, whether_live};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::QuotasView;

/// How long a count is believed.
const BELIEVED_FOR: SignedDuration = SignedDuration::from_secs(10);
/// A refusal rests on a count that is no older than this: what ended meanwhile makes room.
const REFUSED_FOR: SignedDuration = SignedDuration::from_secs(1);
/// Tenants that are remembered; beyond it those without a checkout in the making are counted again.
const REMEMBERED: usize = 10_000;
/// As far as checkouts are counted where somebody only wants to know.
const SHOWN_MAX: u32 = 1_000_000;
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// What is known of tenants.
#[derive(Debug, Default)]
pub(crate) struct QuotaUse {
    of: Mutex<HashMap<Tenant, Use>>,
    /// Somebody has counted.
    counted: Notify,
}

#[derive(Clone, Copy, Debug, Default)]
struct Use {
    counted: Option<Counted>,
    /// Somebody counts; others go on with what is known.
    counting: bool,
    /// Being made by this process.
    in_the_making: u32,
    /// Made by this process so far.
    made: u64,
}

#[derive(Clone, Copy, Debug)]
struct Counted {
    at: Timestamp,
    quotas: Quotas,
    open: u32,
    day: u32,
    /// Made by this process before the count began, and so in it.
    made_before: u64,
}

impl Use {
    /// The quota that one more would break, with its limit and its use.
    fn exceeded(&self, counted: Counted) -> Option<(Quota, u32, u32)> {
        let since = u32::try_from(self.made.saturating_sub(counted.made_before)).unwrap_or(u32::MAX);
        let own = since.saturating_add(self.in_the_making);
        [(Quota::OpenCheckouts, counted.open), (Quota::CheckoutsPerDay, counted.day)].into_iter().find_map(
            |(quota, counted_use)| {
                let (limit, used) = (counted.quotas.of(quota)?, counted_use.saturating_add(own));
                (used >= limit).then_some((quota, limit, used))
            },
        )
    }
}

/// Room for one checkout in the making. Dropped, it is free again, unless the checkout was made.
#[derive(Debug)]
pub(crate) struct Seat {
    uses: Arc<QuotaUse>,
    tenant: Tenant,
    made: bool,
}

impl Seat {
    /// The checkout is stored.
    pub(crate) fn taken(mut self) {
        self.made = true;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut uses = self.uses.lock();
        let Some(known) = uses.get_mut(&self.tenant) else { return };
        known.in_the_making = known.in_the_making.saturating_sub(1);
        known.made = known.made.saturating_add(u64::from(self.made));
    }
}

/// What to do about one more checkout.
enum Verdict {
    Seated(Seat),
    Refused {
        quota: Quota,
        limit: u32,
        used: u32,
    },
    /// Count first. So many were made before the count begins, and will be in it.
    Count(Counting),
    /// Somebody counts for the first time.
    Wait,
}

/// A count under way. Dropped without a result, the next one counts.
struct Counting {
    uses: Arc<QuotaUse>,
    tenant: Tenant,
    made_before: u64,
    result: Option<Counted>,
}

impl Drop for Counting {
    fn drop(&mut self) {
        if let Some(known) = self.uses.lock().get_mut(&self.tenant) {
            known.counting = false;
            known.counted = self.result.or(known.counted);
        }
        self.uses.counted.notify_waiters();
    }
}

impl QuotaUse {
    fn lock(&self) -> MutexGuard<'_, HashMap<Tenant, Use>> {
        self.of.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Has a merchant's quotas read again; they have just changed. Other processes read them within ten seconds.
    fn forget(&self, merchant: MerchantId) {
        for (_, known) in self.lock().iter_mut().filter(|(tenant, _)| tenant.merchant == merchant) {
            known.counted = None;
        }
    }

    fn judge(self: &Arc<Self>, tenant: Tenant, now: Timestamp) -> Verdict {
        let mut uses = self.lock();
        if uses.len() >= REMEMBERED {
            uses.retain(|_, known| known.in_the_making > 0 || known.counting);
        }
        let known = uses.entry(tenant).or_default();
        let begin = |known: &mut Use| {
            known.counting = true;
            let made_before = known.made;
            Verdict::Count(Counting { uses: Arc::clone(self), tenant, made_before, result: None })
        };
        let Some(counted) = known.counted else { return if known.counting { Verdict::Wait } else { begin(known) } };
        let age = now.duration_since(counted.at);
        if age >= BELIEVED_FOR && !known.counting {
            return begin(known);
        }
        match known.exceeded(counted) {
            Some(_) if age >= REFUSED_FOR && !known.counting => begin(known),
            Some((quota, limit, used)) => Verdict::Refused { quota, limit, used },
            None => {
                known.in_the_making += 1;
                Verdict::Seated(Seat { uses: Arc::clone(self), tenant, made: false })
            }
        }
    }
}

impl Engine {
    /// Room for one more checkout, where the merchant's quotas leave it.
    pub(crate) async fn seat_for_checkout(&self, tenant: Tenant) -> Result<Seat, EngineError> {
        loop {
            // Asked for before looking, so that no end of a count is missed.
            let counted = self.quota_use.counted.notified();
            match self.quota_use.judge(tenant, self.clock.steady()) {
                Verdict::Seated(seat) => return Ok(seat),
                Verdict::Refused { quota, limit, used } => return Err(EngineError::Quota { quota, limit, used }),
                Verdict::Wait => counted.await,
                Verdict::Count(mut counting) => {
                    counting.result = Some(self.count_use(tenant, counting.made_before).await?);
                }
            }
        }
    }

    async fn count_use(&self, tenant: Tenant, made_before: u64) -> Result<Counted, EngineError> {
        let at = self.clock.steady();
        let quotas = self.quotas_of(tenant.merchant).await?;
        let most = [quotas.open_checkouts, quotas.checkouts_per_day].into_iter().flatten().max();
        let Some(most) = most else { return Ok(Counted { at, quotas, open: 0, day: 0, made_before }) };
        let counts = self.store.count_checkouts(tenant, self.a_day_ago(), most).await?;
        Ok(Counted { at, quotas, open: counts.open, day: counts.since, made_before })
    }

    fn a_day_ago(&self) -> Timestamp {
        self.clock.now().saturating_sub(DAY).unwrap_or(Timestamp::MIN)
    }

    /// What holds for a merchant.
    pub(crate) async fn quotas_of(&self, merchant: MerchantId) -> Result<Quotas, EngineError> {
        Ok(self.store.quotas(merchant).await?.over(self.settings.quotas))
    }

    /// The quotas of a merchant, and how much of each it uses in this mode.
    pub async fn read_quotas(&self, tenant: Tenant) -> Result<QuotasView, EngineError> {
        let own = self.store.quotas(tenant.merchant).await?;
        let counts = self.store.count_checkouts(tenant, self.a_day_ago(), SHOWN_MAX).await?;
        let page = PageAsk { limit: limits::PAGE_MAX, after: None };
        let endpoints = u32::try_from(self.outbox.endpoints(tenant, page).await?.rows.len()).unwrap_or(u32::MAX);
        Ok(QuotasView::of(tenant, own, self.settings.quotas, [counts.open, counts.since, endpoints]))
    }

    /// Says what a merchant's own quotas are, all of them; it takes `platform:admin`. They are the same in both modes, so that
    /// it takes a live key as well once the merchant has one, or a live account.
    pub async fn put_quotas(
        &self,
        by: By,
        tenant: Tenant,
        quotas: Quotas,
        shape: Invalid,
    ) -> Result<QuotasView, EngineError> {
        by.require(Scope::PlatformAdmin)?;
        shape.finish()?;
        let tools = self.tools.clone();
        self.administer(tenant, whether_live(self.clock.now()), move |loaded| {
            loaded.merchant.ok_or(EngineError::NotFound)?;
            require_live(&by, loaded)?;
            let mut entry = by.doer(tenant.merchant).did(
                tools.ids.as_ref(),
                tools.clock.now(),
                tenant,
                AuditAction::MerchantUpdated,
                tenant.merchant,
            );
            entry = entry.with("fields", "quotas");
            for quota in Quota::ALL {
                let limit = quotas.of(quota).map_or_else(|| "as configured".to_owned(), |limit| limit.to_string());
                entry = entry.with(quota.as_str(), limit);
            }
            Ok((AdminChange { quotas: Some(quotas), audit: vec![entry], ..AdminChange::default() }, ()))
        })
        .await?;
        self.quota_use.forget(tenant.merchant);
        self.read_quotas(tenant).await
    }
}

#[cfg(test)]
mod tests {
    use lendport_core::Mode;
    use lendport_testkit::SeededIds;

    use super::*;

    const START: Timestamp = Timestamp::UNIX_EPOCH;

    fn counted(open: u32, limit: u32) -> Counted {
        let quotas = Quotas { open_checkouts: Some(limit), ..Quotas::default() };
        Counted { at: START, quotas, open, day: 0, made_before: 0 }
    }

    /// Begins a count.
    fn begin(uses: &Arc<QuotaUse>, tenant: Tenant, now: Timestamp) -> Counting {
        match uses.judge(tenant, now) {
            Verdict::Count(counting) => counting,
            Verdict::Seated(_) | Verdict::Refused { .. } | Verdict::Wait => panic!("it is time to count"),
        }
    }

    fn end(mut counting: Counting, counted: Counted) {
        counting.result = Some(Counted { made_before: counting.made_before, ..counted });
    }

    fn start(open: u32, limit: u32) -> (Arc<QuotaUse>, Tenant) {
        let tenant = Tenant { merchant: MerchantId::mint(&SeededIds::new(1)), mode: Mode::Test };
        let uses = Arc::new(QuotaUse::default());
        let counting = begin(&uses, tenant, START);
        assert!(matches!(uses.judge(tenant, START), Verdict::Wait), "one counts for all");
        end(counting, counted(open, limit));
        (uses, tenant)
    }

    fn seat(uses: &Arc<QuotaUse>, tenant: Tenant) -> Seat {
        match uses.judge(tenant, START) {
            Verdict::Seated(seat) => seat,
            Verdict::Refused { .. } | Verdict::Count(_) | Verdict::Wait => panic!("there should be room"),
        }
    }

    fn is_refused(uses: &Arc<QuotaUse>, tenant: Tenant) -> bool {
        matches!(uses.judge(tenant, START), Verdict::Refused { quota: Quota::OpenCheckouts, limit: 3, used: 3 })
    }

    #[test]
    fn what_is_in_the_making_has_its_place_and_gives_it_back_where_nothing_came_of_it() {
        let (uses, tenant) = start(1, 3);
        let (one, two) = (seat(&uses, tenant), seat(&uses, tenant));
        assert!(is_refused(&uses, tenant));
        drop(one);
        seat(&uses, tenant).taken();
        assert!(is_refused(&uses, tenant));
        two.taken();
        assert!(is_refused(&uses, tenant));
    }

    #[test]
    fn what_was_made_before_a_count_is_in_it_and_what_is_made_during_it_is_added() {
        let (uses, tenant) = start(0, 3);
        seat(&uses, tenant).taken();
        let during = seat(&uses, tenant);
        let later = START + BELIEVED_FOR;
        let counting = begin(&uses, tenant, later);
        assert!(matches!(uses.judge(tenant, later), Verdict::Seated(_)), "others go on meanwhile");
        during.taken();
        end(counting, counted(1, 3));
        seat(&uses, tenant).taken();
        assert!(is_refused(&uses, tenant), "one counted, one made during the count, one after it");
    }

    #[test]
    fn a_refusal_is_counted_anew_after_a_second_and_a_failed_count_too() {
        let (uses, tenant) = start(3, 3);
        assert!(is_refused(&uses, tenant));
        drop(begin(&uses, tenant, START + REFUSED_FOR));
        end(begin(&uses, tenant, START + REFUSED_FOR), counted(2, 3));
        seat(&uses, tenant).taken();
        assert!(is_refused(&uses, tenant));
        uses.forget(tenant.merchant);
        drop(begin(&uses, tenant, START));
    }
}

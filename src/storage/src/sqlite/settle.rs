//! What tries led to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::DeliveryState;
use rusqlite::params;

use super::apply::Writing;
use super::cell::{StoredId as _, time};
use super::delivery_rows;
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::Done;
use crate::outbox::{AfterTry, TriedDelivery};

/// How exactly it is known when an endpoint last accepted anything.
const ACCEPTED_TO: SignedDuration = SignedDuration::from_mins(1);

/// What became of a result.
pub(crate) struct Settled {
    /// The key of its endpoint.
    pub(crate) endpoint: i64,
    /// False when it stands in the log alone.
    pub(crate) counts: bool,
}

impl Writing<'_> {
    /// Writes what one try led to, and brings what waited behind it in order. None when the delivery was trimmed
    /// meanwhile and has no log any more. A resend during the try has changed the row: then only `Delivered` counts, and
    /// any other end of the try leaves the delivery due, as the resend put it.
    pub(crate) fn settle(self, owner: &str, tried: &TriedDelivery) -> Done<Option<Settled>> {
        let Some(tenant) = self.memory.tenant(self.db, self.vault, self.memory.view(), self.tenant)? else {
            return Ok(None);
        };
        let endpoint = tenant.endpoints.iter().find(|known| known.endpoint.id == tried.endpoint);
        let Some(endpoint) = endpoint else { return Ok(None) };
        let Some(row) = delivery_rows::row(self.db, endpoint.pk, tried.delivery)? else { return Ok(None) };
        delivery_rows::insert_attempt(self.db, self.vault, row.event, endpoint, &tried.attempt)?;
        self.note_health(endpoint, tried)?;
        let lost = self.memory.leases().is_held_by_other(endpoint.pk, tried.delivery, owner);
        let is_as_leased = row.state == DeliveryState::Pending && row.updated_at == tried.leased && !endpoint.removed;
        let counts = tried.after == AfterTry::Delivered || (is_as_leased && !lost);
        let settled = Settled { endpoint: endpoint.pk, counts };
        if !counts {
            return Ok(Some(settled));
        }
        self.write_after(endpoint.pk, tried)?;
        if let Some(checkout) = row.checkout {
            delivery_rows::put_in_order(self.db, endpoint.pk, checkout)?;
        }
        self.memory.work_comes();
        Ok(Some(settled))
    }

    fn write_after(self, endpoint: i64, tried: &TriedDelivery) -> Done<()> {
        let (state, next_at, overtakable) = match tried.after {
            AfterTry::Delivered => (DeliveryState::Delivered, None, false),
            AfterTry::Retry { at, overtakable } => (DeliveryState::Pending, Some(at), overtakable),
            AfterTry::Failed => (DeliveryState::Failed, None, false),
        };
        self.db
            .prepare_cached(
                "UPDATE deliveries SET state = ?3, tries = tries + 1, next_at = ?4, overtakable = ?5,
                    waits = waits AND ?3 = 'pending', updated_at = ?6
                 WHERE endpoint = ?1 AND id = ?2",
            )?
            .execute(params![
                endpoint,
                tried.delivery.bytes(),
                state.as_str(),
                next_at.map(time),
                overtakable,
                time(ended(tried)),
            ])?;
        Ok(())
    }

    /// Writes how the endpoint fares, where that is news.
    fn note_health(self, endpoint: &Arc<KnownEndpoint>, tried: &TriedDelivery) -> Done<()> {
        let (failing_since, accepted_at) = (endpoint.endpoint.failing_since, endpoint.accepted_at);
        let at = tried.attempt.started_at;
        let (failing_now, accepted_now) = if tried.after == AfterTry::Delivered {
            let known = accepted_at.is_some_and(|known| at.duration_since(known) < ACCEPTED_TO);
            (None, if known { accepted_at } else { Some(at) })
        } else {
            (failing_since.or(Some(at)), accepted_at)
        };
        if (failing_now, accepted_now) == (failing_since, accepted_at) {
            return Ok(());
        }
        self.memory.endpoints_change();
        endpoint_rows::put_health(self.db, endpoint.pk, failing_now, accepted_now)
    }
}

fn ended(tried: &TriedDelivery) -> Timestamp {
    let latency = SignedDuration::from_millis(i64::try_from(tried.attempt.latency_ms).unwrap_or(i64::MAX));
    tried.attempt.started_at.saturating_add(latency).unwrap_or(Timestamp::MAX)
}

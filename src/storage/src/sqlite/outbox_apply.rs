//! Carries out an [`OutboxChange`] inside the writer's transaction.

use std::sync::Arc;

use lendport_core::{About, Delivery};

use super::apply::Writing;
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::{Done, Fault};
use super::memory::KnownTenant;
use super::{delivery_pages, delivery_rows, idempotency_rows, recover};
use crate::outbox::{OutboxAsk, OutboxChange, OutboxDecide, OutboxLoaded};
use crate::store::ChangeOutcome;

/// What was asked for, as it stands.
struct Found {
    endpoint: Option<Arc<KnownEndpoint>>,
    delivery: Option<Delivery>,
}

impl Writing<'_> {
    /// Loads, lets the decision look, writes what it says.
    pub(crate) fn change_outbox(self, ask: &OutboxAsk, decide: &mut OutboxDecide<'static>) -> Done<ChangeOutcome> {
        if let Some(row) = self.claimed(ask.claim.as_ref())? {
            return Ok(ChangeOutcome::Claimed(row));
        }
        let tenant = self.memory.tenant_or_new(self.db, self.vault, self.tenant)?;
        let Some(found) = self.find(&tenant, ask)? else { return Ok(ChangeOutcome::NotFound) };
        let change = decide(OutboxLoaded {
            endpoint: found.endpoint.as_ref().map(|known| &*known.endpoint),
            delivery: found.delivery.as_ref(),
            endpoints: endpoint_rows::how_many(self.db, tenant.pk)?,
        });
        if change.abort {
            return Ok(ChangeOutcome::Done);
        }
        self.write_endpoint(tenant.pk, &found, &change)?;
        self.write_queue(&found, &change)?;
        if !change.events.is_empty() {
            let tenant = self.memory.tenant_or_new(self.db, self.vault, self.tenant)?;
            for (event, audience) in &change.events {
                if !matches!(event.about, About::Endpoint(_)) {
                    return Err(Fault::broken(format!("{} is about a checkout and changes with it", event.id)));
                }
                self.tell_one(tenant.pk, &tenant.endpoints, None, event, *audience)?;
            }
        }
        if let Some(claim) = &ask.claim {
            let claimed = idempotency_rows::insert(self.db, self.tenant, claim, None, None)?;
            if !claimed {
                return Err(Fault::broken("a key was claimed twice in one transaction"));
            }
        }
        if let Some(write) = &change.claim {
            idempotency_rows::settle(self.db, self.vault, self.tenant, write, None, None)?;
        }
        Ok(ChangeOutcome::Done)
    }

    /// None when something that was asked for is not there.
    fn find(self, tenant: &KnownTenant, ask: &OutboxAsk) -> Done<Option<Found>> {
        let (mut endpoint, mut delivery) = (None, None);
        if let Some(id) = ask.endpoint {
            endpoint = endpoint_rows::find(self.db, self.vault, tenant.pk, id)?.map(Arc::new);
            if endpoint.is_none() {
                return Ok(None);
            }
        }
        if let Some(id) = ask.delivery {
            delivery = delivery_pages::delivery(self.db, self.vault, tenant, id)?.map(|(delivery, _)| delivery);
            let Some(found) = &delivery else { return Ok(None) };
            endpoint = endpoint_rows::find(self.db, self.vault, tenant.pk, found.endpoint)?.map(Arc::new);
        }
        Ok(Some(Found { endpoint, delivery }))
    }

    fn write_endpoint(self, tenant: i64, found: &Found, change: &OutboxChange) -> Done<()> {
        let old = found.endpoint.as_deref();
        if let Some(new) = &change.endpoint {
            if old.is_some_and(|old| old.endpoint.id != new.id) {
                return Err(Fault::broken(format!("{} cannot become another endpoint", new.id)));
            }
            self.memory.endpoints_change();
            endpoint_rows::put(self.db, self.vault, tenant, old, new)?;
            // Enabled again, its deliveries may be due.
            self.memory.work_comes();
        }
        if change.remove {
            let Some(old) = old else { return Err(Fault::broken("nothing was loaded to be removed")) };
            self.memory.endpoints_change();
            endpoint_rows::remove(self.db, old.pk)?;
        }
        Ok(())
    }

    fn write_queue(self, found: &Found, change: &OutboxChange) -> Done<()> {
        if change.resend_at.is_none() && change.recover_since.is_none() {
            return Ok(());
        }
        let Some(endpoint) = found.endpoint.as_deref().filter(|_| !change.remove) else {
            return Err(Fault::broken("nothing can be sent again to an endpoint that is gone"));
        };
        if let Some(at) = change.resend_at {
            let Some(delivery) = &found.delivery else {
                return Err(Fault::broken("nothing was loaded to be sent again"));
            };
            delivery_rows::requeue(self.db, endpoint.pk, delivery.id, at)?;
            let row = delivery_rows::row(self.db, endpoint.pk, delivery.id)?;
            if let Some(checkout) = row.and_then(|row| row.checkout) {
                delivery_rows::put_in_order(self.db, endpoint.pk, checkout)?;
            }
        }
        if let Some(since) = change.recover_since {
            recover::ask(self.db, endpoint, since)?;
        }
        self.memory.work_comes();
        Ok(())
    }
}

//! Carries out an [`OutboxChange`] in one transaction. Changes of one tenant's endpoints come one after the other.

use std::panic::{AssertUnwindSafe, catch_unwind};

use lendport_core::{About, Delivery};

use super::columns::Rows;
use super::connection::{Db, Statements as _};
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::{Done, Failure};
use super::{delivery_pages, delivery_rows, event_rows, idempotency_rows, recover};
use crate::error::StoreError;
use crate::idempotency::{Claim, IdempotencyRow};
use crate::outbox::{Audience, OutboxAsk, OutboxChange, OutboxDecide, OutboxLoaded};
use crate::store::ChangeOutcome;
use crate::tenant::Tenant;
use crate::vault::Vault;

/// What was asked for, as it stands.
struct Found {
    endpoint: Option<KnownEndpoint>,
    delivery: Option<Delivery>,
}

/// A connection inside a transaction, with what a change needs.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) db: &'a Db,
    pub(crate) vault: &'a Vault,
    pub(crate) tenant: Tenant,
    /// The tenant's number.
    pub(crate) number: i64,
}

impl Writing<'_> {
    /// Loads, lets the decision look, writes what it says; answers whether anything was written.
    pub(crate) async fn change(
        self,
        ask: &OutboxAsk,
        decide: &std::sync::Mutex<Box<OutboxDecide<'static>>>,
    ) -> Done<(ChangeOutcome, bool)> {
        let hold = "SELECT 1 FROM tenants WHERE pk = $1 FOR NO KEY UPDATE";
        self.db.row(hold, &[&self.number]).await?;
        if let Some(claim) = &ask.claim
            && let Some(row) = claim_key(self.db, self.vault, (self.tenant, self.number), claim).await?
        {
            return Ok((ChangeOutcome::Claimed(row), false));
        }
        let Some(found) = self.find(ask).await? else { return Ok((ChangeOutcome::NotFound, false)) };
        let loaded = OutboxLoaded {
            endpoint: found.endpoint.as_ref().map(|known| &*known.endpoint),
            delivery: found.delivery.as_ref(),
            endpoints: endpoint_rows::how_many(self.db, self.number).await?,
        };
        let change = {
            let mut decide = decide.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            catch_unwind(AssertUnwindSafe(|| decide(loaded)))
                .map_err(|_| Failure::broken("a change panicked; nothing of it was written"))?
        };
        if change.abort {
            return Ok((ChangeOutcome::Done, false));
        }
        self.write_endpoint(&found, &change).await?;
        self.write_queue(&found, &change).await?;
        for (event, audience) in &change.events {
            if !matches!(event.about, About::Endpoint(_)) {
                return Err(Failure::broken(format!("{} is about a checkout and changes with it", event.id)));
            }
            self.tell(event, *audience).await?;
        }
        if let Some(write) = &change.claim {
            let mut settled = Rows::default();
            settled.push(idempotency_rows::settle_row(self.vault, (self.tenant, self.number), write, None)?);
            self.db.write(idempotency_rows::SETTLE, &settled.values()).await?;
        }
        Ok((ChangeOutcome::Done, true))
    }

    /// None when something that was asked for is not there.
    async fn find(self, ask: &OutboxAsk) -> Done<Option<Found>> {
        let (mut endpoint, mut delivery) = (None, None);
        if let Some(id) = ask.endpoint {
            endpoint = endpoint_rows::find(self.db, self.vault, self.number, id, true).await?;
            if endpoint.is_none() {
                return Ok(None);
            }
        }
        if let Some(id) = ask.delivery {
            delivery = self.hold_delivery(id).await?;
            let Some(found) = &delivery else { return Ok(None) };
            endpoint = endpoint_rows::find(self.db, self.vault, self.number, found.endpoint, true).await?;
        }
        Ok(Some(Found { endpoint, delivery }))
    }

    /// A delivery whose event cannot be trimmed, and whose checkout gets no other event, until the transaction ends.
    async fn hold_delivery(self, id: lendport_core::DeliveryId) -> Done<Option<Delivery>> {
        let Some((delivery, _)) = delivery_pages::find(self.db, self.vault, self.number, id).await? else {
            return Ok(None);
        };
        let event = "SELECT checkout FROM events WHERE tenant = $1 AND id = $2 FOR KEY SHARE";
        let Some(row) = self.db.row(event, &[&self.number, &delivery.event.uuid()]).await? else { return Ok(None) };
        if let Some(checkout) = row.try_get::<_, Option<i64>>(0)? {
            self.db.rows(delivery_rows::HOLD, &[&[checkout].as_slice()]).await?;
        }
        Ok(delivery_pages::find(self.db, self.vault, self.number, id).await?.map(|(delivery, _)| delivery))
    }

    async fn write_endpoint(self, found: &Found, change: &OutboxChange) -> Done<()> {
        let old = found.endpoint.as_ref();
        if let Some(new) = &change.endpoint {
            if old.is_some_and(|old| old.endpoint.id != new.id) {
                return Err(Failure::broken(format!("{} cannot become another endpoint", new.id)));
            }
            endpoint_rows::put(self.db, self.vault, self.number, old, new).await?;
        }
        if change.remove {
            let Some(old) = old else { return Err(Failure::broken("nothing was loaded to be removed")) };
            endpoint_rows::remove(self.db, old.pk).await?;
        }
        Ok(())
    }

    async fn write_queue(self, found: &Found, change: &OutboxChange) -> Done<()> {
        if change.resend_at.is_none() && change.recover_since.is_none() {
            return Ok(());
        }
        let Some(endpoint) = found.endpoint.as_ref().filter(|_| !change.remove) else {
            return Err(Failure::broken("nothing can be sent again to an endpoint that is gone"));
        };
        if let Some(at) = change.resend_at {
            let Some(delivery) = &found.delivery else {
                return Err(Failure::broken("nothing was loaded to be sent again"));
            };
            delivery_rows::requeue(self.db, endpoint.pk, delivery.id, at).await?;
        }
        if let Some(since) = change.recover_since {
            recover::ask(self.db, endpoint.pk, since).await?;
        }
        Ok(())
    }

    async fn tell(self, event: &lendport_core::Event, audience: Audience) -> Done<()> {
        let only = match audience {
            Audience::Subscribed => None,
            Audience::Only(id) => Some(id),
        };
        let mut events = Rows::default();
        events.push(event_rows::row(self.number, None, event)?);
        let (mut values, addressee) = (events.values(), only.map(|id| id.uuid()));
        values.push(&addressee);
        let made = self.db.row(event_rows::INSERT, &values).await?;
        let made: i64 = made.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
        match only {
            Some(id) if made == 0 => Err(Failure::broken(format!("{id} is not an enabled endpoint"))),
            _ => Ok(()),
        }
    }
}

/// Claims a key; its row where somebody has it.
pub(crate) async fn claim_key(
    db: &Db,
    vault: &Vault,
    key: (Tenant, i64),
    claim: &Claim,
) -> Done<Option<IdempotencyRow>> {
    let mut claims = Rows::default();
    claims.push(idempotency_rows::claim_row(key.1, claim, None, None));
    if !db.rows(idempotency_rows::CLAIM, &claims.values()).await?.is_empty() {
        return Ok(None);
    }
    let row = idempotency_rows::find(db, vault, key, &claim.route, &claim.key).await?;
    let gone = || Failure::Conflict(StoreError::Unavailable("the key was claimed and is gone".to_owned()));
    row.map(Some).ok_or_else(gone)
}

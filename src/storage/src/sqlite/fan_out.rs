//! Who is told of an event: decided in the transaction that writes it.

use std::sync::Arc;

use lendport_core::Event;

use super::apply::Writing;
use super::delivery_rows::{self, Told};
use super::endpoint_rows::KnownEndpoint;
use super::event_rows;
use super::fault::{Done, Fault};
use crate::outbox::Audience;
use crate::packed::Model;

impl Writing<'_> {
    /// Writes events of a checkout, each with its deliveries; `model` is what their snapshots resemble.
    pub(crate) fn tell(self, checkout: i64, model: Option<&Model>, events: &[Event]) -> Done<()> {
        if events.is_empty() {
            return Ok(());
        }
        let tenant = self.memory.tenant_or_new(self.db, self.vault, self.tenant)?;
        for event in events {
            self.tell_one(tenant.pk, &tenant.endpoints, Some((checkout, model)), event, Audience::Subscribed)?;
        }
        Ok(())
    }

    /// Writes one event with its deliveries.
    pub(crate) fn tell_one(
        self,
        tenant: i64,
        endpoints: &[Arc<KnownEndpoint>],
        checkout: Option<(i64, Option<&Model>)>,
        event: &Event,
        audience: Audience,
    ) -> Done<()> {
        let (checkout, model) = checkout.unzip();
        let pk = event_rows::insert(self.db, tenant, checkout, model.flatten(), event)?;
        let told = Told { pk, id: event.id, checkout, sequence: event.sequence };
        let listens = |known: &KnownEndpoint| match audience {
            Audience::Subscribed => known.is_enabled() && known.endpoint.wants(event.kind),
            Audience::Only(id) => known.is_enabled() && known.endpoint.id == id,
        };
        let mut told_to = 0;
        for endpoint in endpoints.iter().filter(|known| listens(known)) {
            delivery_rows::insert(self.db, endpoint, told, event.created_at)?;
            told_to += 1;
        }
        if told_to > 0 {
            self.memory.work_comes();
        }
        match audience {
            Audience::Only(id) if told_to == 0 => Err(Fault::broken(format!("{id} is not an enabled endpoint"))),
            _ => Ok(()),
        }
    }
}

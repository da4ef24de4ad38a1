//! Endpoints, events and workers, as the cases about the outbox need them.

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    About, AttemptState, Checkout, CheckoutId, Delivery, DeliveryAttempt, DeliveryAttemptId, DeliveryId, DeliveryState,
    EndpointSecret, EndpointState, Event, EventId, EventType, Secret, WebhookEndpoint, WebhookEndpointId,
};
use lendport_storage::{
    AfterTry, Audience, Change, ChangeOutcome, DeliveryFilter, LeaseAsk, LeasedDelivery, Outbox, OutboxAsk,
    OutboxChange, OutboxLoaded, PageAsk, TriedDelivery, change_outbox_with,
};

use super::world::{World, at, next};
use crate::clock::START;

/// The first page, as large as it may be.
pub(super) fn first<I>() -> PageAsk<I> {
    PageAsk { limit: 100, after: None }
}

/// A worker's question at that moment; what it takes, it has for a minute.
pub(super) fn ask(owner: &str, now: Timestamp) -> LeaseAsk {
    LeaseAsk::of(owner, now, now + SignedDuration::from_mins(1), 100)
}

/// The events of these deliveries, in their order.
pub(super) fn events_of(leased: &[LeasedDelivery]) -> Vec<EventId> {
    leased.iter().map(|one| one.event.id).collect()
}

/// The ids of these events, in their order.
pub(super) fn ids(events: &[Event]) -> Vec<EventId> {
    events.iter().map(|event| event.id).collect()
}

impl World {
    /// An endpoint that is not stored yet; it wants these types.
    pub(super) fn new_endpoint(&self, events: &[EventType]) -> WebhookEndpoint {
        let id = WebhookEndpointId::mint(&self.ids);
        WebhookEndpoint {
            id,
            url: format!("https://shop.example/hooks/{id}"),
            description: None,
            events: events.to_vec(),
            secrets: vec![EndpointSecret { text: Secret::from("whsec_MfKQ9r8GKYqrTwjU"), expires_at: None }],
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: START,
            updated_at: START,
        }
    }

    /// Stores an endpoint that wants these types, or all where none is named.
    pub async fn add_endpoint(&self, events: &[EventType]) -> WebhookEndpoint {
        let endpoint = self.new_endpoint(events);
        self.put_endpoint(endpoint.clone()).await;
        endpoint
    }

    /// Stores this endpoint, which is new.
    pub(super) async fn put_endpoint(&self, endpoint: WebhookEndpoint) {
        let change = OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() };
        assert_eq!(self.post(OutboxAsk::default(), change).await, ChangeOutcome::Done);
    }

    /// Stores the next version of an endpoint.
    pub(super) async fn edit_endpoint(&self, id: WebhookEndpointId, edit: fn(&mut WebhookEndpoint)) {
        let ask = OutboxAsk { endpoint: Some(id), ..OutboxAsk::default() };
        let decide = move |loaded: OutboxLoaded<'_>| {
            let mut endpoint = loaded.endpoint.unwrap().clone();
            endpoint.version += 1;
            edit(&mut endpoint);
            (OutboxChange { endpoint: Some(endpoint), ..OutboxChange::default() }, ())
        };
        let outcome = change_outbox_with(&*self.outbox, self.tenant, ask, decide).await;
        assert_eq!(outcome, Ok((ChangeOutcome::Done, Some(()))));
    }

    /// Writes something about the outbox.
    pub(super) async fn post(&self, ask: OutboxAsk, change: OutboxChange) -> ChangeOutcome {
        let decide = move |_: OutboxLoaded<'_>| (change.clone(), ());
        change_outbox_with(&*self.outbox, self.tenant, ask, decide).await.unwrap().0
    }

    /// An event about an endpoint, such as a test of it.
    pub(super) fn ping(&self, endpoint: WebhookEndpointId, test: bool) -> Event {
        let kind = EventType::WebhookEndpointDisabled;
        let (id, about) = (EventId::mint(&self.ids), About::Endpoint(endpoint));
        Event { id, about, kind, sequence: 0, test, snapshot: r#"{"a":1}"#.to_owned(), created_at: START }
    }

    /// Writes an event about no checkout.
    pub(super) async fn send(&self, event: Event, audience: Audience) {
        let change = OutboxChange { events: vec![(event, audience)], ..OutboxChange::default() };
        assert_eq!(self.post(OutboxAsk::default(), change).await, ChangeOutcome::Done);
    }

    /// Stores a checkout with these events.
    pub(super) async fn told(&self, kinds: &[EventType]) -> (CheckoutId, Vec<Event>) {
        let id = self.open(AttemptState::AwaitingCustomer).await.checkout.id;
        let mut events = Vec::new();
        for kind in kinds {
            events.push(self.tell(id, *kind, START).await);
        }
        (id, events)
    }

    /// Adds an event to a checkout.
    pub(super) async fn tell(&self, id: CheckoutId, kind: EventType, when: Timestamp) -> Event {
        let checkout = self.read(id).await.checkout;
        let sequence = checkout.sequence + 1;
        let event = Event { created_at: when, ..self.event(id, kind, sequence) };
        let ready_announced = checkout.ready_announced || kind == EventType::CheckoutReadyToFulfill;
        let checkout = Some(Box::new(Checkout { sequence, ready_announced, ..*next(&checkout) }));
        let change = Change { checkout, events: vec![event.clone()], ..Change::default() };
        assert_eq!(self.change(id, move |_| change.clone()).await, Ok(ChangeOutcome::Done));
        event
    }

    /// What a worker gets at this moment.
    pub(super) async fn lease(&self, owner: &str, second: i64) -> Vec<LeasedDelivery> {
        self.outbox.lease_deliveries(&ask(owner, at(second))).await.unwrap()
    }

    /// A try of a delivery at this moment.
    pub(super) fn tried(&self, leased: &LeasedDelivery, after: AfterTry, second: i64) -> TriedDelivery {
        let accepted = after == AfterTry::Delivered;
        TriedDelivery {
            tenant: leased.tenant,
            delivery: leased.delivery.id,
            endpoint: leased.endpoint.id,
            leased: leased.delivery.updated_at,
            attempt: DeliveryAttempt {
                id: DeliveryAttemptId::mint(&self.ids),
                url: leased.endpoint.url.clone(),
                started_at: at(second),
                latency_ms: 7,
                status: accepted.then_some(204),
                error: (!accepted).then(|| "timeout".to_owned()),
                response: Vec::new(),
            },
            after,
        }
    }

    /// Writes the result of one try.
    pub(super) async fn settle(&self, owner: &str, leased: &LeasedDelivery, after: AfterTry, second: i64) {
        let tried = self.tried(leased, after, second);
        assert_eq!(self.outbox.settle_deliveries(owner, vec![tried]).await, Ok(()));
    }

    /// All deliveries of the tenant that a filter lets through, newest first.
    pub(super) async fn deliveries(&self, filter: DeliveryFilter) -> Vec<Delivery> {
        let page = self.outbox.deliveries(self.tenant, &filter, first()).await.unwrap();
        assert!(!page.has_more);
        page.rows.into_iter().map(|(delivery, _)| delivery).collect()
    }

    /// The events whose deliveries to an endpoint are in this state, oldest first.
    pub(super) async fn in_state(&self, endpoint: WebhookEndpointId, state: DeliveryState) -> Vec<EventId> {
        let filter = DeliveryFilter { endpoint: Some(endpoint), state: Some(state), event: None };
        let mut events: Vec<_> = self.deliveries(filter).await.into_iter().map(|delivery| delivery.event).collect();
        events.reverse();
        events
    }

    /// A delivery that must be there, and how often it was tried in all.
    pub(super) async fn delivery(&self, id: DeliveryId) -> (Delivery, Vec<DeliveryAttempt>) {
        self.outbox.delivery(self.tenant, id).await.unwrap().unwrap()
    }

    /// Its other side as of another process, where there can be one.
    pub(super) fn other_outbox(&self) -> &dyn Outbox {
        self.other.as_ref().map_or(&*self.outbox, |other| &*other.outbox)
    }
}

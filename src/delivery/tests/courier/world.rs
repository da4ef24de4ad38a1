//! A courier at work over an outbox in memory, with a clock that stands still.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use lendport_core::{
    About, CheckoutId, Clock as _, EndpointSecret, EndpointState, Event, EventId, EventType, MerchantId, Mode, Secret,
    WebhookEndpoint, WebhookEndpointId,
};
use lendport_delivery::{Courier, CourierParts, CourierSettings};
use lendport_outbound::{GuardSettings, GuardedClient};
use lendport_storage::{Audience, Outbox, Tenant};
use lendport_testkit::{ManualClock, SeededIds};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::fake_outbox::{DeliveryRow, FakeOutbox};

/// How long anything may take on a busy machine before a test gives up.
const PATIENCE: Duration = Duration::from_secs(120);
pub const SECRET: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
pub const OLD_SECRET: &str = "whsec_ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4";

pub struct World {
    pub outbox: Arc<FakeOutbox>,
    pub clock: ManualClock,
    pub ids: SeededIds,
    pub tenant: Tenant,
    starts: AtomicU64,
}

/// A courier under way.
pub struct Running {
    pub stop: CancellationToken,
    pub task: JoinHandle<()>,
}

impl Running {
    pub async fn stopped(self) {
        self.stop.cancel();
        self.task.await.unwrap();
    }
}

impl World {
    pub fn new() -> Self {
        let ids = SeededIds::new(11);
        let tenant = Tenant { merchant: MerchantId::mint(&ids), mode: Mode::Test };
        let (outbox, clock) = (Arc::default(), ManualClock::new());
        Self { outbox, clock, ids, tenant, starts: AtomicU64::new(0) }
    }

    pub fn settings(&self) -> CourierSettings {
        quick(format!("courier-{}", self.starts.fetch_add(1, Ordering::Relaxed)))
    }

    pub fn start(&self) -> Running {
        self.start_with(self.settings())
    }

    pub fn start_with(&self, settings: CourierSettings) -> Running {
        let outbox = Arc::clone(&self.outbox) as Arc<dyn Outbox>;
        run(outbox, &self.clock, settings, 1_000 + self.starts.load(Ordering::Relaxed))
    }

    pub fn endpoint(&self, url: &str) -> WebhookEndpointId {
        self.endpoint_with(self.tenant, url, |_| {})
    }

    pub fn endpoint_with(
        &self,
        tenant: Tenant,
        url: &str,
        alter: impl FnOnce(&mut WebhookEndpoint),
    ) -> WebhookEndpointId {
        let mut endpoint = WebhookEndpoint {
            id: WebhookEndpointId::mint(&self.ids),
            url: url.to_owned(),
            description: Some("Shop é".to_owned()),
            events: Vec::new(),
            secrets: vec![EndpointSecret { text: Secret::from(SECRET), expires_at: None }],
            state: EndpointState::Enabled,
            failing_since: None,
            version: 1,
            created_at: self.clock.now(),
            updated_at: self.clock.now(),
        };
        alter(&mut endpoint);
        let id = endpoint.id;
        self.outbox.add(tenant, endpoint);
        id
    }

    pub fn checkout(&self) -> CheckoutId {
        CheckoutId::mint(&self.ids)
    }

    /// Writes an event about a checkout for every endpoint that wants it.
    pub fn tell(&self, checkout: CheckoutId, sequence: u64) -> EventId {
        self.tell_in(self.tenant, checkout, sequence)
    }

    pub fn tell_in(&self, tenant: Tenant, checkout: CheckoutId, sequence: u64) -> EventId {
        let snapshot = format!(r#"{{"id":"{checkout}","sequence":{sequence},"reference":"Größe 52 🛋"}}"#);
        let event = Event {
            id: EventId::mint(&self.ids),
            about: About::Checkout(checkout),
            kind: EventType::CheckoutUpdated,
            sequence,
            test: false,
            snapshot,
            created_at: self.clock.now(),
        };
        self.outbox.tell(tenant, &event, Audience::Subscribed);
        event.id
    }

    pub fn only_delivery(&self, endpoint: WebhookEndpointId) -> DeliveryRow {
        let mut rows = self.outbox.deliveries_to(endpoint);
        assert_eq!(rows.len(), 1);
        rows.remove(0)
    }

    /// A test event for one endpoint.
    pub fn event_for(&self, endpoint: WebhookEndpointId) -> Event {
        Event {
            id: EventId::mint(&self.ids),
            about: About::Endpoint(endpoint),
            kind: EventType::CheckoutCreated,
            sequence: 0,
            test: true,
            snapshot: r#"{"checkout":{}}"#.to_owned(),
            created_at: self.clock.now(),
        }
    }
}

/// Looks at the queue often, so that a clock moved by hand is noticed. On a busy machine nobody is slow, and no try or
/// stop runs out of time, but where a test wants that.
pub fn quick(owner: String) -> CourierSettings {
    CourierSettings {
        poll_interval: Duration::from_millis(10),
        timeout: PATIENCE,
        slow_after: PATIENCE,
        grace: PATIENCE,
        allow_loopback_in_test_mode: true,
        ..CourierSettings::of(owner)
    }
}

/// Starts a courier whose ids are those of this seed.
pub fn run(outbox: Arc<dyn Outbox>, clock: &ManualClock, settings: CourierSettings, seed: u64) -> Running {
    let guard = GuardSettings { timeout: settings.timeout, loopback: true, ..GuardSettings::default() };
    let courier = Courier::new(CourierParts {
        outbox,
        client: Arc::new(GuardedClient::new(&guard).unwrap()),
        clock: Arc::new(clock.clone()),
        ids: Arc::new(SeededIds::new(seed)),
        settings,
    });
    let stop = CancellationToken::new();
    Running { task: tokio::spawn(courier.run(stop.clone())), stop }
}

/// Waits until it holds; the sentence says what was waited for.
pub async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let waited = tokio::time::timeout(PATIENCE, async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    });
    assert!(waited.await.is_ok(), "waited too long for: {what}");
}

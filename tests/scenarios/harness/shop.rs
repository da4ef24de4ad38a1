//! A gateway whose clock is moved by hand, and the lender it talks to.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport::gateway::Ambient;
use lendport_core::Clock as _;
use lendport_testkit::ManualClock;

use super::{Loan, LoneSimulator, Merchant, ServedGateway};

pub(crate) struct Shop {
    pub(crate) merchant: Merchant,
    pub(crate) gateway: ServedGateway,
    pub(crate) simulator: LoneSimulator,
    pub(crate) clock: Arc<ManualClock>,
}

impl Shop {
    pub(crate) async fn open() -> Self {
        Self::open_with(&[]).await
    }

    /// With settings by their dotted keys.
    pub(crate) async fn open_with(settings: &[(&'static str, &str)]) -> Self {
        let simulator = LoneSimulator::start(None).await;
        let clock = Arc::new(ManualClock::new());
        let ambient = Ambient { clock: clock.clone(), ..Ambient::system() };
        let gateway = ServedGateway::start_on(&simulator.lender.url, &ambient, settings).await;
        Self { merchant: gateway.merchant.clone(), gateway, simulator, clock }
    }

    /// A checkout that waits for its customer.
    pub(crate) async fn loan(&self) -> Loan {
        Loan::open(&self.merchant, &self.simulator.lender).await
    }

    /// A checkout that the lender approved.
    pub(crate) async fn approved(&self) -> Loan {
        let loan = self.loan().await;
        assert_eq!(loan.tell("approved").await.status, 200);
        loan
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn seconds_pass(&self, seconds: i64) {
        self.clock.advance(SignedDuration::from_secs(seconds));
    }

    pub(crate) fn hours_pass(&self, hours: i64) {
        self.clock.advance(SignedDuration::from_hours(hours));
    }
}

//! What can be set for a courier.

use std::time::Duration;

/// Limits and habits of one courier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CourierSettings {
    /// Names this process among all that share the database; another one for each start.
    pub owner: String,
    /// Deliveries under way in this process at most, results not written yet included.
    pub concurrency: u32,
    /// Of those, to one endpoint at most; to one that is slow, or that nothing is known of, there are fewer.
    pub per_endpoint: u32,
    /// How often the queue is looked at when nothing wakes the courier.
    pub poll_interval: Duration,
    /// How long one try may take: that of the client it sends with. A lease lasts longer by [`Self::LEASE_MARGIN`].
    pub timeout: Duration,
    /// An endpoint whose latest try took longer is slow.
    pub slow_after: Duration,
    /// How long a courier that is stopped waits for what is under way.
    pub grace: Duration,
    /// Endpoints of test mode may be on this machine and use http.
    pub allow_loopback_in_test_mode: bool,
}

impl CourierSettings {
    /// What a lease leaves for writing a result, beyond the time that the try may take.
    pub const LEASE_MARGIN: Duration = Duration::from_secs(15);

    /// The usual ones, for a process of this name.
    pub fn of(owner: impl Into<String>) -> Self {
        Self {
            owner: owner.into(),
            concurrency: 64,
            per_endpoint: 8,
            poll_interval: Duration::from_secs(1),
            timeout: Duration::from_secs(15),
            slow_after: Duration::from_secs(2),
            grace: Duration::from_secs(10),
            allow_loopback_in_test_mode: false,
        }
    }

    pub(crate) fn lease(&self) -> Duration {
        self.timeout + Self::LEASE_MARGIN
    }
}

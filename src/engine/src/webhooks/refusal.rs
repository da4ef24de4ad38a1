//! Why an endpoint cannot do what was asked of it.

use lendport_core::{EndpointState, limits};

/// Nothing was stored; the same request may work when the endpoint, or the number of them, has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EndpointRefusal {
    /// The merchant has as many as it may.
    #[error("there are {} endpoints already; delete one, or let one take more types", limits::ENDPOINTS_MAX)]
    TooMany,
    /// Nothing is sent to it.
    #[error("the endpoint is {}; set its state to enabled first", .0.as_str())]
    NotEnabled(EndpointState),
    /// It was deleted, and only its log is left.
    #[error("the endpoint was deleted; nothing can be sent to it")]
    Deleted,
    /// Secrets replaced earlier go on signing.
    #[error(
        "{} secrets sign for the endpoint already; wait until the oldest ends, or give overlap_hours 0",
        limits::ENDPOINT_SECRETS_MAX
    )]
    TooManySecrets,
}

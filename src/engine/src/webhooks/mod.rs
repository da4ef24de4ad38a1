//! Where merchants are told, what they were told, and how far the telling has come.

mod change;
mod deliveries;
mod endpoints;
mod events;
mod refusal;
mod secret;

pub use endpoints::{EndpointAsk, EndpointPatch};
pub use refusal::EndpointRefusal;

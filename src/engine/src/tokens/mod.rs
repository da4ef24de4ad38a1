//! Tokens: whose they are, and the life of the keys that sign ours. What a token looks like is `lendport-http`'s.

mod holder;
mod signing;

pub use signing::{SigningPlan, rotate, tend};

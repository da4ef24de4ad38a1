//! The client for addresses that merchants choose. It reaches the public internet and nothing behind it.
//!
//! - An address that stands in the URL is checked before a send, in every notation ([`lendport_core::check_url`]).
//! - A name is looked up for each new connection, and only permitted addresses of the answer reach the connector. The
//!   check and the connection use the same answer, so a name that changes its mind in between gains nothing.
//! - A name with permitted and refused addresses is used with the permitted ones alone.
//! - Redirects are answers, there is no proxy, and a connection made under one policy is never used under another.

mod client;
mod lookup;
mod outcome;
mod resolver;

pub use crate::retry_after::RETRY_AFTER_MAX;
pub use client::{GuardSettings, GuardedClient, GuardedRequest};
pub use lookup::{Lookup, SystemLookup};
pub use outcome::{GuardedAnswer, GuardedError, GuardedTry};

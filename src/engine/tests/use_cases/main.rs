//! The use cases against a real SQLite file, with a financer whose answers the tests write.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod amounts;
mod attempts;
mod commands;
mod deadlines;
mod events;
mod fake;
mod flaky_store;
mod idempotency;
mod opening;
mod pushes;
mod recovery;
mod refunds;
mod shipping;
mod unsupported;
mod world;

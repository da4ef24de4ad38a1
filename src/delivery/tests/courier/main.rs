//! The courier against receivers that misbehave, over an outbox in memory.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::as_conversions, unreachable_pub, reason = "tests")]

mod endpoints;
mod fake_outbox;
mod following;
mod limits;
mod order;
mod receiver;
mod second_opinion;
mod stopping;
mod with_sqlite;
mod world;
mod writing;

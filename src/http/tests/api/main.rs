//! The API as a merchant sees it: the real engine on a SQLite file, a made-up financer, requests straight to the router.
#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests")]

mod attention;
mod bad_input;
mod callbacks;
mod client;
mod deliveries;
mod documents;
mod events;
mod fake;
mod idempotency;
mod live_updates;
mod logs;
mod mutations;
mod operations;
mod page_secrecy;
mod page_words;
mod people_pages;
mod reading;
mod refusals;
mod replays;
mod serving;
mod webhook_endpoints;
mod webhook_refusals;
mod world;

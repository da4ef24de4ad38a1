//! The use cases against a real SQLite file, with a financer whose answers the tests write.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod accepted_amounts;
mod amounts;
mod attempts;
mod attention;
mod attention_evidence;
mod attention_refunds;
mod canceled_locally;
mod capture_lag;
mod commands;
mod commands_at_once;
mod deadline_events;
mod deadlines;
mod declined;
mod details;
mod events;
mod fake;
mod financers;
mod flaky_store;
mod idempotency;
mod looks;
mod notices;
mod opening;
mod pushes;
mod reconcile;
mod recovery;
mod refunds;
mod renew_callback;
mod send_again;
mod settle;
mod shipping;
mod silence;
mod sums;
mod superseded;
mod unsupported;
mod world;

#![doc = include_str!("../README.md")]

mod cart_json;
pub mod change;
mod codec;
mod details_json;
pub mod error;
mod fault;
pub mod idempotency;
mod lines_json;
pub mod outbox;
mod packed;
pub mod page;
mod personal;
pub mod postgres;
mod rules;
pub mod sqlite;
pub mod store;
pub mod sweep;
pub mod tenant;
pub mod vault;

pub use change::{AttentionItem, Change, Decide, Loaded, ObservationRow, PushRecord};
pub use error::StoreError;
pub use idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
pub use outbox::{
    AfterTry, Audience, Database, LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxChange, OutboxDecide,
    OutboxLoaded, TriedDelivery, change_outbox_with,
};
pub use page::{AttentionFilter, CheckoutFilter, DeliveryFilter, EventFilter, Page, PageAsk};
pub use postgres::PostgresStore;
pub use sqlite::SqliteStore;
pub use store::{
    Addressee, ChangeAsk, ChangeOutcome, InsertOutcome, InterruptedCall, Located, Store, Timeline, WorkAsk, change_with,
};
pub use sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
pub use tenant::{ApiKey, Merchant, Tenant};
pub use vault::Vault;

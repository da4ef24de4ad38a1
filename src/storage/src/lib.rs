#![doc = include_str!("../README.md")]

pub mod administration;
mod cart_json;
pub mod change;
mod codec;
mod data_keys;
mod details_json;
pub mod error;
mod fault;
pub mod idempotency;
mod key_ring;
pub mod keys;
mod lines_json;
pub mod outbox;
mod packed;
pub mod page;
mod personal;
pub mod postgres;
mod reencrypt;
mod report;
pub mod routing;
mod rules;
mod seal;
mod sealed_columns;
pub mod sqlite;
pub mod store;
pub mod sweep;
pub mod tenant;
pub mod tokens;
pub mod vault;

pub use administration::{
    AdminAsk, AdminChange, AdminDecide, AdminLoaded, Administration, AuditFilter, Audited, CheckoutCounts, Versioned,
    administer_with,
};
pub use change::{AttentionItem, Change, Decide, Loaded, ObservationRow, PushRecord};
pub use data_keys::DataKeyId;
pub use error::StoreError;
pub use idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
pub use key_ring::{KeyRing, RingKeyId, key_from_base64};
pub use keys::{Keeper, Keys};
pub use outbox::{
    AfterTry, Audience, Database, LeaseAsk, LeasedDelivery, Outbox, OutboxAsk, OutboxChange, OutboxDecide,
    OutboxLoaded, TriedDelivery, change_outbox_with,
};
pub use page::{AttentionFilter, CheckoutFilter, DeliveryFilter, EventFilter, Page, PageAsk};
pub use postgres::PostgresStore;
pub use reencrypt::{Progress, Reencrypted, reencrypt};
pub use routing::RoutingVersion;
pub use sqlite::SqliteStore;
pub use store::{
    Addressee, ChangeAsk, ChangeOutcome, FairAsk, InsertOutcome, InterruptedCall, Located, Store, Timeline, WorkAsk,
    change_with,
};
pub use sweep::{Marked, SweepEntry, SweepMark, SweepNext, SweepTurn};
pub use tenant::{ApiKey, Merchant, Tenant};
pub use tokens::{SigningKey, TokenRows};
pub use vault::Vault;

#![doc = include_str!("../README.md")]

pub mod change;
pub mod error;
pub mod idempotency;
pub mod page;
pub mod sqlite;
pub mod store;
pub mod tenant;
pub mod vault;

pub use change::{AttentionItem, Change, Decide, Loaded, ObservationRow, PushRecord};
pub use error::StoreError;
pub use idempotency::{Claim, ClaimState, ClaimWrite, IdempotencyRow};
pub use page::{CheckoutFilter, Page, PageAsk};
pub use sqlite::SqliteStore;
pub use store::{ChangeAsk, ChangeOutcome, InsertOutcome, InterruptedCall, Located, Store, Timeline, change_with};
pub use tenant::{ApiKey, Merchant, Tenant};
pub use vault::Vault;

//! Merchants, their keys and their accounts at providers, where a platform administers them or a merchant its own; and the
//! log of who did what.

mod accounts;
mod asker;
mod change;
mod key_uses;
mod keys;
mod log;
mod merchants;
mod new_key;
mod quotas;
mod refusal;
mod verify;

pub use accounts::AccountFields;
pub use asker::{By, Doer};
pub(crate) use key_uses::KeyUses;
pub use keys::KeyAsk;
pub(crate) use merchants::KnownMerchants;
pub use merchants::{MerchantAsk, MerchantPatch, PagePatch};
pub use new_key::{NewKey, new_secret_key};
pub(crate) use quotas::{QuotaUse, Seat};
pub use refusal::KeyRefusal;

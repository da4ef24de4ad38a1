#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod commands;
mod compare;
mod config;
mod credential;
mod descriptor;
mod eligibility;
pub mod endpoint;
pub mod error;
pub mod field;
mod finalize;
mod lines;
mod mapping;
pub mod medusa;
pub mod money;
mod notification;
mod on_sign;
mod options;
mod order;
pub mod paths;
pub mod person;
mod registration;
mod shipping;
#[cfg(feature = "simulator")]
pub mod simulator;
mod steps;
mod sweep;
pub mod wire;

pub use adapter::FlexShopper;
pub use compare::Difference;
pub use config::{Clients, ProviderConfig};
pub use credential::{CustomerToken, KeyMark, TokenOfAnotherKey};
pub use descriptor::DESCRIPTOR;
pub use finalize::{Doubt, Finalization, Undoing};
pub use mapping::{Decided, Offer, decided};
pub use on_sign::SignedHint;
pub use registration::REGISTRATION;

/// The provider's short name, the same in requests, configuration and callback addresses.
pub const ID: &str = "flexshopper";

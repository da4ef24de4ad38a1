#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod cart_lines;
mod config;
mod descriptor;
mod dialect;
mod eligibility;
mod error;
mod error_fields;
mod mapping;
mod notification;
mod options;
mod registration;
mod shipping;
mod signature;
#[cfg(feature = "simulator")]
pub mod simulator;
mod wire;

pub use adapter::WeGetFinancing;
pub use config::ProviderConfig;
pub use descriptor::DESCRIPTOR;
pub use registration::REGISTRATION;

/// The provider's short name, the same in requests, configuration and callback addresses.
pub const ID: &str = "wegetfinancing";

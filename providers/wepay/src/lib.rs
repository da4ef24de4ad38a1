#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod amount;
mod callback;
mod color;
mod commands;
mod config;
mod connection;
#[cfg(test)]
mod coverage;
mod create;
mod descriptor;
mod dialect;
mod error;
mod error_class;
mod error_fields;
mod mapping;
mod maybe;
mod members;
mod notification;
mod options;
mod payment_method;
mod prefill;
mod registration;
mod search;
#[cfg(feature = "simulator")]
pub mod simulator;
mod standing;
mod text;
mod throttle;
mod verb;
mod wire;
mod words;

pub use adapter::WePay;
pub use config::ProviderConfig;
pub use descriptor::DESCRIPTOR;
pub use registration::REGISTRATION;
pub use standing::Standing;

/// The provider's short name, the same in requests, configuration and callback addresses.
pub const ID: &str = "wepay";

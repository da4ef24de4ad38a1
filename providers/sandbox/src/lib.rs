#![doc = include_str!("../README.md")]

mod account;
mod adapter;
mod config;
mod descriptor;
mod error;
mod lines;
mod mapping;
mod notification;
mod registration;
#[cfg(feature = "simulator")]
pub mod simulator;
mod steps;
mod wire;

pub use adapter::Sandbox;
pub use config::ProviderConfig;
pub use descriptor::DESCRIPTOR;
pub use registration::REGISTRATION;

/// The provider's short name, the same in requests, configuration and callback addresses.
pub const ID: &str = "sandbox";

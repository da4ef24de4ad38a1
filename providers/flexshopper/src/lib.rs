#![doc = include_str!("../README.md")]

#[cfg(feature = "simulator")]
pub mod simulator;

/// The provider's short name, the same in requests, configuration and callback addresses.
pub const ID: &str = "flexshopper";

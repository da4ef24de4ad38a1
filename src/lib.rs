//! The gateway as a library: configuration and, from it, everything else.

mod ambient;
pub mod cli;
pub mod config;
mod config_account;
mod config_check;
mod config_effective;
mod config_error;
mod config_known;
mod config_layer;
mod config_schema;
mod config_secret;
mod config_sections;
pub mod demo;
pub mod dev;
pub mod documents;
pub mod failure;
pub mod gateway;
pub mod keys;
mod logging;
pub mod record;
pub mod registry;
mod sample;
mod say;
pub mod serve;
pub mod simulators;
pub mod tenants;
mod workers;

#![doc = include_str!("../README.md")]

mod app;
mod assets;
mod body;
mod callbacks;
mod client_token;
mod conventions;
mod docs;
mod extract;
mod html;
mod known_keys;
mod openapi;
mod page;
mod probes;
pub mod problem;
mod problems;
mod rates;
mod return_token;
mod router;
mod serve;
mod tokens;
mod v1;

pub use app::HttpSettings;
pub use client_token::ClientTokens;
pub use conventions::VERSION;
pub use openapi::{events_schema_json, openapi, openapi_json, routing_schema_json};
pub use rates::RateSettings;
pub use router::router;
pub use serve::serve;
pub use tokens::{Algorithms, IssuerSettings, KeySetSource, MerchantOf, TokenSettings};

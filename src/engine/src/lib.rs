#![doc = include_str!("../README.md")]

mod announce;
mod attempt_start;
mod command_run;
mod commands;
mod draft_items;
mod engine;
mod error;
mod expire;
mod known_accounts;
mod lines;
mod open_checkout;
mod polling;
mod push;
mod read;
mod recover;
mod refresh;
mod resolve;
mod settle;
mod ship;
mod take_in;
mod ticket;
mod upkeep;
pub mod view;
mod webhooks;

pub use commands::{CommandAsk, RefundAsk};
pub use engine::{Engine, EngineParts, EngineSettings, KeyHolder, WebhookSettings, digest, digest_of};
pub use error::{CheckoutRef, EngineError};
pub use open_checkout::OpenCheckout;
pub use push::IncomingPush;
pub use read::Expand;
pub use resolve::ResolveAsk;
pub use ticket::{Effect, Render, Rendered, Reply, Ticket};
pub use upkeep::UpkeepSettings;
pub use webhooks::{EndpointAsk, EndpointPatch, EndpointRefusal};

#![doc = include_str!("../README.md")]

mod announce;
mod attempt_start;
mod commands;
mod engine;
mod error;
mod expire;
mod lines;
mod open_checkout;
mod push;
mod read;
mod recover;
mod refresh;
mod ship;
mod take_in;
mod ticket;
pub mod view;
mod webhooks;

pub use commands::{CommandAsk, RefundAsk};
pub use engine::{Engine, EngineParts, EngineSettings, WebhookSettings, digest, digest_of};
pub use error::{CheckoutRef, EngineError};
pub use open_checkout::OpenCheckout;
pub use push::IncomingPush;
pub use read::Expand;
pub use ticket::{Effect, Render, Rendered, Reply, Ticket};
pub use webhooks::{EndpointAsk, EndpointPatch, EndpointRefusal};

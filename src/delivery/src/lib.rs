#![doc = include_str!("../README.md")]

mod courier;
mod follow_up;
mod load;
mod post;
mod recovery;
mod refusal;
pub mod schedule;
mod settings;
mod settle;
pub mod signature;
mod switch_off;

pub use courier::{Courier, CourierParts};
pub use schedule::{ATTEMPTS_MAX, Unit, delay};
pub use settings::CourierSettings;
pub use signature::{Headers, Refused, SecretError, SigningSecret, sign, verify};

#![doc = include_str!("../README.md")]

pub mod document;
pub mod schedule;
pub mod signature;

pub use document::{DocumentError, body};
pub use schedule::{ATTEMPTS_MAX, Unit, delay};
pub use signature::{Headers, Refused, SecretError, SigningSecret, sign, verify};

//! Request bodies: read once, everything wrong named at once with JSON Pointers, amounts without floating point.

pub(crate) mod application;
pub(crate) mod attention;
pub(crate) mod checkout;
pub(crate) mod client;
pub(crate) mod command;
mod fields;
mod node;
pub(crate) mod routing;
pub(crate) mod shipment;
pub(crate) mod tenancy;
mod text;
pub(crate) mod webhook;

pub(crate) use fields::unknown;
pub(crate) use node::{Node, parse};

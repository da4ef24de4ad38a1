//! The simulator seen from outside: a raw client on one side, a merchant's receiver on the other.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, reason = "tests")]

mod create;
mod faults;
mod page;
mod postbacks;
mod shipping;
mod support;

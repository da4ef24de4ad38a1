//! The simulator seen from outside, by a client that speaks HTTP by hand.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod agreements;
mod applications;
mod faults;
mod goods;
mod keys;
mod leases;
mod listing;
mod payment_methods;
mod plugin;
mod privacy;
mod seed;
mod seed_errors;
mod support;
mod users;

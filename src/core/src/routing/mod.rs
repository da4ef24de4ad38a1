//! Which financers a cart goes to: a profile is data, checked once and compiled, then asked for every cart.
//!
//! The rules stand in order and the first that fits decides; where none does, the profile's own cascade order does.
//! Nothing here reads a clock or a file: time zones come from the database that is compiled in.

mod check;
mod check_lists;
mod check_when;
mod condition;
mod profile;
mod reach;
mod router;
mod share;
mod window;

pub use check::{Checked, Known, check, compile};
pub use profile::{
    AmountRange, Arm, CustomerShare, Follow, LateApproval, Policies, Profile, Rule, Then, TimeWindow, When, schema,
};
pub use router::{Case, Decision, Router};
pub use share::{BUCKETS, customer_key};

/// Names that a rule cannot have, for a route's `rule` says them where no rule decided.
pub const RESERVED: [&str; 4] = ["explicit", "only_provider", "customer_choice", "cascade"];

//! The simulator seen from outside: raw clients on one side, a receiver of notices on the other.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

mod clients;
mod create;
mod errors;
mod faults;
mod held;
mod life;
mod notices;
mod page;
mod python_wepay;
mod returns;
mod search;
mod seed;
mod support;
mod unique_id;

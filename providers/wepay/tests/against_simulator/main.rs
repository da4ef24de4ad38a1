//! The adapter against the simulator, which was written from a second reading of the documents: both must agree.

#![expect(clippy::unwrap_used, reason = "tests")]

mod life;
mod lost;
mod told;
mod world;

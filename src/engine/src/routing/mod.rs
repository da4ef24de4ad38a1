//! Which financers a checkout goes to: the merchant's profile, who can serve it, and what another profile would do.

mod ask;
mod decide;
mod eligible;
mod judge;
mod known_limits;
mod known_profiles;
mod profiles;
mod replay;
mod simulate;

pub(crate) use decide::{By, Chosen};
pub(crate) use eligible::{Scope, UNHEALTHY};
pub(crate) use known_limits::KnownLimits;
pub(crate) use known_profiles::{ActiveProfile, KnownProfiles};
pub use simulate::{Past, SampleCart, SimulateAsk};

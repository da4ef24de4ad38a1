//! Events on their way to a merchant's server, as that server sees them: signed, in order, again when it failed, and
//! nobody else's.

mod by_hand;
mod endpoints;
mod retries;
mod story;

//! The parts of a run, each with its own way to load a server.

pub(crate) mod crash;
pub(crate) mod delivery;
pub(crate) mod hanging;
pub(crate) mod in_flight;
pub(crate) mod latency;
pub(crate) mod loops;
pub(crate) mod replicas;
pub(crate) mod start;

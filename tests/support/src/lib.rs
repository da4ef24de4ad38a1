#![doc = include_str!("../README.md")]

pub mod by_hand;
pub mod cassettes;
pub mod clock;
pub mod faulty_server;
pub mod postgres;
pub mod provider_suite;
pub mod routing;
pub mod samples;
pub mod storage_suite;
pub mod tree;

pub use cassettes::{PlaybackGuard, play};
pub use clock::{ManualClock, SeededIds};
pub use faulty_server::{Fault, FaultyServer, refused_address};
pub use samples::Sample;

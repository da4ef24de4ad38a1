#![doc = include_str!("../README.md")]

mod cut;

pub use cut::{Connection, Cut, Wire, Wired};

#![doc = include_str!("../README.md")]

mod bent;
mod cut;
mod faults;
mod html;
mod json;
mod reply;
mod serve;
mod time;

pub use bent::{half_body, hang_up, huge_body};
pub use cut::{Connection, Cut, Wire, Wired};
pub use faults::{Faults, Waits};
pub use html::{escape, manual};
pub use json::Json;
pub use reply::Reply;
pub use serve::{STOP_LIMIT, serve};
pub use time::{VirtualClock, later};

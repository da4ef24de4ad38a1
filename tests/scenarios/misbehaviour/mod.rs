//! A provider that is down, slow or strange: each way has its own answer, within its time limit, and no checkout is
//! ever said to be financed.

mod create;
#[cfg(feature = "simulator")]
mod lost_replies;

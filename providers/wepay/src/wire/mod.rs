//! Requests and answers exactly as on the wire; nothing of ours. Sections are those of `wepay.md`.
//!
//! Every type is read and written, so that the simulator speaks through the same types and the published examples can be
//! compared field by field. Types that hold people's data have no `Debug`.

mod checkout;
mod error;
mod requests;
#[cfg(test)]
mod seed;
mod structures;

pub(crate) use checkout::{Checkout, CommandAnswer};
pub(crate) use error::ErrorBody;
pub(crate) use requests::{CancelBody, CheckoutIdBody, CreateBody, FindBody, ModifyBody, RefundBody};
pub(crate) use structures::{
    Address, CardBody, EmailMessage, Fee, HostedBody, MethodBody, ObjectId, Prefill, PrefillAddress, Theme,
};

//! Requests and answers exactly as on the wire; nothing of ours. Sections are those of `wepay.md`.
//!
//! Every type is read and written, so that the published examples can be compared field by field. The simulator has types
//! of its own. Types that hold people's data have no `Debug`.

mod checkout;
mod error;
mod payment_method;
mod prefill;
mod requests;
#[cfg(test)]
mod seed;
mod structures;

pub(crate) use checkout::{Checkout, CommandAnswer};
pub(crate) use error::ErrorBody;
pub(crate) use payment_method::{CardBody, CardData, MethodAnswer, MethodBody, ObjectId};
pub(crate) use prefill::{AddressBody, Prefill, PrefillAddress};
pub(crate) use requests::{CancelBody, CheckoutIdBody, CreateBody, FindBody, ModifyBody, RefundBody};
pub(crate) use structures::{EmailMessage, Fee, HostedBody, Theme};

//! Answers exactly as on the wire, read leniently: nothing of ours. Sections are those of `flexshopper.md`.
//!
//! Nearly every field is optional ([`Field`](crate::field::Field)); what a step cannot do without is demanded by the call that
//! needs it. People's data and tokens are in types that show nothing.

mod agreement;
mod envelope;
mod error;
mod lease;
mod lines;
mod payment_method;
mod transaction;
mod user;

use crate::field::objects;

pub use agreement::{Agreement, AgreementItem, CollectedPayment};
pub use envelope::{Meta, Page, bare, data, list, page};
pub use error::{Code, ErrorBody, Spoken};
pub use lease::{Lease, LeaseSettings};
pub(crate) use lines::by_code;
pub use lines::{LineOutcomes, SkuCount};
pub(crate) use payment_method::ChildKey;
pub use payment_method::{AchVerdict, PaymentMethod};
pub use transaction::{Customer, Finalized, Item, LeaseState, Transaction};
pub use user::{Decision, DeepMatch, User, UserMatch, UserTransaction, WaterfallSuppression};

objects!(
    Agreement,
    AgreementItem,
    CollectedPayment,
    ErrorBody,
    Meta,
    Lease,
    LeaseSettings,
    LineOutcomes,
    SkuCount,
    AchVerdict,
    PaymentMethod,
    ChildKey,
    Customer,
    Finalized,
    Item,
    LeaseState,
    Transaction,
    Decision,
    DeepMatch,
    User,
    UserMatch,
    UserTransaction,
    WaterfallSuppression,
);

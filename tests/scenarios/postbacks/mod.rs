//! What the lender tells us, sent to the address it was really given: what moves a checkout, what rightly does not, and
//! what the lender hears. Section 6 of the reference.

mod answers;
mod dialects;
mod order;
mod refunds;
mod signatures;

use crate::harness::provider::Receipt;

/// What the lender hears when its message is stored, whatever it led to.
#[track_caller]
fn stored(receipt: &Receipt) {
    assert_eq!((receipt.status, receipt.body.as_str()), (200, "OK"));
    assert!(receipt.content_type.starts_with("text/plain"), "{}", receipt.content_type);
}

/// What it hears when it is not: a short text.
#[track_caller]
fn refused(receipt: &Receipt, status: u16) {
    assert_eq!(receipt.status, status, "{receipt:?}");
    assert!(receipt.content_type.starts_with("text/plain") && receipt.body.len() < 80, "{receipt:?}");
    assert_ne!(receipt.body, "OK");
}

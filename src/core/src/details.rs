//! What a provider tells of a request beside its state.

use crate::fulfilment::Dispute;
use crate::lines::LineStanding;
use crate::money::Money;

/// What a provider tells of a request beside its state; each is none where it does not say. Sums are totals so far, never
/// single amounts, so that hearing one twice counts nothing twice.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// True while the provider may still take its commitment back after a risk review: nothing may be shipped.
    pub review_open: Option<bool>,
    /// Everything given back. A provider that tells it when it is read back tells it with every refund as well.
    pub refunded: Option<Money>,
    /// Everything taken back through disputes and not given to the merchant again. It may fall, so only what was read back
    /// counts, and not what was pushed, which may be old.
    pub charged_back: Option<Money>,
    /// How the dispute stands, where the provider has a word for it; else it follows from the sum. Counts like the sum.
    pub dispute: Option<Dispute>,
    /// Every line with what became of its units, from a provider whose money follows lines. Counts only where it was read back.
    pub lines: Vec<LineStanding>,
}

impl Details {
    /// True when nothing was told.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

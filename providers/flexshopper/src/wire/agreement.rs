//! Running agreements and payments on them (4.23, 4.24).

use serde::Deserialize;

use crate::field::{Field, Word};
use crate::money::{Cents, NoUnit};

/// A lease that is being paid. Nothing in it names a transaction.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Agreement {
    /// FlexShopper's id.
    #[serde(default)]
    pub id: Field<Word>,
    /// FlexShopper's reference.
    #[serde(default)]
    pub reference_id: Field<Word>,
    /// What is past due, in cents.
    #[serde(default)]
    past_due: Field<Cents>,
    /// The same in the beta edition.
    #[serde(default)]
    past_due_amount: Field<Cents>,
    /// When billing began.
    #[serde(default)]
    pub lease_start_date: Field<Word>,
    /// What ownership takes; no unit is stated.
    #[serde(default)]
    pub estimated_ownership: Field<NoUnit>,
    /// What paying off now takes; no unit is stated.
    #[serde(default)]
    pub early_payoff: Field<NoUnit>,
    /// What is leased.
    #[serde(default)]
    pub items: Field<Vec<AgreementItem>>,
}

impl Agreement {
    /// What is past due; none where it is not said.
    pub fn past_due(&self) -> Option<Cents> {
        self.past_due.value().or(self.past_due_amount.value()).copied()
    }
}

/// One product of an agreement.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AgreementItem {
    /// What it is.
    #[serde(default)]
    pub description: Field<Word>,
    /// Who carries it.
    #[serde(default)]
    pub tracking_carrier_name: Field<Word>,
    /// The parcel's number.
    #[serde(default)]
    pub tracking_number: Field<Word>,
    /// Where the parcel is, in words that no document lists.
    #[serde(default)]
    pub tracking_status: Field<Word>,
    /// The parcel's page; only in the beta edition.
    #[serde(default)]
    pub tracking_link: Field<Word>,
}

/// One payment that was tried. A refused one comes with status 200.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CollectedPayment {
    /// FlexShopper's id.
    #[serde(default)]
    pub payment_id: Field<Word>,
    /// How much; no unit is stated.
    #[serde(default)]
    pub amount: Field<NoUnit>,
    /// How it went, in words that no document lists.
    #[serde(default)]
    pub outcome: Field<Word>,
    /// Why it failed.
    #[serde(default)]
    pub failure_reason: Field<Word>,
    /// Why it failed, as a code.
    #[serde(default)]
    pub failure_code: Field<Word>,
}

impl CollectedPayment {
    /// True when nothing says that it failed and something says how it went (section 7).
    pub fn succeeded(&self) -> bool {
        let said = |field: &Field<Word>| field.value().is_some_and(|word| !word.as_str().trim().is_empty());
        let failed = |field: &Field<Word>| said(field) || field.is_unreadable();
        said(&self.outcome) && !failed(&self.failure_reason) && !failed(&self.failure_code)
    }
}

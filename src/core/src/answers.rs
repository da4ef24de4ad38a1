//! What a provider answers, in our words.

use jiff::Timestamp;

use crate::attempt::{AttemptState, NextAction, ProviderRef};
use crate::attention::AttentionDraft;
use crate::details::Details;
use crate::lines::LineUnits;
use crate::money::Money;
use crate::observation::Claim;

/// A request the provider took in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The provider's id of it.
    pub reference: ProviderRef,
    /// Where it stands now.
    pub state: AttemptState,
    /// The provider's own word for that.
    pub raw_status: Option<String>,
    /// What the customer does.
    pub next_action: Option<NextAction>,
    /// The amount the provider says it was asked for, where it says so.
    pub amount_echoed: Option<Money>,
    /// True when a different amount stops the checkout, which is the rule; an account may choose a warning.
    pub mismatch_stops: bool,
    /// What it tells beside the state.
    pub details: Details,
    /// When the provider ends it by itself unless the customer acts, where it says so.
    pub expires_at: Option<Timestamp>,
    /// Last moment to capture, where the merchant has to and the provider says so.
    pub capture_by: Option<Timestamp>,
}

/// What a provider says of a request when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// What it says. Read back, a state; a refund is a claim of the answer to a refund only.
    pub claim: Claim,
    /// In its own word.
    pub raw_status: Option<String>,
    /// The amount the provider says it was asked for, where it says so when it is read back. It confirms a commitment
    /// whose create was not answered.
    pub amount_echoed: Option<Money>,
    /// What it tells beside the state. A total of refunds tells what became of a refund whose answer was lost.
    pub details: Details,
    /// Where the customer goes, where the provider says so only later than in its answer to create.
    pub next_action: Option<NextAction>,
    /// Where somebody can look after a dispute, as it is now. Shown to who asked, and not stored: it may change.
    pub dispute_uri: Option<String>,
    /// When the provider ends it by itself unless the customer acts, where it says so. What is known is kept where it does
    /// not.
    pub expires_at: Option<Timestamp>,
    /// Last moment to capture, where the merchant has to and the provider says so. Kept like that.
    pub capture_by: Option<Timestamp>,
}

impl Retrieved {
    /// A claim and nothing else.
    pub fn of(claim: Claim) -> Self {
        Self {
            claim,
            raw_status: None,
            amount_echoed: None,
            details: Details::default(),
            next_action: None,
            dispute_uri: None,
            expires_at: None,
            capture_by: None,
        }
    }
}

/// A request that a provider found by our reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The provider's id of it. Of several the one known to us, else the newest that is not over.
    pub reference: ProviderRef,
    /// How it stands.
    pub retrieved: Retrieved,
    /// How many more there are under our reference. The customer may have committed to one of them: a person is told.
    pub others: u32,
}

/// What became of confirming what a customer signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finalized {
    /// How the request stands now: committed, with the amount; canceled, where what was signed is not what the checkout asks
    /// for and was undone; or as it stood.
    pub retrieved: Retrieved,
    /// What a person has to look at.
    pub attention: Option<AttentionDraft>,
}

/// What a provider says of a shipment it was told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipmentConfirmed {
    /// The provider's id of it, where it gives one.
    pub reference: Option<String>,
    /// Units that are paid for because of it, from a provider whose money follows lines
    /// ([`lines_financed`](crate::FinancingProvider::lines_financed)).
    pub paid: Vec<LineUnits>,
}

/// Whether an account's credentials work; a refusal is an error of the kind `Credentials`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verification {
    /// The provider accepted them.
    Works,
    /// It cannot be asked, for this reason.
    CannotBeVerified(&'static str),
}

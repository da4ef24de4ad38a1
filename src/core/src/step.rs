//! The steps of an application that the merchant's own pages carry, and in which states each makes sense.

use async_trait::async_trait;

use crate::account::AccountSettings;
use crate::application::{Agreement, Application, Consent, MeansOfPayment, Offer};
use crate::attempt::{Attempt, AttemptState, NextActionKind};
use crate::checkout::Checkout;
use crate::hints::CascadeHints;
use crate::mode::Mode;
use crate::operation::OperationKind;
use crate::provider::{CallContext, Retrieved};
use crate::provider_error::ProviderError;

/// One step, with what the customer said.
#[derive(Clone, Copy, Debug)]
pub enum Step<'a> {
    /// Hand the application on, unless there is a decision already; with who was asked before.
    Apply(&'a Application, CascadeHints),
    /// Hand on what the customer pays with.
    AddPayment(&'a MeansOfPayment),
    /// Read how the decision and the offer stand. Changes nothing.
    Offer,
    /// Make the agreement of the offer, or read the one that is there.
    Agree,
    /// Read the agreement again. Changes nothing.
    Read,
    /// Hand the signature on, unless it is signed already.
    Sign(&'a Consent),
}

impl Step<'_> {
    /// How it is stored.
    pub fn kind(&self) -> OperationKind {
        match self {
            Self::Apply(..) => OperationKind::Apply,
            Self::AddPayment(_) => OperationKind::AddPayment,
            Self::Agree => OperationKind::Agree,
            Self::Sign(_) => OperationKind::Sign,
            Self::Offer | Self::Read => OperationKind::Retrieve,
        }
    }
}

/// What a step brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stepped {
    /// How the request stands now. Its next action is the step that follows; none where the customer has nothing to do.
    pub retrieved: Retrieved,
    /// What the customer may spend, where that was read.
    pub offer: Option<Offer>,
    /// What the customer has to sign, where there is something.
    pub agreement: Option<Agreement>,
}

impl Stepped {
    /// How it stands, and nothing else.
    pub fn of(retrieved: Retrieved) -> Self {
        Self { retrieved, offer: None, agreement: None }
    }
}

/// A provider whose customers may apply through the merchant's own pages.
#[async_trait]
pub trait Stepwise: Send + Sync {
    /// Refuses what cannot be carried for this account in this mode, with what to do instead.
    fn carries(&self, account: &AccountSettings, mode: Mode) -> Result<(), &'static str>;

    /// How many seconds a step may take altogether, every call of it included. A decision may take minutes.
    fn limit_s(&self, kind: OperationKind) -> u32;

    /// How many calls a look takes as the attempt stands, so that an account's budget counts them.
    fn calls_of_look(&self, attempt: &Attempt) -> u32 {
        let _ = attempt;
        1
    }

    /// Reads a request's state back, as [`FinancingProvider::retrieve`](crate::FinancingProvider::retrieve) does, with the
    /// checkout at hand: some providers know an application by what the checkout says of its customer.
    async fn look(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Retrieved, ProviderError>;

    /// Takes a step. Each one looks first and finds what an earlier one of unknown outcome did, so that asking for it again
    /// repeats nothing.
    async fn step(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        step: Step<'_>,
    ) -> Result<Stepped, ProviderError>;
}

const ELSEWHERE: &str = "this attempt's application is carried by the financer's own page";
const OVER: &str = "the attempt is over; start the next one";
const COMMITTED: &str = "it is signed and committed";
const SIGNED: &str = "it is signed; the gateway confirms it";

/// Why a step makes no sense as the attempt stands; none where it does.
pub fn refuses(kind: OperationKind, attempt: &Attempt) -> Option<&'static str> {
    use AttemptState::{AwaitingCustomer, AwaitingMerchant, Indeterminate, Initiating, Preapproved, UnderReview};
    let next = attempt.next_action.as_ref().map(|action| action.kind);
    match attempt.state {
        Initiating | Indeterminate => return Some("it is not known yet whether the request was taken in"),
        AwaitingMerchant => return Some(SIGNED),
        state if state.is_committed() => return Some(COMMITTED),
        state if state.is_over() => return Some(OVER),
        _ if next.is_some_and(|kind| !kind.is_step()) => return Some(ELSEWHERE),
        AwaitingCustomer if next.is_none() => return Some(ELSEWHERE),
        _ => {}
    }
    match (kind, attempt.state, next) {
        (OperationKind::Apply, AwaitingCustomer, Some(NextActionKind::Apply | NextActionKind::Verify)) => None,
        (OperationKind::Apply, UnderReview, _) => Some("the application is being decided"),
        (OperationKind::Apply, _, _) => Some("the application was decided; read the offer"),
        (OperationKind::Agree | OperationKind::Sign, UnderReview, _) => Some("the application is being decided"),
        (OperationKind::Agree | OperationKind::Sign, AwaitingCustomer, Some(NextActionKind::Apply)) => {
            Some("an application comes first")
        }
        (OperationKind::Agree | OperationKind::Sign, AwaitingCustomer, Some(NextActionKind::Verify)) => {
            Some("the financer has to identify the customer first")
        }
        (OperationKind::Sign, Preapproved, _) => Some("ask for the agreement and show it first"),
        (OperationKind::AddPayment, AwaitingCustomer, Some(NextActionKind::Apply)) => {
            Some("an application comes first")
        }
        _ => None,
    }
}

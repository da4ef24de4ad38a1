//! What a cassette shows.

use lendport_core::{Ability, CascadeHints, Claim, Details, Grade, OperationKind, ShipmentStatus};

use crate::samples::Sample;

/// One cassette with what must come of it.
#[derive(Clone, Debug)]
pub struct Case {
    /// File name without `.json`.
    pub cassette: &'static str,
    /// What must come of it.
    pub expect: Expect,
    /// The checkout that is used.
    pub sample: fn() -> Sample,
    /// The provider's id that the attempt already has.
    pub reference: Option<&'static str>,
    /// Account values beside those of the suite.
    pub account: &'static [(&'static str, &'static str)],
    /// Who was asked before.
    pub hints: CascadeHints,
}

/// Units of lines: which are asked for, done and refused, each with the line's place in the cart from 0.
#[derive(Clone, Copy, Debug)]
pub struct LinesCase {
    /// Asked for.
    pub asked: &'static [(usize, u32)],
    /// Done.
    pub done: &'static [(usize, u32)],
    /// Refused.
    pub failed: &'static [(usize, u32)],
}

/// What must come of a cassette.
#[derive(Clone, Debug)]
pub enum Expect {
    /// Create is taken in: a reference, a state, a next action when the customer is awaited, the amount echoed or not
    /// mentioned.
    Created,
    /// Create is refused for its content: fields of the caller's request are named and nothing happened there.
    RefusedContent,
    /// Create is answered with a decision against the customer or the means of payment.
    Declined,
    /// Create is refused for the credentials.
    WrongKey,
    /// Create gets no answer in time: it may have been acted on, and must not be sent again by itself.
    TimeLimit,
    /// A create, or a look where the provider knows the attempt, is asked to slow down: nothing happened there, and nothing is
    /// wrong with the provider.
    SlowDown,
    /// Every push of the cassette is read as these claims, with the grade.
    Notices(Vec<(Grade, Claim)>),
    /// Reading the state back gives this.
    Retrieved(Claim),
    /// Reading the state back gives this, with what is told beside it.
    RetrievedWith(Claim, Details),
    /// Looking for the request by our reference finds it, and it stands so.
    Found(Claim),
    /// Capturing everything gives this.
    Captured(Claim),
    /// Cancelling everything gives this.
    Canceled(Claim),
    /// Confirming what the customer signed gives this, and a person has to look or not.
    Finalized(Claim, bool),
    /// Taking this step of an application that the merchant's own pages carry gives this.
    Stepped(OperationKind, Claim),
    /// Giving an amount back gives this; no amount means everything.
    Refunded(Option<&'static str>, Claim),
    /// Stopping units of lines does this.
    LinesCanceled(LinesCase),
    /// Taking units of lines back does this.
    LinesReturned(LinesCase),
    /// Telling another address for notices gives this.
    Amended(Claim),
    /// Reading a page of the provider's list gives so many rows, of which so many may be about the attempt, and there are more
    /// pages or not.
    Swept {
        /// Rows.
        rows: usize,
        /// Rows with one of the attempt's marks.
        ours: usize,
        /// Whether another page follows.
        more: bool,
    },
    /// Telling of goods succeeds.
    Shipped(ShipmentStatus),
}

impl Case {
    /// A cassette of the standard US checkout ([`Sample::usa`]).
    pub fn new(cassette: &'static str, expect: Expect) -> Self {
        Self { cassette, expect, sample: Sample::usa, reference: None, account: &[], hints: CascadeHints::FIRST }
    }

    /// With another checkout.
    #[must_use]
    pub fn with(mut self, sample: fn() -> Sample) -> Self {
        self.sample = sample;
        self
    }

    /// On an attempt that the provider already knows by this id.
    #[must_use]
    pub fn on(mut self, reference: &'static str) -> Self {
        self.reference = Some(reference);
        self
    }

    /// After so many other financers have said no.
    #[must_use]
    pub fn after_declines(mut self, declines: u32) -> Self {
        self.hints = CascadeHints { first_glance: false, declines };
        self
    }

    /// With more account values.
    #[must_use]
    pub fn account(mut self, values: &'static [(&'static str, &'static str)]) -> Self {
        self.account = values;
        self
    }

    /// The ability that this case shows to work.
    pub(super) fn shows(&self) -> Option<Ability> {
        Some(match &self.expect {
            Expect::Created => Ability::Create,
            Expect::Notices(_) => Ability::Notifications,
            Expect::Retrieved(_) | Expect::RetrievedWith(..) => Ability::Retrieve,
            Expect::Found(_) => Ability::Find,
            Expect::Captured(_) => Ability::CaptureFull,
            Expect::Canceled(_) => Ability::CancelFull,
            Expect::Finalized(..) => Ability::Finalize,
            Expect::Stepped(..) => Ability::Application,
            Expect::Refunded(None, _) => Ability::RefundFull,
            Expect::Refunded(Some(_), _) => Ability::RefundPartial,
            Expect::LinesCanceled(_) => Ability::CancelPartial,
            Expect::LinesReturned(_) => Ability::ReturnLines,
            Expect::Amended(_) => Ability::AmendCallback,
            Expect::Shipped(ShipmentStatus::Delivered) => Ability::ConfirmDelivery,
            Expect::Shipped(_) => Ability::ConfirmShipment,
            Expect::RefusedContent
            | Expect::Declined
            | Expect::WrongKey
            | Expect::TimeLimit
            | Expect::SlowDown
            | Expect::Swept { .. } => return None,
        })
    }
}

//! Append-only movements of amount. Sums are derived, never stored.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::Attempt;
use crate::id::{AttemptId, LedgerId, LineId, ObservationId};
use crate::lines::LineUnits;
use crate::money::{Currency, Money, MoneyError};

/// What moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LedgerKind {
    /// A financer committed to this amount.
    Authorized,
    /// A commitment was withdrawn before capture.
    AuthorizationReleased,
    /// The merchant is paid, or entitled to be.
    Captured,
    /// Given back.
    Refunded,
    /// Taken back through a dispute.
    ChargedBack,
    /// Taken back, and given to the merchant again: the dispute was won or reversed.
    ChargebackReversed,
    /// Announced refunds that were settled: counted as [`LedgerKind::Refunded`], or found to be none.
    RefundSettled,
    /// A person accepted that the commitment is for more than was booked.
    AuthorizationRaised,
    /// A person accepted that the commitment is for less than was booked.
    AuthorizationLowered,
    /// The capture is for more than was booked, as its commitment is.
    CaptureRaised,
    /// The capture is for less than was booked, as its commitment is.
    CaptureLowered,
}

impl LedgerKind {
    /// Every kind.
    pub const ALL: [Self; 11] = [
        Self::Authorized,
        Self::AuthorizationReleased,
        Self::Captured,
        Self::Refunded,
        Self::ChargedBack,
        Self::ChargebackReversed,
        Self::RefundSettled,
        Self::AuthorizationRaised,
        Self::AuthorizationLowered,
        Self::CaptureRaised,
        Self::CaptureLowered,
    ];

    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Authorized => "authorized",
            Self::AuthorizationReleased => "authorization_released",
            Self::Captured => "captured",
            Self::Refunded => "refunded",
            Self::ChargedBack => "charged_back",
            Self::ChargebackReversed => "chargeback_reversed",
            Self::RefundSettled => "refund_settled",
            Self::AuthorizationRaised => "authorization_raised",
            Self::AuthorizationLowered => "authorization_lowered",
            Self::CaptureRaised => "capture_raised",
            Self::CaptureLowered => "capture_lowered",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One movement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerEntry {
    /// Ours.
    pub id: LedgerId,
    /// The attempt it happened on.
    pub attempt: AttemptId,
    /// What moved.
    pub kind: LedgerKind,
    /// How much.
    pub amount: Money,
    /// The units it is about, where it is booked by line.
    pub units: Option<LineUnits>,
    /// Announced, not final.
    pub pending: bool,
    /// The fact it rests on.
    pub observation: ObservationId,
    /// When we learnt it.
    pub recorded_at: Timestamp,
}

impl LedgerEntry {
    /// A commitment of the attempt, or a part of it, that was given up.
    fn released(&self, attempt: AttemptId) -> bool {
        self.attempt == attempt && self.kind == LedgerKind::AuthorizationReleased && !self.pending
    }
}

/// The movements of one checkout.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger(pub Vec<LedgerEntry>);

/// The sums of a ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Amounts {
    /// Committed by a financer and not withdrawn.
    pub authorized: Money,
    /// Paid to the merchant, or owed.
    pub captured: Money,
    /// Given back.
    pub refunded: Money,
    /// Taken back, and not given to the merchant again.
    pub charged_back: Money,
}

impl Ledger {
    /// Refunds of one attempt that were announced and neither counted nor settled.
    pub fn pending_refunds(&self, attempt: AttemptId, currency: Currency) -> Result<Money, MoneyError> {
        let announced = self
            .0
            .iter()
            .filter(|entry| entry.pending && entry.attempt == attempt && entry.kind == LedgerKind::Refunded)
            .try_fold(Money::zero(currency), |sum, entry| sum.plus(entry.amount))?;
        announced.minus(self.sum(attempt, LedgerKind::RefundSettled, currency)?)
    }

    /// True when this attempt has a movement of this kind, final or `pending` as asked.
    pub fn has(&self, attempt: AttemptId, kind: LedgerKind, pending: bool) -> bool {
        self.0.iter().any(|entry| entry.attempt == attempt && entry.kind == kind && entry.pending == pending)
    }

    /// Units of a line that were booked as one kind on one attempt.
    pub fn units(&self, attempt: AttemptId, kind: LedgerKind, line: LineId) -> u32 {
        let booked = self.0.iter().filter(|entry| entry.attempt == attempt && entry.kind == kind && !entry.pending);
        let units = booked.filter_map(|entry| entry.units).filter(|units| units.line == line);
        units.fold(0, |sum, units| sum.saturating_add(units.quantity))
    }

    /// Units of a line that are not sent any more: stopped one by one, or with the whole commitment, unless that came back.
    pub fn canceled_units(&self, attempt: AttemptId, line: LineId) -> u32 {
        let committed = |entry: &LedgerEntry| entry.attempt == attempt && entry.kind == LedgerKind::Authorized;
        let since = self.0.iter().rposition(committed).unwrap_or(0);
        let given_up = self.0.iter().skip(since).filter(|entry| entry.released(attempt));
        let units = given_up.filter_map(|entry| entry.units).filter(|units| units.line == line);
        let stopped = self.units(attempt, LedgerKind::AuthorizationLowered, line);
        units.fold(stopped, |sum, units| sum.saturating_add(units.quantity))
    }

    /// Sum of one kind on one attempt, pending movements left out.
    pub fn sum(&self, attempt: AttemptId, kind: LedgerKind, currency: Currency) -> Result<Money, MoneyError> {
        self.total(currency, |entry| entry.attempt == attempt && entry.kind == kind)
    }

    /// True when units of an attempt's lines were paid for.
    pub fn is_paid_by_line(&self, attempt: AttemptId) -> bool {
        let paid = |entry: &LedgerEntry| entry.attempt == attempt && entry.kind == LedgerKind::Captured;
        self.0.iter().any(|entry| paid(entry) && entry.units.is_some() && !entry.pending)
    }

    /// The sums over all attempts.
    pub fn amounts(&self, currency: Currency) -> Result<Amounts, MoneyError> {
        self.add_up(currency, |_| true)
    }

    /// The sums of one attempt.
    pub fn amounts_of(&self, attempt: AttemptId, currency: Currency) -> Result<Amounts, MoneyError> {
        self.add_up(currency, |entry| entry.attempt == attempt)
    }

    /// What the financer's commitment to an attempt is for: what is booked, and before that what will be. A commitment
    /// that comes back is for what was given up, unless a person accepted another sum since.
    pub fn stands_for(&self, attempt: &Attempt) -> Result<Money, MoneyError> {
        let booked = self.amounts_of(attempt.id, attempt.amount.currency())?.authorized;
        if !booked.is_zero() {
            return Ok(booked);
        }
        if attempt.amount_accepted {
            return Ok(attempt.agreed_amount());
        }
        let released: Vec<_> = self.0.iter().filter(|entry| entry.released(attempt.id)).collect();
        let Some(last) = released.last() else { return Ok(attempt.amount) };
        // What is given up by line is given up in several movements, which rest on one fact.
        let together = released.iter().filter(|entry| entry.observation == last.observation);
        together.map(|entry| entry.amount).try_fold(Money::zero(attempt.amount.currency()), Money::plus)
    }

    /// What of an attempt can still be given back. What was taken back of a commitment that stands cannot be given back
    /// as well; where all was taken back, it may come back.
    pub fn left_to_refund(&self, attempt: &Attempt) -> Result<Money, MoneyError> {
        let stands_for = self.stands_for(attempt)?;
        let Amounts { refunded, charged_back, .. } = self.amounts_of(attempt.id, stands_for.currency())?;
        let gone = if attempt.state.is_committed() { refunded.plus(charged_back)? } else { refunded };
        stands_for.minus(gone.least(stands_for)?)
    }

    fn add_up(&self, currency: Currency, wanted: impl Fn(&LedgerEntry) -> bool) -> Result<Amounts, MoneyError> {
        let of = |kind| self.total(currency, |entry| entry.kind == kind && wanted(entry));
        let committed = of(LedgerKind::Authorized)?.plus(of(LedgerKind::AuthorizationRaised)?)?;
        let lowered = of(LedgerKind::AuthorizationLowered)?;
        let captured = of(LedgerKind::Captured)?.plus(of(LedgerKind::CaptureRaised)?)?;
        Ok(Amounts {
            authorized: committed.minus(lowered)?.minus(of(LedgerKind::AuthorizationReleased)?)?,
            captured: captured.minus(of(LedgerKind::CaptureLowered)?)?,
            refunded: of(LedgerKind::Refunded)?,
            charged_back: of(LedgerKind::ChargedBack)?.minus(of(LedgerKind::ChargebackReversed)?)?,
        })
    }

    fn total(&self, currency: Currency, wanted: impl Fn(&LedgerEntry) -> bool) -> Result<Money, MoneyError> {
        self.0
            .iter()
            .filter(|entry| !entry.pending && wanted(entry))
            .try_fold(Money::zero(currency), |sum, entry| sum.plus(entry.amount))
    }
}

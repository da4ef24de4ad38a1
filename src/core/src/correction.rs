//! What the books need once a person accepted another sum than the one booked. Nothing is taken back or written over.

use crate::attempt::Attempt;
use crate::ledger::{Ledger, LedgerKind};
use crate::money::{Money, MoneyError};

/// The movements that bring a commitment, and its capture where there is one, to `sum`. Announced refunds shrink to what
/// can still be given back of it. `sum` covers what was given back already.
pub fn correction(attempt: &Attempt, ledger: &Ledger, sum: Money) -> Result<Vec<(LedgerKind, Money)>, MoneyError> {
    let booked = ledger.amounts_of(attempt.id, attempt.amount.currency())?;
    let mut entries = Vec::new();
    let mut correct = |now: Money, raised, lowered| -> Result<(), MoneyError> {
        if sum.covers(now) && sum != now {
            entries.push((raised, sum.minus(now)?));
        } else if sum != now {
            entries.push((lowered, now.minus(sum)?));
        }
        Ok(())
    };
    // What is not booked yet will be booked for the right sum.
    if !booked.authorized.is_zero() {
        correct(booked.authorized, LedgerKind::AuthorizationRaised, LedgerKind::AuthorizationLowered)?;
    }
    if !booked.captured.is_zero() {
        correct(booked.captured, LedgerKind::CaptureRaised, LedgerKind::CaptureLowered)?;
    }
    let announced = ledger.pending_refunds(attempt.id, attempt.amount.currency())?;
    let excess = announced.minus(announced.least(sum.minus(booked.refunded)?)?)?;
    if !excess.is_zero() {
        entries.push((LedgerKind::RefundSettled, excess));
    }
    Ok(entries)
}

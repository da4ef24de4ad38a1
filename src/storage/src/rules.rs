//! Rules of a change that no schema keeps: everything it writes belongs to its checkout, and what must not change does
//! not.

use lendport_core::{About, Attempt, AttemptId, Checkout, CheckoutId, CheckoutRecord, Event, EventType, Ledger};

use crate::change::Change;
use crate::fault::{Done, Fault};
use crate::tenant::Tenant;

/// What is kept beside a checkout for filters alone.
pub(crate) struct Derived<'a> {
    pub(crate) status: &'a str,
    pub(crate) lead_provider: Option<&'a str>,
}

/// The new checkout of a change, where its rows are this tenant's and each other's.
pub(crate) fn opened(tenant: Tenant, change: &Change) -> Done<CheckoutRecord> {
    let Some(checkout) = change.checkout.as_deref().filter(|_| !change.abort) else {
        return Err(Fault::broken("a new checkout needs its row"));
    };
    if checkout.merchant != tenant.merchant || checkout.mode != tenant.mode {
        return Err(Fault::broken(format!("{} belongs to another tenant", checkout.id)));
    }
    let record =
        CheckoutRecord { checkout: checkout.clone(), attempts: change.attempts.clone(), ledger: Ledger::default() };
    check_children(change, checkout.id, &[])?;
    Ok(record)
}

/// A stored checkout as a change leaves it, its movements left out.
pub(crate) fn merged(old: &CheckoutRecord, change: &Change) -> Done<CheckoutRecord> {
    check(old, change)?;
    let checkout = change.checkout.as_deref().unwrap_or(&old.checkout).clone();
    let attempts = attempts(old, change.attempts.clone());
    Ok(CheckoutRecord { checkout, attempts, ledger: Ledger::default() })
}

/// The same, with the change's own checkout and attempts taken out of it.
pub(crate) fn taken(old: &CheckoutRecord, change: &mut Change) -> Done<CheckoutRecord> {
    check(old, change)?;
    let checkout = change.checkout.take().map_or_else(|| old.checkout.clone(), |new| *new);
    let attempts = attempts(old, std::mem::take(&mut change.attempts));
    Ok(CheckoutRecord { checkout, attempts, ledger: Ledger::default() })
}

/// Those of a checkout, and the new ones behind them.
fn attempts(old: &CheckoutRecord, mut changed: Vec<Attempt>) -> Vec<Attempt> {
    let mut attempts = Vec::with_capacity(old.attempts.len() + changed.len());
    for known in &old.attempts {
        let place = changed.iter().position(|new| new.id == known.id);
        attempts.push(place.map_or_else(|| known.clone(), |place| changed.remove(place)));
    }
    attempts.append(&mut changed);
    attempts
}

/// What a change makes of a checkout is the same checkout, one version on, and all else that it writes belongs to it.
fn check(old: &CheckoutRecord, change: &Change) -> Done<()> {
    let was = &old.checkout;
    let checkout = change.checkout.as_deref().unwrap_or(was);
    if checkout.id != was.id || checkout.merchant != was.merchant || checkout.mode != was.mode {
        return Err(Fault::broken(format!("{} cannot become another checkout", was.id)));
    }
    if change.checkout.is_some() && checkout.version != was.version + 1 {
        let (id, was, is) = (was.id, was.version, checkout.version);
        return Err(Fault::broken(format!("{id} is at version {was}; a change must make it the next, not {is}")));
    }
    if checkout.created_at != was.created_at {
        return Err(Fault::broken(format!("{}: created_at never changes", was.id)));
    }
    check_history(was, &change.events)?;
    check_children(change, checkout.id, &old.attempts)
}

/// Works out what is kept beside a checkout.
pub(crate) fn derived<'a>(change: &Change, record: &'a CheckoutRecord) -> Derived<'a> {
    Derived {
        status: change.status.unwrap_or_else(|| record.status()).as_str(),
        lead_provider: record.leading_attempt().map(|attempt| attempt.provider.as_str()),
    }
}

/// What a history says once it never says again, even when the event that said it was trimmed long ago.
fn check_history(was: &Checkout, events: &[Event]) -> Done<()> {
    for event in events {
        if event.sequence <= was.sequence {
            return Err(Fault::broken(format!("{} has had event {}", was.id, event.sequence)));
        }
        if was.ready_announced && event.kind == EventType::CheckoutReadyToFulfill {
            return Err(Fault::broken(format!("{} was announced as ready before", was.id)));
        }
    }
    Ok(())
}

/// Everything a change writes belongs to its checkout, which had these attempts.
fn check_children(change: &Change, id: CheckoutId, had: &[Attempt]) -> Done<()> {
    let owners = change
        .attempts
        .iter()
        .map(|attempt| attempt.checkout)
        .chain(change.operations.iter().map(|operation| operation.checkout))
        .chain(change.push.iter().map(|push| push.checkout))
        .chain(change.attention.iter().map(|item| item.checkout));
    if change.events.iter().any(|event| event.about != About::Checkout(id)) {
        return Err(Fault::broken(format!("an event of a change of {id} is about something else")));
    }
    for owner in owners {
        if owner != id {
            return Err(Fault::broken(format!("a change of {id} cannot write for {owner}")));
        }
    }
    let spoken_of = change
        .operations
        .iter()
        .map(|operation| operation.attempt)
        .chain(change.push.iter().map(|push| push.attempt))
        .chain(change.observations.iter().map(|row| row.observation.attempt))
        .chain(change.ledger.iter().map(|entry| entry.attempt))
        .chain(change.attention.iter().map(|item| item.attempt));
    for attempt in spoken_of {
        if !change.attempts.iter().any(|new| new.id == attempt) {
            known(had, attempt)?;
        }
    }
    Ok(())
}

/// An attempt that is spoken of is one of the checkout's.
pub(crate) fn known(attempts: &[Attempt], id: AttemptId) -> Done<()> {
    if attempts.iter().any(|attempt| attempt.id == id) {
        Ok(())
    } else {
        Err(Fault::broken(format!("{id} is not an attempt of this checkout")))
    }
}

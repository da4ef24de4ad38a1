//! Carries out a [`Change`] inside the writer's transaction.

use lendport_core::{Attempt, AttemptId, CheckoutId, CheckoutRecord, Ledger};
use rusqlite::Connection;

use super::fault::{Done, Fault};
use super::{
    attempt_rows, attention_rows, checkout_rows, event_rows, idempotency_rows, ledger_rows, observation_rows,
    operation_rows, push_rows,
};
use crate::change::{Change, Decide, Loaded, PushRecord};
use crate::idempotency::{Claim, IdempotencyRow};
use crate::store::{ChangeAsk, ChangeOutcome, InsertOutcome};
use crate::tenant::Tenant;
use crate::vault::Vault;

/// A connection inside a transaction, with what every change needs.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) vault: &'a Vault,
    pub(crate) tenant: Tenant,
}

impl Writing<'_> {
    /// A new checkout with everything that belongs to it.
    pub(crate) fn insert(self, claim: Option<&Claim>, change: &Change) -> Done<InsertOutcome> {
        if let Some(row) = self.claimed(claim)? {
            return Ok(InsertOutcome::Claimed(row));
        }
        let Some(checkout) = change.checkout.as_deref().filter(|_| !change.abort) else {
            return Err(Fault::broken("a new checkout needs its row"));
        };
        if checkout.merchant != self.tenant.merchant || checkout.mode != self.tenant.mode {
            return Err(Fault::broken(format!("{} belongs to another tenant", checkout.id)));
        }
        let record =
            CheckoutRecord { checkout: checkout.clone(), attempts: change.attempts.clone(), ledger: Ledger::default() };
        check_children(change, checkout.id, &record.attempts)?;
        let pk = checkout_rows::insert(self.db, self.vault, checkout, &derived(change, &record))?;
        self.children(pk, change)?;
        self.claim(claim, change, checkout.id)?;
        Ok(InsertOutcome::Inserted)
    }

    /// Loads, lets the decision look, writes what it says.
    pub(crate) fn change(self, id: CheckoutId, ask: &ChangeAsk, decide: &mut Decide<'static>) -> Done<ChangeOutcome> {
        // A key replays its answer even when its checkout cannot be read.
        if let Some(row) = self.claimed(ask.claim.as_ref())? {
            return Ok(ChangeOutcome::Claimed(row));
        }
        let Some((pk, record)) = checkout_rows::load(self.db, self.vault, self.tenant, id)? else {
            return Ok(ChangeOutcome::NotFound);
        };
        let (seen, idle) = match &ask.dedupe {
            Some((attempt, key)) => {
                (observation_rows::seen(self.db, pk, *attempt, key)?, observation_rows::idle(self.db, pk, *attempt)?)
            }
            None => (None, None),
        };
        let operation = match ask.operation {
            Some(operation) => operation_rows::find(self.db, self.vault, pk, id, operation)?,
            None => None,
        };
        let change = decide(Loaded { record: &record, seen, idle, operation, attention: None, open_items: Vec::new() });
        if change.abort {
            return Ok(ChangeOutcome::Done);
        }
        self.replace(pk, &record, &change)?;
        self.children(pk, &change)?;
        self.claim(ask.claim.as_ref(), &change, id)?;
        Ok(ChangeOutcome::Done)
    }

    /// A push that was refused, where its checkout is this tenant's.
    pub(crate) fn refused_push(self, push: &PushRecord) -> Done<()> {
        let Some((pk, record)) = checkout_rows::load(self.db, self.vault, self.tenant, push.checkout)? else {
            return Err(Fault::broken(format!("{} is not a checkout of this tenant", push.checkout)));
        };
        known(&record.attempts, push.attempt)?;
        push_rows::insert(self.db, self.vault, pk, push)
    }

    fn claimed(self, claim: Option<&Claim>) -> Done<Option<IdempotencyRow>> {
        let Some(claim) = claim else { return Ok(None) };
        idempotency_rows::find(self.db, self.vault, self.tenant, &claim.route, &claim.key)
    }

    fn claim(self, claim: Option<&Claim>, change: &Change, id: CheckoutId) -> Done<()> {
        if let Some(claim) = claim {
            idempotency_rows::insert(self.db, self.tenant, claim, id, change.claimed_operation)?;
        }
        if let Some(write) = &change.claim {
            idempotency_rows::settle(self.db, self.vault, self.tenant, write, change.claimed_operation)?;
        }
        Ok(())
    }

    /// The checkout's own row.
    fn replace(self, pk: i64, old: &CheckoutRecord, change: &Change) -> Done<()> {
        let old_checkout = &old.checkout;
        let checkout = change.checkout.as_deref().unwrap_or(old_checkout);
        if checkout.id != old_checkout.id
            || checkout.merchant != old_checkout.merchant
            || checkout.mode != old_checkout.mode
        {
            return Err(Fault::broken(format!("{} cannot become another checkout", old_checkout.id)));
        }
        let mut attempts = old.attempts.clone();
        for new in &change.attempts {
            match attempts.iter_mut().find(|known| known.id == new.id) {
                Some(known) => known.clone_from(new),
                None => attempts.push(new.clone()),
            }
        }
        check_children(change, checkout.id, &attempts)?;
        let record = CheckoutRecord { checkout: checkout.clone(), attempts, ledger: Ledger::default() };
        let derived = derived(change, &record);
        match &change.checkout {
            Some(new) => checkout_rows::update(self.db, self.vault, pk, old_checkout, new, &derived),
            None if !change.attempts.is_empty() => checkout_rows::update_derived(self.db, pk, &derived),
            None => Ok(()),
        }
    }

    fn children(self, pk: i64, change: &Change) -> Done<()> {
        let Self { db, vault, .. } = self;
        // Whoever gives a commitment up goes first: the index that guards the fence looks at every row it meets.
        let (committed, others): (Vec<_>, Vec<_>) =
            change.attempts.iter().partition(|attempt| attempt.state.is_committed());
        for attempt in others.into_iter().chain(committed) {
            attempt_rows::put(db, pk, attempt)?;
        }
        for operation in &change.operations {
            operation_rows::put(db, vault, pk, operation)?;
        }
        for row in &change.observations {
            observation_rows::insert(db, pk, row)?;
        }
        if let Some(id) = change.repeated {
            observation_rows::repeat(db, pk, id)?;
        }
        if let Some(push) = &change.push {
            push_rows::insert(db, vault, pk, push)?;
            if change.repeated.is_some() {
                push_rows::trim_repeats(db, pk)?;
            }
        }
        for entry in &change.ledger {
            ledger_rows::insert(db, pk, entry)?;
        }
        for event in &change.events {
            event_rows::insert(db, pk, event)?;
        }
        for item in &change.attention {
            attention_rows::insert(db, pk, item)?;
        }
        Ok(())
    }
}

fn derived<'a>(change: &Change, record: &'a CheckoutRecord) -> checkout_rows::Derived<'a> {
    checkout_rows::Derived {
        status: change.status.unwrap_or_else(|| record.status()).as_str(),
        lead_provider: record.leading_attempt().map(|attempt| attempt.provider.as_str()),
    }
}

/// Everything a change writes belongs to its checkout.
fn check_children(change: &Change, id: CheckoutId, attempts: &[Attempt]) -> Done<()> {
    let owners = change
        .attempts
        .iter()
        .map(|attempt| attempt.checkout)
        .chain(change.operations.iter().map(|operation| operation.checkout))
        .chain(change.push.iter().map(|push| push.checkout))
        .chain(change.events.iter().filter_map(|event| event.about.checkout()))
        .chain(change.attention.iter().map(|item| item.checkout));
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
        known(attempts, attempt)?;
    }
    Ok(())
}

fn known(attempts: &[Attempt], id: AttemptId) -> Done<()> {
    if attempts.iter().any(|attempt| attempt.id == id) {
        Ok(())
    } else {
        Err(Fault::broken(format!("{id} is not an attempt of this checkout")))
    }
}

//! Carries out a [`Change`] inside the writer's transaction.

use lendport_core::{CheckoutId, CheckoutRecord};
use rusqlite::Connection;

use super::fault::{Done, Fault};
use super::memory::Memory;
use super::{
    attempt_rows, attention_rows, checkout_rows, idempotency_rows, ledger_rows, observation_rows, operation_rows,
    push_rows,
};
use crate::change::{Change, Decide, Loaded, PushRecord};
use crate::idempotency::{Claim, IdempotencyRow};
use crate::rules::{self, derived, known};
use crate::store::{ChangeAsk, ChangeOutcome, InsertOutcome};
use crate::tenant::Tenant;
use crate::vault::Vault;

/// A connection inside a transaction, with what every change needs.
#[derive(Clone, Copy)]
pub(crate) struct Writing<'a> {
    pub(crate) db: &'a Connection,
    pub(crate) vault: &'a Vault,
    pub(crate) memory: &'a Memory,
    pub(crate) tenant: Tenant,
}

impl Writing<'_> {
    /// A new checkout with everything that belongs to it.
    pub(crate) fn insert(self, claim: Option<&Claim>, change: &Change) -> Done<InsertOutcome> {
        if let Some(row) = self.claimed(claim)? {
            return Ok(InsertOutcome::Claimed(row));
        }
        let record = rules::opened(self.tenant, change)?;
        let checkout = &record.checkout;
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
        let attention = match ask.attention {
            Some(item) => attention_rows::of_checkout(self.db, pk, item)?,
            None => None,
        };
        let wants_open = ask.open_items || ask.attention.is_some();
        let open_items = if wants_open { attention_rows::of(self.db, pk, true)? } else { Vec::new() };
        let change = decide(Loaded { record: &record, seen, idle, operation, attention, open_items });
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

    pub(crate) fn claimed(self, claim: Option<&Claim>) -> Done<Option<IdempotencyRow>> {
        let Some(claim) = claim else { return Ok(None) };
        idempotency_rows::find(self.db, self.vault, self.tenant, &claim.route, &claim.key)
    }

    fn claim(self, claim: Option<&Claim>, change: &Change, id: CheckoutId) -> Done<()> {
        if let Some(claim) = claim {
            idempotency_rows::insert(self.db, self.tenant, claim, Some(id), change.claimed_operation)?;
        }
        if let Some(write) = &change.claim {
            idempotency_rows::settle(self.db, self.vault, self.tenant, write, change.claimed_operation)?;
        }
        Ok(())
    }

    /// The checkout's own row.
    fn replace(self, pk: i64, old: &CheckoutRecord, change: &Change) -> Done<()> {
        let record = rules::merged(old, change)?;
        let derived = derived(change, &record);
        match &change.checkout {
            Some(new) => checkout_rows::update(self.db, self.vault, pk, &old.checkout, new, &derived),
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
        self.tell(pk, &change.events)?;
        if !change.attention.is_empty() {
            let tenant = self.memory.tenant_or_new(db, vault, self.tenant)?;
            for item in &change.attention {
                attention_rows::put(db, tenant.pk, pk, item)?;
            }
        }
        Ok(())
    }
}

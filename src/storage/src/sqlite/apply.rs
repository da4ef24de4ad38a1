//! Carries out a [`Change`] inside the writer's transaction.

use std::sync::Arc;

use lendport_core::{Attempt, CheckoutId, CheckoutRecord};
use rusqlite::Connection;

use super::fault::{Done, Fault};
use super::history::History;
use super::memory::Memory;
use super::recent::Known;
use super::{
    attempt_rows, attention_rows, audit_rows, checkout_rows, idempotency_rows, ledger_rows, observation_rows,
    operation_rows, push_rows,
};
use crate::change::{Change, Decide, Loaded, PushRecord};
use crate::idempotency::{Claim, IdempotencyRow};
use crate::packed::Model;
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
        let checkout = change.checkout.as_deref().map(|checkout| checkout.id);
        if let Some(claim) = claim
            && !idempotency_rows::insert(self.db, self.tenant, claim, checkout, change.claimed_operation)?
        {
            let found = self.claimed(Some(claim))?.ok_or_else(|| Fault::broken("a key is taken and has no row"))?;
            return Ok(InsertOutcome::Claimed(found));
        }
        let record = rules::opened(self.tenant, change)?;
        let (model, stored) = change.events.first().and_then(|event| Model::of(event.snapshot.as_bytes())).unzip();
        let kept = derived(change, &record);
        let pk = checkout_rows::insert(self.db, self.vault, &record.checkout, &kept, stored.as_deref())?;
        self.children(pk, model.as_ref(), &[], &record.attempts, change)?;
        self.settle_claim(model.as_ref(), change)?;
        self.remember(pk, model, Some(&History::default()), record, change);
        Ok(InsertOutcome::Inserted)
    }

    /// Loads, lets the decision look, writes what it says.
    pub(crate) fn change(self, id: CheckoutId, ask: &ChangeAsk, decide: &mut Decide<'static>) -> Done<ChangeOutcome> {
        // A key replays its answer even when its checkout cannot be read.
        if let Some(row) = self.claimed(ask.claim.as_ref())? {
            return Ok(ChangeOutcome::Claimed(row));
        }
        let Some(known) = self.load(id)? else { return Ok(ChangeOutcome::NotFound) };
        let Known { pk, model, record, history } = &known;
        let (pk, model, history) = (*pk, model.as_ref(), history.as_deref());
        let may = |be: fn(&History) -> bool| history.is_none_or(be);
        let (seen, idle) = match &ask.dedupe {
            Some((attempt, key)) => {
                let again = history.is_none_or(|history| history.may_have_seen(*attempt, key));
                let seen = look(again, || observation_rows::seen(self.db, pk, *attempt, key))?;
                (seen, look(may(History::may_have_idle_facts), || observation_rows::idle(self.db, pk, *attempt))?)
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
        let open_items = if ask.open_items || ask.attention.is_some() {
            look(may(History::may_have_items), || attention_rows::of(self.db, pk, true))?
        } else {
            Vec::new()
        };
        let mut change = decide(Loaded { record, seen, idle, operation, attention, open_items });
        if change.abort {
            return Ok(ChangeOutcome::Done);
        }
        let (told, tried) = (change.checkout.is_some(), !change.attempts.is_empty());
        let mut after = rules::taken(record, &mut change)?;
        after.ledger.clone_from(&record.ledger);
        let derived = derived(&change, &after);
        if told {
            checkout_rows::update(self.db, self.vault, pk, &record.checkout, &after.checkout, &derived)?;
        } else if tried {
            checkout_rows::update_derived(self.db, pk, &derived)?;
        }
        self.children(pk, model, &record.attempts, &after.attempts, &change)?;
        self.claim(ask.claim.as_ref(), &change, id)?;
        self.settle_claim(model, &change)?;
        let facts = !change.observations.is_empty() || !change.attention.is_empty();
        if facts || told || tried || !change.ledger.is_empty() {
            self.remember(pk, model.cloned(), history, after, &change);
        }
        Ok(ChangeOutcome::Done)
    }

    /// The checkout as it stands in this transaction.
    fn load(self, id: CheckoutId) -> Done<Option<Known>> {
        let known = self.memory.recent.in_transaction(self.tenant, id);
        if known.is_some() && !cfg!(debug_assertions) {
            return Ok(known);
        }
        let stored = checkout_rows::load(self.db, self.vault, self.tenant, id)?;
        if let Some(known) = &known {
            let same = stored.as_ref().is_some_and(|(pk, record)| *pk == known.pk && *record == *known.record);
            debug_assert!(same, "{id} is remembered otherwise than it is stored");
        }
        let Some((pk, record)) = stored else { return Ok(None) };
        let history = known.and_then(|known| known.history);
        Ok(Some(Known { pk, model: checkout_rows::model(self.db, pk)?, record: Arc::new(record), history }))
    }

    /// Keeps what a change leaves for the next one.
    fn remember(
        self,
        pk: i64,
        model: Option<Model>,
        history: Option<&History>,
        mut after: CheckoutRecord,
        change: &Change,
    ) {
        // In the order in which rows are read.
        after.attempts.sort_by_key(|attempt| attempt.number);
        after.ledger.0.extend_from_slice(&change.ledger);
        after.ledger.0.sort_by_key(|entry| entry.id);
        let history = history.and_then(|history| history.with(change));
        self.memory.recent.changes(Known { pk, model, record: Arc::new(after), history });
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
        let Some(claim) = claim else { return Ok(()) };
        if idempotency_rows::insert(self.db, self.tenant, claim, Some(id), change.claimed_operation)? {
            return Ok(());
        }
        Err(Fault::broken("a key was claimed twice in one transaction"))
    }

    fn settle_claim(self, model: Option<&Model>, change: &Change) -> Done<()> {
        let Some(write) = &change.claim else { return Ok(()) };
        idempotency_rows::settle(self.db, self.vault, self.tenant, write, change.claimed_operation, model)
    }

    /// Attempts that differ from what they were, and all else that belongs to a checkout.
    fn children(
        self,
        pk: i64,
        model: Option<&Model>,
        old: &[Attempt],
        attempts: &[Attempt],
        change: &Change,
    ) -> Done<()> {
        let Self { db, vault, .. } = self;
        // Whoever gives a commitment up goes first: the index that guards the fence looks at every row it meets.
        let tenant = if attempts.is_empty() { 0 } else { self.memory.tenant_or_new(db, vault, self.tenant)?.pk };
        let committed = |attempt: &&Attempt| attempt.state.is_committed();
        for attempt in attempts.iter().filter(|attempt| !committed(attempt)).chain(attempts.iter().filter(committed)) {
            let known = old.iter().find(|known| known.id == attempt.id);
            attempt_rows::put(db, (tenant, pk), known, attempt)?;
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
        self.tell(pk, model, &change.events)?;
        if !change.attention.is_empty() {
            let tenant = self.memory.tenant_or_new(db, vault, self.tenant)?;
            for item in &change.attention {
                attention_rows::put(db, tenant.pk, pk, item)?;
            }
        }
        for entry in &change.audit {
            audit_rows::insert(db, self.tenant, entry)?;
        }
        Ok(())
    }
}

/// Asks the rows, where what is asked for may be there. A debug build always asks, and compares.
fn look<T: Default + PartialEq>(may_be_there: bool, ask: impl FnOnce() -> Done<T>) -> Done<T> {
    if !may_be_there && !cfg!(debug_assertions) {
        return Ok(T::default());
    }
    let found = ask()?;
    debug_assert!(may_be_there || found == T::default(), "rows hold what is remembered as absent");
    Ok(found)
}

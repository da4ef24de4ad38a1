//! Everything a batch of changes writes: one statement per table, whatever the number of changes.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::columns::Rows;
use super::decide::Decided;
use super::fault::Done;
use super::pipeline::Step;
use super::{
    attempt_rows, attention_rows, audit_rows, checkout_rows, event_rows, idempotency_rows, ledger_rows,
    observation_rows, operation_rows, push_rows,
};
use crate::personal;
use crate::rules::derived;
use crate::vault::Vault;

/// Rows by table.
#[derive(Default)]
pub(crate) struct Writes<'a> {
    new_checkouts: Rows<'a>,
    checkouts: Rows<'a>,
    carts: Rows<'a>,
    people: Rows<'a>,
    derived: Rows<'a>,
    new_attempts: Rows<'a>,
    attempts: Rows<'a>,
    committed: Rows<'a>,
    new_operations: Rows<'a>,
    operations: Rows<'a>,
    observations: Rows<'a>,
    repeats: Rows<'a>,
    pushes: Rows<'a>,
    ledger: Rows<'a>,
    events: Rows<'a>,
    attention: Rows<'a>,
    audit: Rows<'a>,
    claims: Rows<'a>,
    settled: Rows<'a>,
    refused_in: Vec<i64>,
    repeated_in: Vec<i64>,
}

impl<'a> Writes<'a> {
    /// Adds what a change writes.
    pub(crate) fn add(&mut self, vault: &Vault, decided: &'a Decided<'a>) -> Done<()> {
        let Decided { tenant, number, pk, old, record, change, claim } = decided;
        let old = old.as_ref().map(|known| &known.record);
        let (pk, number) = (*pk, *number);
        let kept = derived(change, record);
        match (old, &change.checkout) {
            (None, _) => {
                let sealed = personal::seal(vault, &record.checkout)?;
                self.new_checkouts.push(checkout_rows::new_row(pk, number, &record.checkout, &kept, sealed)?);
            }
            (Some(old), Some(new)) => {
                self.checkouts.push(checkout_rows::changed_row(pk, new, &kept)?);
                if let Some(row) = checkout_rows::changed_cart(pk, &old.checkout, new)? {
                    self.carts.push(row);
                }
                if let Some(row) = checkout_rows::changed_people(vault, pk, &old.checkout, new)? {
                    self.people.push(row);
                }
            }
            (Some(_), None) if decided.writes_row() => {
                self.derived.push([pk.into(), kept.status.into(), kept.lead_provider.into()]);
            }
            (Some(_), None) => {}
        }
        for attempt in &change.attempts {
            let row = attempt_rows::row(number, pk, attempt)?;
            // Whoever gives a commitment up goes first: the index that guards the fence looks at every row it meets.
            match old {
                None => self.new_attempts.push(row),
                Some(_) if attempt.state.is_committed() => self.committed.push(row),
                Some(_) => self.attempts.push(row),
            }
        }
        for operation in &change.operations {
            let row = operation_rows::row(vault, pk, operation)?;
            if old.is_none() { self.new_operations.push(row) } else { self.operations.push(row) }
        }
        for row in &change.observations {
            self.observations.push(observation_rows::row(pk, row)?);
        }
        if let Some(id) = change.repeated {
            self.repeats.push([pk.into(), id.uuid().into()]);
        }
        if let Some(push) = &change.push {
            self.pushes.push(push_rows::row(vault, pk, push)?);
            if push.verdict != push_rows::STORED {
                self.refused_in.push(pk);
            } else if change.repeated.is_some() {
                self.repeated_in.push(pk);
            }
        }
        for entry in &change.ledger {
            self.ledger.push(ledger_rows::row(pk, entry));
        }
        for event in &change.events {
            self.events.push(event_rows::row(number, Some(pk), event)?);
        }
        for item in &change.attention {
            self.attention.push(attention_rows::row(number, pk, item));
        }
        for entry in &change.audit {
            self.audit.push(audit_rows::row(*tenant, entry)?);
        }
        if let Some(claim) = claim {
            let (id, operation) = (record.checkout.id, change.claimed_operation);
            self.claims.push(idempotency_rows::claim_row(number, claim, Some(id), operation));
        }
        if let Some(write) = &change.claim {
            let row = idempotency_rows::settle_row(vault, (*tenant, number), write, change.claimed_operation)?;
            self.settled.push(row);
        }
        Ok(())
    }

    /// The statements, in the order in which they must be sent. Whatever must not be written makes one of them fail.
    pub(crate) fn statements(&self) -> Vec<Statement<'_>> {
        let tables = [
            (checkout_rows::INSERT, &self.new_checkouts),
            (checkout_rows::UPDATE, &self.checkouts),
            (checkout_rows::UPDATE_CART, &self.carts),
            (checkout_rows::UPDATE_PERSONAL, &self.people),
            (checkout_rows::UPDATE_DERIVED, &self.derived),
            (attempt_rows::INSERT, &self.new_attempts),
            (attempt_rows::PUT, &self.attempts),
            (attempt_rows::PUT, &self.committed),
            (operation_rows::INSERT, &self.new_operations),
            (operation_rows::PUT, &self.operations),
            (observation_rows::INSERT, &self.observations),
            (observation_rows::REPEAT, &self.repeats),
            (push_rows::INSERT, &self.pushes),
            (ledger_rows::INSERT, &self.ledger),
            (attention_rows::PUT, &self.attention),
            (audit_rows::INSERT, &self.audit),
            (idempotency_rows::CLAIM_OR_FAIL, &self.claims),
            (idempotency_rows::SETTLE, &self.settled),
        ];
        let mut statements: Vec<Statement<'_>> = tables
            .into_iter()
            .filter(|(_, rows)| !rows.is_empty())
            .map(|(sql, rows)| Statement { sql, values: rows.values() })
            .collect();
        for (sql, checkouts, kept) in [
            (push_rows::TRIM_REFUSED, &self.refused_in, &push_rows::REFUSED_KEPT),
            (push_rows::TRIM_REPEATS, &self.repeated_in, &push_rows::REPEATS_KEPT),
        ] {
            if !checkouts.is_empty() {
                statements.push(Statement { sql, values: vec![checkouts, kept] });
            }
        }
        if !self.events.is_empty() {
            let mut values = self.events.values();
            values.push(&None::<Uuid>);
            statements.push(Statement { sql: event_rows::INSERT, values });
        }
        statements
    }

    /// True when the last statement is the one that writes events, and answers how many deliveries were made with them.
    pub(crate) fn tells(&self) -> bool {
        !self.events.is_empty()
    }
}

/// A statement with its values.
pub(crate) struct Statement<'a> {
    sql: &'static str,
    values: Vec<&'a (dyn ToSql + Sync)>,
}

impl Statement<'_> {
    /// As it travels.
    pub(crate) fn step(&self) -> Step<'_> {
        Step::With(self.sql, &self.values)
    }
}

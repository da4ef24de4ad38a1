//! Everything a batch of changes writes: one statement per table, whatever the number of changes.

use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::columns::Rows;
use super::decide::Decided;
use super::fault::Done;
use super::pipeline::Step;
use super::{
    attempt_rows, attention_rows, checkout_rows, event_rows, idempotency_rows, ledger_rows, observation_rows,
    operation_rows, push_rows,
};
use crate::idempotency::Claim;
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
    attempts: Rows<'a>,
    committed: Rows<'a>,
    operations: Rows<'a>,
    observations: Rows<'a>,
    repeats: Rows<'a>,
    pushes: Rows<'a>,
    ledger: Rows<'a>,
    events: Rows<'a>,
    attention: Rows<'a>,
    claims: Rows<'a>,
    settled: Rows<'a>,
    lost: Rows<'a>,
    refused_in: Vec<i64>,
    repeated_in: Vec<i64>,
    /// How many facts are counted again and how many claims are made: each must be answered by a row.
    pub(crate) expected: [usize; 2],
}

impl<'a> Writes<'a> {
    /// Adds what a change writes.
    pub(crate) fn add(&mut self, vault: &Vault, decided: &'a Decided<'a>) -> Done<()> {
        let Decided { tenant, number, pk, old, record, change, claim } = decided;
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
            (Some(_), None) if !change.attempts.is_empty() => {
                self.derived.push([pk.into(), kept.status.into(), kept.lead_provider.into()]);
            }
            (Some(_), None) => {}
        }
        for attempt in &change.attempts {
            let row = attempt_rows::row(pk, attempt)?;
            // Whoever gives a commitment up goes first: the index that guards the fence looks at every row it meets.
            if attempt.state.is_committed() { self.committed.push(row) } else { self.attempts.push(row) }
        }
        for operation in &change.operations {
            self.operations.push(operation_rows::row(vault, pk, operation)?);
        }
        for row in &change.observations {
            self.observations.push(observation_rows::row(pk, row));
        }
        if let Some(id) = change.repeated {
            self.repeats.push([pk.into(), id.uuid().into()]);
            self.expected[0] += 1;
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
        if let Some(claim) = claim {
            let (id, operation) = (record.checkout.id, change.claimed_operation);
            self.claims.push(idempotency_rows::claim_row(number, claim, Some(id), operation));
            self.expected[1] += 1;
        }
        if let Some(write) = &change.claim {
            let row = idempotency_rows::settle_row(vault, (*tenant, number), write, change.claimed_operation)?;
            self.settled.push(row);
        }
        Ok(())
    }

    /// The statements, in the order in which they must be sent, each with what its answer is about.
    pub(crate) fn statements(&self) -> Vec<Statement<'_>> {
        let tables = [
            (Written::Other, checkout_rows::INSERT, &self.new_checkouts),
            (Written::Other, checkout_rows::UPDATE, &self.checkouts),
            (Written::Other, checkout_rows::UPDATE_CART, &self.carts),
            (Written::Other, checkout_rows::UPDATE_PERSONAL, &self.people),
            (Written::Other, checkout_rows::UPDATE_DERIVED, &self.derived),
            (Written::Other, attempt_rows::PUT, &self.attempts),
            (Written::Other, attempt_rows::PUT, &self.committed),
            (Written::Other, operation_rows::PUT, &self.operations),
            (Written::Other, observation_rows::INSERT, &self.observations),
            (Written::Repeats, observation_rows::REPEAT, &self.repeats),
            (Written::Other, push_rows::INSERT, &self.pushes),
            (Written::Other, ledger_rows::INSERT, &self.ledger),
            (Written::Other, attention_rows::PUT, &self.attention),
            (Written::Claims, idempotency_rows::CLAIM, &self.claims),
            (Written::Other, idempotency_rows::SETTLE, &self.settled),
            (Written::Lost, idempotency_rows::FIND, &self.lost),
        ];
        let mut statements: Vec<Statement<'_>> = tables
            .into_iter()
            .filter(|(.., rows)| !rows.is_empty())
            .map(|(about, sql, rows)| Statement { about, sql, values: rows.values() })
            .collect();
        if !self.events.is_empty() {
            let mut values = self.events.values();
            values.push(&None::<Uuid>);
            statements.push(Statement { about: Written::Deliveries, sql: event_rows::INSERT, values });
        }
        for (sql, checkouts, kept) in [
            (push_rows::TRIM_REFUSED, &self.refused_in, &push_rows::REFUSED_KEPT),
            (push_rows::TRIM_REPEATS, &self.repeated_in, &push_rows::REPEATS_KEPT),
        ] {
            if !checkouts.is_empty() {
                statements.push(Statement { about: Written::Other, sql, values: vec![checkouts, kept] });
            }
        }
        statements
    }

    /// Looks up who has this key.
    pub(crate) fn look_up(&mut self, tenant: i64, claim: &'a Claim) {
        self.lost.push([tenant.into(), claim.route.as_str().into(), claim.key.as_str().into()]);
    }
}

/// A statement with its values.
pub(crate) struct Statement<'a> {
    pub(crate) about: Written,
    sql: &'static str,
    values: Vec<&'a (dyn ToSql + Sync)>,
}

impl Statement<'_> {
    /// As it travels.
    pub(crate) fn step(&self) -> Step<'_> {
        Step::With(self.sql, &self.values)
    }
}

/// Which answer is which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Written {
    /// Facts that were counted again.
    Repeats,
    /// Keys that were claimed.
    Claims,
    /// How many deliveries were made.
    Deliveries,
    /// Rows of keys that somebody else has.
    Lost,
    /// Nothing to look at.
    Other,
}

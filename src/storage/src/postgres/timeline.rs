//! Everything that happened to a checkout.

use lendport_core::CheckoutId;
use tokio_postgres::Row;

use super::cell::LISTED_MAX;
use super::connection::{Statements as _, Transaction};
use super::fault::Done;
use super::pipeline::{self, Step};
use super::{attention_rows, checkout_rows, event_rows, observation_rows, operation_rows, push_rows};
use crate::store::Timeline;
use crate::vault::Vault;

/// Reads it, where the checkout is the tenant's.
pub(crate) async fn of(held: Transaction, vault: &Vault, tenant: i64, id: CheckoutId) -> Done<Option<Timeline>> {
    let Some(pk) = held.row(checkout_rows::KEY_OF, &[&tenant, &id.uuid()]).await? else {
        held.ended();
        return Ok(None);
    };
    let pk: i64 = pk.try_get(0)?;
    let steps = [
        Step::Bare("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
        Step::With(observation_rows::OF, &[&pk, &LISTED_MAX]),
        Step::With(operation_rows::OF, &[&pk, &None::<&str>]),
        Step::With(event_rows::OF, &[&pk, &LISTED_MAX]),
        Step::With(attention_rows::OF, &[&pk, &LISTED_MAX]),
        Step::With(push_rows::REFUSED, &[&pk]),
        Step::Bare("COMMIT"),
    ];
    let answers = pipeline::run(&held, &steps).await?;
    held.ended();
    let [_, observations, operations, events, attention, pushes, _] = answers.as_slice() else { return Ok(None) };
    Ok(Some(Timeline {
        observations: each(observations, observation_rows::rebuild)?,
        operations: each(operations, |row| operation_rows::rebuild(vault, row, id))?,
        events: each(events, event_rows::rebuild)?,
        attention: each(attention, attention_rows::rebuild)?,
        refused_pushes: each(pushes, push_rows::refused)?,
    }))
}

fn each<T>(rows: &[Row], rebuild: impl Fn(&Row) -> Done<T>) -> Done<Vec<T>> {
    rows.iter().map(rebuild).collect()
}

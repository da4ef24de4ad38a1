//! `unique_id`: one call is carried out for each, whatever became of it (wepay.md 7).

use rust_decimal::Decimal;
use sha2::{Digest as _, Sha256};

use super::errors::Refusal;
use super::rules::Repeat;
use super::state::Store;
use lendport_simulation::Reply;

/// What a `unique_id` was used for.
pub(super) enum Spent {
    /// A checkout, with the answer given.
    Made { account_id: u64, amount: Decimal, answer: Reply },
    /// A call that failed.
    Failed,
}

/// Whether a create call may go on. `Some`: it is a repetition, and this is its answer.
pub(super) fn look_up(
    store: &Store,
    unique_id: &str,
    account_id: u64,
    amount: Decimal,
) -> Option<Result<Reply, Refusal>> {
    let spent = store.unique.get(unique_id)?;
    let used = || Refusal::new(1003, "this unique_id has already been used");
    Some(match spent {
        Spent::Made { account_id: known, amount: sum, answer } if *known == account_id && *sum == amount => {
            if store.rules.repeated_unique_id == Repeat::Answer { Ok(answer.clone()) } else { Err(used()) }
        }
        Spent::Made { .. } | Spent::Failed => Err(used()),
    })
}

/// Keeps what the first call with a `unique_id` said, whatever became of that call.
pub(super) fn hear(store: &mut Store, unique_id: &str, body: &[u8]) {
    store.heard.entry(unique_id.to_owned()).or_insert_with(|| Sha256::digest(body).into());
}

/// True when the first call with this `unique_id` said something else.
pub(super) fn differs(store: &Store, unique_id: &str, body: &[u8]) -> bool {
    store.heard.get(unique_id).is_some_and(|first| *first != <[u8; 32]>::from(Sha256::digest(body)))
}

/// A call with this `unique_id` failed: it is used up all the same.
pub(super) fn failed(store: &mut Store, unique_id: &str) {
    store.unique.entry(unique_id.to_owned()).or_insert(Spent::Failed);
}

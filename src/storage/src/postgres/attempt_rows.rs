//! Rows of attempts.

use lendport_core::observation::Grade;
use lendport_core::{
    Attempt, AttemptId, AttemptState, CaptureMode, CheckoutId, Evidence, NextAction, OperationKind, ProviderRef, Reason,
};
use tokio_postgres::Row;

use super::cell::{Cells, digest_to_store, json, money};
use super::columns::Value;
use super::fault::Done;

/// What an attempt is rebuilt from.
macro_rules! columns {
    () => {
        "a.checkout, a.id, a.number, a.provider, a.account, a.state, a.reason, a.evidence_observation, \
         a.evidence_grade, a.reference, a.raw_status, a.callback_digest, a.merchant_reference, a.next_action, a.amount, \
         a.amount_echoed, a.capture, a.capture_by, a.expires_at, a.amount_accepted, a.approval_confirmed, a.poll_at, \
         a.polls, a.created_at, a.updated_at, a.deadline_told, a.acknowledged, a.review_open"
    };
}
pub(crate) use columns;

/// The attempts of these checkouts, oldest first.
pub(crate) const OF: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM unnest($1::bigint[], $2::uuid[]) AS asked (tenant, id) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.id \
     JOIN attempts a ON a.checkout = c.pk ORDER BY a.checkout, a.number"
);

macro_rules! insert {
    () => {
        "INSERT INTO attempts (checkout, id, number, provider, account, state, reason, \
         evidence_observation, evidence_grade, reference, raw_status, callback_digest, merchant_reference, next_action, \
         amount, amount_echoed, capture, capture_by, expires_at, amount_accepted, approval_confirmed, poll_at, polls, \
         created_at, updated_at, deadline_told, acknowledged, review_open, tenant) \
         SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::text[], $5::uuid[], $6::text[], $7::text[], \
         $8::uuid[], $9::text[], $10::text[], $11::text[], $12::bytea[], $13::text[], $14::text[], $15::text[], \
         $16::text[], $17::text[], $18::timestamptz[], $19::timestamptz[], $20::bool[], $21::bool[], $22::timestamptz[], \
         $23::bigint[], $24::timestamptz[], $25::timestamptz[], $26::timestamptz[], $27::text[], $28::bool[], \
         $29::bigint[])"
    };
}

/// Writes new attempts.
pub(crate) const INSERT: &str = insert!();

/// Writes attempts, new or changed. What one was started with never changes: its `id` becomes null then, and the whole
/// change is refused. A poll that is due at another moment is nobody's work yet.
pub(crate) const PUT: &str = concat!(
    insert!(),
    " ON CONFLICT (checkout, number) DO UPDATE SET \
    id = CASE WHEN attempts.id = excluded.id AND attempts.created_at = excluded.created_at THEN attempts.id END, \
    provider = excluded.provider, account = excluded.account, state = excluded.state, reason = excluded.reason, \
    evidence_observation = excluded.evidence_observation, evidence_grade = excluded.evidence_grade, \
    reference = excluded.reference, raw_status = excluded.raw_status, callback_digest = excluded.callback_digest, \
    merchant_reference = excluded.merchant_reference, next_action = excluded.next_action, amount = excluded.amount, \
    amount_echoed = excluded.amount_echoed, capture = excluded.capture, capture_by = excluded.capture_by, \
    expires_at = excluded.expires_at, amount_accepted = excluded.amount_accepted, \
    approval_confirmed = excluded.approval_confirmed, poll_at = excluded.poll_at, polls = excluded.polls, \
    poll_taken_until = CASE WHEN attempts.poll_at = excluded.poll_at THEN attempts.poll_taken_until END, \
    updated_at = excluded.updated_at, deadline_told = excluded.deadline_told, acknowledged = excluded.acknowledged, \
    review_open = excluded.review_open, tenant = excluded.tenant"
);

/// Rebuilds an attempt of this checkout from its [`columns`].
pub(crate) fn rebuild(row: &Row, checkout: CheckoutId) -> Done<Attempt> {
    let cells = Cells::of::<AttemptId>("attempts", row);
    let evidence = match (cells.id_opt("evidence_observation")?, cells.word_opt("evidence_grade", Grade::parse)?) {
        (Some(observation), Some(grade)) => Some(Evidence { observation, grade }),
        (None, None) => None,
        _ => return Err(cells.bad("evidence_grade", "an observation and its grade go together").into()),
    };
    Ok(Attempt {
        id: cells.id("id")?,
        checkout,
        number: cells.number("number")?,
        provider: cells.provider("provider")?,
        account: cells.id("account")?,
        state: cells.word("state", AttemptState::parse)?,
        reason: cells.get::<Option<String>>("reason")?.map(Reason),
        evidence,
        reference: cells.get::<Option<String>>("reference")?.map(ProviderRef),
        raw_status: cells.get("raw_status")?,
        callback_digest: cells.digest("callback_digest")?,
        merchant_reference: cells.get("merchant_reference")?,
        next_action: cells.json_opt::<NextAction>("next_action")?,
        amount: cells.money("amount")?,
        amount_echoed: cells.money_opt("amount_echoed")?,
        capture: cells.word("capture", CaptureMode::parse)?,
        capture_by: cells.time_opt("capture_by")?,
        expires_at: cells.time_opt("expires_at")?,
        amount_accepted: cells.get("amount_accepted")?,
        approval_confirmed: cells.get("approval_confirmed")?,
        deadline_told: cells.time_opt("deadline_told")?,
        awaited: cells.word_opt("acknowledged", OperationKind::parse)?,
        review_open: cells.get("review_open")?,
        poll_at: cells.time_opt("poll_at")?,
        polls: cells.number("polls")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// An attempt, for [`PUT`].
pub(crate) fn row(tenant: i64, checkout: i64, attempt: &Attempt) -> Done<[Value<'_>; 29]> {
    Ok([
        checkout.into(),
        attempt.id.uuid().into(),
        i64::from(attempt.number).into(),
        attempt.provider.as_str().into(),
        attempt.account.uuid().into(),
        attempt.state.as_str().into(),
        attempt.reason.as_ref().map(|reason| reason.0.as_str()).into(),
        attempt.evidence.map(|evidence| evidence.observation.uuid()).into(),
        attempt.evidence.map(|evidence| evidence.grade.as_str()).into(),
        attempt.reference.as_ref().map(|reference| reference.0.as_str()).into(),
        attempt.raw_status.as_deref().into(),
        digest_to_store("callback token digest", &attempt.callback_digest)?.into(),
        attempt.merchant_reference.as_str().into(),
        attempt.next_action.as_ref().map(json).transpose()?.into(),
        money(attempt.amount).into(),
        attempt.amount_echoed.map(money).into(),
        attempt.capture.as_str().into(),
        attempt.capture_by.into(),
        attempt.expires_at.into(),
        attempt.amount_accepted.into(),
        attempt.approval_confirmed.into(),
        attempt.poll_at.into(),
        i64::from(attempt.polls).into(),
        attempt.created_at.into(),
        attempt.updated_at.into(),
        attempt.deadline_told.into(),
        attempt.awaited.map(OperationKind::as_str).into(),
        attempt.review_open.into(),
        tenant.into(),
    ])
}

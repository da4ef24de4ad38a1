//! Rows of attempts.

use lendport_core::observation::Grade;
use lendport_core::{
    Attempt, AttemptId, AttemptState, CaptureMode, CheckoutId, Evidence, NextAction, OperationKind, ProviderRef, Reason,
};
use rusqlite::{Connection, named_params};

use super::cell::{Cells, StoredId as _, digest_to_store, json, money, time};
use super::fault::{Done, Fault};

/// The attempts of a checkout, oldest first.
pub(crate) fn of(db: &Connection, checkout: i64, id: CheckoutId) -> Done<Vec<Attempt>> {
    let mut statement = db.prepare_cached("SELECT * FROM attempts WHERE checkout = ?1 ORDER BY number")?;
    let mut rows = statement.query([checkout])?;
    let mut attempts = Vec::new();
    while let Some(row) = rows.next()? {
        attempts.push(rebuild(&Cells::of::<AttemptId>("attempts", row), id)?);
    }
    Ok(attempts)
}

/// Rebuilds an attempt of this checkout.
pub(crate) fn rebuild(cells: &Cells<'_>, checkout: CheckoutId) -> Done<Attempt> {
    let evidence = match (cells.id_opt("evidence_observation")?, cells.word_opt("evidence_grade", Grade::parse)?) {
        (Some(observation), Some(grade)) => Some(Evidence { observation, grade }),
        (None, None) => None,
        _ => return Err(cells.bad("evidence_grade", "an observation and its grade go together")),
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
        merchant_reference: merchant_reference(cells, checkout)?,
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

fn merchant_reference(cells: &Cells<'_>, checkout: CheckoutId) -> Done<String> {
    match cells.get("merchant_reference")? {
        Some(other) => Ok(other),
        None => Ok(usual_reference(checkout, cells.number("number")?)),
    }
}

/// What we call a request where nothing else is stored.
fn usual_reference(checkout: CheckoutId, number: u32) -> String {
    format!("{checkout}-{number}")
}

/// Writes an attempt, new or changed, where it differs from what is stored. What it was started with hardly ever
/// changes, and an index that holds it is left alone then.
pub(crate) fn put(
    db: &Connection,
    (tenant, checkout): (i64, i64),
    stored: Option<&Attempt>,
    attempt: &Attempt,
) -> Done<()> {
    match stored {
        Some(stored) if stored == attempt => Ok(()),
        Some(stored) if has_same_start(stored, attempt) => put_progress(db, (tenant, checkout), attempt),
        _ => put_whole(db, (tenant, checkout), attempt),
    }
}

fn has_same_start(stored: &Attempt, attempt: &Attempt) -> bool {
    stored.id == attempt.id
        && stored.number == attempt.number
        && stored.provider == attempt.provider
        && stored.account == attempt.account
        && stored.callback_digest == attempt.callback_digest
        && stored.merchant_reference == attempt.merchant_reference
        && stored.next_action == attempt.next_action
        && stored.amount == attempt.amount
        && stored.amount_echoed == attempt.amount_echoed
        && stored.capture == attempt.capture
        && stored.created_at == attempt.created_at
}

/// What messages and time change.
fn put_progress(db: &Connection, (tenant, checkout): (i64, i64), attempt: &Attempt) -> Done<()> {
    let written = db
        .prepare_cached(
            "UPDATE attempts SET state = :state, reason = :reason, evidence_observation = :evidence_observation,
                evidence_grade = :evidence_grade, reference = :reference, raw_status = :raw_status,
                capture_by = :capture_by, expires_at = :expires_at, amount_accepted = :amount_accepted,
                approval_confirmed = :approval_confirmed, deadline_told = :deadline_told, acknowledged = :acknowledged,
                review_open = :review_open,
                poll_at = :poll_at, polls = :polls, updated_at = :updated_at, tenant = :tenant
             WHERE checkout = :checkout AND number = :number",
        )?
        .execute(named_params! {
            ":checkout": checkout,
            ":tenant": tenant,
            ":number": attempt.number,
            ":state": attempt.state.as_str(),
            ":reason": attempt.reason.as_ref().map(|reason| &reason.0),
            ":evidence_observation": attempt.evidence.map(|evidence| evidence.observation.bytes()),
            ":evidence_grade": attempt.evidence.map(|evidence| evidence.grade.as_str()),
            ":reference": attempt.reference.as_ref().map(|reference| &reference.0),
            ":raw_status": attempt.raw_status,
            ":capture_by": attempt.capture_by.map(time),
            ":expires_at": attempt.expires_at.map(time),
            ":amount_accepted": attempt.amount_accepted,
            ":approval_confirmed": attempt.approval_confirmed,
            ":deadline_told": attempt.deadline_told.map(time),
            ":acknowledged": attempt.awaited.map(OperationKind::as_str),
            ":review_open": attempt.review_open,
            ":poll_at": attempt.poll_at.map(time),
            ":polls": attempt.polls,
            ":updated_at": time(attempt.updated_at),
        })?;
    if written == 1 { Ok(()) } else { Err(Fault::broken(format!("{} has no row", attempt.id))) }
}

fn put_whole(db: &Connection, (tenant, checkout): (i64, i64), attempt: &Attempt) -> Done<()> {
    let usual = usual_reference(attempt.checkout, attempt.number);
    let written = db
        .prepare_cached(
            "INSERT INTO attempts (id, checkout, number, provider, account, state, reason, evidence_observation,
                evidence_grade, reference, raw_status, callback_digest, merchant_reference, next_action, amount,
                amount_echoed, capture, capture_by, expires_at, amount_accepted, approval_confirmed, deadline_told,
                acknowledged, review_open, poll_at, polls, created_at, updated_at, tenant)
             VALUES (:id, :checkout, :number, :provider, :account, :state, :reason, :evidence_observation,
                :evidence_grade, :reference, :raw_status, :callback_digest, :merchant_reference, :next_action, :amount,
                :amount_echoed, :capture, :capture_by, :expires_at, :amount_accepted, :approval_confirmed, :deadline_told,
                :acknowledged, :review_open, :poll_at, :polls, :created_at, :updated_at, :tenant)
             ON CONFLICT (checkout, number) DO UPDATE SET provider = excluded.provider, account = excluded.account,
                state = excluded.state, reason = excluded.reason,
                evidence_observation = excluded.evidence_observation, evidence_grade = excluded.evidence_grade,
                reference = excluded.reference, raw_status = excluded.raw_status,
                callback_digest = excluded.callback_digest, merchant_reference = excluded.merchant_reference,
                next_action = excluded.next_action, amount = excluded.amount, amount_echoed = excluded.amount_echoed,
                capture = excluded.capture, capture_by = excluded.capture_by, expires_at = excluded.expires_at,
                amount_accepted = excluded.amount_accepted, approval_confirmed = excluded.approval_confirmed,
                deadline_told = excluded.deadline_told, acknowledged = excluded.acknowledged,
                review_open = excluded.review_open,
                poll_at = excluded.poll_at, polls = excluded.polls, updated_at = excluded.updated_at,
                tenant = excluded.tenant
             WHERE id = excluded.id AND created_at = excluded.created_at",
        )?
        .execute(named_params! {
            ":id": attempt.id.bytes(),
            ":checkout": checkout,
            ":tenant": tenant,
            ":number": attempt.number,
            ":provider": attempt.provider.as_str(),
            ":account": attempt.account.bytes(),
            ":state": attempt.state.as_str(),
            ":reason": attempt.reason.as_ref().map(|reason| &reason.0),
            ":evidence_observation": attempt.evidence.map(|evidence| evidence.observation.bytes()),
            ":evidence_grade": attempt.evidence.map(|evidence| evidence.grade.as_str()),
            ":reference": attempt.reference.as_ref().map(|reference| &reference.0),
            ":raw_status": attempt.raw_status,
            ":callback_digest": digest_to_store("callback token digest", &attempt.callback_digest)?,
            ":merchant_reference": (attempt.merchant_reference != usual).then_some(&attempt.merchant_reference),
            ":next_action": attempt.next_action.as_ref().map(json).transpose()?,
            ":amount": money(attempt.amount),
            ":amount_echoed": attempt.amount_echoed.map(money),
            ":capture": attempt.capture.as_str(),
            ":capture_by": attempt.capture_by.map(time),
            ":expires_at": attempt.expires_at.map(time),
            ":amount_accepted": attempt.amount_accepted,
            ":approval_confirmed": attempt.approval_confirmed,
            ":deadline_told": attempt.deadline_told.map(time),
            ":acknowledged": attempt.awaited.map(OperationKind::as_str),
            ":review_open": attempt.review_open,
            ":poll_at": attempt.poll_at.map(time),
            ":polls": attempt.polls,
            ":created_at": time(attempt.created_at),
            ":updated_at": time(attempt.updated_at),
        })?;
    if written == 1 {
        return Ok(());
    }
    let number = attempt.number;
    Err(Fault::broken(format!("{} is not attempt {number} of its checkout, or its created_at changed", attempt.id)))
}

//! Cases in which we call the provider.

use lendport_core::operation::Shipment;
use lendport_core::provider::Retrieved;
use lendport_core::{
    Ability, AttemptState, Claim, CommitClass, CreateRequest, Created, ErrorKind, LineReport, LineUnits, Money,
    ProviderError, RetryClass, ShipmentStatus, SweepAsk,
};

use super::{Case, Expect, LinesCase, Stage, steps};

pub(super) async fn run(stage: &Stage, case: &Case) -> Result<(), String> {
    let (ctx, attempt) = (stage.context(), &stage.attempt);
    let provider = &stage.provider;
    match &case.expect {
        Expect::Created => accepted(stage, create(stage).await),
        Expect::RefusedContent => refused(create(stage).await, ErrorKind::Invalid),
        Expect::Declined => refused(create(stage).await, ErrorKind::Declined),
        Expect::WrongKey => refused(create(stage).await, ErrorKind::Credentials),
        Expect::TimeLimit => no_answer(create(stage).await),
        Expect::SlowDown if case.reference.is_some() => slow_down(provider.retrieve(ctx, attempt).await.err()),
        Expect::SlowDown => slow_down(create(stage).await.err()),
        Expect::Retrieved(claim) => told(provider.retrieve(ctx, attempt).await, claim),
        Expect::RetrievedWith(claim, details) => match provider.retrieve(ctx, attempt).await {
            Ok(told) if told.details != *details => Err(format!("it tells {:?}, expected {details:?}", told.details)),
            answered => told(answered, claim),
        },
        Expect::Found(claim) => match provider.find(ctx, attempt).await {
            Ok(Some(found)) if found.reference.0.is_empty() => Err("the reference is empty".to_owned()),
            Ok(Some(found)) => told(Ok(found.retrieved), claim),
            Ok(None) => Err("it was not found".to_owned()),
            Err(error) => Err(told_of(&error)),
        },
        Expect::Captured(claim) => told(provider.capture(ctx, attempt).await, claim),
        Expect::Canceled(claim) => told(provider.cancel(ctx, attempt, None).await, claim),
        Expect::Finalized(claim, asks) => {
            let done =
                provider.finalize(ctx, &stage.checkout, attempt, false).await.map_err(|error| told_of(&error))?;
            if done.attention.is_some() != *asks {
                return Err(format!("a person is asked: {:?}", done.attention));
            }
            let unnamed = done.retrieved.amount_echoed.is_none();
            match done.retrieved.claim {
                Claim::State { state, .. } if state.is_committed() && unnamed => {
                    Err("it is confirmed, and nobody says for how much".to_owned())
                }
                _ => told(Ok(done.retrieved), claim),
            }
        }
        Expect::Stepped(kind, claim) => told(steps::take(stage, *kind).await, claim),
        Expect::Refunded(amount, claim) => {
            let amount = amount.map_or(Ok(attempt.amount), |text| Money::parse(text, attempt.amount.currency()));
            let amount = amount.map_err(|error| format!("the case's amount {error}"))?;
            told(provider.refund(ctx, attempt, amount, None).await, claim)
        }
        Expect::LinesCanceled(case) => {
            let asked = units(stage, case.asked)?;
            reported(stage, case, provider.cancel_lines(ctx, &stage.checkout, attempt, &asked, None).await)
        }
        Expect::LinesReturned(case) => {
            let asked = units(stage, case.asked)?;
            reported(stage, case, provider.return_lines(ctx, &stage.checkout, attempt, &asked, None).await)
        }
        Expect::Swept { rows, ours, more } => {
            let since = ctx.now.saturating_sub(jiff::SignedDuration::from_hours(24)).unwrap_or(ctx.now);
            let ask = SweepAsk { since, cursor: None };
            let page = provider.sweep(ctx, ask).await.map_err(|error| told_of(&error))?;
            let marks = provider.sweep_marks(&stage.checkout, attempt);
            let fits = page.rows.iter().filter(|row| row.marks.iter().any(|mark| marks.contains(mark))).count();
            let seen = (page.rows.len(), fits, page.next.is_some());
            if seen == (*rows, *ours, *more) { Ok(()) } else { Err(format!("rows, ours, more: {seen:?}")) }
        }
        Expect::Amended(claim) => told(provider.amend_callback(ctx, attempt, &stage.callback_url).await, claim),
        Expect::Shipped(status) => {
            let confirmed = provider.confirm_shipment(ctx, &stage.checkout, attempt, &shipment(*status)).await;
            confirmed.map(|_| ()).map_err(|error| told_of(&error))
        }
        Expect::Notices(_) => Ok(()),
    }?;
    if stage.calls.records().is_empty() {
        return Err("no call was recorded".to_owned());
    }
    Ok(())
}

fn units(stage: &Stage, places: &[(usize, u32)]) -> Result<Vec<LineUnits>, String> {
    let lines = &stage.checkout.cart.lines;
    let units = |(place, quantity): &(usize, u32)| {
        let line = lines.get(*place).ok_or_else(|| format!("the case's cart has no line {place}"))?;
        Ok(LineUnits { line: line.id, quantity: *quantity })
    };
    places.iter().map(units).collect()
}

fn reported(stage: &Stage, case: &LinesCase, outcome: Result<LineReport, ProviderError>) -> Result<(), String> {
    let expected =
        LineReport { done: units(stage, case.done)?, failed: units(stage, case.failed)?, not_said: Vec::new() };
    let report = outcome.map_err(|error| told_of(&error))?;
    if stage.provider.lines_financed(&stage.checkout, &stage.account).is_none() {
        return Err("it takes commands on lines, and says that money does not follow them".to_owned());
    }
    if report == expected { Ok(()) } else { Err(format!("it did {report:?}, expected {expected:?}")) }
}

/// A shipment with everything that can be said of it.
pub(super) fn shipment(status: ShipmentStatus) -> Shipment {
    Shipment {
        status,
        carrier: Some("UPS".to_owned()),
        service: Some("Ground".to_owned()),
        tracking_number: Some("1Z999AA10123456784".to_owned()),
        tracking_url: Some("https://ups.example/1Z999AA10123456784".to_owned()),
        shipped_on: Some(jiff::civil::date(2026, 11, 21)),
        expected_on: Some(jiff::civil::date(2026, 11, 24)),
        message: Some("left the warehouse".to_owned()),
        lines: Vec::new(),
    }
}

async fn create(stage: &Stage) -> Result<Created, ProviderError> {
    let Stage { checkout, attempt, callback_url, hints, .. } = stage;
    stage
        .provider
        .check(checkout, &stage.account)
        .map_err(|invalid| ProviderError::new(ErrorKind::Invalid, format!("refused before the call: {invalid}")))?;
    stage.provider.create(stage.context(), CreateRequest { checkout, attempt, callback_url, hints: *hints }).await
}

fn accepted(stage: &Stage, outcome: Result<Created, ProviderError>) -> Result<(), String> {
    let created = outcome.map_err(|error| told_of(&error))?;
    if created.reference.0.is_empty() {
        return Err("the reference is empty".to_owned());
    }
    let comes_later = stage.provider.descriptor().capability(Ability::Retrieve).support.can_be_asked();
    if created.state == AttemptState::AwaitingCustomer && created.next_action.is_none() && !comes_later {
        return Err("the customer is awaited and there is nowhere to go".to_owned());
    }
    match created.amount_echoed {
        Some(echoed) if echoed != stage.attempt.amount => {
            Err(format!("the amount echoed is {echoed}, the cart's is {}", stage.attempt.amount))
        }
        _ => Ok(()),
    }
}

fn refused(outcome: Result<Created, ProviderError>, kind: ErrorKind) -> Result<(), String> {
    let error = outcome.err().ok_or("it was taken in")?;
    let fields_missing = kind == ErrorKind::Invalid && error.fields.is_empty();
    let fits = error.kind == kind && error.commit == CommitClass::Rejected && error.retry == RetryClass::Never;
    if fits && !fields_missing { Ok(()) } else { Err(told_of(&error)) }
}

fn no_answer(outcome: Result<Created, ProviderError>) -> Result<(), String> {
    let error = outcome.err().ok_or("it was taken in")?;
    let repeatable = error.retry == RetryClass::SameRequest;
    let fits = error.kind == ErrorKind::NoAnswer && error.commit == CommitClass::Unknown && !repeatable;
    if fits { Ok(()) } else { Err(told_of(&error)) }
}

fn slow_down(error: Option<ProviderError>) -> Result<(), String> {
    let error = error.ok_or("it was done")?;
    let fits = error.kind == ErrorKind::NotNow && error.commit == CommitClass::Rejected;
    if fits { Ok(()) } else { Err(told_of(&error)) }
}

fn told(outcome: Result<Retrieved, ProviderError>, expected: &Claim) -> Result<(), String> {
    let told = outcome.map_err(|error| told_of(&error))?;
    if told.claim == *expected { Ok(()) } else { Err(format!("it says {:?}, expected {expected:?}", told.claim)) }
}

fn told_of(error: &ProviderError) -> String {
    let ProviderError { kind, commit, retry, message, fields, .. } = error;
    format!("{message} ({kind:?}, {commit:?}, {retry:?}, {} fields)", fields.len())
}

//! A cancel or return of units: stored before it is sent, answered line by line. A financer may do a part and refuse the rest.

use std::sync::Arc;

use lendport_core::lines::units_of;
use lendport_core::{
    Attempt, CallContext, CallLog, Checkout, CheckoutId, CommitClass, ErrorKind, EventType, Invalid, LineReport,
    LineUnits, LineWay, LineWork, Operation, Phase, Pointer, ProviderAccount, ProviderError, RetryClass, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::call_outcome::may_have_committed;
use crate::command_start::{Command, Started};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::settle::settle_command;
use crate::ship::failed;
use crate::take_in::Draft;
use crate::ticket::{Effect, Reply, Ticket};

const SILENT: &str = "The financer took it in and did not say what became of the lines.";
const REFUSED: &str = "The financer refused all of these lines.";

impl Engine {
    /// Sends a command on lines that is stored, and stores what came of it.
    pub(crate) async fn run_lines(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        started: Started,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let Started { attempt, mut operation, command, account } = started;
        let Command::Lines { checkout, work, reason, named } = command else {
            return Err(EngineError::Internal("a command on lines without lines".to_owned()));
        };
        let (answered, calls) =
            self.send_lines(tenant, &account, &attempt, &checkout, (&work, reason.as_deref())).await?;
        operation.calls = calls.records();
        let answered = answered.and_then(|report| believed(report, &work.asked));
        (operation.phase, operation.error) = match &answered {
            Ok(report) if !report.not_said.is_empty() => (Phase::Unknown, Some(SILENT.to_owned())),
            Ok(report) if report.done.is_empty() => (Phase::Failed, Some(REFUSED.to_owned())),
            Ok(_) => (Phase::Settled, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        if let (Some(work), Ok(report)) = (operation.lines.as_mut(), &answered) {
            work.report = Some(report.clone());
        }
        let engine = Arc::clone(self);
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let stored = loaded.operation;
                let mut draft = Draft::of(&engine.tools, loaded.record).knowing(loaded.open_items);
                match record_lines(&mut draft, &attempt, stored, &operation, &answered, named) {
                    Ok(failure) => {
                        let (change, reply) = engine.answer_lines(draft, failure, &operation, &ticket);
                        (change, Ok(reply))
                    }
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        result.unwrap_or(Err(EngineError::NotFound))
    }

    async fn send_lines(
        &self,
        tenant: Tenant,
        account: &ProviderAccount,
        attempt: &Attempt,
        checkout: &Checkout,
        (work, reason): (&LineWork, Option<&str>),
    ) -> Result<(Result<LineReport, ProviderError>, CallLog), EngineError> {
        let provider = self.provider(&attempt.provider)?;
        let calls = CallLog::new();
        let context =
            CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let call = match work.way {
            LineWay::Cancel => provider.cancel_lines(context, checkout, attempt, &work.asked, reason),
            LineWay::Return => provider.return_lines(context, checkout, attempt, &work.asked, reason),
            LineWay::Ship => return Err(EngineError::Internal("a shipment sent as another command".to_owned())),
        };
        let answered = self.counted(tenant, &attempt.provider, call).await;
        Ok((answered, calls))
    }

    /// Ends the change with the checkout and what became of each line.
    fn answer_lines(
        &self,
        draft: Draft,
        failure: Option<EngineError>,
        operation: &Operation,
        ticket: &Ticket,
    ) -> (Change, Reply) {
        let (mut change, view) = draft.finish_to_see(|record| match failure {
            Some(error) => Err(error),
            None => self.view(record),
        });
        let result = view.map(|view| Effect::Checkout(Box::new(view.with_lines(operation))));
        let (rendered, claim) = ticket.close(&self.settings.owner, &result);
        change.claim = Some(claim);
        (change, rendered.into())
    }
}

/// A report is believed where it tells of the units that were asked for, and of each once.
fn believed(report: LineReport, asked: &[LineUnits]) -> Result<LineReport, ProviderError> {
    if !report.fits(asked) || report.says_nothing() {
        return Err(ProviderError::new(ErrorKind::BadResponse, SILENT)
            .committed_as(CommitClass::Unknown)
            .retried_as(RetryClass::AfterLookup));
    }
    Ok(report)
}

/// What an answer does to the checkout, and what went wrong with it. `stored` is the operation as it stands: where the answer
/// took so long that it was given up, an item asks what became of it. `named` says that the caller's body names the lines.
fn record_lines(
    draft: &mut Draft,
    attempt: &Attempt,
    stored: Option<Operation>,
    operation: &Operation,
    answered: &Result<LineReport, ProviderError>,
    named: bool,
) -> Result<Option<EngineError>, EngineError> {
    let operation = Operation { updated_at: draft.now, ..operation.clone() };
    draft.book_lines(&operation, Source::Answer)?;
    if operation.phase == Phase::Failed || answered.is_err() {
        draft.announce(&[EventType::OperationFailed])?;
    }
    let phase = operation.phase;
    match stored.map(|stored| (stored.phase, stored.updated_at)) {
        // Somebody has settled it; what is new was booked.
        Some((Phase::Settled | Phase::Failed, _)) => {}
        // The item was opened when it was given up.
        Some((Phase::Unknown, updated_at)) => {
            let operation = Operation { updated_at, ..operation.clone() };
            match phase {
                Phase::Settled | Phase::Failed => settle_command(draft, operation, phase)?,
                _ => draft.change.operations.push(operation),
            }
        }
        _ => {
            if phase == Phase::Unknown {
                draft.flag_unknown_command(&operation)?;
            }
            draft.change.operations.push(operation.clone());
        }
    }
    Ok(match answered {
        Err(error) => Some(failed(&attempt.provider, error, &draft.record)),
        Ok(report) if report.done.is_empty() && report.not_said.is_empty() => {
            let work = operation.lines.as_ref();
            let refused = work
                .map_or_else(|| ProviderError::new(ErrorKind::Invalid, REFUSED), |work| refused(report, work, named));
            Some(failed(&attempt.provider, &refused, &draft.record))
        }
        Ok(_) => None,
    })
}

/// What a caller hears where nothing was done: each line with its place in the body, or with its id where the body named none.
fn refused(report: &LineReport, work: &LineWork, named: bool) -> ProviderError {
    let (what, then) = match work.way {
        LineWay::Cancel => ("cancel", "they are still to be sent"),
        LineWay::Ship | LineWay::Return => ("take back", "they stay paid for"),
    };
    let mut invalid = Invalid::none();
    for (position, asked) in work.asked.iter().enumerate() {
        let units = units_of(&report.failed, asked.line);
        if units > 0 {
            let at = if named { Pointer::root().child("lines").index(position) } else { Pointer::root() };
            let detail = format!(
                "the financer refused to {what} {units} of {}; {then}. Ask it why, and ask again with another \
                 Idempotency-Key",
                asked.line
            );
            invalid.note(&at, "refused_by_provider", detail);
        }
    }
    ProviderError::new(ErrorKind::Invalid, REFUSED).committed_as(CommitClass::Rejected).with_fields(invalid.0)
}

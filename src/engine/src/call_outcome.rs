//! What the error of a call says, and what became of a create whose outcome nobody knew.

use lendport_core::{
    Attempt, AttemptId, AttemptState, AttentionKind, Claim, CommitClass, Details, ErrorKind, Grade, Operation,
    OperationId, OperationKind, Phase, ProviderError, Reason, Source,
};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::error::EngineError;
use crate::resolve::conclude;
use crate::take_in::{Draft, Fact};

/// Why an attempt of unknown outcome was closed: the same key started another one in its place.
const SUPERSEDED: &str = "superseded";

impl Engine {
    /// The attempt's create, where its outcome is not known to us yet. It is asked for with the change that may tell.
    pub(crate) async fn unsettled_create(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
    ) -> Result<Option<OperationId>, EngineError> {
        if outcome_of_create(attempt).is_some() {
            return Ok(None);
        }
        let creates = self.store.operations(tenant, attempt.checkout, OperationKind::Create).await?;
        Ok(creates.into_iter().find(|create| create.attempt == attempt.id).map(|create| create.id))
    }
}

impl Draft {
    /// Writes what became of a create of unknown outcome, where the attempt's state tells by now.
    pub(crate) fn settle_create(&mut self, create: Option<Operation>) -> Result<(), EngineError> {
        let Some(create) = create.filter(|stored| stored.phase == Phase::Unknown) else { return Ok(()) };
        match self.record.attempt(create.attempt).and_then(outcome_of_create) {
            Some(phase) => conclude(self, create, phase),
            None => Ok(()),
        }
    }

    /// How far a create has come that nobody answered: `unknown`, unless the attempt's state tells better.
    pub(crate) fn phase_of_unanswered(&self, create: &Operation) -> Phase {
        self.record.attempt(create.attempt).and_then(outcome_of_create).unwrap_or(Phase::Unknown)
    }

    /// Closes the attempts of unknown outcome that `next` takes the place of. Nobody saw their links; an approval that
    /// comes all the same is a late one and goes through the commit fence.
    pub(crate) fn supersede_by(&mut self, next: &Attempt) -> Result<(), EngineError> {
        let unknown = self.record.attempts.iter().filter(|attempt| attempt.state == AttemptState::Indeterminate);
        let superseded: Vec<_> = unknown.map(|attempt| attempt.id).collect();
        for attempt in superseded {
            self.end_ourselves(attempt, SUPERSEDED, format!("superseded:{}", next.id))?;
        }
        Ok(())
    }

    /// Closes the attempt whose page the customer leaves for another financer. An approval that comes all the same is a
    /// late one and goes through the commit fence.
    pub(crate) fn leave(&mut self, attempt: Option<AttemptId>) -> Result<(), EngineError> {
        attempt.map_or(Ok(()), |left| self.end_ourselves(left, Reason::LEFT_BY_CUSTOMER, "left".to_owned()))
    }

    /// The merchant gave the order up: what an earlier financer says yes to after that is undone as well, or asked about, as
    /// it is at the one that was canceled. What a late approval is open about is asked about already.
    pub(crate) fn give_up_beside(&mut self, canceled: AttemptId) {
        let others = self.record.attempts.iter().filter(|one| one.id != canceled && one.is_signed_in_vain());
        let others: Vec<_> =
            others.map(|one| one.id).filter(|id| !self.is_open(*id, AttentionKind::LateApproval)).collect();
        for id in others {
            self.amend(id, |one| one.reason = Some(Reason::new(Reason::CANCELED_LOCALLY)));
        }
    }

    fn end_ourselves(&mut self, attempt: AttemptId, reason: &str, dedupe_key: String) -> Result<(), EngineError> {
        let claim = Claim::State { state: AttemptState::Canceled, reason: Some(Reason::new(reason)) };
        let (grade, source, details) = (Grade::Operator, Source::Gateway, Details::default());
        let fact = Fact { attempt, grade, source, claim, details, raw_status: None, reference: None, dedupe_key };
        self.observe(fact).map(drop)
    }
}

/// What an attempt's state says of its create; none when it says nothing.
fn outcome_of_create(attempt: &Attempt) -> Option<Phase> {
    match attempt.state {
        AttemptState::Initiating | AttemptState::Indeterminate => None,
        // We gave it up ourselves, without knowing.
        AttemptState::Canceled if attempt.reason.as_ref().is_some_and(|reason| reason.0 == SUPERSEDED) => None,
        AttemptState::Failed => Some(Phase::Failed),
        _ => Some(Phase::Settled),
    }
}

/// Names one send of an operation: what is heard of it is another fact than what is heard of the next one.
pub(crate) fn send_of(operation: &Operation) -> String {
    match operation.interruptions() {
        0 => operation.id.to_string(),
        sends => format!("{}:{sends}", operation.id),
    }
}

pub(crate) fn may_have_committed(error: &ProviderError) -> bool {
    matches!(error.commit, CommitClass::Unknown | CommitClass::Accepted | CommitClass::Committed)
}

pub(crate) fn commit_word(commit: CommitClass) -> &'static str {
    match commit {
        CommitClass::NotSent => "not_sent",
        CommitClass::Rejected => "rejected",
        CommitClass::Accepted => "accepted",
        CommitClass::Committed => "committed",
        CommitClass::Unknown => "unknown",
    }
}

pub(crate) fn kind_word(kind: &ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Invalid => "refused_by_provider",
        ErrorKind::Declined => "declined_by_provider",
        ErrorKind::Credentials => "provider_credentials",
        ErrorKind::Configuration => "provider_configuration",
        ErrorKind::Unavailable | ErrorKind::NotNow => "provider_unavailable",
        ErrorKind::NoAnswer => "no_answer",
        ErrorKind::BadResponse => "bad_response",
        ErrorKind::Unsupported { .. } => "operation_not_supported",
    }
}

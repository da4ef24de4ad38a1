//! What a customer committed to at the provider after it had ended here is undone there: after the merchant canceled it, or
//! beside another financer's commitment where a person says so, canceled while it is signed or authorized, given back once
//! it is captured; after it expired, was declined or left for another financer, canceled where it was signed only. A worker
//! does it, so it goes on after a crash, and an item for a person stays open until a look, or the provider's answer where
//! nothing was binding yet, says that it is done.

use std::sync::Arc;

use lendport_core::attention::BY_EVIDENCE;
use lendport_core::{
    Ability, Attempt, AttemptId, AttemptState, AttentionKind, CheckoutId, Claim, Details, EventType, Grade, Operation,
    OperationKind, Phase, Source, limits,
};
use lendport_storage::{AttentionFilter, AttentionItem, Change, ChangeAsk, PageAsk, Tenant};

use crate::call_outcome::may_have_committed;
use crate::command_start::{Command, EXCLUSIVE};
use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::{Draft, Fact};

/// What the provider is told as the reason.
const CANCELED: &str = "Canceled by the merchant before it was paid.";
const EXPIRED: &str = "Expired before it was signed.";
const ENDED: &str = "Ended before it was signed.";
/// The same where another financer was quicker.
const FINANCED: &str = "The order is financed by another financer.";
/// Commands that fail before it is left to a person; with the pauses between looks that is about two days.
const TRIES_MAX: usize = 12;

/// The item about what a customer committed to, or signed, after the attempt had ended; none where it has not ended so.
pub(crate) fn item_about_late(attempt: &Attempt) -> Option<AttentionKind> {
    let late = attempt.is_signed_in_vain().then_some(AttentionKind::LateApproval);
    if attempt.is_canceled_locally() { Some(AttentionKind::PaidAfterCancel) } else { late }
}

/// True for what ended here and may be open at the provider, so that its state says nothing of what stands there.
pub(crate) fn ended_here(attempt: &Attempt) -> bool {
    attempt.is_canceled_locally() || attempt.is_left_open()
}

impl Engine {
    /// Sends the command that undoes what `stands` at the provider, unless one is under way or a person took it over.
    pub(crate) async fn undo(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        stands: AttemptState,
    ) -> Result<(), EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let known = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        let financed = record.attempts.iter().any(|other| other.id != attempt && other.state.is_committed());
        let reason = match known.is_canceled_locally() {
            _ if financed => FINANCED,
            true => CANCELED,
            false if known.is_expired_here() => EXPIRED,
            false => ENDED,
        };
        let reason = Some(reason.to_owned());
        let (command, kind, ability) = match stands {
            AttemptState::Captured => {
                let amount = known.agreed_amount();
                (Command::Refund { amount, reason }, OperationKind::Refund, Ability::RefundFull)
            }
            _ => (Command::Cancel { reason, lines: Vec::new() }, OperationKind::Cancel, Ability::CancelFull),
        };
        if self.require(&known.provider, ability).is_err() {
            return Ok(());
        }
        let mut failed = 0;
        for kind in EXCLUSIVE {
            let sent = self.store.operations(tenant, id, *kind).await?;
            let mut of_this = sent.iter().filter(|one| one.attempt == attempt);
            failed += of_this.clone().filter(|one| one.phase == Phase::Failed).count();
            if of_this.any(|one| !matches!(one.phase, Phase::Settled | Phase::Failed)) {
                return Ok(());
            }
        }
        if failed >= TRIES_MAX {
            return Ok(());
        }
        let account = self.account(tenant, &known.provider).await?;
        let operation = self.new_operation(id, attempt, kind);
        let (stored, tools, seen) = (operation.clone(), self.tools.clone(), record.checkout.version);
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, begun) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let item = loaded.record.attempt(attempt).and_then(item_about_late);
                let wanted = item.is_some_and(|kind| draft.is_open(attempt, kind));
                if loaded.record.checkout.version != seen || !wanted {
                    return (Change::abort(), false);
                }
                draft.touch();
                draft.change.operations.push(stored.clone());
                (draft.finish(), true)
            })
            .await?;
        if begun != Some(true) {
            // Whatever came between is seen by the next look.
            return Ok(());
        }
        let (answered, calls) = self.send(tenant, &account, &known, &command).await?;
        let mut operation = operation;
        operation.calls = calls.records();
        (operation.phase, operation.error) = match &answered {
            // Nothing of it was binding, so that the provider's word is enough: not every one shows it afterwards.
            Ok(told) if !stands.is_committed() && is_over(&told.claim) => (Phase::Settled, None),
            // A look that shows the effect settles it; until then nothing is sent again.
            Ok(_) => (Phase::Acknowledged, None),
            Err(error) if may_have_committed(error) => (Phase::Unknown, Some(error.message.clone())),
            Err(error) => (Phase::Failed, Some(error.message.clone())),
        };
        tracing::warn!(
            checkout.id = %id, %attempt, provider = %known.provider, command = kind.as_str(),
            phase = operation.phase.as_str(), "undone at the provider: committed to after it had ended here"
        );
        let raw_status = answered.ok().and_then(|told| told.raw_status);
        let tools = self.tools.clone();
        let ask = ChangeAsk { operation: Some(operation.id), open_items: true, ..ChangeAsk::default() };
        let (_, written) = self
            .change(tenant, id, ask, move |loaded| {
                // Somebody gave it up as interrupted meanwhile; a person or a look settles it.
                if loaded.operation.is_none_or(|stored| stored.phase != Phase::Sent) {
                    return (Change::abort(), Ok(()));
                }
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let result = record_undo(&mut draft, &operation, raw_status.clone());
                match result {
                    Ok(()) => (draft.finish(), Ok(())),
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        written.unwrap_or(Err(EngineError::NotFound))
    }
}

impl Engine {
    /// How many items about an attempt that is over were settled by what its provider said.
    pub(crate) async fn settled_by_its_provider(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
    ) -> Result<usize, EngineError> {
        if !attempt.state.is_over() {
            return Ok(0);
        }
        let filter = AttentionFilter { open: Some(false), checkout: Some(attempt.checkout), kind: None };
        let page = PageAsk { limit: limits::PAGE_MAX, after: None };
        let settled = self.store.attention(tenant, &filter, page).await?.rows;
        let by_evidence = |item: &&AttentionItem| {
            item.attempt == attempt.id && item.resolution.as_ref().is_some_and(|settled| settled.choice == BY_EVIDENCE)
        };
        Ok(settled.iter().filter(by_evidence).count())
    }
}

impl Draft {
    /// The provider says that it has ended what the customer signed.
    fn close_undone(&mut self, attempt: AttemptId) -> Result<(), EngineError> {
        let kind = self.record.attempt(attempt).and_then(item_about_late);
        let about = |item: &&AttentionItem| item.attempt == attempt && Some(item.kind) == kind;
        match self.open_items.iter().find(about).cloned() {
            Some(item) => self.close_by_evidence(&item, "it was canceled at the financer"),
            None => Ok(()),
        }
    }
}

fn is_over(claim: &Claim) -> bool {
    matches!(claim, Claim::State { state, .. } if state.is_over())
}

/// Writes how the command ended. The attempt was over before, so nothing of it moves and no amount is counted.
fn record_undo(draft: &mut Draft, operation: &Operation, raw_status: Option<String>) -> Result<(), EngineError> {
    let operation = Operation { updated_at: draft.now, ..operation.clone() };
    let attempt = operation.attempt;
    match operation.phase {
        Phase::Acknowledged | Phase::Settled => {
            draft.observe(Fact {
                attempt,
                grade: Grade::Fetched,
                source: Source::Answer,
                claim: Claim::Nothing,
                details: Details::default(),
                raw_status,
                reference: None,
                dedupe_key: format!("answer:{}", operation.id),
            })?;
            match operation.phase {
                Phase::Settled => {
                    draft.close_undone(attempt)?;
                    // It took the checkout over meanwhile, and the merchant was told to ship what is canceled now.
                    if draft.record.attempt(attempt).is_some_and(|known| known.state.is_committed()) {
                        draft.look_now(attempt);
                    }
                }
                _ => draft.look_now(attempt),
            }
        }
        Phase::Unknown => {
            draft.announce(&[EventType::OperationFailed])?;
            draft.flag_unknown_command(&operation)?;
        }
        _ => draft.announce(&[EventType::OperationFailed])?,
    }
    draft.change.operations.push(operation);
    Ok(())
}

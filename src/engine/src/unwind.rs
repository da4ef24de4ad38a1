//! What an item about an approval that is not wanted offers: the gateway undoes it where the financer has a call for that and can
//! be asked what became of it, else it says where a person does. A routing profile may have the gateway undo it without being
//! asked.

use std::sync::Arc;

use lendport_core::routing::LateApproval;
use lendport_core::{
    Ability, Attempt, AttemptId, AttentionDraft, AttentionKind, AuditAction, Capability, Case, CheckoutRecord, Choice,
    EventType, Resolution,
};
use lendport_storage::{AttentionItem, Change, ChangeAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::tenancy::Doer;
use crate::view::AttentionView;

const UNDONE: &str = "a late approval beside another financer's commitment; the gateway cancels it at the financer, or gives \
                      everything back";
/// Why a policy settles an item.
const BY_POLICY: &str = "the routing profile has a late approval undone";

impl Engine {
    /// The ways to settle an item now.
    pub(crate) fn offered(&self, item: &AttentionItem, attempt: &Attempt) -> Vec<Choice> {
        let offered = item.kind.choices_in(attempt.state).iter().copied();
        offered.filter(|choice| *choice != Choice::Unwind || self.can_unwind(attempt)).collect()
    }

    /// An item as a merchant sees it.
    pub(crate) fn item_view(
        &self,
        item: &AttentionItem,
        record: Option<&CheckoutRecord>,
    ) -> Result<AttentionView, EngineError> {
        let attempt = record.and_then(|record| record.attempt(item.attempt));
        let offered = attempt.map_or_else(|| item.kind.choices().to_vec(), |attempt| self.offered(item, attempt));
        let unwanted = matches!(item.kind, AttentionKind::LateApproval | AttentionKind::PaidAfterCancel);
        let unwind = attempt.filter(|_| unwanted).and_then(|attempt| self.way_to_unwind(attempt));
        Ok(AttentionView::of(item, record, &offered, unwind)?)
    }

    /// Does with a late approval what a person would who says `unwind`, where the profile that routed the checkout wants that and
    /// another financer still has it. Where the financer has no call for that, the item waits for a person.
    pub(crate) async fn unwind_by_policy(
        self: &Arc<Self>,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: AttemptId,
    ) -> Result<(), EngineError> {
        if !record.attempt(attempt).is_some_and(|known| wants_it_undone(record, known) && self.can_unwind(known)) {
            return Ok(());
        }
        let engine = Arc::clone(self);
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, done) = self
            .change(tenant, record.checkout.id, ask, move |loaded| {
                match engine.settle_by_policy(tenant, loaded.record, loaded.open_items, attempt) {
                    Ok(Some(draft)) => (draft.finish(), Ok(())),
                    Ok(None) => (Change::abort(), Ok(())),
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        done.unwrap_or(Ok(()))
    }

    fn settle_by_policy(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        open_items: Vec<AttentionItem>,
        attempt: AttemptId,
    ) -> Result<Option<Draft>, EngineError> {
        let late = |item: &&AttentionItem| item.attempt == attempt && item.kind == AttentionKind::LateApproval;
        let Some(item) = open_items.iter().find(late).cloned() else { return Ok(None) };
        let Some(known) = record.attempt(attempt).filter(|known| wants_it_undone(record, known)) else {
            return Ok(None);
        };
        let case = Case {
            kind: item.kind,
            attempt: known,
            ledger: &record.ledger,
            announced: None,
            command: None,
            by_line: false,
        };
        let Ok(ruling) = case.rule(Choice::Unwind, None) else { return Ok(None) };
        let mut draft = Draft::of(&self.tools, record).knowing(open_items);
        let (choice, reason) = (Choice::Unwind.as_str().to_owned(), BY_POLICY.to_owned());
        draft.close_item(&item, Resolution { choice, reason, by: None, at: draft.now });
        draft.tell_of_settling(Doer::GATEWAY, tenant, &item, Choice::Unwind);
        match ruling.claim.clone() {
            None => draft.announce(&[EventType::AttentionResolved])?,
            Some(claim) => self.follow(&mut draft, &item, &ruling, claim, Vec::new())?,
        }
        draft.have_it_undone(attempt)?;
        Ok(Some(draft))
    }

    fn can_unwind(&self, attempt: &Attempt) -> bool {
        let has_the_call = self.way_to_unwind(attempt).is_some_and(|way| way.support.can_be_asked());
        // What the gateway undoes it looks at, before and after.
        has_the_call && self.tools.polling.can_ask(attempt)
    }

    fn way_to_unwind(&self, attempt: &Attempt) -> Option<Capability> {
        Some(self.providers.get(&attempt.provider)?.descriptor().capability(Ability::CancelFull))
    }
}

impl Draft {
    /// Writes in the audit log who settled an item, and how.
    pub(crate) fn tell_of_settling(&mut self, by: Doer, tenant: Tenant, item: &AttentionItem, choice: Choice) {
        let entry = by.did(self.tools.ids.as_ref(), self.now, tenant, AuditAction::AttentionResolved, item.id);
        let entry = entry.with("checkout", item.checkout).with("kind", item.kind.as_str());
        self.change.audit.push(entry.with("choice", choice.as_str()));
    }

    /// Opens the item that is closed once it is undone. A worker looks what stands at the financer, and ends that.
    pub(crate) fn have_it_undone(&mut self, attempt: AttemptId) -> Result<(), EngineError> {
        self.flag(attempt, AttentionDraft::new(AttentionKind::PaidAfterCancel, UNDONE))?;
        self.look_now(attempt);
        Ok(())
    }

    /// True where a late approval waits to be undone without a person.
    pub(crate) fn is_undone_by_policy(&self, attempt: AttemptId) -> bool {
        let wants = |known: &Attempt| wants_it_undone(&self.record, known);
        self.is_open(attempt, AttentionKind::LateApproval) && self.record.attempt(attempt).is_some_and(wants)
    }

    /// A late approval that is to be undone without a person is looked at, so that a worker comes to it.
    pub(crate) fn look_at_what_is_unwanted(&mut self, attempt: AttemptId) {
        if self.record.attempt(attempt).is_some_and(|known| wants_it_undone(&self.record, known)) {
            self.look_now(attempt);
        }
    }
}

/// True for what is not to be committed beside another financer, where the checkout's profile has such an approval undone.
fn wants_it_undone(record: &CheckoutRecord, attempt: &Attempt) -> bool {
    let policy = record.checkout.route.policies.unwrap_or_default().late_approval;
    let financed = record.attempts.iter().any(|other| other.id != attempt.id && other.state.is_committed());
    // What was paid after a cancel is undone anyhow.
    let open = !attempt.state.is_committed() && !attempt.is_canceled_locally();
    policy == LateApproval::Unwind && financed && open
}

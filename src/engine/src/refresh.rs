//! Reading the truth back from a provider, where it can be asked.

use std::sync::Arc;

use lendport_core::provider::Found;
use lendport_core::{
    Ability, Attempt, AttemptId, AttemptState, CallContext, CallLog, CheckoutId, CheckoutRecord, Details,
    OperationKind, Phase, ProviderError, Source,
};
use lendport_storage::{AttentionItem, Change, ChangeAsk, Tenant};

use crate::engine::{Engine, reference_to};
use crate::error::EngineError;
use crate::found::{take_found, word_of};
use crate::look_turn::looks_by_steps;
use crate::polling::Polling;
use crate::schedule::Look;
use crate::take_in::Draft;
use crate::undo::item_about_late;
use crate::view::CheckoutView;

/// Looks at a checkout that changes all the time before its sums are left for the next one.
const LOOKS_MAX: u32 = 3;

/// What looking brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The attempt moved, or amounts did.
    pub(crate) news: bool,
    /// An amount was found given back that was not counted.
    pub(crate) refunded: bool,
    /// The state that the provider says, followed or not.
    pub(crate) stands: Option<AttemptState>,
    /// What the customer committed to, or signed, after it had ended here, where nobody has looked after that yet.
    pub(crate) unwanted: Option<AttemptState>,
    /// A search by our reference found nothing.
    pub(crate) nowhere: bool,
}

impl Looked {
    /// The customer has signed, as nobody knew before: it is confirmed at once.
    fn is_just_signed(self) -> bool {
        self.news && self.stands == Some(AttemptState::AwaitingMerchant)
    }

    /// What was canceled here has ended at the provider too.
    fn ended_there(self, asked: &Attempt) -> bool {
        asked.is_canceled_locally() && self.stands.is_some_and(AttemptState::is_over)
    }
}

impl Draft {
    /// Settles the item about what a customer committed to after it had ended here, where the provider says that it has ended
    /// there too; else says what there is to undo.
    fn close_unwanted(&mut self, id: AttemptId, looked: Looked) -> Result<Looked, EngineError> {
        let Some(known) = self.record.attempt(id) else { return Ok(looked) };
        // What expired may come back by itself once it is committed; a signature alone is nothing that could.
        let signed_only = !known.is_canceled_locally();
        let kind = item_about_late(known);
        let about = |item: &&AttentionItem| item.attempt == id && Some(item.kind) == kind;
        let open = self.open_items.iter().find(about).cloned();
        let (Some(item), Some(stands)) = (open, looked.stands) else { return Ok(looked) };
        if stands.is_over() {
            self.close_by_evidence(&item, &format!("it is {} at the financer", stands.as_str()))?;
            return Ok(Looked { news: true, ..looked });
        }
        let binds =
            |state: &AttemptState| state.is_committed() && !signed_only || *state == AttemptState::AwaitingMerchant;
        Ok(Looked { unwanted: Some(stands).filter(binds), ..looked })
    }
}

impl Engine {
    /// Asks the leading attempt's provider now. A provider without read-back is a typed refusal.
    pub async fn refresh(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<CheckoutView, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?;
        self.require(&attempt.provider, Ability::Retrieve)?;
        let (looked, dispute_uri) = self.fetch(tenant, id, attempt.id, Source::Fetch).await?;
        self.wake_settling(looked.is_just_signed());
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        // The provider may change it at any time, so only who asks for it is told.
        Ok(CheckoutView { dispute_uri, ..self.view(&record)? })
    }

    /// Looks at one attempt and takes what is there in as evidence of grade `fetched`. A command whose outcome was not
    /// known is settled where the evidence says so. Asked on a schedule, it also sets the next time.
    pub(crate) async fn fetch_attempt(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        source: Source,
    ) -> Result<Looked, EngineError> {
        Ok(self.fetch(tenant, id, attempt, source).await?.0)
    }

    /// The same, with where somebody can look after a dispute.
    async fn fetch(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        source: Source,
    ) -> Result<(Looked, Option<String>), EngineError> {
        for looks in 1..=LOOKS_MAX {
            if let Some(found) = self.look_once(tenant, id, attempt, source, looks == LOOKS_MAX).await? {
                return Ok(found);
            }
        }
        Err(EngineError::NotFound)
    }

    /// Looks once; none when the checkout changed meanwhile, so that what was told of sums may be older than the books. On
    /// the `last` look such sums are left out.
    async fn look_once(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        attempt: AttemptId,
        source: Source,
        last: bool,
    ) -> Result<Option<(Looked, Option<String>)>, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        // A refund that is under way is counted by its own answer.
        let refunds = self.store.operations(tenant, id, OperationKind::Refund).await?;
        let under_way = refunds.iter().any(|refund| refund.attempt == attempt.id && refund.phase == Phase::Sent);
        let calls = CallLog::new();
        let answered = self.look(tenant, &record, &attempt, &calls).await?;
        let mut operation = self.new_operation(id, attempt.id, OperationKind::Retrieve);
        operation.calls = calls.records();
        operation.phase = if answered.is_ok() { Phase::Settled } else { Phase::Failed };
        operation.error = answered.as_ref().err().map(|error| error.message.clone());
        let tools = self.tools.clone();
        let found = answered.as_ref().ok().and_then(Option::as_ref).map(|found| &found.retrieved);
        let tells = found.is_some_and(|found| !found.details.is_empty());
        let dispute_uri = found.and_then(|found| found.dispute_uri.clone());
        let (asked, version) = (attempt.clone(), record.checkout.version);
        let silent = match answered.is_err() && source == Source::Poll && Polling::owes_an_answer(&attempt) {
            true => self.was_not_answered_for_long(tenant, &attempt).await?,
            false => false,
        };
        let hours = self.settings.upkeep.silent_after_hours;
        let settled = self.settled_by_its_provider(tenant, &attempt).await?;
        let word = answered.as_ref().ok().and_then(Option::as_ref).map(|found| word_of(&found.retrieved, settled));
        let ask = ChangeAsk {
            dedupe: word.clone().map(|word| (attempt.id, word)),
            operation: self.unsettled_create(tenant, &attempt).await?,
            open_items: true,
            ..ChangeAsk::default()
        };
        let (_, result) = self
            .change(tenant, id, ask, move |loaded| {
                let overtaken = loaded.record.checkout.version != version;
                if overtaken && !last && tells {
                    return (Change::abort(), Ok(None));
                }
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                // Somebody set another time meanwhile, who may know more than this answer does.
                let outdated = loaded.record.attempt(asked.id).is_none_or(|known| known.poll_at != asked.poll_at);
                let told = word.clone().map(|word| (word, loaded.seen.map(|(earlier, _)| earlier)));
                let looked = match (&answered, told) {
                    (Ok(Some(found)), Some(told)) => {
                        let details = match (overtaken, under_way) {
                            (true, _) => Details::default(),
                            (false, true) => Details { refunded: None, ..found.retrieved.details.clone() },
                            (false, false) => found.retrieved.details.clone(),
                        };
                        take_found(&mut draft, &asked, found, source, details, told)
                    }
                    _ => Ok(Looked { nowhere: matches!(answered, Ok(None)), ..Looked::default() }),
                };
                let looked = looked.and_then(|looked| {
                    match answered.is_ok() {
                        true => draft.close_silence(asked.id)?,
                        false if silent => draft.flag_silence(asked.id, hours)?,
                        false => {}
                    }
                    draft.settle_create(loaded.operation)?;
                    if source == Source::Poll {
                        draft.tell_deadline(asked.id)?;
                    }
                    draft.close_unwanted(asked.id, looked)
                });
                let looked = match looked {
                    Ok(looked) => looked,
                    Err(error) => return (Change::abort(), Err(error)),
                };
                // Nothing new is not kept: a request that waits for days would fill the history with it. What a silent provider
                // was asked, and when it answered, is.
                let kept =
                    source != Source::Poll || looked.news || answered.is_err() || Polling::owes_an_answer(&asked);
                if kept {
                    draft.change.operations.push(operation.clone());
                }
                if source == Source::Poll {
                    if !looked.news {
                        draft.change.observations.clear();
                    }
                    if !outdated {
                        let look = match &answered {
                            Err(error) => Look::Failed { retry_after_s: error.retry_after_s },
                            Ok(_) if draft.change.observations.iter().any(|row| row.outcome == "moved") => Look::News,
                            Ok(_) => Look::Answered,
                        };
                        draft.put_off(asked.id, look);
                        if looked.ended_there(&asked) {
                            draft.stop_asking(asked.id);
                        }
                    }
                }
                if overtaken && tells {
                    // What it told of sums was left out.
                    draft.look_now(asked.id);
                }
                if source == Source::Fetch && looked.is_just_signed() {
                    draft.look_now(asked.id);
                }
                let result = match &answered {
                    Ok(_) => Ok(Some(looked)),
                    Err(error) => {
                        let checkout = Some(reference_to(&draft.record));
                        let error = Box::new(error.clone());
                        Err(EngineError::Provider { provider: asked.provider.clone(), error, checkout })
                    }
                };
                (draft.finish(), result)
            })
            .await?;
        let Some(looked) = result.unwrap_or(Err(EngineError::NotFound))? else { return Ok(None) };
        self.settle_unknown_commands(tenant, id, attempt.id, looked).await?;
        if attempt.next_action.as_ref().is_none_or(|action| action.kind.is_step()) {
            self.settle_unknown_steps(tenant, id, attempt.id).await?;
        }
        Ok(Some((looked, dispute_uri)))
    }

    /// Asks by the provider's id of the request, or by ours where it gave none.
    async fn look(
        &self,
        tenant: Tenant,
        record: &CheckoutRecord,
        attempt: &Attempt,
        calls: &CallLog,
    ) -> Result<Result<Option<Found>, ProviderError>, EngineError> {
        let account = self.account(tenant, &attempt.provider).await?;
        let provider = self.provider(&attempt.provider)?;
        let context = CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls };
        Ok(match &attempt.reference {
            Some(reference) => {
                let found = |retrieved| Found { reference: reference.clone(), retrieved, others: 0 };
                let look = match looks_by_steps(provider.as_ref(), &account, attempt, tenant.mode) {
                    Some(steps) => steps.look(context, &record.checkout, attempt),
                    None => provider.retrieve_lines(context, &record.checkout, attempt),
                };
                self.looked(tenant, &attempt.provider, calls, look).await.map(|retrieved| Some(found(retrieved)))
            }
            None => self.looked(tenant, &attempt.provider, calls, provider.find(context, attempt)).await,
        })
    }

    /// Refuses what the provider's descriptor says cannot be asked for.
    pub(crate) fn require(&self, provider: &lendport_core::ProviderId, ability: Ability) -> Result<(), EngineError> {
        let capability = self.provider(provider)?.descriptor().capability(ability);
        if capability.support.can_be_asked() {
            Ok(())
        } else {
            Err(EngineError::NotSupported { provider: provider.clone(), ability, note: capability.note })
        }
    }
}

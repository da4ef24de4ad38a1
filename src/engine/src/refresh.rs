//! Reading the truth back from a provider, where it can be asked.

use std::sync::Arc;

use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    Ability, Attempt, AttemptId, CallContext, CallLog, CheckoutId, Claim, Decision, Grade, LedgerKind, Money,
    ObservationId, OperationKind, Phase, ProviderError, Source,
};
use lendport_storage::{Change, ChangeAsk, Tenant, change_with};

use crate::engine::{Engine, digest_of, reference_to};
use crate::error::EngineError;
use crate::polling::Polling;
use crate::take_in::{Draft, Fact};
use crate::view::CheckoutView;

/// What looking brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Looked {
    /// The attempt moved, or amounts did.
    pub(crate) news: bool,
    /// An amount was found given back that was not counted.
    pub(crate) refunded: bool,
}

impl Engine {
    /// Asks the leading attempt's provider now. A provider without read-back is a typed refusal.
    pub async fn refresh(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<CheckoutView, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.leading_attempt().ok_or(EngineError::NotFound)?;
        self.require(&attempt.provider, Ability::Retrieve)?;
        self.fetch_attempt(tenant, id, attempt.id, Source::Fetch).await?;
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        self.view(&record)
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
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let attempt = record.attempt(attempt).ok_or(EngineError::NotFound)?.clone();
        // A sum is compared only for a refund whose outcome is not known: any other is counted by its own answer or by
        // its own message, which may still be on its way.
        let refunds = self.store.operations(tenant, id, OperationKind::Refund).await?;
        let has = |phase| refunds.iter().any(|refund| refund.attempt == attempt.id && refund.phase == phase);
        let compares = has(Phase::Unknown) && !has(Phase::Sent);
        let calls = CallLog::new();
        let answered = self.look(tenant, &attempt, &calls).await?;
        let mut operation = self.new_operation(id, attempt.id, OperationKind::Retrieve);
        operation.calls = calls.records();
        operation.phase = if answered.is_ok() { Phase::Settled } else { Phase::Failed };
        operation.error = answered.as_ref().err().map(|error| error.message.clone());
        let tools = self.tools.clone();
        let (asked, version) = (attempt.clone(), record.checkout.version);
        let silent = match answered.is_err() && source == Source::Poll && Polling::owes_an_answer(attempt.state) {
            true => self.was_not_answered_for_long(tenant, &attempt).await?,
            false => false,
        };
        let hours = self.settings.upkeep.silent_after_hours;
        let word = answered.as_ref().ok().and_then(Option::as_ref).map(|found| word_of(&found.retrieved));
        let ask = ChangeAsk {
            dedupe: word.clone().map(|word| (attempt.id, word)),
            operation: self.unsettled_create(tenant, &attempt).await?,
            open_items: true,
            ..ChangeAsk::default()
        };
        let (_, result) = change_with(self.store.as_ref(), tenant, id, ask, move |loaded| {
            let compares = compares && loaded.record.checkout.version == version;
            let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
            draft.change.operations.push(operation.clone());
            let told = word.clone().map(|word| (word, loaded.seen.map(|(earlier, _)| earlier)));
            let looked = match (&answered, told) {
                (Ok(Some(found)), Some(told)) => take_found(&mut draft, &asked, found, source, compares, told),
                _ => Ok(Looked::default()),
            };
            let looked = looked.and_then(|looked| {
                match answered.is_ok() {
                    true => draft.close_silence(asked.id)?,
                    false if silent => draft.flag_silence(asked.id, hours)?,
                    false => {}
                }
                draft.settle_create(loaded.operation)?;
                Ok(looked)
            });
            let looked = match looked {
                Ok(looked) => looked,
                Err(error) => return (Change::abort(), Err(error)),
            };
            if source == Source::Poll {
                // Nothing new is not kept: a request that waits for days would fill the history with it.
                if !looked.news {
                    draft.change.observations.clear();
                }
                draft.put_off(asked.id);
            }
            let result = match &answered {
                Ok(_) => Ok(looked),
                Err(error) => {
                    let checkout = Some(reference_to(&draft.record));
                    let error = Box::new(error.clone());
                    Err(EngineError::Provider { provider: asked.provider.clone(), error, checkout })
                }
            };
            (draft.finish(), result)
        })
        .await?;
        let looked = result.unwrap_or(Err(EngineError::NotFound))?;
        self.settle_unknown_commands(tenant, id, attempt.id, looked.refunded).await?;
        Ok(looked)
    }

    /// Asks by the provider's id of the request, or by ours where it gave none.
    async fn look(
        &self,
        tenant: Tenant,
        attempt: &Attempt,
        calls: &CallLog,
    ) -> Result<Result<Option<Found>, ProviderError>, EngineError> {
        let account = self.account(tenant, &attempt.provider).await?;
        let provider = self.provider(&attempt.provider)?;
        let context = CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls };
        Ok(match &attempt.reference {
            Some(reference) => {
                let found = |retrieved| Found { reference: reference.clone(), retrieved };
                provider.retrieve(context, attempt).await.map(|retrieved| Some(found(retrieved)))
            }
            None => provider.find(context, attempt).await,
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

/// Names what a look brought, for a claim that is not followed: equal words on one attempt are one claim.
fn word_of(retrieved: &Retrieved) -> String {
    let claim = match &retrieved.claim {
        Claim::State { state, .. } => state.as_str(),
        Claim::Refund { .. } => "refund",
        Claim::UnknownStatus => "unknown_status",
        Claim::Nothing => "nothing",
    };
    let raw = retrieved.raw_status.as_deref().unwrap_or_default();
    format!("look:{}", digest_of(&[claim.as_bytes(), b"\n", raw.as_bytes()]))
}

/// True when a claim is not followed, so that hearing it again tells nothing.
fn is_turned_down(decision: &Decision) -> bool {
    let changes = decision.moved.is_some() || !decision.ledger.is_empty() || decision.pending_refund.is_some();
    !changes && (decision.refused.is_some() || !decision.attention.is_empty())
}

/// Takes in how a request stands; and what was given back beyond what is counted, where `compares` says that it belongs
/// to a refund of unknown outcome and that nothing else can have counted it meanwhile. `told` is the word for the claim,
/// and the observation that was turned down with it before: a person who has settled that is not asked again.
fn take_found(
    draft: &mut Draft,
    asked: &Attempt,
    found: &Found,
    source: Source,
    compares: bool,
    told: (String, Option<ObservationId>),
) -> Result<Looked, EngineError> {
    let Retrieved { claim, raw_status, amount_echoed, refunded } = &found.retrieved;
    let learnt = draft.learn_amount(asked.id, *amount_echoed)?;
    let fact = |claim: Claim, dedupe_key: String| Fact {
        attempt: asked.id,
        grade: Grade::Fetched,
        source,
        claim,
        raw_status: raw_status.clone(),
        reference: Some(found.reference.clone()),
        dedupe_key,
    };
    let ids = draft.tools.ids.clone();
    let new_key = || format!("{}:{}", source.as_str(), ObservationId::mint(ids.as_ref()));
    // Single amounts read back would be counted at every look.
    let claim = if matches!(claim, Claim::Refund { .. }) { Claim::Nothing } else { claim.clone() };
    let (word, earlier) = told;
    let turned_down = is_turned_down(&draft.foresee(fact(claim.clone(), String::new()))?);
    let mut looked = Looked { news: learnt, refunded: false };
    match earlier {
        Some(earlier) if turned_down && !learnt => draft.change.repeated = Some(earlier),
        _ => {
            let key = if turned_down && earlier.is_none() { word } else { new_key() };
            let (_, decision) = draft.observe(fact(claim, key))?;
            looked.news |= !decision.changes_nothing() || turned_down;
        }
    }
    if let Some(more) = refunded.filter(|_| compares).map(|total| uncounted(draft, asked, total)).transpose()?.flatten()
    {
        let claim = Claim::Refund { amount: Some(more), distinguishable: true };
        let (_, decision) = draft.observe(fact(claim, new_key()))?;
        looked.refunded = decision.ledger.iter().any(|(kind, _)| *kind == LedgerKind::Refunded);
        looked.news = true;
    }
    Ok(looked)
}

/// What the provider gave back beyond what is counted, on a commitment.
fn uncounted(draft: &Draft, asked: &Attempt, total: Money) -> Result<Option<Money>, EngineError> {
    let counted = draft.record.ledger.sum(asked.id, LedgerKind::Refunded, asked.amount.currency())?;
    let committed = draft.record.attempt(asked.id).is_some_and(|known| known.state.is_committed());
    let comparable = committed && total.currency() == counted.currency() && total.covers(counted) && total != counted;
    Ok(if comparable { Some(total.minus(counted)?) } else { None })
}

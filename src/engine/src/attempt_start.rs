//! One try at a provider is planned, and stored under the commit fence before anybody is called.

use std::sync::Arc;

use lendport_core::cascade::{Asker, may_follow};
use lendport_core::{
    Attempt, AttemptId, AttemptState, AttentionKind, CascadeHints, Checkout, CheckoutId, CheckoutRecord, Operation,
    OperationId, OperationKind, Phase, ProviderAccount, ProviderId, Secret, limits,
};
use lendport_storage::{AttentionItem, Change, ChangeAsk, ChangeOutcome, Tenant};

use crate::cascade::Following;
use crate::engine::{Engine, digest, reference_to};
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::ticket::{Reply, Standing, Ticket};

/// A try that is about to be stored.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    pub(crate) attempt: Attempt,
    pub(crate) operation: Operation,
    /// The secret part of the address for pushes.
    pub(crate) token: Secret<String>,
    /// Who was asked before.
    pub(crate) hints: CascadeHints,
}

const LATE_APPROVAL: &str =
    "an earlier financer's late approval waits for a person, and may be what finances it; settle that item first";
const SETTLED: &str = "it was financed once, and that was given or taken back; open a new checkout";
const GIVEN_UP: &str = "it is being canceled at the financer; wait until it is known what became of that";
const TOO_LATE: &str = "its deadline has passed; open a new checkout";

/// True while a late approval waits for a person: it is live at that financer, though no attempt of ours is.
pub(crate) fn waits_for_a_person(open_items: &[AttentionItem]) -> bool {
    open_items.iter().any(|item| item.kind == AttentionKind::LateApproval)
}

/// What a try starts on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct On {
    /// The version of the checkout that was decided on.
    pub(crate) if_match: Option<u64>,
    /// A try whose page the customer leaves for this one.
    pub(crate) leaving: Option<AttemptId>,
}

/// Where the key of a try stands. Whoever calls knows it: looking it up again would take another request's claim for
/// one's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    /// To be claimed with the try.
    New,
    /// Claimed earlier, and taken over by this request.
    TakenOver,
}

impl Engine {
    /// Plans the next try; nothing is stored or sent yet.
    pub(crate) fn plan_attempt(&self, checkout: &Checkout, earlier: &[Attempt], account: &ProviderAccount) -> Start {
        let number = earlier.iter().map(|attempt| attempt.number).max().unwrap_or(0).saturating_add(1);
        let ids = self.tools.ids.as_ref();
        let now = self.clock.now();
        let id = AttemptId::mint(ids);
        let token = self.settings.callback_key.token(id);
        let capture =
            self.providers.get(&account.provider).map_or(checkout.capture, |known| match known.descriptor().capture {
                lendport_core::CaptureMode::ProviderManaged => lendport_core::CaptureMode::ProviderManaged,
                _ => checkout.capture,
            });
        let total = checkout.cart.total;
        let amount = self
            .providers
            .get(&account.provider)
            .map_or(total, |known| known.amount_to_finance(checkout, &account.settings));
        let attempt = Attempt {
            id,
            checkout: checkout.id,
            number,
            provider: account.provider.clone(),
            account: account.id,
            state: AttemptState::Initiating,
            reason: None,
            evidence: None,
            reference: None,
            raw_status: None,
            callback_digest: digest(token.expose()),
            // Unguessable by its UUID, and new for every try (wegetfinancing.md 4.8 rule 11).
            merchant_reference: format!("{}-{number}", checkout.id),
            next_action: None,
            amount,
            amount_echoed: None,
            capture,
            capture_by: None,
            amount_accepted: false,
            approval_confirmed: false,
            review_open: false,
            deadline_told: None,
            awaited: None,
            poll_at: None,
            polls: 0,
            expires_at: None,
            created_at: now,
            updated_at: now,
        };
        let operation = self.new_operation(checkout.id, attempt.id, OperationKind::Create);
        let hints = CascadeHints::of(earlier, &attempt);
        Start { attempt, operation, token, hints }
    }

    pub(crate) fn new_operation(&self, checkout: CheckoutId, attempt: AttemptId, kind: OperationKind) -> Operation {
        let now = self.clock.now();
        Operation {
            id: OperationId::mint(self.tools.ids.as_ref()),
            checkout,
            attempt,
            kind,
            phase: Phase::Sent,
            shipment: None,
            lines: None,
            calls: Vec::new(),
            error: None,
            lease_until: self.lease_end(),
            created_at: now,
            updated_at: now,
        }
    }

    /// Starts the next, or a named, financer of a checkout. Refused by the commit fence.
    pub async fn start_attempt(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        provider: Option<String>,
        if_match: Option<u64>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        if let Some(row) = self.store.idempotency(tenant, &ticket.route, &ticket.key).await? {
            let operation = match ticket.standing(self, tenant, row).await? {
                Standing::Replay(reply) => return Ok(reply),
                Standing::Resume { operation, .. } => operation,
            };
            let result = Box::pin(self.resume_start(tenant, id, operation, ticket.clone())).await;
            return self.release_on_error(tenant, id, ticket, result).await;
        }
        Box::pin(self.choose_and_start(tenant, id, provider, if_match, ticket)).await
    }

    async fn choose_and_start(
        self: &Arc<Self>,
        tenant: Tenant,
        id: CheckoutId,
        provider: Option<String>,
        if_match: Option<u64>,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        if record.checkout.expires_at <= self.clock.now() {
            // The deadline would end it at once, and leave the customer with a financer's page that is of no use.
            return Err(EngineError::WrongState { checkout: reference_to(&record), wanted: TOO_LATE });
        }
        let chosen = match provider {
            Some(name) => ProviderId::parse(&name).filter(|id| self.providers.contains_key(id)),
            None => {
                let tried = |id: &&ProviderId| record.attempts.iter().any(|attempt| attempt.provider == **id);
                record.checkout.route.providers.iter().find(|id| !tried(id)).cloned()
            }
        };
        let Some(chosen) = chosen else {
            let at = lendport_core::Pointer::root().child("provider");
            let detail = "no financer of this checkout is left; name one that is set up";
            return Err(lendport_core::Invalid::one(&at, "unknown_provider", detail).into());
        };
        let on = On { if_match, leaving: None };
        self.start_on(tenant, record, &chosen, on, Key::New, ticket).await
    }

    /// Stores the next try under the fence, then calls.
    pub(crate) async fn start_on(
        self: &Arc<Self>,
        tenant: Tenant,
        record: CheckoutRecord,
        provider: &ProviderId,
        on: On,
        key: Key,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let account = self.account(tenant, provider).await?;
        let adapter = self.provider(provider)?;
        adapter.check(&record.checkout, &account.settings)?;
        let admission = Some(self.require_working(tenant, provider)?);
        let harmless = adapter.may_repeat_create(&record.checkout);
        let start = self.plan_attempt(&record.checkout, &record.attempts, &account);
        if start.attempt.number > limits::ATTEMPTS_MAX {
            let wanted = "it has had as many attempts as a checkout may have; open a new one";
            return Err(EngineError::WrongState { checkout: reference_to(&record), wanted });
        }
        let tools = self.tools.clone();
        let planned = start.clone();
        let id = record.checkout.id;
        let (claim, held) = match key {
            Key::New => (Some(ticket.claim(self)), None),
            Key::TakenOver => (None, Some(ticket.hold(self))),
        };
        let ask = ChangeAsk { claim, open_items: true, ..ChangeAsk::default() };
        let (outcome, result) = self
            .change(tenant, id, ask, move |loaded| {
                let refuse = |error| (Change::abort(), Err(error));
                if on.if_match.is_some_and(|version| version != loaded.record.checkout.version) {
                    return refuse(EngineError::PreconditionFailed);
                }
                // A repeated create that nobody saw is no commitment; anything else that may be one stops us.
                let blocks = |attempt: &&Attempt| {
                    let left = on.leaving == Some(attempt.id);
                    let asker = if left { Asker::Customer } else { Asker::Merchant };
                    match attempt.state {
                        AttemptState::Indeterminate => !(harmless && attempt.provider == planned.attempt.provider),
                        state => !may_follow(state, asker),
                    }
                };
                if let Some(holder) = loaded.record.attempts.iter().find(blocks) {
                    let checkout = reference_to(loaded.record);
                    return refuse(match holder.state {
                        AttemptState::Refunded | AttemptState::ChargedBack => {
                            EngineError::WrongState { checkout, wanted: SETTLED }
                        }
                        holder => EngineError::CommitFence { checkout, holder },
                    });
                }
                if loaded.record.attempts.iter().any(Attempt::is_being_canceled) {
                    return refuse(EngineError::WrongState { checkout: reference_to(loaded.record), wanted: GIVEN_UP });
                }
                if waits_for_a_person(&loaded.open_items) {
                    return refuse(EngineError::WrongState {
                        checkout: reference_to(loaded.record),
                        wanted: LATE_APPROVAL,
                    });
                }
                if loaded.record.attempts.iter().any(|attempt| attempt.number >= planned.attempt.number) {
                    return refuse(EngineError::PreconditionFailed);
                }
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                draft.add_attempt(planned.attempt.clone());
                let replaced = draft.supersede_by(&planned.attempt).and_then(|()| draft.leave(on.leaving));
                if let Err(error) = replaced {
                    return refuse(error);
                }
                draft.change.operations.push(planned.operation.clone());
                draft.change.claimed_operation = Some(planned.operation.id);
                draft.change.claim.clone_from(&held);
                let (change, checkout) = draft.finish_to_see(|record| record.checkout.clone());
                (change, Ok(checkout))
            })
            .await?;
        match (outcome, result) {
            (ChangeOutcome::Done, Some(Ok(checkout))) => {
                self.call_create(tenant, Following { checkout, start, account, admission }, ticket).await
            }
            (ChangeOutcome::Done, Some(Err(error))) => Err(error),
            (ChangeOutcome::Claimed(_), _) => Err(EngineError::KeyInFlight),
            (ChangeOutcome::NotFound, _) | (ChangeOutcome::Done, None) => Err(EngineError::NotFound),
        }
    }
}

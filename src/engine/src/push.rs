//! A provider's push: find the attempt by the URL's token, verify, read, store, and only then answer.

use std::sync::Arc;

use lendport_core::{
    AttentionDraft, AttentionKind, Claim, Decision, NoticeAnswer, NoticeContext, NoticeRefusal, NoticeVerdict,
    ObservationId, ProviderId, Push, Source,
};
use lendport_storage::{Addressee, Change, ChangeAsk, ChangeOutcome, PushRecord};

use crate::engine::{Engine, digest};
use crate::error::EngineError;
use crate::refresh::Looked;
use crate::take_in::{Draft, Fact};

/// Facts per attempt after which an unknown word, or a message without one, is only counted.
const IDLE_KEPT: u64 = 20;
/// Facts per attempt after which a claim that was not followed is only counted.
const REFUSED_KEPT: u64 = 200;

/// Headers that are kept with a push; the rest may hold anything.
const KEPT_HEADERS: [&str; 4] = ["content-type", "user-agent", "x-signature", "x-timestamp"];

/// A push as it arrived.
#[derive(Debug)]
pub struct IncomingPush {
    /// `POST` or `GET`.
    pub method: String,
    /// Lower-case names with their values.
    pub headers: Vec<(String, String)>,
    /// Query string without the question mark.
    pub query: String,
    /// Bytes as received.
    pub body: Vec<u8>,
}

impl Engine {
    /// Takes a push in and says what the provider gets as an answer. Stores before it answers.
    pub async fn take_in_push(self: &Arc<Self>, provider: &str, token: &str, push: IncomingPush) -> NoticeAnswer {
        let known = ProviderId::parse(provider).and_then(|id| Some((self.providers.get(&id)?.clone(), id)));
        let Some((adapter, id)) = known else {
            return NoticeAnswer::usual(NoticeVerdict::UnknownToken);
        };
        let verdict = match self.store_push(&id, token, &push).await {
            Ok(verdict) => verdict,
            Err(error) => {
                tracing::error!(provider = %id, %error, "push not stored");
                NoticeVerdict::StoreFailed
            }
        };
        adapter.answer(verdict)
    }

    async fn store_push(
        self: &Arc<Self>,
        provider: &ProviderId,
        token: &str,
        push: &IncomingPush,
    ) -> Result<NoticeVerdict, EngineError> {
        let Some(Addressee { tenant, attempt }) = self.store.locate_callback(provider, &digest(token)).await? else {
            tracing::warn!(provider = %provider, "push with an unknown token refused");
            return Ok(NoticeVerdict::UnknownToken);
        };
        let (checkout, attempt_id) = (attempt.checkout, attempt.id);
        let account = self.account(tenant, provider).await?;
        let now = self.clock.now();
        let context = NoticeContext { account: &account.settings, attempt: &attempt };
        let arrived = Push {
            method: &push.method,
            headers: &push.headers,
            query: &push.query,
            body: &push.body,
            received_at: now,
        };
        let kept = PushRecord {
            checkout,
            attempt: attempt_id,
            observation: None,
            verdict: "stored".to_owned(),
            headers: kept_headers(push),
            body: push.body.clone(),
            received_at: now,
        };
        let notice = match self.provider(provider)?.read_notification(context, &arrived) {
            Ok(notice) => notice,
            Err(refusal) => {
                let (verdict, word) = match refusal {
                    NoticeRefusal::Unauthentic(_) => (NoticeVerdict::Unauthentic, "unauthentic"),
                    NoticeRefusal::Unreadable(_) => (NoticeVerdict::Unreadable, "unreadable"),
                    NoticeRefusal::Contradicts(_) => (NoticeVerdict::Contradicts, "contradicts"),
                };
                tracing::warn!(
                    checkout.id = %checkout, attempt.id = %attempt_id, provider = %provider, %refusal, "push refused"
                );
                self.store.record_refused_push(tenant, PushRecord { verdict: word.to_owned(), ..kept }).await?;
                return Ok(verdict);
            }
        };
        let fetch = notice.fetch;
        let fact = Fact {
            attempt: attempt_id,
            grade: notice.grade,
            source: Source::Push,
            claim: notice.claim,
            details: notice.details,
            raw_status: notice.raw_status,
            reference: notice.reference,
            dedupe_key: notice.dedupe_key.clone(),
        };
        let tools = self.tools.clone();
        let ask = ChangeAsk {
            dedupe: Some((attempt_id, notice.dedupe_key)),
            operation: self.unsettled_create(tenant, &attempt).await?,
            open_items: true,
            ..ChangeAsk::default()
        };
        let (outcome, result) = self
            .change(tenant, checkout, ask, move |loaded| {
                let mut draft = Draft::of(&tools, loaded.record).knowing(loaded.open_items);
                let taken = match loaded.seen {
                    Some((observation, _)) => repeat(&mut draft, &fact, observation).map(|()| observation),
                    None => draft.observe(fact.clone()).map(|(observation, decision)| match loaded.idle {
                        Some((kept, latest)) if kept >= kept_at_most(&fact, &decision, &draft) => {
                            draft = Draft::of(&tools, loaded.record);
                            draft.change.repeated = Some(latest);
                            latest
                        }
                        _ => observation,
                    }),
                };
                let create = loaded.operation;
                match taken.and_then(|observation| draft.settle_create(create).map(|()| observation)) {
                    Ok(observation) => {
                        // A worker looks: the provider does not wait for that, and a look that fails is tried again.
                        if fetch {
                            draft.look_now(attempt_id);
                        }
                        let moved = draft.change.observations.iter().any(|row| row.outcome == "moved");
                        let awaited = draft.record.attempt(attempt_id).is_some_and(|known| known.awaited.is_some());
                        let unsettled = moved && (awaited || draft.is_open(attempt_id, AttentionKind::UnknownCommand));
                        draft.change.push = Some(PushRecord { observation: Some(observation), ..kept.clone() });
                        (draft.finish(), Ok((moved, unsettled)))
                    }
                    Err(error) => (Change::abort(), Err(error)),
                }
            })
            .await?;
        let unsettled = match (outcome, result) {
            (ChangeOutcome::Done, Some(Ok((moved, unsettled)))) => {
                tracing::info!(
                    checkout.id = %checkout, attempt.id = %attempt_id, provider = %provider, moved, "push stored"
                );
                unsettled
            }
            (ChangeOutcome::Done, Some(Err(error))) => return Err(error),
            _ => return Err(EngineError::NotFound),
        };
        if unsettled
            && let Err(error) = self.settle_unknown_commands(tenant, checkout, attempt_id, Looked::default()).await
        {
            // The push is stored, and the command's item is still there for whoever looks next.
            tracing::warn!(checkout.id = %checkout, attempt.id = %attempt_id, %error, "command not settled");
        }
        self.wake_settling(fetch);
        Ok(NoticeVerdict::Stored)
    }
}

/// How many facts that change nothing are kept before one more of this sort only counts as a repeat of the latest:
/// whoever knows a callback address cannot fill the disk with ever new words. A state that has a person asked what is not
/// asked already is kept, however many there are: of such questions one attempt has a few.
fn kept_at_most(fact: &Fact, decision: &Decision, draft: &Draft) -> u64 {
    match &fact.claim {
        _ if decision.has_effect() => u64::MAX,
        Claim::State { .. } if !draft.change.attention.is_empty() => u64::MAX,
        Claim::UnknownStatus | Claim::Nothing => IDLE_KEPT,
        // A contradiction may matter, so there is more room for it.
        Claim::State { .. } | Claim::Refund { .. } => REFUSED_KEPT,
    }
}

/// A message told again changes nothing. An equal refund with nothing to tell the two apart is flagged, once while a
/// person has not ruled, and again when one more comes after the ruling (`wegetfinancing.md` Q7).
fn repeat(draft: &mut Draft, fact: &Fact, seen: ObservationId) -> Result<(), EngineError> {
    draft.change.repeated = Some(seen);
    let asked = draft.is_open(fact.attempt, AttentionKind::RefundRepeated);
    if !asked && matches!(fact.claim, Claim::Refund { distinguishable: false, .. }) {
        let detail = "an equal refund was announced again with nothing to tell them apart; it was counted once";
        draft.flag(fact.attempt, AttentionDraft::new(AttentionKind::RefundRepeated, detail))?;
    }
    Ok(())
}

fn kept_headers(push: &IncomingPush) -> String {
    let kept = push.headers.iter().filter(|(name, _)| KEPT_HEADERS.contains(&name.as_str()));
    kept.map(|(name, value)| format!("{name}: {value}\n")).collect()
}

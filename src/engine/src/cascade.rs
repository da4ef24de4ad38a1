//! The next financer of a route follows by itself where the route's policy says so. That it is to follow is stored with the
//! end of the one before it: the ended attempt is due, as one is that has to be looked at. Whoever finds it so, this process
//! a moment later or another one after a crash, stores the next try under the commit fence, and only then calls.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    Attempt, Checkout, CheckoutId, CheckoutStatus, Clock, EventType, Exclusion, ProviderAccount, ProviderId, Skipped,
    cascade,
};
use lendport_storage::{Change, ChangeAsk, Tenant};

use crate::attempt_start::{Start, waits_for_a_person};
use crate::breaker::{Admission, resting};
use crate::create_call::Called;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::health::ProviderHealth;
use crate::known_accounts::Accounts;
use crate::polling::after;
use crate::routing::{Scope, UNHEALTHY};
use crate::take_in::Draft;

/// So long after a financer's end a customer is left waiting for the next one to work again.
const PATIENCE: SignedDuration = SignedDuration::from_secs(60);

/// A try that was stored, and has to be called for.
pub(crate) struct Following {
    pub(crate) checkout: Checkout,
    pub(crate) start: Start,
    pub(crate) account: ProviderAccount,
    /// Leave to call, from whoever decided on it.
    pub(crate) admission: Option<Admission>,
}

/// Who follows.
pub(crate) enum Next {
    /// This one; it was added to the change.
    Starts(Box<(Start, ProviderAccount, Admission)>),
    /// The only ones left do not work now, and may again at this moment of the steady clock.
    Later(Timestamp),
    /// Nobody.
    Nobody,
}

impl Engine {
    /// Starts the next financer of a checkout, if one is to follow; and those after it that are to follow at once.
    /// What cannot be started is tried again after a while. Nothing is begun when the process is about to end.
    pub(crate) async fn start_follower(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<(), EngineError> {
        if self.takes_no_more() {
            return Ok(());
        }
        let started = self.start_now(tenant, id).await;
        if started.is_err()
            && let Err(error) = self.put_follower_off(tenant, id).await
        {
            tracing::error!(checkout.id = %id, %error, "who is to follow is still due");
        }
        started
    }

    async fn start_now(self: &Arc<Self>, tenant: Tenant, id: CheckoutId) -> Result<(), EngineError> {
        let accounts = self.accounts(tenant).await?;
        let engine = Arc::clone(self);
        let ask = ChangeAsk { open_items: true, ..ChangeAsk::default() };
        let (_, stored) = self
            .change(tenant, id, ask, move |loaded| {
                let mut draft = Draft::of(&engine.tools, loaded.record).knowing(loaded.open_items);
                let ended = draft.record.attempts.last().map(|ended| ended.id);
                if !draft.is_to_be_followed() {
                    let Some(ended) = ended.filter(|_| draft.would_be_followed()) else {
                        return (Change::abort(), Ok(None));
                    };
                    // It waits for a person, and is not found due again and again: settling the item has it followed. A look that
                    // somebody asked for is made all the same.
                    draft.reschedule(ended);
                    return (draft.finish(), Ok(None));
                }
                let next = match engine.add_follower(&mut draft, tenant, &accounts) {
                    Ok(next) => next,
                    Err(error) => return (Change::abort(), Err(error)),
                };
                if let Some(ended) = ended {
                    draft.schedule(ended, 0);
                    // It was due to be followed, and perhaps also because its financer asked for a look.
                    if !matches!(next, Next::Later(_)) {
                        draft.look_now(ended);
                    }
                }
                let (mut change, checkout) = draft.finish_to_see(|record| record.checkout.clone());
                let following = match next {
                    Next::Starts(starts) => {
                        let (start, account, admission) = *starts;
                        Some(Following { checkout, start, account, admission: Some(admission) })
                    }
                    Next::Later(at) => {
                        follow_at(&mut change, at);
                        None
                    }
                    Next::Nobody => None,
                };
                (change, Ok(following))
            })
            .await?;
        let mut next = stored.unwrap_or(Ok(None))?;
        while let Some(following) = next {
            next = match self.call_once(tenant, following, None).await? {
                Called::Follows(following) => Some(*following),
                Called::Answered(_) | Called::Stored => None,
            };
        }
        Ok(())
    }

    /// What is to follow, and could not be started, waits like a look that failed.
    async fn put_follower_off(&self, tenant: Tenant, id: CheckoutId) -> Result<(), EngineError> {
        let tools = self.tools.clone();
        self.change(tenant, id, ChangeAsk::default(), move |loaded| {
            let due = cascade::is_due(&loaded.record.checkout, &loaded.record.attempts, tools.clock.now());
            let Some(ended) = loaded.record.attempts.last().filter(|_| due) else { return (Change::abort(), ()) };
            let mut ended = ended.clone();
            let pause = tools.polling.pause(ended.polls, tools.ids.as_ref());
            (ended.polls, ended.poll_at) = (ended.polls.saturating_add(1), Some(after(tools.clock.steady(), pause)));
            (Change { attempts: vec![ended], ..Change::default() }, ())
        })
        .await?;
        Ok(())
    }

    /// Adds the next try to a change that has ended the one before it. Who cannot serve the checkout is passed over, with
    /// every reason. Who only does not work now stays in the route: others come first, and where there are none it is waited
    /// for, for so long as a customer may. When nobody is left, the checkout's end is told.
    pub(crate) fn add_follower(
        &self,
        draft: &mut Draft,
        tenant: Tenant,
        accounts: &[ProviderAccount],
    ) -> Result<Next, EngineError> {
        let (mut passed_over, mut put_off) = (false, Vec::new());
        let mut later: Option<Timestamp> = None;
        while draft.is_to_be_followed() {
            let (checkout, attempts) = (&draft.record.checkout, &draft.record.attempts);
            let next = cascade::untried(checkout, attempts).find(|id| !put_off.contains(*id));
            let Some(provider) = next.cloned() else { break };
            let taken = self.can_take(tenant, checkout, &provider, accounts, Scope::Whole).and_then(|account| {
                // Another checkout may be the one that tries it.
                let resting = |seconds| vec![Exclusion::of_provider(UNHEALTHY, resting(seconds))];
                self.breakers.admit((tenant, provider.clone())).map(|leave| (account, leave)).map_err(resting)
            });
            match taken {
                Ok((account, admission)) => {
                    let start = self.plan_attempt(checkout, attempts, &account);
                    tracing::info!(
                        checkout.id = %checkout.id, attempt.id = %start.attempt.id, %provider, "the next financer follows"
                    );
                    draft.add_attempt(start.attempt.clone());
                    draft.change.operations.push(start.operation.clone());
                    return Ok(Next::Starts(Box::new((start, account, admission))));
                }
                Err(exclusions) => {
                    let works_at = self.works_again(draft, tenant, &provider, accounts, &exclusions);
                    draft.skip(&provider, exclusions);
                    match works_at {
                        Some(at) => {
                            later = Some(later.map_or(at, |known| known.min(at)));
                            put_off.push(provider);
                        }
                        None => {
                            passed_over = true;
                            draft.record.checkout.route.providers.retain(|known| *known != provider);
                            draft.touch();
                        }
                    }
                }
            }
        }
        if let Some(at) = later {
            return Ok(Next::Later(at));
        }
        if passed_over {
            let told = match draft.record.status() {
                CheckoutStatus::Declined => EventType::CheckoutDeclined,
                CheckoutStatus::Expired => EventType::CheckoutExpired,
                _ => EventType::CheckoutUpdated,
            };
            draft.announce(&[told])?;
        }
        Ok(Next::Nobody)
    }

    /// When a financer may be tried that only does not work now; none where more is in the way, where nobody knows, and where
    /// it is later than a customer waits.
    fn works_again(
        &self,
        draft: &Draft,
        tenant: Tenant,
        provider: &ProviderId,
        accounts: &[ProviderAccount],
        exclusions: &[Exclusion],
    ) -> Option<Timestamp> {
        if exclusions.iter().any(|one| one.code != UNHEALTHY) {
            return None;
        }
        let account = accounts.iter().find(|account| account.provider == *provider)?;
        let wait = match self.health.health(tenant, account) {
            ProviderHealth::Healthy => SignedDuration::ZERO,
            ProviderHealth::Unhealthy { retry_after_s, .. } => SignedDuration::from_secs(i64::from(retry_after_s?)),
        };
        let ended = draft.record.attempts.last()?.updated_at;
        (draft.now.duration_since(ended).saturating_add(wait) <= PATIENCE)
            .then(|| after(draft.tools.clock.steady(), wait))
    }

    /// Accounts for a change that may have to start the next financer; none where nobody follows by itself, and where they
    /// cannot be read.
    pub(crate) async fn accounts_to_follow(&self, tenant: Tenant, checkout: &Checkout) -> Option<Accounts> {
        if checkout.route.policies.is_none() { None } else { self.accounts(tenant).await.ok() }
    }
}

impl Draft {
    /// True when the next financer is to be started without anybody asking for it, and no late approval is open, as far as the
    /// draft knows of items.
    pub(crate) fn is_to_be_followed(&self) -> bool {
        self.would_be_followed() && !waits_for_a_person(&self.open_items)
    }

    fn would_be_followed(&self) -> bool {
        cascade::is_due(&self.record.checkout, &self.record.attempts, self.now)
    }

    /// Why a financer of the route was passed over, each reason once.
    fn skip(&mut self, provider: &ProviderId, exclusions: Vec<Exclusion>) {
        let reason = exclusions.first().map_or("refused", |one| one.code.as_str()).to_owned();
        let skipped = &mut self.record.checkout.route.skipped;
        if !skipped.iter().any(|known| known.provider == *provider && known.reason == reason) {
            skipped.push(Skipped { provider: provider.clone(), reason, exclusions });
            self.touch();
        }
    }

    /// An ended attempt that another is to follow is due until that one is stored. A change that has nothing to do with it
    /// brings nothing forward that was put off.
    pub(crate) fn have_it_followed(&mut self) {
        let change = &self.change;
        let nothing = change.observations.is_empty() && change.operations.is_empty() && change.attention.is_empty();
        if nothing && self.scheduled.is_empty() || !self.is_to_be_followed() {
            return;
        }
        let now = self.tools.clock.steady();
        let ended = self.record.attempts.last_mut().filter(|ended| ended.poll_at.is_none_or(|at| at > now));
        if let Some(ended) = ended {
            ended.poll_at = Some(now);
            let id = ended.id;
            self.scheduled.insert(id);
        }
    }
}

/// Has the next financer tried at this moment of the steady clock, in a change that would have it tried at once.
pub(crate) fn follow_at(change: &mut Change, at: Timestamp) {
    if let Some(ended) = change.attempts.last_mut() {
        ended.poll_at = Some(at);
    }
}

/// True for a change after which the next financer is to be started at once.
pub(crate) fn leaves_one_to_follow(change: &Change, clock: &dyn Clock) -> bool {
    let steady = clock.steady();
    let due = change.attempts.last().and_then(|ended| ended.poll_at).is_some_and(|at| at <= steady);
    let is_due = |checkout: &Checkout| cascade::is_due(checkout, &change.attempts, clock.now());
    due && change.checkout.as_deref().is_some_and(is_due)
}

/// True where a merchant that reads only `next_action` has to hear of an attempt that nobody asked for.
pub(crate) fn came_by_itself(draft: &Draft, attempt: Option<&Attempt>) -> bool {
    attempt.is_some_and(|known| cascade::came_by_itself(&draft.record.checkout, &draft.record.attempts, known))
}

//! Which financers a customer may choose now: those the merchant named for this checkout, that can serve it, and that
//! have not given their answer.

use lendport_core::cascade::{self, Asker, may_follow};
use lendport_core::{
    Attempt, AttemptState, AttentionKind, Checkout, CheckoutRecord, ProviderAccount, ProviderId, Reason, limits,
    routing::Follow,
};
use lendport_storage::{AttentionFilter, PageAsk, Tenant};

use crate::engine::Engine;
use crate::error::EngineError;

/// Why a failed try is not worth another one at the same financer: it would fail again.
const LASTING_FAILURES: [&str; 6] = [
    "amount_mismatch",
    "refused_by_provider",
    "declined_by_provider",
    "provider_credentials",
    "provider_configuration",
    "operation_not_supported",
];

impl Engine {
    /// True when the adapter sees nothing that its financer would refuse. Asks nobody.
    pub(crate) fn can_serve(&self, checkout: &Checkout, account: &ProviderAccount) -> bool {
        let adapter = self.providers.get(&account.provider);
        adapter.is_some_and(|adapter| adapter.check(checkout, &account.settings).is_ok())
    }

    /// The latest try, where nobody knows what became of its create and another one at the same financer does no harm:
    /// nobody saw the link of the first (`model.md` section 5, native idempotency). Other financers wait for evidence.
    pub(super) fn repeatable<'r>(&self, record: &'r CheckoutRecord) -> Option<&'r Attempt> {
        let unknown = record.attempts.last().filter(|latest| latest.state == AttemptState::Indeterminate)?;
        let adapter = self.providers.get(&unknown.provider)?;
        adapter.may_repeat_create(&record.checkout).then_some(unknown)
    }

    /// True when the next financer is being started without the customer.
    pub(super) fn follows(&self, record: &CheckoutRecord) -> bool {
        cascade::is_due(&record.checkout, &record.attempts, self.clock.now())
    }

    /// The financers that may be chosen now, in the merchant's order.
    pub(super) fn choices<'r>(&self, record: &'r CheckoutRecord, accounts: &[ProviderAccount]) -> Vec<&'r ProviderId> {
        let now = self.clock.now();
        let again = self.repeatable(record).filter(|_| has_room(&record.attempts)).map(|unknown| &unknown.provider);
        let any = again.is_some() || another_may_start(record);
        // By policy nobody is offered after it, or the next one is being asked already.
        let policy = record.attempts.last().and_then(|latest| cascade::policy_after(&record.checkout, latest));
        let closed = policy == Some(Follow::Off) || self.follows(record);
        if record.checkout.expires_at <= now || !any || closed {
            return Vec::new();
        }
        let account = |id: &ProviderId| accounts.iter().find(|account| account.provider == *id);
        let serves = |id: &ProviderId| account(id).is_some_and(|account| self.can_serve(&record.checkout, account));
        let open = |id: &ProviderId| again.map_or(!has_answered(&record.attempts, id), |only| only == id);
        record.checkout.route.providers.iter().filter(|id| open(id) && serves(id)).collect()
    }

    /// Those of them that are shown: without the ones that do not work now, unless there are no others. Whoever chooses one of
    /// these hears when it may work again.
    pub(super) fn shown_choices<'r>(
        &self,
        tenant: Tenant,
        record: &'r CheckoutRecord,
        accounts: &[ProviderAccount],
    ) -> Vec<&'r ProviderId> {
        let all = self.choices(record, accounts);
        let works = |id: &&&ProviderId| self.works(tenant, id);
        let working: Vec<_> = all.iter().filter(works).copied().collect();
        if working.is_empty() { all } else { working }
    }

    /// True where a late approval waits for a person, so that nobody else is started, whatever a policy or a customer wants.
    pub(crate) async fn is_held(&self, tenant: Tenant, record: &CheckoutRecord) -> Result<bool, EngineError> {
        let filter = AttentionFilter {
            open: Some(true),
            checkout: Some(record.checkout.id),
            kind: Some(AttentionKind::LateApproval),
        };
        let open = self.store.attention(tenant, &filter, PageAsk { limit: 1, after: None }).await?;
        Ok(!open.rows.is_empty())
    }
}

/// The commit fence as a customer meets it: nothing is committed, or may be, or was, and nothing is under way but a page that
/// this customer can leave.
pub(super) fn another_may_start(record: &CheckoutRecord) -> bool {
    let Some((latest, earlier)) = record.attempts.split_last() else { return true };
    // Somebody stopped it who is not the customer.
    let stopped = latest.state == AttemptState::Canceled && !was_left(latest);
    let given_up = record.attempts.iter().any(Attempt::is_being_canceled);
    // An order that was told as ready may be on its way; whatever became of it is the merchant's.
    has_room(&record.attempts)
        && !stopped
        && !given_up
        && !record.checkout.ready_announced
        && may_follow(latest.state, Asker::Customer)
        && earlier.iter().all(|attempt| may_follow(attempt.state, Asker::Merchant))
}

/// A checkout has so many tries and no more.
fn has_room(attempts: &[Attempt]) -> bool {
    u32::try_from(attempts.len()).is_ok_and(|count| count < limits::ATTEMPTS_MAX)
}

fn was_left(attempt: &Attempt) -> bool {
    attempt.reason.as_ref().is_some_and(|reason| reason.is(Reason::LEFT_BY_CUSTOMER))
}

/// True when the latest try at a financer is open, or ended so that another one would end the same way.
fn has_answered(attempts: &[Attempt], provider: &ProviderId) -> bool {
    let Some(latest) = attempts.iter().rfind(|attempt| attempt.provider == *provider) else { return false };
    match latest.state {
        AttemptState::Expired => false,
        AttemptState::Canceled => !was_left(latest),
        AttemptState::Failed => {
            latest.reason.as_ref().is_some_and(|reason| LASTING_FAILURES.contains(&reason.0.as_str()))
        }
        _ => true,
    }
}

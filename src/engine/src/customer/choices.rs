//! Which financers a customer may choose now: those the merchant named for this checkout, that can serve it, and that
//! have not given their answer.

use lendport_core::{Attempt, AttemptState, Checkout, CheckoutRecord, ProviderAccount, ProviderId, limits};

use super::LEFT_BY_CUSTOMER;
use crate::engine::Engine;

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

    /// The financers that may be chosen now, in the merchant's order.
    pub(super) fn choices<'r>(&self, record: &'r CheckoutRecord, accounts: &[ProviderAccount]) -> Vec<&'r ProviderId> {
        let now = self.clock.now();
        let again = self.repeatable(record).filter(|_| has_room(&record.attempts)).map(|unknown| &unknown.provider);
        let any = again.is_some() || another_may_start(&record.attempts);
        if record.checkout.expires_at <= now || !any {
            return Vec::new();
        }
        let account = |id: &ProviderId| accounts.iter().find(|account| account.provider == *id);
        let serves = |id: &ProviderId| account(id).is_some_and(|account| self.can_serve(&record.checkout, account));
        let open = |id: &ProviderId| again.map_or(!has_answered(&record.attempts, id), |only| only == id);
        record.checkout.route.providers.iter().filter(|id| open(id) && serves(id)).collect()
    }
}

/// The commit fence as a customer meets it: nothing is committed, or may be, and nothing is under way but a page that
/// this customer can leave.
pub(super) fn another_may_start(attempts: &[Attempt]) -> bool {
    let Some((latest, earlier)) = attempts.split_last() else { return true };
    let ended = |attempt: &Attempt| match attempt.state {
        AttemptState::Declined | AttemptState::Failed | AttemptState::Expired | AttemptState::Canceled => true,
        // Given back: the order was settled once.
        _ => false,
    };
    let latest_may = match latest.state {
        AttemptState::AwaitingCustomer => true,
        // Somebody stopped it who is not the customer.
        AttemptState::Canceled => was_left(latest),
        _ => ended(latest),
    };
    has_room(attempts) && latest_may && earlier.iter().all(ended)
}

/// A checkout has so many tries and no more.
fn has_room(attempts: &[Attempt]) -> bool {
    u32::try_from(attempts.len()).is_ok_and(|count| count < limits::ATTEMPTS_MAX)
}

fn was_left(attempt: &Attempt) -> bool {
    attempt.reason.as_ref().is_some_and(|reason| reason.0 == LEFT_BY_CUSTOMER)
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

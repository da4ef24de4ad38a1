//! Server-driven mode: the merchant's own pages carry the application, and each step is told to Medusa (section 2).
//!
//! Nothing of it is kept: customers are known by the checkout's e-mail address, orders by our own id, and everything else is
//! read again. So a step whose process died is taken up by the next one, which looks before it makes anything.

mod agree;
mod apply;
mod customers;
mod standing;
mod terms;

use async_trait::async_trait;
use lendport_core::provider::Retrieved;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, Checkout, Mode, NextActionKind, OperationKind, ProviderError,
    Step, Stepped, Stepwise,
};

use crate::account::Account;
use crate::adapter::FlexShopper;

pub(crate) use customers::Customers;

/// Most calls that one step makes.
const CALLS_MAX: u64 = 8;

const PLUGIN: &str = "the account's mode is plugin: FlexShopper's own plugin takes the application";
const NOT_IN_TESTS: &str = "test keys carry nobody's data to FlexShopper; point the sandbox's address at the simulator";

#[async_trait]
impl Stepwise for FlexShopper {
    fn carries(&self, account: &AccountSettings, mode: Mode) -> Result<(), &'static str> {
        if !Account(account).carries_steps() {
            return Err(PLUGIN);
        }
        if mode == Mode::Test && self.config.is_flexshoppers(mode) { Err(NOT_IN_TESTS) } else { Ok(()) }
    }

    fn limit_s(&self, kind: OperationKind) -> u32 {
        let deciding = if kind == OperationKind::Apply { self.config.apply_timeout_ms } else { 0 };
        let calls = self.config.request_timeout_ms.saturating_mul(CALLS_MAX);
        u32::try_from(deciding.saturating_add(calls).div_ceil(1_000)).unwrap_or(u32::MAX)
    }

    /// The order, and without a lease the customer with the decision. A token that is made anew takes two more, once in a
    /// process's life for each order; those are not counted.
    fn calls_of_look(&self, attempt: &Attempt) -> u32 {
        let next = attempt.next_action.as_ref().map(|action| action.kind);
        let leased = match attempt.state {
            AttemptState::AwaitingCustomer => matches!(next, Some(NextActionKind::SignAgreement | NextActionKind::Pay)),
            state => state == AttemptState::AwaitingMerchant,
        };
        if leased { 1 } else { 2 }
    }

    async fn look(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Retrieved, ProviderError> {
        let to = self.connect(ctx)?;
        standing::look(&to, &self.customers, checkout, attempt).await.map(|stepped| stepped.retrieved)
    }

    async fn step(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        step: Step<'_>,
    ) -> Result<Stepped, ProviderError> {
        let (to, customers) = (self.connect(ctx)?, &self.customers);
        match step {
            Step::Apply(application, hints) => {
                apply::apply(&to, customers, checkout, attempt, (application, hints)).await
            }
            Step::AddPayment(means) => apply::add_payment(&to, customers, checkout, attempt, means).await,
            Step::Offer => standing::look(&to, customers, checkout, attempt).await,
            Step::Agree => agree::agree(&to, customers, checkout, attempt, true).await,
            Step::Read => agree::agree(&to, customers, checkout, attempt, false).await,
            Step::Sign(consent) => agree::sign(&to, customers, checkout, attempt, consent).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use lendport_outbound::{ClientSettings, Outbound};
    use lendport_testkit::samples;

    use super::*;
    use crate::config::{Clients, ProviderConfig};

    fn carries(config: &ProviderConfig, mode: &str, keys: Mode) -> Result<(), &'static str> {
        let clients = Clients::all(Outbound::live(ClientSettings::default()).unwrap());
        let account = samples::account(&[("api_key", "key"), ("mode", mode)]);
        FlexShopper::new(config.clone(), clients).carries(&account, keys)
    }

    #[test]
    fn test_keys_carry_nobodys_data_to_flexshopper_itself() {
        let usual = ProviderConfig::default();
        assert_eq!(carries(&usual, "medusa", Mode::Test), Err(NOT_IN_TESTS));
        assert_eq!(carries(&usual, "medusa", Mode::Live), Ok(()));
        for own in ["https://apis.flexshopper.com", "https://flexshopper.com/x", "https://APIS.Sandbox.FlexShopper.com"]
        {
            assert_eq!(carries(&usual.clone().with_sandbox_at(own), "medusa", Mode::Test), Err(NOT_IN_TESTS), "{own}");
        }
        let simulator = usual.with_sandbox_at("http://127.0.0.1:9003");
        assert_eq!(carries(&simulator, "medusa", Mode::Test), Ok(()));
        for mode in ["", "plugin"] {
            assert_eq!(carries(&simulator, mode, Mode::Live), Err(PLUGIN));
        }
    }

    #[test]
    fn a_decision_has_its_time() {
        let clients = Clients::all(Outbound::live(ClientSettings::default()).unwrap());
        let usual = FlexShopper::new(ProviderConfig::default(), clients);
        // Five minutes for the decision, and ten seconds for each other call.
        assert_eq!((usual.limit_s(OperationKind::Apply), usual.limit_s(OperationKind::Sign)), (380, 80));
    }

    #[test]
    fn a_look_without_a_lease_asks_for_the_customer_as_well() {
        let clients = Clients::all(Outbound::live(ClientSettings::default()).unwrap());
        let usual = FlexShopper::new(ProviderConfig::default(), clients);
        let ids = lendport_testkit::SeededIds::default();
        let checkout = lendport_testkit::Sample::usa().checkout(&ids);
        let mut attempt = samples::attempt(&checkout, crate::ID, &ids);
        for (state, next, calls) in [
            (AttemptState::AwaitingCustomer, Some(NextActionKind::Apply), 2),
            (AttemptState::UnderReview, None, 2),
            (AttemptState::Preapproved, Some(NextActionKind::SignAgreement), 2),
            (AttemptState::AwaitingCustomer, Some(NextActionKind::SignAgreement), 1),
            (AttemptState::AwaitingCustomer, Some(NextActionKind::Pay), 1),
            (AttemptState::AwaitingMerchant, None, 1),
        ] {
            (attempt.state, attempt.next_action) = (state, next.map(lendport_core::NextAction::step));
            assert_eq!(usual.calls_of_look(&attempt), calls, "{state:?} {next:?}");
        }
    }
}

//! What a provider has to be able to do. Adapters implement this; nothing else of ours knows a provider's name.

use crate::account::AccountSettings;
pub use crate::answers::{Created, Finalized, Found, Retrieved, ShipmentConfirmed, Verification};
use crate::attempt::Attempt;
pub use crate::calling::{CallContext, CreateRequest};
use crate::capability::Ability;
use crate::checkout::Checkout;
pub use crate::descriptor::{Descriptor, Market};
use crate::eligibility::AmountLimits;
use crate::invalid::{Invalid, Pointer};
use crate::lines::{LineReport, LineStanding, LineUnits};
use crate::money::{Currency, Money};
use crate::notification::{Notice, NoticeAnswer, NoticeContext, NoticeRefusal, NoticeVerdict, Push};
use crate::operation::Shipment;
use crate::provider_error::ProviderError;
use crate::resend::Resend;
use crate::secret::Secret;
use crate::step::Stepwise;
use crate::sweep::{SweepAsk, Swept};
use async_trait::async_trait;

/// One financer behind the gateway. Object safe; the engine holds `Arc<dyn FinancingProvider>`.
///
/// Required are the descriptor, create and notification parsing. Everything else answers the typed `unsupported`
/// until an adapter claims the ability in its descriptor and overrides the method; the shared suite checks that
/// both agree. An adapter only translates: no sleep, no log of bodies, and no retry but one. Where the provider takes an
/// idempotency token with a create ([`Ability::NativeIdempotency`]), the adapter derives it from
/// [`Attempt::merchant_reference`] and may send the very same create again after an outcome that is not known: within the
/// one call, and bounded in number and in time. After any other error the token is spent: the answer is final, and the
/// next attempt has another token by having another reference.
#[async_trait]
pub trait FinancingProvider: Send + Sync {
    /// Everything about the provider that is data.
    fn descriptor(&self) -> &'static Descriptor;

    /// Refuses, without a call, what the provider would refuse; pointers are into the merchant's request.
    fn check(&self, checkout: &Checkout, account: &AccountSettings) -> Result<(), Invalid> {
        let _ = (checkout, account);
        Ok(())
    }

    /// The totals that the provider takes in a currency, as far as that is known without a call. What [`Self::check`]
    /// refuses for its amount is outside of them.
    fn amount_limits(&self, account: &AccountSettings, currency: Currency) -> AmountLimits {
        let _ = (account, currency);
        AmountLimits::default()
    }

    /// True where the provider has limits of its own that are known only by asking it, which a create does.
    fn asks_for_limits(&self) -> bool {
        false
    }

    /// Asks the provider for those limits, or remembers what it said a while ago. Creates nothing there. Needs
    /// [`FinancingProvider::asks_for_limits`].
    async fn ask_limits(&self, ctx: CallContext<'_>) -> Result<AmountLimits, ProviderError> {
        let _ = ctx;
        Ok(AmountLimits::default())
    }

    /// Checks this provider's part of `provider_options` (JSON object text) when a checkout is opened.
    fn check_options(&self, options: &str, at: &Pointer) -> Result<(), Invalid> {
        let _ = options;
        Err(Invalid::one(at, "unknown_field", "this provider takes no options"))
    }

    /// Asks the provider whether an account's credentials work, with a call that changes nothing and costs little. Whatever
    /// has no such call says so.
    async fn verify_account(&self, ctx: CallContext<'_>) -> Result<Verification, ProviderError> {
        let _ = ctx;
        Ok(Verification::CannotBeVerified("the provider has no call that shows this without starting something"))
    }

    /// Starts a request. The intent is stored before this is called.
    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError>;

    /// What the provider is asked to finance, where that is not the cart's whole total: some buy exempt from sales tax. It is
    /// what their amounts are compared with.
    fn amount_to_finance(&self, checkout: &Checkout, account: &AccountSettings) -> Money {
        let _ = account;
        checkout.cart.total
    }

    /// Every line of a checkout as the provider finances it, where its money follows lines: what is shipped is paid for, what
    /// is canceled is not, and what is returned is given back. None where money moves in sums.
    fn lines_financed(&self, checkout: &Checkout, account: &AccountSettings) -> Option<Vec<LineStanding>> {
        let _ = (checkout, account);
        None
    }

    /// What a page hands to the provider's script, where the next action is [`NextActionKind::Plugin`]: the text of a JSON
    /// object, made of the stored checkout alone. `attempt` is what [`FinancingProvider::create`] got, or as it is stored.
    ///
    /// [`NextActionKind::Plugin`]: crate::NextActionKind::Plugin
    fn plugin_order(
        &self,
        checkout: &Checkout,
        attempt: &Attempt,
        account: &AccountSettings,
    ) -> Result<Option<String>, ProviderError> {
        let _ = (checkout, attempt, account);
        Ok(None)
    }

    /// True when creating this checkout's request twice does no harm because nobody saw the first answer. An adapter
    /// whose provider may write to the customer by itself says no for such a checkout.
    fn may_repeat_create(&self, checkout: &Checkout) -> bool {
        let _ = checkout;
        self.descriptor().repeated_create_is_harmless
    }

    /// When the create of this checkout may be sent again after its sender died. Needs [`Ability::NativeIdempotency`], or
    /// an emulated [`Ability::Create`], and [`Ability::Find`]. An adapter says no where this create carries no token.
    fn resend(&self, checkout: &Checkout, account: &AccountSettings) -> Option<Resend> {
        let _ = (checkout, account);
        self.descriptor().resend
    }

    /// Sends a create again whose sender died and which was not found since: the same content with the same token, once.
    async fn create_again(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        self.create(ctx, request).await
    }

    /// Verifies and reads a push. Pure: the engine has found the attempt by the token already.
    fn read_notification(&self, ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal>;

    /// What the provider gets as an answer to a push.
    fn answer(&self, verdict: NoticeVerdict) -> NoticeAnswer {
        NoticeAnswer::usual(verdict)
    }

    /// Reads a request's state back. Needs [`Ability::Retrieve`].
    async fn retrieve(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        let _ = (ctx, attempt);
        Err(self.unsupported(Ability::Retrieve))
    }

    /// The same with what became of each line ([`Details::lines`](crate::Details::lines)), where the provider's money follows lines.
    async fn retrieve_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Retrieved, ProviderError> {
        let _ = checkout;
        self.retrieve(ctx, attempt).await
    }

    /// The steps of an application, for a provider whose customers may apply through the merchant's own pages. Needs
    /// [`Ability::Application`].
    fn steps(&self) -> Option<&dyn Stepwise> {
        None
    }

    /// Looks for the request by [`Attempt::merchant_reference`], for one whose create was not answered; none when the
    /// provider knows no such request now. Needs [`Ability::Find`].
    async fn find(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let _ = (ctx, attempt);
        Err(self.unsupported(Ability::Find))
    }

    /// By what a list of the provider's may show this request: its id, and what else it tells of a request. Some of them may be
    /// shared with other requests. What is about a person is not stored, but for a keyed digest.
    fn sweep_marks(&self, checkout: &Checkout, attempt: &Attempt) -> Vec<String> {
        let _ = (checkout, attempt);
        Vec::new()
    }

    /// Reads a page of the list that shows what changed. Needs [`Descriptor::sweep`]. Nothing follows from a row but a look
    /// at the request: rows may be missing, come twice, or be another's.
    async fn sweep(&self, ctx: CallContext<'_>, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
        let _ = (ctx, ask);
        Err(self.unsupported(Ability::Retrieve))
    }

    /// Confirms what the customer signed ([`AttemptState::AwaitingMerchant`]), so that it binds: reads it, compares it with
    /// the stored checkout, then confirms it, or undoes it where it is another. Needs [`Ability::Finalize`]. The engine
    /// asks for it by itself. `sent_before` when an earlier confirmation had no known outcome: each step has to be decided
    /// from what is read anew, and a refusal now does not say that nothing was confirmed.
    async fn finalize(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        sent_before: bool,
    ) -> Result<Finalized, ProviderError> {
        let _ = (ctx, checkout, attempt, sent_before);
        Err(self.unsupported(Ability::Finalize))
    }

    /// Takes the whole authorized amount. Needs [`Ability::CaptureFull`]. An answer that claims less than `captured` says
    /// that the command was taken in: the engine looks until the effect shows, and does not send it again.
    async fn capture(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        let _ = (ctx, attempt);
        Err(self.unsupported(Ability::CaptureFull))
    }

    /// Stops the request. Needs [`Ability::CancelFull`]. A provider that has no call for what the customer has not
    /// committed to yet is answered for with `canceled` and [`Reason::CANCELED_LOCALLY`](crate::Reason::CANCELED_LOCALLY):
    /// the engine watches it, and cancels or gives back what the customer commits to all the same. `reason` is the
    /// merchant's, where one was given.
    async fn cancel(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        let _ = (ctx, attempt, reason);
        Err(self.unsupported(Ability::CancelFull))
    }

    /// Stops units of lines that are not sent. Needs [`Ability::CancelPartial`]. The units were counted and are open; a provider
    /// may stop some of them and refuse others.
    async fn cancel_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        lines: &[LineUnits],
        reason: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        let _ = (ctx, checkout, attempt, lines, reason);
        Err(self.unsupported(Ability::CancelPartial))
    }

    /// Takes units of lines back that were sent. Needs [`Ability::ReturnLines`]; else like
    /// [`FinancingProvider::cancel_lines`].
    async fn return_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        lines: &[LineUnits],
        reason: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        let _ = (ctx, checkout, attempt, lines, reason);
        Err(self.unsupported(Ability::ReturnLines))
    }

    /// Gives an amount back. Needs [`Ability::RefundFull`], or [`Ability::RefundPartial`] for less than all.
    async fn refund(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        amount: Money,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        let _ = (ctx, attempt, amount, reason);
        Err(self.unsupported(Ability::RefundFull))
    }

    /// True when telling of a shipment twice does no harm. Where telling it moves money an adapter says no: one whose outcome is
    /// not known is then a person's, and nothing of it is sent again on a guess.
    fn may_repeat_shipment(&self) -> bool {
        true
    }

    /// Tells the provider what happened to the goods. Needs [`Ability::ConfirmShipment`].
    async fn confirm_shipment(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        let _ = (ctx, checkout, attempt, shipment);
        Err(self.unsupported(Ability::ConfirmShipment))
    }

    /// Has the provider push to another address from now on. Needs [`Ability::AmendCallback`].
    async fn amend_callback(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        callback_url: &Secret<String>,
    ) -> Result<Retrieved, ProviderError> {
        let _ = (ctx, attempt, callback_url);
        Err(self.unsupported(Ability::AmendCallback))
    }

    /// The typed refusal, with the descriptor's reason.
    fn unsupported(&self, ability: Ability) -> ProviderError {
        ProviderError::unsupported(ability, self.descriptor().capability(ability).note)
    }
}

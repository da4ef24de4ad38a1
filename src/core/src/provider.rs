//! What a provider has to be able to do. Adapters implement this; nothing else of ours knows a provider's name.

use crate::account::{AccountField, AccountSettings};
use crate::attempt::{Attempt, AttemptState, NextAction, ProviderRef};
use crate::attention::AttentionDraft;
use crate::call::CallLog;
use crate::capability::{Ability, Capability, Support};
use crate::capture::CaptureMode;
use crate::checkout::Checkout;
use crate::details::Details;
use crate::frames::Frames;
use crate::invalid::{Invalid, Pointer};
use crate::mode::Mode;
use crate::money::Money;
use crate::notification::{Notice, NoticeAnswer, NoticeContext, NoticeRefusal, NoticeVerdict, Push};
use crate::observation::Claim;
use crate::operation::Shipment;
use crate::provider_error::ProviderError;
use crate::resend::Resend;
use crate::secret::Secret;
use async_trait::async_trait;
use jiff::Timestamp;

/// A country and the currency a provider funds in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Market {
    /// ISO 3166-1 alpha-2.
    pub country: &'static str,
    /// ISO 4217.
    pub currency: &'static str,
}

/// Everything about a provider that is data.
#[derive(Clone, Copy, Debug)]
pub struct Descriptor {
    /// Short name.
    pub id: &'static str,
    /// Name for people.
    pub name: &'static str,
    /// What it offers: `loan`, `payment`, `lease_to_own`.
    pub product: &'static str,
    /// One or two sentences.
    pub summary: &'static str,
    /// Version and date of the documents the adapter was written from.
    pub documents: &'static str,
    /// Where it funds; the first of a country is its default currency.
    pub markets: &'static [Market],
    /// Notification dialects it understands.
    pub dialects: &'static [&'static str],
    /// Fields of our request it cannot do without, as JSON Pointers.
    pub required_fields: &'static [&'static str],
    /// Fields of its accounts.
    pub account_fields: &'static [AccountField],
    /// What it can do; an ability not listed is `none`.
    pub capabilities: &'static [Capability],
    /// Who captures.
    pub capture: CaptureMode,
    /// How far its page leads when it is shown in a frame.
    pub frames: Frames,
    /// True when a create that is sent twice does no harm because nobody saw the first answer.
    pub repeated_create_is_harmless: bool,
    /// When a create whose sender died is sent again with its own token, or made again where it sends nothing that could
    /// commit; none where the provider knows no such token, or a request cannot be found by our reference.
    pub resend: Option<Resend>,
    /// How many seconds an attempt may stand in a state before it is read back without a notice, and again so long after
    /// each look. Only where it can be read back; a state not listed is not looked at for this.
    pub reconcile: &'static [(AttemptState, u32)],
}

impl Descriptor {
    /// How an operation is supported, with the reason.
    pub fn capability(&self, ability: Ability) -> Capability {
        let absent = Capability { ability, support: Support::None, note: "the provider has no such operation" };
        self.capabilities.iter().copied().find(|known| known.ability == ability).unwrap_or(absent)
    }

    /// Refuses an operation that cannot be asked for.
    pub fn require(&self, ability: Ability) -> Result<(), ProviderError> {
        let capability = self.capability(ability);
        if capability.support.can_be_asked() {
            Ok(())
        } else {
            Err(ProviderError::unsupported(ability, capability.note))
        }
    }

    /// The currency it funds in for a country, where it serves that country.
    pub fn currency_of(&self, country: &str) -> Option<&'static str> {
        self.markets.iter().find(|market| market.country == country).map(|market| market.currency)
    }
}

/// What every call needs beside its own content.
#[derive(Clone, Copy, Debug)]
pub struct CallContext<'a> {
    /// Credentials and settings.
    pub account: &'a AccountSettings,
    /// Sandbox or live hosts.
    pub mode: Mode,
    /// The current moment.
    pub now: Timestamp,
    /// Where the HTTP calls are recorded.
    pub calls: &'a CallLog,
}

/// What to start a request with.
#[derive(Clone, Copy, Debug)]
pub struct CreateRequest<'a> {
    /// The merchant's intent.
    pub checkout: &'a Checkout,
    /// Our try; its `merchant_reference` is what the provider may call us by.
    pub attempt: &'a Attempt,
    /// Where the provider pushes to. Holds a secret token: never logged.
    pub callback_url: &'a Secret<String>,
}

/// A request the provider took in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Created {
    /// The provider's id of it.
    pub reference: ProviderRef,
    /// Where it stands now.
    pub state: AttemptState,
    /// The provider's own word for that.
    pub raw_status: Option<String>,
    /// What the customer does.
    pub next_action: Option<NextAction>,
    /// The amount the provider says it was asked for, where it says so.
    pub amount_echoed: Option<Money>,
    /// True when a different amount stops the checkout, which is the rule; an account may choose a warning.
    pub mismatch_stops: bool,
    /// What it tells beside the state.
    pub details: Details,
    /// When the provider ends it by itself unless the customer acts, where it says so.
    pub expires_at: Option<Timestamp>,
    /// Last moment to capture, where the merchant has to and the provider says so.
    pub capture_by: Option<Timestamp>,
}

/// What a provider says of a request when asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retrieved {
    /// What it says. Read back, a state; a refund is a claim of the answer to a refund only.
    pub claim: Claim,
    /// In its own word.
    pub raw_status: Option<String>,
    /// The amount the provider says it was asked for, where it says so when it is read back. It confirms a commitment
    /// whose create was not answered.
    pub amount_echoed: Option<Money>,
    /// What it tells beside the state. A total of refunds tells what became of a refund whose answer was lost.
    pub details: Details,
    /// Where the customer goes, where the provider says so only later than in its answer to create.
    pub next_action: Option<NextAction>,
    /// Where somebody can look after a dispute, as it is now. Shown to who asked, and not stored: it may change.
    pub dispute_uri: Option<String>,
    /// When the provider ends it by itself unless the customer acts, where it says so. What is known is kept where it does
    /// not.
    pub expires_at: Option<Timestamp>,
    /// Last moment to capture, where the merchant has to and the provider says so. Kept like that.
    pub capture_by: Option<Timestamp>,
}

impl Retrieved {
    /// A claim and nothing else.
    pub fn of(claim: Claim) -> Self {
        Self {
            claim,
            raw_status: None,
            amount_echoed: None,
            details: Details::default(),
            next_action: None,
            dispute_uri: None,
            expires_at: None,
            capture_by: None,
        }
    }
}

/// A request that a provider found by our reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The provider's id of it. Of several the one known to us, else the newest that is not over.
    pub reference: ProviderRef,
    /// How it stands.
    pub retrieved: Retrieved,
    /// How many more there are under our reference. The customer may have committed to one of them: a person is told.
    pub others: u32,
}

/// What became of confirming what a customer signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finalized {
    /// How the request stands now: committed, with the amount; canceled, where what was signed is not what the checkout asks
    /// for and was undone; or as it stood.
    pub retrieved: Retrieved,
    /// What a person has to look at.
    pub attention: Option<AttentionDraft>,
}

/// What a provider says of a shipment it was told of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ShipmentConfirmed {
    /// The provider's id of it, where it gives one.
    pub reference: Option<String>,
}

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

    /// Checks this provider's part of `provider_options` (JSON object text) when a checkout is opened.
    fn check_options(&self, options: &str, at: &Pointer) -> Result<(), Invalid> {
        let _ = options;
        Err(Invalid::one(at, "unknown_field", "this provider takes no options"))
    }

    /// Starts a request. The intent is stored before this is called.
    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError>;

    /// What the provider is asked to finance, where that is not the cart's whole total: some buy exempt from sales tax. It is
    /// what their amounts are compared with.
    fn amount_to_finance(&self, checkout: &Checkout, account: &AccountSettings) -> Money {
        let _ = account;
        checkout.cart.total
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

    /// Looks for the request by [`Attempt::merchant_reference`], for one whose create was not answered; none when the
    /// provider knows no such request now. Needs [`Ability::Find`].
    async fn find(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let _ = (ctx, attempt);
        Err(self.unsupported(Ability::Find))
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

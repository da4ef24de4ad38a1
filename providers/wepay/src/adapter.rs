//! [`FinancingProvider`] for WePay: one short method per operation, no parsing here.

use async_trait::async_trait;
use lendport_core::provider::{Found, Retrieved};
use lendport_core::{
    AccountSettings, Attempt, CallContext, Checkout, CommitClass, CreateRequest, Created, Descriptor, ErrorKind,
    FinancingProvider, Invalid, Money, Notice, NoticeAnswer, NoticeContext, NoticeRefusal, NoticeVerdict, Pointer,
    ProviderError, Push, Resend, Secret, Verification,
};
use lendport_outbound::Outbound;

use crate::account::Account;
use crate::config::ProviderConfig;
use crate::connection::Connection;
use crate::descriptor::DESCRIPTOR;
use crate::options::Options;
use crate::standing::Standing;
use crate::throttle::Throttle;
use crate::{commands, create, mapping, notification, search};

/// The adapter. Clones share the limit of calls.
#[derive(Clone, Debug)]
pub struct WePay {
    config: ProviderConfig,
    outbound: Outbound,
    throttle: Throttle,
}

impl WePay {
    /// An adapter with its settings and the HTTP client to call with.
    pub fn new(config: ProviderConfig, outbound: Outbound) -> Self {
        let throttle = Throttle::new(config.throttle_calls, config.throttle_window_ms);
        Self { config, outbound, throttle }
    }

    /// Everything that looking an attempt's checkout up tells; [`FinancingProvider::retrieve`] has room for a part of it.
    pub async fn standing(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Standing, ProviderError> {
        self.connect(ctx)?.standing(attempt).await
    }

    fn connect<'a>(&'a self, ctx: CallContext<'a>) -> Result<Connection<'a>, ProviderError> {
        Connection::open(ctx, &self.config, &self.outbound, &self.throttle)
    }
}

#[async_trait]
impl FinancingProvider for WePay {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check(&self, checkout: &Checkout, account: &AccountSettings) -> Result<(), Invalid> {
        mapping::check(checkout, Account(account), self.config.app_fee_max_percent)
    }

    fn check_options(&self, options: &str, at: &Pointer) -> Result<(), Invalid> {
        Options::read(options, at).map(|_| ())
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let to = self.connect(ctx)?;
        self.check(request.checkout, ctx.account).map_err(refused_here)?;
        let options = mapping::options_of(request.checkout).map_err(refused_here)?;
        create::create(&to, request, &options, self.config.create_resend_within_ms).await
    }

    /// Not without a number: then nothing would make two creates one checkout (question 14).
    fn resend(&self, checkout: &Checkout, account: &AccountSettings) -> Option<Resend> {
        let options = mapping::options_of(checkout).ok()?;
        DESCRIPTOR.resend.filter(|_| Account(account).names_creates(options.payment_method.is_some()))
    }

    async fn create_again(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let to = self.connect(ctx)?;
        let options = mapping::options_of(request.checkout).map_err(refused_here)?;
        create::create_again(&to, request, &options).await
    }

    fn read_notification(&self, ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        notification::read(ctx, push)
    }

    /// What names another checkout is recorded and not sent again: WePay tries whatever is not 200 six times more
    /// (question 33).
    fn answer(&self, verdict: NoticeVerdict) -> NoticeAnswer {
        match verdict {
            NoticeVerdict::Contradicts => NoticeAnswer { status: 200, body: "recorded" },
            other => NoticeAnswer::usual(other),
        }
    }

    /// Searches the account for one checkout, whichever: the question takes the token and the account's number.
    async fn verify_account(&self, ctx: CallContext<'_>) -> Result<Verification, ProviderError> {
        search::any(&self.connect(ctx)?).await?;
        Ok(Verification::Works)
    }

    async fn retrieve(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        Ok(self.standing(ctx, attempt).await?.retrieved(attempt.amount))
    }

    async fn find(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let to = self.connect(ctx)?;
        let Some((found, others)) = search::by_reference(&to, attempt).await? else { return Ok(None) };
        let retrieved = to.standing_of(&found, attempt)?.retrieved(attempt.amount);
        Ok(Some(Found { reference: mapping::reference_from(&found), retrieved, others }))
    }

    async fn capture(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        commands::capture(&self.connect(ctx)?, attempt).await
    }

    async fn cancel(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        commands::cancel(&self.connect(ctx)?, attempt, reason).await
    }

    async fn amend_callback(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        callback_url: &Secret<String>,
    ) -> Result<Retrieved, ProviderError> {
        commands::modify(&self.connect(ctx)?, attempt, callback_url).await
    }

    async fn refund(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        amount: Money,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        commands::refund(&self.connect(ctx)?, attempt, amount, reason).await
    }
}

/// What our own checks refuse never leaves this machine.
fn refused_here(invalid: Invalid) -> ProviderError {
    let message = "WePay cannot take this checkout.";
    ProviderError::new(ErrorKind::Invalid, message).committed_as(CommitClass::NotSent).with_fields(invalid.0)
}

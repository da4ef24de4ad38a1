//! [`FinancingProvider`] for FlexShopper in both modes: one short method per operation, no parsing here.

use async_trait::async_trait;
use lendport_core::provider::{Found, Retrieved, ShipmentConfirmed};
use lendport_core::{
    AccountSettings, AmountLimits, Attempt, AttemptState, CallContext, Checkout, CommitClass, CreateRequest, Created,
    Currency, Descriptor, Details, ErrorKind, FieldError, Finalized, FinancingProvider, Invalid, LineReport,
    LineStanding, LineUnits, Mode, Money, NextAction, NextActionKind, Notice, NoticeContext, NoticeRefusal, Pointer,
    ProviderError, ProviderRef, Push, Shipment, Stepwise, SweepAsk, Swept, Verification,
};

use crate::account::{Account, setup};
use crate::config::{Clients, ProviderConfig};
use crate::descriptor::DESCRIPTOR;
use crate::eligibility::{self, Minimums};
use crate::finalize::{self, Finalization};
use crate::lines;
use crate::mapping::{self, Own, standing};
use crate::medusa::Medusa;
use crate::options::Options;
use crate::order::{Order, transaction_id};
use crate::steps::Customers;
use crate::{commands, notification, shipping, sweep};

/// The adapter. Clones share what is remembered of minimum orders and customers.
#[derive(Clone, Debug)]
pub struct FlexShopper {
    pub(crate) config: ProviderConfig,
    clients: Clients,
    minimums: Minimums,
    pub(crate) customers: Customers,
}

impl FlexShopper {
    /// An adapter with its settings and the HTTP clients to call with.
    pub fn new(config: ProviderConfig, clients: Clients) -> Self {
        Self { config, clients, minimums: Minimums::default(), customers: Customers::default() }
    }

    /// Confirms a signed lease that is the checkout's, and undoes any other: [`FinancingProvider::finalize`] in detail.
    pub async fn confirm(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        sent_before: bool,
    ) -> Result<Finalization, ProviderError> {
        finalize::finalize(&self.connect(ctx)?, checkout, attempt, sent_before).await
    }

    /// The plugin's script, with the public key.
    fn script_url(&self, account: &AccountSettings, mode: Mode) -> Result<String, ProviderError> {
        let url = self.config.script_url(mode, Account(account).auth_key()?);
        url.map(String::from).ok_or_else(|| setup("The address of FlexShopper's plugin is not usable."))
    }

    pub(crate) fn connect<'a>(&'a self, ctx: CallContext<'a>) -> Result<Medusa<'a>, ProviderError> {
        Medusa::open(ctx, &self.config, &self.clients)
    }

    async fn look(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<(bool, Retrieved), ProviderError> {
        let known = self.connect(ctx)?.transaction(&transaction_id(attempt)).await?;
        let standing = standing(known.as_ref(), Own::of(attempt.state));
        Ok((known.is_some(), Retrieved { raw_status: standing.raw_status, ..Retrieved::of(standing.claim) }))
    }
}

#[async_trait]
impl FinancingProvider for FlexShopper {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check(&self, checkout: &Checkout, account: &AccountSettings) -> Result<(), Invalid> {
        eligibility::check(checkout, Account(account), &self.config)
    }

    fn amount_limits(&self, account: &AccountSettings, _: Currency) -> AmountLimits {
        AmountLimits { min: Some(eligibility::minimum(Account(account), &self.config)), max: None }
    }

    /// Its own minimum order is asked for when a checkout is created (question 13).
    fn asks_for_limits(&self) -> bool {
        true
    }

    async fn ask_limits(&self, ctx: CallContext<'_>) -> Result<AmountLimits, ProviderError> {
        let to = self.connect(ctx)?;
        Ok(AmountLimits { min: self.minimums.of(&to, self.config.settings_cache_s).await?, max: None })
    }

    fn check_options(&self, options: &str, at: &Pointer) -> Result<(), Invalid> {
        Options::read(options, at).map(|_| ())
    }

    /// Goods and shipping: without tax, unless the account sends prices with it (question 11).
    fn amount_to_finance(&self, checkout: &Checkout, account: &AccountSettings) -> Money {
        eligibility::asked(checkout, Account(account))
    }

    /// Each shipment pays for its lines; lines are canceled and returned, and no amounts given back (questions 8 and 9).
    fn lines_financed(&self, checkout: &Checkout, account: &AccountSettings) -> Option<Vec<LineStanding>> {
        lines::financed(checkout, Account(account))
    }

    fn plugin_order(
        &self,
        checkout: &Checkout,
        attempt: &Attempt,
        account: &AccountSettings,
    ) -> Result<Option<String>, ProviderError> {
        Order::of(checkout, Account(account))?.plugin_json(&transaction_id(attempt)).map(Some)
    }

    fn steps(&self) -> Option<&dyn Stepwise> {
        Some(self)
    }

    /// Asks for the vendor's lease settings: the call takes the account's key (`flexshopper.md` 4.25).
    async fn verify_account(&self, ctx: CallContext<'_>) -> Result<Verification, ProviderError> {
        self.connect(ctx)?.minimum_order().await.map_err(|failed| failed.error)?;
        Ok(Verification::Works)
    }

    /// Nothing is sent to FlexShopper but the question for its minimum: the customer's page hands the order on, or the steps
    /// do.
    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let CreateRequest { checkout, attempt, .. } = request;
        let to = self.connect(ctx)?;
        self.check(checkout, ctx.account).map_err(|invalid| refused(invalid.0).committed_as(CommitClass::NotSent))?;
        let next_action = if Account(ctx.account).carries_steps() {
            self.carries(ctx.account, ctx.mode).map_err(setup)?;
            NextAction::step(NextActionKind::Apply)
        } else {
            self.plugin_order(checkout, attempt, ctx.account)?;
            let url = self.script_url(ctx.account, ctx.mode)?;
            NextAction { kind: NextActionKind::Plugin, url, also: Vec::new(), expires_at: None }
        };
        let minimum = self.minimums.of(&to, self.config.settings_cache_s).await?;
        let asked = self.amount_to_finance(checkout, ctx.account);
        if let Some(error) = minimum.and_then(|minimum| eligibility::too_small(asked, minimum)) {
            return Err(refused(vec![error]));
        }
        Ok(Created {
            reference: ProviderRef(transaction_id(attempt)),
            state: AttemptState::AwaitingCustomer,
            raw_status: None,
            next_action: Some(next_action),
            amount_echoed: None,
            mismatch_stops: true,
            details: Details::default(),
            expires_at: None,
            capture_by: None,
        })
    }

    fn read_notification(&self, _: NoticeContext<'_>, _: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        notification::read()
    }

    async fn retrieve(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        self.look(ctx, attempt).await.map(|(_, retrieved)| retrieved)
    }

    async fn retrieve_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Retrieved, ProviderError> {
        let known = self.connect(ctx)?.transaction(&transaction_id(attempt)).await?;
        let standing = standing(known.as_ref(), Own::of(attempt.state));
        let told = Retrieved { raw_status: standing.raw_status, ..Retrieved::of(standing.claim) };
        let order = Order::of(checkout, Account(ctx.account))?;
        Ok(mapping::with_lines(told, attempt.state, known.map(|known| lines::told(&order, &known))))
    }

    async fn find(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let (there, retrieved) = self.look(ctx, attempt).await?;
        Ok(there.then(|| Found { reference: ProviderRef(transaction_id(attempt)), retrieved, others: 0 }))
    }

    fn sweep_marks(&self, checkout: &Checkout, attempt: &Attempt) -> Vec<String> {
        sweep::marks_of(checkout, attempt)
    }

    async fn sweep(&self, ctx: CallContext<'_>, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
        sweep::page(&self.connect(ctx)?, ask).await
    }

    async fn finalize(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        sent_before: bool,
    ) -> Result<Finalized, ProviderError> {
        let done = self.confirm(ctx, checkout, attempt, sent_before).await?;
        if let Finalization::Confirmed { lease_number: Some(number), .. } = &done {
            ctx.calls.note("lease_number", number);
        }
        Ok(mapping::finalized(done))
    }

    async fn cancel(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        _: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        commands::cancel(&self.connect(ctx)?, attempt).await
    }

    async fn cancel_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        lines: &[LineUnits],
        _: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        lines::cancel(&self.connect(ctx)?, checkout, attempt, lines).await
    }

    async fn return_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        lines: &[LineUnits],
        _: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        lines::take_back(&self.connect(ctx)?, checkout, attempt, lines).await
    }

    async fn refund(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        amount: Money,
        _: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        if amount != attempt.agreed_amount() {
            return Err(self.unsupported(lendport_core::Ability::RefundPartial));
        }
        commands::refund(&self.connect(ctx)?, attempt, amount).await
    }

    /// It lets the merchant be paid, and may take the customer's first payment (4.21).
    fn may_repeat_shipment(&self) -> bool {
        false
    }

    async fn confirm_shipment(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        let paid = shipping::confirm(&self.connect(ctx)?, checkout, attempt, shipment).await?;
        Ok(ShipmentConfirmed { reference: None, paid })
    }
}

fn refused(fields: Vec<FieldError>) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, "FlexShopper cannot take this checkout.").with_fields(fields)
}

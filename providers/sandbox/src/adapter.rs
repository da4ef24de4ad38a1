//! [`FinancingProvider`] for the made-up provider: one short method per operation, no parsing here.

use async_trait::async_trait;
use lendport_core::operation::Shipment;
use lendport_core::provider::{Found, Retrieved, ShipmentConfirmed};
use lendport_core::{
    Ability, AccountSettings, AmountLimits, Attempt, AttemptState, AttentionDraft, AttentionKind, CallContext,
    Checkout, Claim, CommitClass, CreateRequest, Created, Currency, Descriptor, ErrorKind, Finalized,
    FinancingProvider, Invalid, LineReport, LineStanding, LineUnits, Mode, Money, Notice, NoticeContext, NoticeRefusal,
    ProviderError, Push, Reason, Secret, Stepwise, SweepAsk, Swept, Verification,
};
use lendport_outbound::{Answer, Outbound, Request, Url};
use serde::de::DeserializeOwned;

use crate::account::{self, setup};
use crate::config::ProviderConfig;
use crate::descriptor::DESCRIPTOR;
use crate::wire::{
    Application, ApplicationPage, CallbackBody, CancelBody, FinalizeBody, LinesAnswer, LinesBody, RefundBody,
    ShipmentAnswer,
};
use crate::{error, lines, mapping, notification};

/// The error of a cancel that is possible only once the customer has decided.
const STILL_OPEN: &str = "customer_still_applying";

/// The error of a confirmation for another amount than the customer signed.
const SIGNED_ANOTHER: &str = "signed_for_another_amount";

/// The adapter. Cheap to share behind an `Arc`.
#[derive(Clone, Debug)]
pub struct Sandbox {
    config: ProviderConfig,
    outbound: Outbound,
}

impl Sandbox {
    /// An adapter with its settings and the HTTP client to call with.
    pub fn new(config: ProviderConfig, outbound: Outbound) -> Self {
        Self { config, outbound }
    }

    /// `{base}/v1/applications` and what comes behind it.
    fn address(&self, segments: &[&str]) -> Result<Url, ProviderError> {
        let wrong = || setup("The sandbox's base_url in the gateway's configuration is not usable.");
        let mut url = Url::parse(&self.config.base_url).map_err(|_| wrong())?;
        let path = ["v1", "applications"].iter().chain(segments);
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(path);
        Ok(url)
    }

    /// The address of something below an attempt's application.
    pub(crate) fn below(&self, attempt: &Attempt, segments: &[&str]) -> Result<Url, ProviderError> {
        let reference = attempt.reference.as_ref().ok_or_else(|| setup("The attempt has no application yet."))?;
        let path: Vec<&str> = std::iter::once(reference.0.as_str()).chain(segments.iter().copied()).collect();
        self.address(&path)
    }

    /// Sends, and reads a 2xx answer; everything else is an error.
    pub(crate) async fn call<T: DeserializeOwned>(
        &self,
        ctx: CallContext<'_>,
        request: Request,
    ) -> Result<(T, Answer), ProviderError> {
        if ctx.mode == Mode::Live {
            return Err(setup("The sandbox has no live mode."));
        }
        let key = account::field(ctx.account, account::API_KEY)?;
        let request = request.secret_header("sandbox-key", key).accept("application/json");
        let answer = self.outbound.call(request, ctx.calls).await.map_err(|error| error.into_provider_error())?;
        if !answer.is_success() {
            return Err(error::from_answer(&answer));
        }
        let read = serde_json::from_slice(&answer.body).map_err(|_| error::unreadable(&answer))?;
        Ok((read, answer))
    }

    async fn on_lines(
        &self,
        ctx: CallContext<'_>,
        word: &str,
        checkout: &Checkout,
        attempt: &Attempt,
        (units, reason): (&[LineUnits], Option<&str>),
    ) -> Result<LineReport, ProviderError> {
        let body = LinesBody { lines: lines::lines_for(checkout, units), reason };
        let request = Request::post(self.below(attempt, &["lines", word])?).json(&body);
        let (told, answer): (LinesAnswer, _) = self.call(ctx, request).await?;
        lines::report_from(checkout, units, &told).ok_or_else(|| error::unreadable(&answer))
    }

    pub(crate) async fn state(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        request: Request,
    ) -> Result<Retrieved, ProviderError> {
        let (application, answer): (Application, _) = self.call(ctx, request).await?;
        mapping::retrieved_from(application, attempt.amount.currency()).map_err(|_| error::unreadable(&answer))
    }
}

#[async_trait]
impl FinancingProvider for Sandbox {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check(&self, checkout: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        mapping::check(checkout)
    }

    fn amount_limits(&self, _: &AccountSettings, currency: Currency) -> AmountLimits {
        mapping::amount_limits(currency)
    }

    fn steps(&self) -> Option<&dyn Stepwise> {
        Some(self)
    }

    fn lines_financed(&self, checkout: &Checkout, _: &AccountSettings) -> Option<Vec<LineStanding>> {
        lines::financed(checkout)
    }

    fn plugin_order(
        &self,
        checkout: &Checkout,
        attempt: &Attempt,
        _: &AccountSettings,
    ) -> Result<Option<String>, ProviderError> {
        let order = mapping::plugin_order(checkout, attempt).map(|order| serde_json::to_string(&order)).transpose();
        order.map_err(|_| setup("The order cannot be written."))
    }

    /// Reads a page of the list of what was signed from now on, which is empty.
    async fn verify_account(&self, ctx: CallContext<'_>) -> Result<Verification, ProviderError> {
        let mut address = self.address(&[])?;
        let since = ctx.now.as_second().to_string();
        address.query_pairs_mut().append_pair("status", "signed").append_pair("made_since", &since);
        let _: (ApplicationPage, _) = self.call(ctx, Request::get(address)).await?;
        Ok(Verification::Works)
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        mapping::check(request.checkout).map_err(refused_here)?;
        let currency = request.attempt.amount.currency();
        let call = Request::post(self.address(&[])?).json(&mapping::request_for(request));
        let (application, answer): (Application, _) = self.call(ctx, call).await?;
        let unreadable = || error::unreadable(&answer);
        let Claim::State { state, .. } = mapping::state_from(&application.status) else { return Err(unreadable()) };
        Ok(Created {
            reference: mapping::reference_from(&application).ok_or_else(unreadable)?,
            state,
            next_action: match application.apply_url {
                Some(_) => Some(mapping::next_action_from(&application).ok_or_else(unreadable)?),
                // A step, or told when it is read back.
                None => mapping::next_action_from(&application),
            },
            amount_echoed: Some(mapping::amounts_from(application.amount_cents, currency).map_err(|_| unreadable())?),
            expires_at: mapping::moment_from(application.expires_at),
            capture_by: mapping::moment_from(application.capture_by),
            details: mapping::details_from(&application, currency).map_err(|_| unreadable())?,
            raw_status: Some(application.status),
            mismatch_stops: true,
        })
    }

    fn read_notification(&self, ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        notification::read(ctx, push)
    }

    async fn retrieve(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        self.state(ctx, attempt, Request::get(self.below(attempt, &[])?)).await
    }

    async fn retrieve_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Retrieved, ProviderError> {
        let request = Request::get(self.below(attempt, &[])?);
        let (mut application, answer): (Application, _) = self.call(ctx, request).await?;
        let counts = std::mem::take(&mut application.lines);
        let told = mapping::retrieved_from(application, attempt.amount.currency());
        let told = told.map_err(|_| error::unreadable(&answer))?;
        Ok(lines::with_lines(checkout, &counts, told))
    }

    async fn find(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Option<Found>, ProviderError> {
        let address = self.address(&["by_reference", &attempt.merchant_reference])?;
        let found: Result<(Application, _), _> = self.call(ctx, Request::get(address)).await;
        let (application, answer) = match found {
            Err(error) if error.http_status == Some(404) => return Ok(None),
            other => other?,
        };
        let (unreadable, currency) = (|| error::unreadable(&answer), attempt.amount.currency());
        let reference = mapping::reference_from(&application).ok_or_else(unreadable)?;
        let others = application.duplicates;
        let retrieved = mapping::retrieved_from(application, currency).map_err(|_| unreadable())?;
        Ok(Some(Found { reference, retrieved, others }))
    }

    fn sweep_marks(&self, _: &Checkout, attempt: &Attempt) -> Vec<String> {
        vec![attempt.merchant_reference.clone()]
    }

    async fn sweep(&self, ctx: CallContext<'_>, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
        let mut address = self.address(&[])?;
        let since = ask.since.as_second().to_string();
        address.query_pairs_mut().append_pair("status", "signed").append_pair("made_since", &since);
        if let Some(cursor) = ask.cursor {
            address.query_pairs_mut().append_pair("after", cursor);
        }
        let (page, _): (ApplicationPage, _) = self.call(ctx, Request::get(address)).await?;
        Ok(mapping::swept_from(page))
    }

    async fn finalize(
        &self,
        ctx: CallContext<'_>,
        _: &Checkout,
        attempt: &Attempt,
        _: bool,
    ) -> Result<Finalized, ProviderError> {
        let body = FinalizeBody { amount_cents: attempt.amount.minor() };
        let request = Request::post(self.below(attempt, &["finalize"])?).json(&body);
        match self.state(ctx, attempt, request).await {
            Err(refused) if refused.provider_code.as_deref() == Some(SIGNED_ANOTHER) => {
                let told = self.cancel(ctx, attempt, Some("signed for another amount")).await?;
                let reason = Some(Reason::new("agreement_mismatch"));
                let claim = Claim::State { state: AttemptState::Canceled, reason };
                let detail = "the customer signed for another amount than the cart's; the application was canceled";
                let attention = Some(AttentionDraft::new(AttentionKind::AgreementMismatch, detail));
                Ok(Finalized { retrieved: Retrieved { claim, ..told }, attention })
            }
            told => Ok(Finalized { retrieved: told?, attention: None }),
        }
    }

    async fn capture(&self, ctx: CallContext<'_>, attempt: &Attempt) -> Result<Retrieved, ProviderError> {
        self.state(ctx, attempt, Request::post(self.below(attempt, &["capture"])?)).await
    }

    async fn cancel(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        let request = Request::post(self.below(attempt, &["cancel"])?);
        let request = match reason {
            Some(reason) => request.json(&CancelBody { reason }),
            None => request,
        };
        match self.state(ctx, attempt, request).await {
            // Some pages cannot be ended before the customer has decided.
            Err(refused) if refused.provider_code.as_deref() == Some(STILL_OPEN) => {
                let reason = Some(Reason::new(Reason::CANCELED_LOCALLY));
                Ok(Retrieved::of(Claim::State { state: AttemptState::Canceled, reason }))
            }
            told => told,
        }
    }

    async fn cancel_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        units: &[LineUnits],
        reason: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        self.on_lines(ctx, "cancel", checkout, attempt, (units, reason)).await
    }

    async fn return_lines(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        units: &[LineUnits],
        reason: Option<&str>,
    ) -> Result<LineReport, ProviderError> {
        self.on_lines(ctx, "return", checkout, attempt, (units, reason)).await
    }

    async fn amend_callback(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        callback_url: &Secret<String>,
    ) -> Result<Retrieved, ProviderError> {
        let body = CallbackBody { callback_url: callback_url.expose() };
        self.state(ctx, attempt, Request::post(self.below(attempt, &["callback"])?).json(&body)).await
    }

    async fn refund(
        &self,
        ctx: CallContext<'_>,
        attempt: &Attempt,
        amount: Money,
        reason: Option<&str>,
    ) -> Result<Retrieved, ProviderError> {
        let body = RefundBody { amount_cents: amount.minor(), reason };
        let told = self.state(ctx, attempt, Request::post(self.below(attempt, &["refunds"])?).json(&body)).await?;
        // The provider pushes only refunds that it started itself, so this answer is the one that counts.
        Ok(Retrieved { claim: Claim::Refund { amount: Some(amount), distinguishable: true }, ..told })
    }

    async fn confirm_shipment(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        let Some(body) = mapping::shipment_for(checkout, shipment) else {
            let note = "the sandbox has no word for a confirmed order; tell it when goods are sent";
            return Err(ProviderError::unsupported(Ability::ConfirmShipment, note));
        };
        let request = Request::post(self.below(attempt, &["shipments"])?).json(&body);
        let (told, answer): (ShipmentAnswer, _) = self.call(ctx, request).await?;
        let paid = lines::units_from(checkout, &told.paid).ok_or_else(|| error::unreadable(&answer))?;
        Ok(ShipmentConfirmed { reference: Some(told.id), paid })
    }
}

/// What our own checks refuse never leaves this machine.
fn refused_here(invalid: Invalid) -> ProviderError {
    ProviderError::new(ErrorKind::Invalid, "The sandbox cannot finance this checkout.")
        .committed_as(CommitClass::NotSent)
        .with_fields(invalid.0)
}

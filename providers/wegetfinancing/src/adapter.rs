//! [`FinancingProvider`] for WeGetFinancing: one short method per operation, no parsing here.

use async_trait::async_trait;
use lendport_core::provider::ShipmentConfirmed;
use lendport_core::{
    AccountSettings, Attempt, AttemptState, CallContext, Checkout, CommitClass, CreateRequest, Created, Descriptor,
    Details, ErrorKind, FinancingProvider, Invalid, Notice, NoticeContext, NoticeRefusal, Pointer, ProviderError,
    ProviderRef, Push, RetryClass, Secret, Shipment,
};
use lendport_outbound::{Answer, Outbound, Request, Url};

use crate::account::{Account, ShippingApi, setup};
use crate::config::ProviderConfig;
use crate::descriptor::DESCRIPTOR;
use crate::options::Options;
use crate::wire::{CreateAnswer, ShippingAnswer, ShippingBody, TokenAnswer, TokenBody};
use crate::{eligibility, error, mapping, notification, shipping};

/// Header of the v3 token.
const TOKEN_HEADER: &str = "x-wgt-access-token";

/// The adapter. Cheap to share behind an `Arc`.
#[derive(Clone, Debug)]
pub struct WeGetFinancing {
    config: ProviderConfig,
    outbound: Outbound,
}

impl WeGetFinancing {
    /// An adapter with its settings and the HTTP client to call with.
    pub fn new(config: ProviderConfig, outbound: Outbound) -> Self {
        Self { config, outbound }
    }

    /// Its settings, for pages that need the script addresses.
    pub fn config(&self) -> &ProviderConfig {
        &self.config
    }

    /// E2, documented.
    async fn ship_v1(&self, ctx: CallContext<'_>, body: &ShippingBody<'_>) -> Result<ShipmentConfirmed, ProviderError> {
        let account = Account(ctx.account);
        let url = address(self.config.base_url(ctx.mode), &["merchant", account.merchant_id()?, "shipping"])?;
        let credentials = account.credentials()?;
        let request = Request::post(url).basic_auth(credentials.username, credentials.password).json(body);
        let answer = self.call(ctx, request).await?;
        let read: Option<ShippingAnswer> = serde_json::from_slice(&answer.body).ok();
        match read.filter(|read| read.kind == "done") {
            Some(read) => Ok(ShipmentConfirmed { reference: read.loan, paid: Vec::new() }),
            None => Err(error::unreadable(&answer, "the shipping update with something that does not say done")),
        }
    }

    /// E4 then E5. A failure of E4 means that nothing was said about the goods.
    async fn ship_v3(
        &self,
        ctx: CallContext<'_>,
        reference: &ProviderRef,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        let body = shipping::v3(shipment, ctx.now)?;
        let base = self.config.v3_base_url(ctx.mode);
        let url = address(base, &["v3", "lead", &reference.0, "shipping_status"])?;
        let token = self.v3_token(ctx, base).await.map_err(|error| match error.commit {
            CommitClass::Unknown => error.committed_as(CommitClass::NotSent).retried_as(RetryClass::SameRequest),
            _ => error,
        })?;
        let request = Request::post(url).secret_header(TOKEN_HEADER, &token).json(&body);
        // The SDK takes any 2xx and reads no body.
        self.call(ctx, request).await?;
        Ok(ShipmentConfirmed::default())
    }

    async fn v3_token(&self, ctx: CallContext<'_>, base: &str) -> Result<Secret<String>, ProviderError> {
        let credentials = Account(ctx.account).credentials()?;
        let body = TokenBody { client_id: credentials.username, client_secret: credentials.password.expose() };
        let answer = self.call(ctx, Request::post(address(base, &["v3", "auth"])?).json(&body)).await?;
        let read: Option<TokenAnswer> = serde_json::from_slice(&answer.body).ok();
        match read.filter(|read| answer.status == 200 && !read.access_token.is_empty()) {
            Some(read) => Ok(Secret::new(read.access_token)),
            None => Err(error::unreadable(&answer, "the sign-in without an access token")),
        }
    }

    async fn call(&self, ctx: CallContext<'_>, request: Request) -> Result<Answer, ProviderError> {
        self.call_for(ctx, request, None).await
    }

    /// Sends, and turns everything but a 2xx answer into an error.
    async fn call_for(
        &self,
        ctx: CallContext<'_>,
        request: Request,
        checkout: Option<&Checkout>,
    ) -> Result<Answer, ProviderError> {
        let request = request.accept("application/json").keep_fields(error::KEPT);
        let answer = self.outbound.call(request, ctx.calls).await.map_err(|error| error.into_provider_error())?;
        if answer.is_success() { Ok(answer) } else { Err(error::from_answer(&answer, checkout)) }
    }
}

#[async_trait]
impl FinancingProvider for WeGetFinancing {
    fn descriptor(&self) -> &'static Descriptor {
        &DESCRIPTOR
    }

    fn check(&self, checkout: &Checkout, _: &AccountSettings) -> Result<(), Invalid> {
        eligibility::check(checkout)
    }

    fn check_options(&self, options: &str, at: &Pointer) -> Result<(), Invalid> {
        Options::read(options, at).map(|_| ())
    }

    async fn create(&self, ctx: CallContext<'_>, request: CreateRequest<'_>) -> Result<Created, ProviderError> {
        let account = Account(ctx.account);
        let checkout = request.checkout;
        eligibility::check(checkout).map_err(refused_here)?;
        let url = address(self.config.base_url(ctx.mode), &["merchant", account.merchant_id()?, "requests"])?;
        let credentials = account.credentials()?;
        let body = mapping::request_for(request, account).map_err(refused_here)?;
        let call = Request::post(url).basic_auth(credentials.username, credentials.password).json(&body);
        let answer = self.call_for(ctx, call, Some(checkout)).await?;
        let read: CreateAnswer = serde_json::from_slice(&answer.body)
            .map_err(|_| error::unreadable(&answer, "the create request with something that is not its JSON"))?;
        let (Some(reference), Some(next_action)) = (mapping::reference_from(&read), mapping::next_action_from(&read))
        else {
            return Err(error::unreadable(&answer, "the create request without a usable inv_id and href"));
        };
        let amount_echoed = mapping::amounts_from(read.amount.as_deref(), checkout.cart.currency)
            .transpose()
            .map_err(|_| error::unreadable(&answer, "the create request with an amount that cannot be read"))?;
        Ok(Created {
            reference,
            state: AttemptState::AwaitingCustomer,
            raw_status: None,
            next_action: Some(next_action),
            amount_echoed,
            mismatch_stops: account.mismatch_stops(),
            details: Details::default(),
            expires_at: None,
            capture_by: None,
        })
    }

    /// With `sent_to_consumer` the provider writes to the customer (Q24): a second request is a second application.
    fn may_repeat_create(&self, checkout: &Checkout) -> bool {
        let mailed = mapping::options_of(checkout).map_or(true, |options| options.sent_to_consumer == Some(true));
        DESCRIPTOR.repeated_create_is_harmless && !mailed
    }

    fn read_notification(&self, ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
        notification::read(ctx, push)
    }

    async fn confirm_shipment(
        &self,
        ctx: CallContext<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
        shipment: &Shipment,
    ) -> Result<ShipmentConfirmed, ProviderError> {
        let Some(reference) = &attempt.reference else {
            return Err(setup("The attempt has no WeGetFinancing request yet, so there is nothing to ship."));
        };
        let told = match Account(ctx.account).shipping_api() {
            ShippingApi::V1 => self.ship_v1(ctx, &shipping::v1(reference, &checkout.cart, shipment, ctx.now)).await,
            ShippingApi::V3 => self.ship_v3(ctx, reference, shipment).await,
        };
        // No idempotency key: what may have arrived is not sent again by itself (7.3).
        told.map_err(|error| match error.commit {
            CommitClass::Unknown => error.retried_as(RetryClass::AfterLookup),
            _ => error,
        })
    }
}

/// A base address with path segments behind it, each percent-encoded.
fn address(base: &str, segments: &[&str]) -> Result<Url, ProviderError> {
    let wrong = || setup("The address of WeGetFinancing in the gateway's configuration is not usable.");
    let mut url = Url::parse(base).map_err(|_| wrong())?;
    url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().extend(segments);
    Ok(url)
}

/// What our own checks refuse never leaves this machine.
fn refused_here(invalid: Invalid) -> ProviderError {
    let message = "WeGetFinancing cannot finance this checkout.";
    ProviderError::new(ErrorKind::Invalid, message).committed_as(CommitClass::NotSent).with_fields(invalid.0)
}

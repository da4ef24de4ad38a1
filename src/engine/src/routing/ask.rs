//! Which financers can serve a cart, before there is a checkout. Nothing is stored, here or at a financer; one whose limits are
//! known only by asking is asked for them.

use std::sync::Arc;

use lendport_core::{
    Address, AddressInput, AmountLimits, CallContext, CallLog, CaptureMode, Cart, Checkout, CheckoutId, Customer,
    CustomerInput, Dispute, Exclusion, FinancingProvider, Fulfilment, Invalid, LineId, Personal, Pointer,
    ProviderAccount, Route,
};
use lendport_storage::Tenant;

use super::eligible::Scope;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::open_checkout::{OpenCheckout, currency_for, merged};
use crate::view::{EligibilityView, ExclusionView, ProviderEligibilityView};

impl Engine {
    /// Judges every financer that is switched on. Who the customer is, and what of the address no financer is chosen by, may be
    /// left out; what a financer needs later is named.
    pub async fn eligibility(
        self: &Arc<Self>,
        tenant: Tenant,
        asked: OpenCheckout,
        shape: Invalid,
    ) -> Result<EligibilityView, EngineError> {
        let accounts = self.accounts(tenant).await?;
        let left_out = left_out(&asked);
        let checkout = self.imagine(tenant, asked, shape)?;
        let mut judged = Vec::new();
        for (id, adapter) in &self.providers {
            let descriptor = adapter.descriptor();
            let found = match self.can_take(tenant, &checkout, id, &accounts, Scope::Whole) {
                Ok(account) if adapter.asks_for_limits() => self.ask_limits(adapter, &account, &checkout).await,
                Ok(_) => Vec::new(),
                Err(found) => found,
            };
            judged.push(ProviderEligibilityView {
                provider: id.to_string(),
                name: descriptor.name,
                product_type: descriptor.product,
                eligible: found.is_empty(),
                exclusions: found.iter().map(ExclusionView::of).collect(),
                needed: descriptor.required_fields.iter().copied().filter(|at| left_out.contains(at)).collect(),
            });
        }
        Ok(EligibilityView {
            object: "eligibility",
            currency: checkout.cart.currency.code().to_owned(),
            total: checkout.cart.total.to_string(),
            providers: judged,
        })
    }

    /// What a financer's own limits have against a total. One that does not tell them has nothing against it: a create asks
    /// again. One that does not work at the moment was left out before.
    async fn ask_limits(
        &self,
        adapter: &Arc<dyn FinancingProvider>,
        account: &ProviderAccount,
        checkout: &Checkout,
    ) -> Vec<Exclusion> {
        let key = (Tenant { merchant: checkout.merchant, mode: checkout.mode }, account.provider.clone());
        let answer = self.limits_of(adapter, account, key.0);
        let limits = self.limits.of(&key, || self.clock.steady(), answer).await;
        limits.and_then(|limits| limits.judge(checkout.cart.total)).into_iter().collect()
    }

    async fn limits_of(
        &self,
        adapter: &Arc<dyn FinancingProvider>,
        account: &ProviderAccount,
        tenant: Tenant,
    ) -> Option<AmountLimits> {
        let calls = CallLog::new();
        let ctx = CallContext { account: &account.settings, mode: tenant.mode, now: self.clock.now(), calls: &calls };
        let answered = self.looked(tenant, &account.provider, &calls, adapter.ask_limits(ctx)).await;
        if let Err(error) = &answered {
            tracing::info!(provider = %account.provider, %error, "its limits are not known");
        }
        answered.ok()
    }

    /// A checkout as it would be; it is never stored. What nobody is chosen by and was left out is made up.
    pub(crate) fn imagine(&self, tenant: Tenant, asked: OpenCheckout, shape: Invalid) -> Result<Checkout, Invalid> {
        let (mut invalid, at) = (Invalid::none(), Pointer::root());
        let customer = invalid.keep(Customer::new(&somebody(&asked.customer), &at.child("customer")));
        let billing = invalid.keep(Address::new(&somewhere(&asked.billing), &at.child("billing_address")));
        let shipping =
            asked.shipping.as_ref().map(|input| Address::new(&somewhere(input), &at.child("shipping_address")));
        let shipping = shipping.and_then(|result| invalid.keep(result));
        let currency = currency_for(&asked, billing.as_ref(), None, &mut invalid);
        if asked.cart.is_none() {
            invalid.note(&at.child("items"), "missing", "is required");
        }
        let line_id = &mut || LineId::mint(self.tools.ids.as_ref());
        let cart = asked.cart.as_ref().zip(currency);
        let cart = cart.and_then(|(input, currency)| invalid.keep(Cart::new(input, currency, &at, line_id)));
        self.judge_options(&asked.provider_options, &mut invalid);
        merged(shape, invalid.clone()).finish()?;
        let (Some(customer), Some(billing), Some(cart)) = (customer, billing, cart) else { return Err(invalid) };
        let now = self.clock.now();
        Ok(Checkout {
            id: CheckoutId::mint(self.tools.ids.as_ref()),
            merchant: tenant.merchant,
            mode: tenant.mode,
            reference: asked.reference,
            cart,
            customer,
            billing,
            shipping,
            return_urls: asked.return_urls,
            capture: asked.capture.unwrap_or(CaptureMode::Automatic),
            metadata: asked.metadata,
            provider_options: asked.provider_options,
            route: Route { product_type: asked.product_type, ..Route::default() },
            fulfilment: Fulfilment::None,
            dispute: Dispute::None,
            ready_announced: false,
            expires_at: now,
            sequence: 0,
            version: 0,
            created_at: now,
            updated_at: now,
        })
    }
}

/// The address of a customer who was left out.
pub(super) const NOBODY: &str = "nobody@nowhere.invalid";

fn or(given: &Option<Personal<String>>, made_up: &str) -> Option<Personal<String>> {
    given.clone().or_else(|| Some(Personal::new(made_up.to_owned())))
}

/// A customer with what was left out made up.
fn somebody(given: &CustomerInput) -> CustomerInput {
    CustomerInput {
        first_name: or(&given.first_name, "-"),
        last_name: or(&given.last_name, "-"),
        email: or(&given.email, NOBODY),
        phone: given.phone.clone(),
    }
}

/// An address with street, city and postal code made up where they were left out. Country and state count.
fn somewhere(given: &AddressInput) -> AddressInput {
    let canadian = given.country.as_deref().is_some_and(|country| country.eq_ignore_ascii_case("CA"));
    AddressInput {
        line1: or(&given.line1, "-"),
        line2: given.line2.clone(),
        city: or(&given.city, "-"),
        state: given.state.clone(),
        postal_code: or(&given.postal_code, if canadian { "A0A 0A0" } else { "00000" }),
        country: given.country.clone(),
    }
}

/// Fields that a checkout has and that were left out here.
fn left_out(asked: &OpenCheckout) -> Vec<&'static str> {
    let (customer, billing) = (&asked.customer, &asked.billing);
    [
        ("/customer/first_name", customer.first_name.is_none()),
        ("/customer/last_name", customer.last_name.is_none()),
        ("/customer/email", customer.email.is_none()),
        ("/customer/phone", customer.phone.is_none()),
        ("/billing_address/line1", billing.line1.is_none()),
        ("/billing_address/city", billing.city.is_none()),
        ("/billing_address/postal_code", billing.postal_code.is_none()),
        ("/billing_address", *billing == AddressInput::default()),
    ]
    .into_iter()
    .filter(|(_, absent)| *absent)
    .map(|(pointer, _)| pointer)
    .collect()
}

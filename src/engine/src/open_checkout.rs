//! Opening a checkout: everything is checked, the intent is stored, and only then the provider is called.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{
    Address, AddressInput, CaptureMode, Cart, CartInput, Checkout, CheckoutId, CheckoutRecord, Currency, Customer,
    CustomerInput, Dispute, EventType, FieldError, FinancingProvider, Fulfilment, Invalid, Ledger, LineId, Pointer,
    Product, ProviderAccount, ProviderId, ReturnUrls, Route, limits,
};
use lendport_storage::{InsertOutcome, Tenant};

use crate::breaker::Admission;
use crate::cascade::Following;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::take_in::Draft;
use crate::tenancy::Seat;
use crate::ticket::{Reply, Standing, Ticket};

/// A checkout as a merchant asks for it; absent fields are judged here.
#[derive(Clone, Debug, Default)]
pub struct OpenCheckout {
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// One financer.
    pub provider: Option<String>,
    /// Financers in order.
    pub providers: Option<Vec<String>>,
    /// The customer chooses among them, or among all that are set up.
    pub customer_chooses: bool,
    /// The kind of financing that is wanted; any when absent.
    pub product_type: Option<Product>,
    /// ISO 4217; the financer's currency for the billing country when absent.
    pub currency: Option<String>,
    /// Who buys.
    pub customer: CustomerInput,
    /// Where the bill goes.
    pub billing: AddressInput,
    /// Where the goods go.
    pub shipping: Option<AddressInput>,
    /// What is bought.
    pub cart: Option<CartInput>,
    /// Where the browser goes afterwards.
    pub return_urls: ReturnUrls,
    /// `automatic` (default) or `manual`.
    pub capture: Option<CaptureMode>,
    /// The merchant's notes.
    pub metadata: BTreeMap<String, String>,
    /// Options by provider, JSON object text.
    pub provider_options: BTreeMap<String, String>,
}

impl Engine {
    /// Opens a checkout with its first attempt. `shape` holds what was already wrong with the request's shape; it is
    /// reported together with everything else. A repeat with the same key hears the same answer, or goes on where an
    /// attempt without a lasting answer stopped.
    pub async fn open_checkout(
        self: &Arc<Self>,
        tenant: Tenant,
        asked: OpenCheckout,
        shape: Invalid,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        let prepared = match self.prepare(tenant, asked, shape).await {
            Ok(prepared) => self.seat_for_checkout(tenant).await.map(|seat| (prepared, seat)),
            Err(refused) => Err(refused),
        };
        let ((checkout, account), seat) = match prepared {
            Ok(prepared) => prepared,
            // What is refused today may have been answered when the key was new. A good request finds out as it claims
            // the key.
            Err(refused) => {
                return match self.store.idempotency(tenant, &ticket.route, &ticket.key).await? {
                    Some(row) => Box::pin(self.go_on(tenant, row, ticket)).await,
                    None => Err(refused),
                };
            }
        };
        let Some((account, admission)) = account else {
            return self.open_for_choice(tenant, checkout, ticket, seat).await;
        };
        let start = self.plan_attempt(&checkout, &[], &account);
        let record = CheckoutRecord { checkout, attempts: vec![start.attempt.clone()], ledger: Ledger::default() };

        let mut draft = Draft::on(&self.tools, record);
        draft.announce(&[EventType::CheckoutCreated])?;
        draft.change.operations.push(start.operation.clone());
        draft.change.claimed_operation = Some(start.operation.id);
        let (change, checkout) = draft.finish_to_see(|record| record.checkout.clone());
        let inserted = match self.store.insert_checkout(tenant, Some(ticket.claim(self)), change).await {
            Ok(inserted) => inserted,
            Err(error) => return self.finished_or(error, tenant, &ticket).await,
        };
        match inserted {
            InsertOutcome::Inserted => {
                seat.taken();
                let first = Following { checkout, start, account, admission: Some(admission) };
                Box::pin(self.call_create(tenant, first, ticket)).await
            }
            InsertOutcome::Claimed(row) => {
                drop((seat, admission));
                Box::pin(self.go_on(tenant, row, ticket)).await
            }
        }
    }

    /// Opens a checkout whose customer is to choose a financer: nobody is called.
    async fn open_for_choice(
        self: &Arc<Self>,
        tenant: Tenant,
        checkout: Checkout,
        ticket: Ticket,
        seat: Seat,
    ) -> Result<Reply, EngineError> {
        let record = CheckoutRecord { checkout, attempts: Vec::new(), ledger: Ledger::default() };
        let mut draft = Draft::on(&self.tools, record);
        draft.announce(&[EventType::CheckoutCreated])?;
        let (change, reply) = self.answer(draft, None, &ticket);
        match self.store.insert_checkout(tenant, Some(ticket.claim(self)), change).await {
            Ok(InsertOutcome::Inserted) => {
                seat.taken();
                Ok(reply)
            }
            Ok(InsertOutcome::Claimed(row)) => Box::pin(self.go_on(tenant, row, ticket)).await,
            Err(error) => self.finished_or(error, tenant, &ticket).await,
        }
    }

    async fn go_on(
        self: &Arc<Self>,
        tenant: Tenant,
        row: lendport_storage::IdempotencyRow,
        ticket: Ticket,
    ) -> Result<Reply, EngineError> {
        match ticket.standing(self, tenant, row).await? {
            Standing::Replay(reply) => Ok(reply),
            Standing::Resume { checkout: Some(checkout), operation } => {
                let result = Box::pin(self.resume_open(tenant, checkout, operation, ticket.clone())).await;
                self.release_on_error(tenant, checkout, ticket, result).await
            }
            Standing::Resume { checkout: None, .. } => {
                Err(EngineError::Internal("an idempotency key of a create without its checkout".to_owned()))
            }
        }
    }

    /// Judges a request; everything wrong is named at once. The account to begin at, with leave to; none where the customer is
    /// to choose.
    async fn prepare(
        &self,
        tenant: Tenant,
        asked: OpenCheckout,
        shape: Invalid,
    ) -> Result<(Checkout, Option<(ProviderAccount, Admission)>), EngineError> {
        let mut invalid = Invalid::none();
        let at = Pointer::root();
        let customer = invalid.keep(Customer::new(&asked.customer, &at.child("customer")));
        let billing = invalid.keep(Address::new(&asked.billing, &at.child("billing_address")));
        let shipping = asked.shipping.as_ref().map(|input| Address::new(input, &at.child("shipping_address")));
        let shipping = shipping.and_then(|result| invalid.keep(result));
        let reference = asked.reference.as_deref().and_then(|text| {
            let pointer = at.child("reference");
            invalid.keep(lendport_core::customer::plain_text(text, &pointer, limits::REFERENCE_MAX_CHARS))
        });
        let accounts = self.accounts(tenant).await?;
        // Who is named needs no profile.
        let named = asked.provider.is_some() || asked.providers.is_some();
        let profile = if named { None } else { self.active_profile(tenant).await? };
        let chosen = self.choose_route(&asked, &accounts, profile, &mut invalid);
        let first = chosen.as_ref().and_then(|chosen| chosen.first.as_ref());
        let provider = first.and_then(|account| self.providers.get(&account.provider));
        let currency = currency_for(&asked, billing.as_ref(), provider, &mut invalid);
        let line_id = &mut || LineId::mint(self.tools.ids.as_ref());
        let cart = match (asked.cart, currency) {
            (Some(input), Some(currency)) => invalid.keep(Cart::new(&input, currency, &at, line_id)),
            (Some(input), None) => {
                // The currency is wrong, yet the lines deserve their own answers.
                let _ = invalid.keep(Cart::new(&input, Currency::USD, &at, line_id));
                None
            }
            (None, _) => {
                invalid.note(&at.child("items"), "missing", "is required");
                None
            }
        };
        self.judge_options(&asked.provider_options, &mut invalid);

        let (Some(customer), Some(billing), Some(cart), Some(chosen)) = (customer, billing, cart, chosen) else {
            return Err(merged(shape, invalid).into());
        };
        let route = Route { product_type: asked.product_type, ..chosen.route };
        let now = self.clock.now();
        let mut checkout = Checkout {
            id: CheckoutId::mint(self.tools.ids.as_ref()),
            merchant: tenant.merchant,
            mode: tenant.mode,
            reference,
            cart,
            customer,
            billing,
            shipping,
            return_urls: asked.return_urls,
            capture: asked.capture.unwrap_or(CaptureMode::Automatic),
            metadata: asked.metadata,
            provider_options: asked.provider_options,
            route,
            fulfilment: Fulfilment::None,
            dispute: Dispute::None,
            ready_announced: false,
            expires_at: self.expiry_from(now),
            sequence: 0,
            version: 0,
            created_at: now,
            updated_at: now,
        };
        let settled = self.settle_route(tenant, &mut checkout, chosen.by, asked.customer_chooses, &accounts);
        let mut wrong = merged(shape, invalid);
        match settled {
            Ok(account) => {
                wrong.finish()?;
                let begins = |account: ProviderAccount| {
                    self.require_working(tenant, &account.provider).map(|admission| (account, admission))
                };
                Ok((checkout, account.map(begins).transpose()?))
            }
            Err(refused) => {
                // Several financers may have something against the same field: each is heard.
                let new = |error: &FieldError| !wrong.0.iter().any(|known| known.pointer == error.pointer);
                let refused: Vec<_> = refused.0.into_iter().filter(new).collect();
                wrong.0.extend(refused);
                Err(wrong.into())
            }
        }
    }

    fn expiry_from(&self, now: Timestamp) -> Timestamp {
        let hours = i64::from(self.settings.checkout_expires_after_hours);
        now.saturating_add(SignedDuration::from_hours(hours)).unwrap_or(Timestamp::MAX)
    }

    /// Options for a provider that is not switched on here are kept unread: one request may serve several gateways.
    /// A name that looks like a slip of the pen is refused, for its options would be lost in silence.
    pub(crate) fn judge_options(&self, options: &BTreeMap<String, String>, invalid: &mut Invalid) {
        let at = Pointer::root().child("provider_options");
        for (name, text) in options {
            let at = at.child(name);
            let Some(id) = ProviderId::parse(name) else {
                invalid.note(&at, "unknown_provider", "is not a provider's name");
                continue;
            };
            if let Some(provider) = self.providers.get(&id) {
                invalid.keep(provider.check_options(text, &at));
                continue;
            }
            let near = self.providers.keys().find(|known| strsim::damerau_levenshtein(known.as_str(), name) <= 2);
            if let Some(near) = near {
                invalid.note(&at, "unknown_provider", format!("no such provider is switched on; did you mean {near}?"));
            }
        }
    }
}

pub(crate) fn currency_for(
    asked: &OpenCheckout,
    billing: Option<&Address>,
    provider: Option<&Arc<dyn FinancingProvider>>,
    invalid: &mut Invalid,
) -> Option<Currency> {
    let code = match (&asked.currency, billing, provider) {
        (Some(code), _, _) => code.as_str(),
        (None, Some(billing), Some(provider)) => {
            provider.descriptor().currency_of(&billing.country.code()).unwrap_or("USD")
        }
        (None, _, _) => "USD",
    };
    let currency = Currency::parse(code);
    if currency.is_none() {
        invalid.note(&Pointer::root().child("currency"), "unknown_currency", "use an ISO 4217 code such as USD");
    }
    currency
}

/// Shape errors first; a field whose shape is wrong is not called missing as well.
pub(crate) fn merged(shape: Invalid, meaning: Invalid) -> Invalid {
    let mut all = shape;
    for error in meaning.0 {
        let known = |seen: &FieldError| {
            let below = error.pointer.strip_prefix(&seen.pointer);
            below.is_some_and(|rest| rest.is_empty() || error.code == "missing" && rest.starts_with('/'))
        };
        if !all.0.iter().any(known) {
            all.0.push(error);
        }
    }
    all
}

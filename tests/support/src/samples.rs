//! Checkouts, attempts and accounts as tests need them, made through the domain's own constructors.
//!
//! People and addresses are those of the published samples (seeds 000 and 002) or made up.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use lendport_core::{
    AccountSettings, Address, AddressInput, Attempt, AttemptId, AttemptState, CaptureMode, Cart, CartInput, Checkout,
    CheckoutId, Currency, Customer, CustomerInput, Dispute, Fulfilment, IdSource, LineId, LineInput, MerchantId, Mode,
    NextAction, NextActionKind, Personal, Pointer, ProviderAccountId, ProviderId, ProviderRef, ReturnUrls, Route,
    Secret, parse_decimal,
};

use crate::clock::START;

/// What a sample checkout is made from. Change fields, then call [`Sample::checkout`].
#[derive(Clone, Debug)]
pub struct Sample {
    /// Who buys.
    pub customer: CustomerInput,
    /// Where the bill goes.
    pub billing: AddressInput,
    /// Where the goods go; the billing address when absent.
    pub shipping: Option<AddressInput>,
    /// What is bought.
    pub cart: CartInput,
    /// Currency of every amount.
    pub currency: Currency,
    /// Test or live.
    pub mode: Mode,
    /// Where the browser goes afterwards.
    pub return_urls: ReturnUrls,
    /// Options by provider, JSON object text.
    pub provider_options: BTreeMap<String, String>,
}

impl Sample {
    /// Seed 002: one TV for 1370.00 gross, 50.00 shipping, Long Branch NJ; total 1420.00.
    pub fn usa() -> Self {
        Self {
            customer: person("John", "Doe", "john@example.com", "2222222222"),
            billing: address("6 West End Court 1", "Long Branch", "NJ", "07740", "US"),
            shipping: None,
            cart: cart(vec![item(None, "TV", 1, "1370", "52.69")], true, "50"),
            currency: Currency::USD,
            mode: Mode::Test,
            return_urls: ReturnUrls::default(),
            provider_options: BTreeMap::new(),
        }
    }

    /// Seed 002's Canadian example: Toronto, USD; total 1420.00.
    pub fn canada() -> Self {
        Self {
            customer: person("Marie", "Tremblay", "marie@example.com", "4165550123"),
            billing: address("100 Queen St W", "Toronto", "ON", "M5H 2N2", "CA"),
            cart: cart(vec![item(None, "TV", 1, "1370", "178.10")], true, "50"),
            ..Self::usa()
        }
    }

    /// Seed 000's curl sample with its prices declared net: 2500 + 300 tax + 200 shipping; total 3000.00.
    pub fn seed_000() -> Self {
        let mut customer = person("John", "Doe", "johndoe.25742gf@gmail.com", "");
        customer.phone = None;
        Self {
            customer,
            billing: address("15th Fantasy Street", "New York", "NY", "10007", "US"),
            cart: cart(vec![item(Some("ref03243"), "Samsung TV 9340 DMX", 1, "2500", "300.00")], false, "200.00"),
            ..Self::usa()
        }
    }

    /// The checkout, or why its parts were refused.
    pub fn try_checkout(&self, ids: &dyn IdSource) -> Result<Checkout, lendport_core::Invalid> {
        let at = Pointer::root();
        let shipping = match &self.shipping {
            Some(input) => Some(Address::new(input, &at.child("shipping_address"))?),
            None => None,
        };
        Ok(Checkout {
            id: CheckoutId::mint(ids),
            merchant: MerchantId::mint(ids),
            mode: self.mode,
            reference: Some("ORDER-123".to_owned()),
            cart: Cart::new(&self.cart, self.currency, &at, &mut || LineId::mint(ids))?,
            customer: Customer::new(&self.customer, &at.child("customer"))?,
            billing: Address::new(&self.billing, &at.child("billing_address"))?,
            shipping,
            return_urls: self.return_urls.clone(),
            capture: CaptureMode::Automatic,
            metadata: BTreeMap::new(),
            provider_options: self.provider_options.clone(),
            route: Route { rule: "explicit".to_owned(), ..Route::default() },
            fulfilment: Fulfilment::None,
            dispute: Dispute::None,
            ready_announced: false,
            expires_at: START.saturating_add(SignedDuration::from_hours(72)).unwrap_or(START),
            sequence: 0,
            version: 1,
            created_at: START,
            updated_at: START,
        })
    }

    /// The checkout.
    ///
    /// # Panics
    /// When the test changed the sample into something the domain refuses.
    #[expect(clippy::panic, reason = "a sample that the domain refuses is a mistake in the test")]
    pub fn checkout(&self, ids: &dyn IdSource) -> Checkout {
        match self.try_checkout(ids) {
            Ok(checkout) => checkout,
            Err(invalid) => panic!("the sample is refused: {invalid}"),
        }
    }
}

/// A first attempt at a checkout, before its provider was called.
///
/// # Panics
/// When `provider` is not a provider's name.
#[expect(clippy::expect_used, reason = "a wrong name is a mistake in the test")]
pub fn attempt(checkout: &Checkout, provider: &str, ids: &dyn IdSource) -> Attempt {
    Attempt {
        id: AttemptId::mint(ids),
        checkout: checkout.id,
        number: 1,
        provider: ProviderId::parse(provider).expect("a provider's name"),
        account: ProviderAccountId::mint(ids),
        state: AttemptState::Initiating,
        reason: None,
        evidence: None,
        reference: None,
        raw_status: None,
        callback_digest: "0".repeat(64),
        merchant_reference: format!("{}.1", checkout.id),
        next_action: None,
        amount: checkout.cart.total,
        amount_echoed: None,
        capture: CaptureMode::ProviderManaged,
        capture_by: None,
        amount_accepted: false,
        approval_confirmed: false,
        review_open: false,
        deadline_told: None,
        awaited: None,
        poll_at: None,
        polls: 0,
        expires_at: None,
        created_at: START,
        updated_at: START,
    }
}

/// The attempt after its provider took it in under this id.
pub fn created(mut attempt: Attempt, reference: &str) -> Attempt {
    attempt.state = AttemptState::AwaitingCustomer;
    attempt.amount_echoed = Some(attempt.amount);
    attempt.next_action = Some(NextAction {
        kind: NextActionKind::Lightbox,
        url: format!("https://provider.example/{reference}"),
        also: vec![NextActionKind::Redirect],
        expires_at: None,
    });
    attempt.reference = Some(ProviderRef(reference.to_owned()));
    attempt
}

/// An account with these values, taken as they are.
pub fn account(values: &[(&str, &str)]) -> AccountSettings {
    AccountSettings::from_store(values.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect())
}

/// A customer.
pub fn person(first: &str, last: &str, email: &str, phone: &str) -> CustomerInput {
    let personal = |text: &str| Some(Personal::new(text.to_owned()));
    CustomerInput {
        first_name: personal(first),
        last_name: personal(last),
        email: personal(email),
        phone: personal(phone),
    }
}

/// An address of one line.
pub fn address(line1: &str, city: &str, state: &str, postal_code: &str, country: &str) -> AddressInput {
    let personal = |text: &str| Some(Personal::new(text.to_owned()));
    AddressInput {
        line1: personal(line1),
        line2: None,
        city: personal(city),
        state: Some(state.to_owned()),
        postal_code: personal(postal_code),
        country: Some(country.to_owned()),
    }
}

/// A cart without a discount.
pub fn cart(items: Vec<LineInput>, tax_inclusive: bool, shipping: &str) -> CartInput {
    CartInput { items, tax_inclusive, shipping: parse_decimal(shipping).ok(), discount: None }
}

/// A line; amounts that are no numbers are left out.
pub fn item(sku: Option<&str>, name: &str, quantity: u32, unit_price: &str, unit_tax: &str) -> LineInput {
    LineInput {
        sku: sku.map(str::to_owned),
        name: Some(name.to_owned()),
        brand: None,
        quantity: Some(quantity),
        unit_price: parse_decimal(unit_price).ok(),
        unit_tax: parse_decimal(unit_tax).ok(),
        category: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::SeededIds;

    #[test]
    fn the_samples_add_up_as_documented() {
        let ids = SeededIds::default();
        for (sample, total) in
            [(Sample::usa(), "1420.00"), (Sample::canada(), "1420.00"), (Sample::seed_000(), "3000.00")]
        {
            assert_eq!(sample.checkout(&ids).cart.total.to_string(), total);
        }
    }
}

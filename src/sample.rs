//! The cart of seed 002 (Create Request, samples) in the words of our API; the demo and the greeting use it.

use std::collections::BTreeMap;

use lendport_core::{
    Address, AddressInput, Attempt, AttemptId, AttemptState, CaptureMode, Cart, CartInput, Checkout, CheckoutId,
    Currency, Customer, CustomerInput, Dispute, Fulfilment, Invalid, LineId, LineInput, MerchantId, Mode, Personal,
    Pointer, ProviderAccountId, ProviderId, ReturnUrls, Route, parse_decimal,
};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::gateway::Ambient;

/// Total with shipping: 1420.00 USD, tax inside the price.
pub(crate) const TOTAL: &str = "1420.00";

/// A request body for `POST /v1/checkouts`.
pub(crate) fn cart(provider: &str, reference: &str) -> Value {
    json!({
        "reference": reference,
        "provider": provider,
        "currency": "USD",
        "customer": {
            "first_name": "John", "last_name": "Doe", "email": "john@example.com", "phone": "2222222222"
        },
        "billing_address": {
            "line1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "postal_code": "07740", "country": "US"
        },
        "items": [
            { "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69" }
        ],
        "shipping_amount": "50.00"
    })
}

/// The same cart as domain values, for calls to an adapter without a gateway around it.
pub(crate) fn checkout(provider: &str, ambient: &Ambient) -> Result<(Checkout, Attempt), Failure> {
    let (ids, now, at) = (ambient.ids.as_ref(), ambient.clock.now(), Pointer::root());
    let wrong = |invalid: Invalid| Failure::other(format!("the sample: {invalid}"));
    let personal = |text: &str| Some(Personal::new(text.to_owned()));
    let amount = |text: &str| parse_decimal(text).ok();
    let provider = ProviderId::parse(provider).ok_or_else(|| Failure::other("not a provider's name"))?;
    let customer = CustomerInput {
        first_name: personal("John"),
        last_name: personal("Doe"),
        email: personal("john@example.com"),
        phone: personal("2222222222"),
    };
    let billing = AddressInput {
        line1: personal("6 West End Court 1"),
        line2: None,
        city: personal("Long Branch"),
        state: Some("NJ".to_owned()),
        postal_code: personal("07740"),
        country: Some("US".to_owned()),
    };
    let line = LineInput {
        sku: Some("TV-1".to_owned()),
        name: Some("TV".to_owned()),
        quantity: Some(1),
        unit_price: amount("1370.00"),
        unit_tax: amount("52.69"),
        ..LineInput::default()
    };
    let cart = CartInput { items: vec![line], tax_inclusive: true, shipping: amount("50.00"), discount: None };
    let checkout = Checkout {
        id: CheckoutId::mint(ids),
        merchant: MerchantId::mint(ids),
        mode: Mode::Test,
        reference: None,
        cart: Cart::new(&cart, Currency::USD, &at, &mut || LineId::mint(ids)).map_err(wrong)?,
        customer: Customer::new(&customer, &at).map_err(wrong)?,
        billing: Address::new(&billing, &at).map_err(wrong)?,
        shipping: None,
        return_urls: ReturnUrls::default(),
        capture: CaptureMode::Automatic,
        metadata: BTreeMap::new(),
        provider_options: BTreeMap::new(),
        route: Route { rule: "explicit".to_owned(), providers: vec![provider.clone()], ..Route::default() },
        fulfilment: Fulfilment::None,
        dispute: Dispute::None,
        ready_announced: false,
        expires_at: now,
        sequence: 0,
        version: 0,
        created_at: now,
        updated_at: now,
    };
    let attempt = Attempt {
        id: AttemptId::mint(ids),
        checkout: checkout.id,
        number: 1,
        provider,
        account: ProviderAccountId::mint(ids),
        state: AttemptState::Initiating,
        reason: None,
        evidence: None,
        reference: None,
        raw_status: None,
        callback_digest: String::new(),
        merchant_reference: format!("{}-1", checkout.id),
        next_action: None,
        amount: checkout.cart.total,
        amount_echoed: None,
        capture: CaptureMode::Automatic,
        capture_by: None,
        amount_accepted: false,
        approval_confirmed: false,
        review_open: false,
        deadline_told: None,
        awaited: None,
        poll_at: None,
        polls: 0,
        expires_at: None,
        created_at: now,
        updated_at: now,
    };
    Ok((checkout, attempt))
}

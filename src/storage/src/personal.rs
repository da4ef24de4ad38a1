//! The sealed column of a checkout: who buys and where they live.

use std::borrow::Cow;

use lendport_core::{Address, AddressInput, Checkout, CheckoutId, Customer, CustomerInput, Personal, Pointer};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::codec::json_fault;
use crate::fault::{Done, Fault};
use crate::packed;
use crate::vault::{Place, Vault};

/// Everything personal about a checkout.
pub(crate) struct People {
    pub(crate) customer: Customer,
    pub(crate) billing: Address,
    pub(crate) shipping: Option<Address>,
}

#[derive(Serialize, Deserialize)]
struct StoredPeople<'a> {
    first: Cow<'a, str>,
    last: Cow<'a, str>,
    email: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<Cow<'a, str>>,
    bill: StoredAddress<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ship: Option<StoredAddress<'a>>,
}

#[derive(Serialize, Deserialize)]
struct StoredAddress<'a> {
    line1: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line2: Option<Cow<'a, str>>,
    city: Cow<'a, str>,
    state: Cow<'a, str>,
    post: Cow<'a, str>,
    country: Cow<'a, str>,
}

/// Seals the people of a checkout for its row.
pub(crate) fn seal(vault: &Vault, checkout: &Checkout) -> Done<Vec<u8>> {
    let customer = &checkout.customer;
    let stored = StoredPeople {
        first: shown(&customer.first_name),
        last: shown(&customer.last_name),
        email: shown(&customer.email),
        phone: customer.phone.as_ref().map(shown),
        bill: stored_address(&checkout.billing),
        ship: checkout.shipping.as_ref().map(stored_address),
    };
    let plain = serde_json::to_vec(&stored).map_err(|_| Fault::broken("personal data cannot be written as JSON"))?;
    let packed = Zeroizing::new(packed::pack(&Zeroizing::new(plain)));
    Ok(vault.seal(place(&checkout.id.to_string()), &packed)?)
}

/// Opens the people of a row and checks them as if they came in anew.
/// `bad` names the column for whatever is refused.
pub(crate) fn open(vault: &Vault, sealed: &[u8], id: CheckoutId, bad: impl Fn(String) -> Fault) -> Done<People> {
    let packed = vault.open(place(&id.to_string()), sealed)?;
    let plain = Zeroizing::new(packed::unpack(&packed).map_err(|damaged| bad(damaged.to_string()))?);
    let stored: StoredPeople<'_> = serde_json::from_slice(&plain).map_err(|error| bad(json_fault(&error)))?;
    let at = Pointer::root();
    let refused = |invalid: lendport_core::Invalid| bad(invalid.to_string());
    let customer = CustomerInput {
        first_name: personal(stored.first),
        last_name: personal(stored.last),
        email: personal(stored.email),
        phone: stored.phone.and_then(personal),
    };
    let address = |stored: StoredAddress<'_>, name: &str| Address::new(&address_input(stored), &at.child(name));
    Ok(People {
        customer: Customer::new(&customer, &at.child("customer")).map_err(refused)?,
        billing: address(stored.bill, "billing_address").map_err(refused)?,
        shipping: stored.ship.map(|ship| address(ship, "shipping_address")).transpose().map_err(refused)?,
    })
}

fn place(row: &str) -> Place<'_> {
    Place { table: "checkouts", column: "personal", row }
}

fn shown(text: &Personal<String>) -> Cow<'_, str> {
    Cow::Borrowed(text.expose())
}

fn personal(text: Cow<'_, str>) -> Option<Personal<String>> {
    Some(Personal::new(text.into_owned()))
}

fn stored_address(address: &Address) -> StoredAddress<'_> {
    StoredAddress {
        line1: shown(&address.line1),
        line2: address.line2.as_ref().map(shown),
        city: shown(&address.city),
        state: Cow::Borrowed(address.state.code()),
        post: shown(&address.postal_code),
        country: Cow::Owned(address.country.code()),
    }
}

fn address_input(stored: StoredAddress<'_>) -> AddressInput {
    AddressInput {
        line1: personal(stored.line1),
        line2: stored.line2.and_then(personal),
        city: personal(stored.city),
        state: Some(stored.state.into_owned()),
        postal_code: personal(stored.post),
        country: Some(stored.country.into_owned()),
    }
}

//! What the payer need not type again. It is comfort: what does not fit into WePay's lengths is left out, for a page that is
//! half filled is better than a payment that is refused (questions 21 and 22).

use lendport_core::{Address, Customer};

use crate::dialect::{ApiVersion, PrefilledAddress};
use crate::text::Text;
use crate::wire::{AddressBody, Prefill, PrefillAddress};

/// Who pays and where that person lives, in the form of the API version.
pub(crate) fn of(customer: &Customer, billing: &Address, version: ApiVersion) -> Prefill {
    let name = format!("{} {}", customer.first_name.expose(), customer.last_name.expose());
    let person = Prefill {
        name: Text::new(name),
        email: Text::new(customer.email.expose().clone()),
        phone_number: customer.phone.as_ref().and_then(|phone| Text::new(phone.expose().clone())),
        ..Prefill::default()
    };
    match version.prefilled_address() {
        PrefilledAddress::Unclear => person,
        PrefilledAddress::Flat => flat(person, billing),
        PrefilledAddress::Object => Prefill { address: whole(billing), ..person },
    }
}

fn flat(person: Prefill, billing: &Address) -> Prefill {
    let (region, code) = (billing.state.code(), billing.postal_code.expose());
    let of_the_us = billing.country.code() == "US";
    Prefill {
        address: Text::new(billing.street().expose().clone()).map(PrefillAddress::Street),
        city: Text::new(billing.city.expose().clone()),
        state: Text::new(region).filter(|_| of_the_us),
        region: Text::new(region).filter(|_| !of_the_us),
        zip: Text::new(code.clone()).filter(|_| of_the_us),
        postcode: Text::new(code.clone()).filter(|_| !of_the_us),
        country: Text::new(billing.country.code()),
        ..person
    }
}

/// Without its first line an address is no use.
fn whole(billing: &Address) -> Option<PrefillAddress> {
    let address1 = Text::new(billing.line1.expose().clone())?;
    Some(PrefillAddress::Whole(Box::new(AddressBody {
        address1: Some(address1),
        address2: billing.line2.as_ref().and_then(|line| Text::new(line.expose().clone())),
        city: Text::new(billing.city.expose().clone()),
        region: Text::new(billing.state.code()),
        postal_code: Text::new(billing.postal_code.expose().clone()),
        country: Text::new(billing.country.code()),
    })))
}

#[cfg(test)]
mod tests {
    use lendport_core::Personal;
    use lendport_testkit::{Sample, SeededIds};
    use serde_json::{Value, json};

    use super::*;

    fn shown(line1: &str, city: &str, version: &str) -> Value {
        let mut checkout = Sample::usa().checkout(&SeededIds::default());
        checkout.billing.line1 = Personal::new(line1.to_owned());
        checkout.billing.line2 = None;
        checkout.billing.city = Personal::new(city.to_owned());
        serde_json::to_value(of(&checkout.customer, &checkout.billing, ApiVersion::parse(version).unwrap())).unwrap()
    }

    #[test]
    fn the_longest_that_fits_is_sent_and_one_more_is_left_out() {
        let (line, city) = ("é".repeat(60), "ü".repeat(30));
        let flat = shown(&line, &city, "2015-11-18");
        assert_eq!((&flat["address"], &flat["city"], &flat["zip"]), (&json!(line), &json!(city), &json!("07740")));
        let whole = shown(&line, &city, "2019-04-03");
        assert_eq!((&whole["address"]["address1"], &whole["address"]["city"]), (&json!(line), &json!(city)));

        let (longer, further) = (format!("{line}a"), format!("{city}a"));
        let flat = shown(&longer, &further, "2015-11-18");
        assert!(flat.get("address").is_none() && flat.get("city").is_none(), "{flat}");
        assert_eq!((&flat["state"], &flat["country"]), (&json!("NJ"), &json!("US")));
        assert!(shown(&longer, &city, "2019-04-03").get("address").is_none());
        let whole = shown(&line, &further, "2019-04-03");
        assert!(whole["address"].get("city").is_none() && whole["address"]["postal_code"] == "07740", "{whole}");
    }

    #[test]
    fn a_name_that_is_too_long_is_left_out_and_the_rest_stays() {
        let mut checkout = Sample::usa().checkout(&SeededIds::default());
        checkout.customer.first_name = Personal::new("a".repeat(200));
        checkout.customer.last_name = Personal::new("b".repeat(200));
        let prefill = of(&checkout.customer, &checkout.billing, ApiVersion::DEFAULT);
        assert!(prefill.name.is_none() && prefill.email.is_some());
    }
}

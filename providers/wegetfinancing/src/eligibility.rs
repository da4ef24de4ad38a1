//! Country and currency, checked before any call with the provider's own words (`wegetfinancing.md` 4.5, Q9).

use lendport_core::{Address, Checkout, Country, Currency, Invalid, Pointer};

/// The first rule that does not hold: supported country, then mismatch, then pairing.
pub(crate) fn check(checkout: &Checkout) -> Result<(), Invalid> {
    let root = Pointer::root();
    let billing = checkout.billing.country;
    let Some(expected) = currency_of(billing) else {
        let at = root.child("billing_address").child("country");
        return Err(Invalid::one(&at, "unsupported_country", format!("Unsupported country: '{billing}'")));
    };
    let shipping = checkout.shipping.as_ref().map_or(billing, |address: &Address| address.country);
    if shipping != billing {
        let at = root.child("shipping_address").child("country");
        let detail = format!("Mismatched billing/shipping countries: {billing} vs {shipping}");
        return Err(Invalid::one(&at, "country_mismatch", detail));
    }
    let currency = checkout.cart.currency;
    if currency != expected {
        let detail = format!("Invalid country/currency pairing: {billing}/{currency}. Expected {billing}/{expected}.");
        return Err(Invalid::one(&root.child("currency"), "unsupported_currency", detail));
    }
    Ok(())
}

/// Both countries are funded in US dollars today.
fn currency_of(country: Country) -> Option<Currency> {
    match country {
        Country::Us | Country::Ca => Some(Currency::USD),
        Country::Other(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;
    use lendport_testkit::samples::{self, Sample};

    use super::*;

    fn refusal(sample: &Sample) -> Option<(String, String)> {
        let invalid = check(&sample.checkout(&SeededIds::default())).err()?;
        assert_eq!(invalid.0.len(), 1);
        invalid.0.into_iter().next().map(|error| (error.pointer, error.detail))
    }

    #[test]
    fn every_row_of_the_country_and_currency_table() {
        let mut usa_without_country = Sample::usa();
        usa_without_country.billing.country = None;
        assert_eq!(refusal(&usa_without_country), None);
        assert_eq!(refusal(&Sample::canada()), None);

        let cad = |sample: Sample| Sample { currency: Currency::CAD, ..sample };
        let mexico = samples::address("Calle 1", "Mexico City", "CDMX", "01000", "MX");
        let with_billing = Sample { billing: mexico.clone(), ..Sample::usa() };
        let both_wrong = cad(Sample { shipping: Some(Sample::usa().billing), ..with_billing.clone() });
        for (sample, pointer, detail) in [
            (cad(Sample::canada()), "/currency", "Invalid country/currency pairing: CA/CAD. Expected CA/USD."),
            (cad(Sample::usa()), "/currency", "Invalid country/currency pairing: US/CAD. Expected US/USD."),
            (with_billing, "/billing_address/country", "Unsupported country: 'MX'"),
            (both_wrong, "/billing_address/country", "Unsupported country: 'MX'"),
            (
                cad(Sample { shipping: Some(Sample::canada().billing), ..Sample::usa() }),
                "/shipping_address/country",
                "Mismatched billing/shipping countries: US vs CA",
            ),
            (
                Sample { shipping: Some(mexico), ..Sample::canada() },
                "/shipping_address/country",
                "Mismatched billing/shipping countries: CA vs MX",
            ),
        ] {
            assert_eq!(refusal(&sample), Some((pointer.to_owned(), detail.to_owned())));
        }
    }
}

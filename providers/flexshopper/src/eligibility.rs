//! Whether FlexShopper could take a checkout at all, before the customer is sent there (questions 13 and 17).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use lendport_core::{Checkout, Country, Currency, FieldError, Invalid, Money, Pointer, ProviderError};

use crate::account::Account;
use crate::config::ProviderConfig;
use crate::credential::KeyMark;
use crate::error::Refusal;
use crate::medusa::Medusa;
use crate::options::Options;
use crate::order::Order;

/// How long FlexShopper's own minimum is not asked for again after it could not be told.
const FAILED_FOR: SignedDuration = SignedDuration::from_secs(60);
/// Accounts whose minimum is remembered.
const REMEMBERED_MAX: usize = 10_000;

/// What can be said without a call: only in the US, only in dollars, not below the known minimum, and nothing that the plugin
/// cannot be told.
pub(crate) fn check(checkout: &Checkout, account: Account<'_>, config: &ProviderConfig) -> Result<(), Invalid> {
    let root = Pointer::root();
    let mut invalid = Invalid::none();
    let addresses = [("billing_address", Some(&checkout.billing)), ("shipping_address", checkout.shipping.as_ref())];
    for (name, address) in addresses {
        if address.is_some_and(|address| address.country != Country::Us) {
            invalid.note(
                &root.child(name).child("country"),
                "unsupported_country",
                "FlexShopper leases in the US only",
            );
        }
    }
    if checkout.cart.currency != Currency::USD {
        let detail = format!("FlexShopper leases in USD only, not in {}", checkout.cart.currency);
        invalid.note(&root.child("currency"), "unsupported_currency", detail);
    }
    if !checkout.cart.discount.is_zero() {
        let detail = "FlexShopper's plugin takes no discount on a whole cart; take it off the unit prices";
        invalid.note(&root.child("discount_amount"), "not_supported", detail);
    }
    invalid.keep(Options::of(checkout));
    if let Some(error) = too_small(asked(checkout, account), minimum(account, config)) {
        invalid.0.push(error);
    }
    invalid.finish()
}

/// The larger of the account's own minimum and the configured one: what is known without asking FlexShopper.
pub(crate) fn minimum(account: Account<'_>, config: &ProviderConfig) -> Money {
    let own = account.minimum_order().ok().flatten();
    own.and_then(|own| larger(own, config.minimum_order())).unwrap_or(config.minimum_order())
}

/// What FlexShopper is asked to finance: goods and shipping, without tax unless the account sends prices with it (question 11).
pub(crate) fn asked(checkout: &Checkout, account: Account<'_>) -> Money {
    let asked = Order::of(checkout, account).ok().and_then(|order| order.asked().ok());
    asked.unwrap_or(checkout.cart.total)
}

/// The refusal of an order below a minimum: what FlexShopper sees of it counts, and not the cart with its tax.
pub(crate) fn too_small(asked: Money, minimum: Money) -> Option<FieldError> {
    let fits = asked.currency() != minimum.currency() || asked.covers(minimum);
    let at = Pointer::root().child("items");
    (!fits).then(|| FieldError::new(&at, "too_small", format!("FlexShopper takes orders from {minimum} dollars on")))
}

fn larger(one: Money, other: Money) -> Option<Money> {
    if one.currency() != other.currency() {
        return None;
    }
    Some(if one.covers(other) { one } else { other })
}

/// FlexShopper's own minimum for each account, remembered so that no customer waits for it twice. Clones share it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Minimums(Arc<Mutex<BTreeMap<KeyMark, Remembered>>>);

#[derive(Clone, Copy, Debug)]
struct Remembered {
    minimum: Option<Money>,
    until: Timestamp,
}

impl Minimums {
    /// The minimum of this account, where FlexShopper says one. A key that nobody knows is an error; whatever else goes wrong,
    /// a key that may not read the settings included, leaves the configured minimum (question 13).
    pub(crate) async fn of(&self, to: &Medusa<'_>, cache_s: u32) -> Result<Option<Money>, ProviderError> {
        let now = to.ctx.now;
        if let Some(known) = self.known(to.mark(), now) {
            return Ok(known);
        }
        let (minimum, lasts) = match to.minimum_order().await {
            Ok(said) => (said.and_then(|said| said.money().ok()), SignedDuration::from_secs(i64::from(cache_s))),
            Err(failed) if failed.refusal == Some(Refusal::Unauthorized) && failed.error.http_status == Some(401) => {
                return Err(failed.error);
            }
            Err(_) => (None, FAILED_FOR),
        };
        let until = now.saturating_add(lasts).unwrap_or(now);
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(to.mark(), Remembered { minimum, until });
        Ok(minimum)
    }

    fn known(&self, mark: KeyMark, now: Timestamp) -> Option<Option<Money>> {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.get(&mark).filter(|known| now < known.until).map(|known| known.minimum)
    }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};

    use super::*;

    fn refused(sample: &Sample, account: &[(&str, &str)]) -> Vec<(String, String)> {
        let settings = samples::account(account);
        let checkout = sample.checkout(&SeededIds::default());
        let config = ProviderConfig::default();
        let refused = check(&checkout, Account(&settings), &config).err().unwrap_or_default();
        refused.0.into_iter().map(|error| (error.pointer, error.code)).collect()
    }

    #[test]
    fn only_the_us_only_dollars_and_nothing_that_cannot_be_told() {
        let found = |pointer: &str, code: &str| (pointer.to_owned(), code.to_owned());
        assert_eq!(refused(&Sample::usa(), &[]), []);
        assert_eq!(refused(&Sample::canada(), &[]), [found("/billing_address/country", "unsupported_country")]);
        let abroad = Sample { shipping: Some(Sample::canada().billing), currency: Currency::CAD, ..Sample::usa() };
        let expected =
            [found("/shipping_address/country", "unsupported_country"), found("/currency", "unsupported_currency")];
        assert_eq!(refused(&abroad, &[]), expected);
        let mut reduced = Sample::usa();
        reduced.cart.discount = lendport_core::parse_decimal("5").ok();
        assert_eq!(refused(&reduced, &[]), [found("/discount_amount", "not_supported")]);
    }

    #[test]
    fn the_larger_minimum_counts_to_the_cent() {
        let of_price = |price: &str| {
            let mut sample = Sample::usa();
            sample.cart.items = vec![samples::item(None, "Cable", 1, price, "0")];
            sample.cart.shipping = None;
            sample
        };
        let too_small = [("/items".to_owned(), "too_small".to_owned())];
        assert_eq!(refused(&of_price("49.94"), &[]), too_small);
        assert_eq!(refused(&of_price("49.95"), &[]), []);
        assert_eq!(refused(&of_price("499.99"), &[("minimum_order", "500.00")]), too_small);
        assert_eq!(refused(&of_price("49.94"), &[("minimum_order", "1")]), too_small);
        // 52.00, of which 2.06 are tax: FlexShopper is asked for 49.94.
        let mut taxed = of_price("52.00");
        taxed.cart.items = vec![samples::item(None, "Cable", 1, "52.00", "2.06")];
        assert_eq!(refused(&taxed, &[]), too_small);
        assert_eq!(refused(&taxed, &[("item_cost_includes_tax", "true")]), []);
    }
}

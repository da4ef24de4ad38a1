//! Whether a financer can serve a checkout, as far as that can be said without asking it, and everything that is in the way.

use serde::{Deserialize, Serialize};

use crate::checkout::Checkout;
use crate::invalid::{FieldError, Invalid, Pointer};
use crate::money::Money;
use crate::product::Product;
use crate::provider::Descriptor;

/// What would have been within bounds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitFacts {
    /// Smallest total, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min: Option<String>,
    /// Largest total, a decimal string.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max: Option<String>,
    /// Currency of the totals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub currency: Option<String>,
    /// The values that are served.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub one_of: Vec<String>,
}

/// One thing that is in the way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exclusion {
    /// Stable word for programs, such as `unsupported_country`.
    pub code: String,
    /// JSON Pointer into the caller's body; none where it is about the financer alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    /// A sentence. Never repeats a person's data.
    pub detail: String,
    /// What would have been within bounds, where that is a list or an amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<LimitFacts>,
}

impl Exclusion {
    /// Something about the financer, not about the request.
    pub fn of_provider(code: &str, detail: impl Into<String>) -> Self {
        Self { code: code.to_owned(), pointer: None, detail: detail.into(), limit: None }
    }

    /// Something in the request.
    pub fn at(at: &Pointer, code: &str, detail: impl Into<String>, limit: LimitFacts) -> Self {
        let limit = Some(limit).filter(|limit| *limit != LimitFacts::default());
        Self { code: code.to_owned(), pointer: Some(at.as_str().to_owned()), detail: detail.into(), limit }
    }
}

impl From<FieldError> for Exclusion {
    fn from(error: FieldError) -> Self {
        Self { code: error.code, pointer: Some(error.pointer), detail: error.detail, limit: None }
    }
}

/// Totals that a financer takes, where they are known. A bound in another currency than the cart's says nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AmountLimits {
    /// From this on.
    pub min: Option<Money>,
    /// Up to this.
    pub max: Option<Money>,
}

impl AmountLimits {
    /// What is in the way of a total.
    pub fn judge(self, total: Money) -> Option<Exclusion> {
        let same = |bound: &Money| bound.currency() == total.currency();
        let (min, max) = (self.min.filter(same), self.max.filter(same));
        let small = min.is_some_and(|min| !total.covers(min));
        let large = max.is_some_and(|max| !max.covers(total));
        let (code, detail) = match (small, large) {
            (true, _) => ("too_small", format!("takes totals from {} on", min.unwrap_or(total))),
            (_, true) => ("too_large", format!("takes totals up to {}", max.unwrap_or(total))),
            _ => return None,
        };
        let limit = LimitFacts {
            min: min.map(|min| min.to_string()),
            max: max.map(|max| max.to_string()),
            currency: Some(total.currency().code().to_owned()),
            one_of: Vec::new(),
        };
        Some(Exclusion::at(&Pointer::root().child("items"), code, detail, limit))
    }
}

/// Judges a checkout by what a financer says of itself, its limits, and what its adapter found ([`check`]). Empty where it
/// can be served.
///
/// [`check`]: crate::FinancingProvider::check
pub fn judge(
    descriptor: &Descriptor,
    limits: AmountLimits,
    checkout: &Checkout,
    product: Option<Product>,
    checked: Result<(), Invalid>,
) -> Vec<Exclusion> {
    let root = Pointer::root();
    let mut found = Vec::new();
    let country = checkout.billing.country.code();
    let one_of = |values: &mut dyn Iterator<Item = &'static str>| {
        let mut known: Vec<String> = Vec::new();
        for value in values {
            if !known.iter().any(|one| one == value) {
                known.push(value.to_owned());
            }
        }
        LimitFacts { one_of: known, ..LimitFacts::default() }
    };
    if !descriptor.markets.iter().any(|market| market.country == country) {
        let at = root.child("billing_address").child("country");
        let served = one_of(&mut descriptor.markets.iter().map(|market| market.country));
        found.push(Exclusion::at(&at, "unsupported_country", format!("does not fund in {country}"), served));
    }
    let currency = checkout.cart.currency.code();
    if !descriptor.markets.iter().any(|market| market.currency == currency) {
        let served = one_of(&mut descriptor.markets.iter().map(|market| market.currency));
        let at = root.child("currency");
        found.push(Exclusion::at(&at, "unsupported_currency", format!("does not fund in {currency}"), served));
    }
    if let Some(wanted) = product.filter(|wanted| wanted.as_str() != descriptor.product) {
        let detail = format!("offers {}, not {}", descriptor.product, wanted.as_str());
        let served = one_of(&mut [descriptor.product].into_iter());
        found.push(Exclusion::at(&root.child("product_type"), "other_product", detail, served));
    }
    found.extend(limits.judge(checkout.cart.total));
    for error in checked.err().into_iter().flat_map(|invalid| invalid.0) {
        let same = |known: &Exclusion| known.code == error.code && known.pointer.as_deref() == Some(&error.pointer);
        match found.iter_mut().find(|known| same(known)) {
            // The adapter's sentence is the financer's own.
            Some(known) => known.detail = error.detail,
            None => found.push(error.into()),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    fn usd(text: &str) -> Option<Money> {
        Money::parse(text, Currency::USD).ok()
    }

    #[test]
    fn totals_are_judged_to_the_cent_and_in_their_currency() {
        let limits = AmountLimits { min: usd("49.95"), max: usd("5000") };
        let code = |text: &str| limits.judge(usd(text).unwrap()).map(|found| found.code);
        assert_eq!(
            [code("49.94"), code("49.95"), code("5000.00"), code("5000.01")],
            [Some("too_small".to_owned()), None, None, Some("too_large".to_owned())]
        );
        assert_eq!(limits.judge(Money::parse("1", Currency::CAD).unwrap()), None);
        let limit = limits.judge(usd("1").unwrap()).unwrap().limit.unwrap();
        assert_eq!((limit.min.as_deref(), limit.currency.as_deref()), (Some("49.95"), Some("USD")));
    }
}

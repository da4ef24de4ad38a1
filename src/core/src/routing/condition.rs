//! The conditions of a rule, checked and ready to be asked of many carts.

use std::collections::{BTreeMap, BTreeSet};

use rust_decimal::Decimal;

use super::router::{Case, Facts};
use super::window::Window;
use crate::country::Country;
use crate::money::Currency;
use crate::product::Product;

/// Conditions that all have to hold; an empty list asks for nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Condition {
    pub(super) amount: Option<Amount>,
    pub(super) currencies: BTreeSet<Currency>,
    pub(super) countries: BTreeSet<Country>,
    /// By their codes.
    pub(super) states: BTreeMap<Country, BTreeSet<String>>,
    pub(super) categories: BTreeSet<String>,
    pub(super) skus: BTreeSet<String>,
    pub(super) metadata: BTreeMap<String, BTreeSet<String>>,
    pub(super) products: Vec<Product>,
    pub(super) windows: Vec<Window>,
    /// From this place of the customers up to that one.
    pub(super) customers: Option<(u32, u32)>,
}

/// A range of totals, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) currency: Currency,
    pub(super) min: Option<Decimal>,
    pub(super) max: Option<Decimal>,
}

impl Amount {
    fn holds(self, currency: Currency, total: Decimal) -> bool {
        currency == self.currency && self.min.is_none_or(|min| total >= min) && self.max.is_none_or(|max| total <= max)
    }

    /// True where everything inside the other is inside this.
    pub(super) fn covers(self, other: Self) -> bool {
        let min = self.min.is_none_or(|min| other.min.is_some_and(|other| other >= min));
        let max = self.max.is_none_or(|max| other.max.is_some_and(|other| other <= max));
        self.currency == other.currency && min && max
    }
}

impl Condition {
    /// Whether a cart fits. What costs least is asked first.
    pub(super) fn holds(&self, case: &Case<'_>, facts: &Facts<'_>) -> bool {
        let cart = case.cart;
        self.amount.is_none_or(|range| range.holds(cart.currency, cart.total.amount()))
            && (self.currencies.is_empty() || self.currencies.contains(&cart.currency))
            && (self.countries.is_empty() || self.countries.contains(&case.country))
            && (self.states.is_empty() || self.states.get(&case.country).is_some_and(|own| own.contains(case.state)))
            && (self.products.is_empty() || case.product.is_some_and(|product| self.products.contains(&product)))
            && self.metadata.iter().all(|(key, values)| fits_note(case, key, values))
            && (self.categories.is_empty() || any_of(&self.categories, cart.lines.iter().map(|line| &line.category)))
            && (self.skus.is_empty() || any_of(&self.skus, cart.lines.iter().map(|line| &line.sku)))
            && (self.windows.is_empty() || self.windows.iter().any(|window| window.holds(&facts.moment)))
            && self
                .customers
                .is_none_or(|(from, below)| facts.place().is_some_and(|place| (from..below).contains(&place)))
    }
}

/// Values of a rule have no blanks around them; what a merchant notes is kept as it was sent.
fn fits_note(case: &Case<'_>, key: &str, values: &BTreeSet<String>) -> bool {
    case.metadata.get(key).is_some_and(|note| values.contains(note.trim()))
}

fn any_of<'l>(wanted: &BTreeSet<String>, mut texts: impl Iterator<Item = &'l Option<String>>) -> bool {
    texts.any(|text| text.as_ref().is_some_and(|text| wanted.contains(text)))
}

//! Rules that no cart reaches, because an earlier one takes every cart that they would fit.

use std::collections::BTreeSet;

use super::condition::Condition;
use super::router::Compiled;
use crate::invalid::{FieldError, Pointer};

/// Rules that an earlier one leaves nothing for. Asks for every pair of rules, so that what a merchant may name many of is
/// compared last, and all of it as sets.
pub(super) fn unreachable(rules: &[Compiled], at: &Pointer) -> Vec<FieldError> {
    let mut warnings = Vec::new();
    for (position, rule) in rules.iter().enumerate() {
        let covering = rules.iter().take(position).find(|earlier| covers(&earlier.condition, &rule.condition));
        if let Some(earlier) = covering {
            let detail = format!("no cart comes here: all that fit are taken by \"{}\" before", earlier.name);
            warnings.push(FieldError::new(&at.index(position), "unreachable_rule", detail));
        }
    }
    warnings
}

/// True where every cart that fits the other fits this as well. Says no where that cannot be seen from the lists alone.
fn covers(this: &Condition, other: &Condition) -> bool {
    let amount = match (this.amount, other.amount) {
        (None, _) => true,
        (Some(this), Some(other)) => this.covers(other),
        (Some(_), None) => false,
    };
    let customers = match (this.customers, other.customers) {
        (None, _) => true,
        (Some((from, below)), Some((other_from, other_below))) => from <= other_from && other_below <= below,
        (Some(_), None) => false,
    };
    amount
        && customers
        && list(&this.products, &other.products)
        && list(&this.windows, &other.windows)
        && set(&this.currencies, &other.currencies)
        && set(&this.countries, &other.countries)
        && states(this, other)
        && set(&this.categories, &other.categories)
        && set(&this.skus, &other.skus)
        && this.metadata.iter().all(|(key, values)| other.metadata.get(key).is_some_and(|one| one.is_subset(values)))
}

fn states(this: &Condition, other: &Condition) -> bool {
    let named = |country, states: &BTreeSet<String>| this.states.get(country).is_some_and(|own| states.is_subset(own));
    this.states.is_empty()
        || !other.states.is_empty() && other.states.iter().all(|(country, states)| named(country, states))
}

fn list<T: PartialEq>(this: &[T], other: &[T]) -> bool {
    this.is_empty() || !other.is_empty() && other.iter().all(|one| this.contains(one))
}

fn set<T: Ord>(this: &BTreeSet<T>, other: &BTreeSet<T>) -> bool {
    this.is_empty() || !other.is_empty() && other.is_subset(this)
}

//! A compiled profile, and what it decides about a cart.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::condition::Condition;
use super::profile::Policies;
use super::share::bucket;
use super::window::Moment;
use crate::cart::Cart;
use crate::checkout::Checkout;
use crate::country::Country;
use crate::id::{MerchantId, ProviderId};
use crate::product::Product;

/// What is decided on.
#[derive(Clone, Copy, Debug)]
pub struct Case<'c> {
    /// Whose customer it is.
    pub merchant: MerchantId,
    /// What is bought.
    pub cart: &'c Cart,
    /// Country of the billing address.
    pub country: Country,
    /// State or province of the billing address, its code in the US and Canada.
    pub state: &'c str,
    /// The merchant's notes.
    pub metadata: &'c BTreeMap<String, String>,
    /// The kind of financing that is asked for.
    pub product: Option<Product>,
    /// What the customer is known by: [`customer_key`](super::customer_key).
    pub customer: Option<&'c str>,
    /// When.
    pub at: Timestamp,
}

impl<'c> Case<'c> {
    /// The case of a checkout when it was created.
    pub fn of(checkout: &'c Checkout, customer: Option<&'c str>) -> Self {
        Self {
            merchant: checkout.merchant,
            cart: &checkout.cart,
            country: checkout.billing.country,
            state: checkout.billing.state.code(),
            metadata: &checkout.metadata,
            product: checkout.route.product_type,
            customer,
            at: checkout.created_at,
        }
    }
}

/// What is worked out of a case once, and only where a rule asks for it.
pub(super) struct Facts<'c> {
    pub(super) moment: Moment<'c>,
    merchant: MerchantId,
    customer: Option<&'c str>,
    place: OnceCell<Option<u32>>,
}

impl Facts<'_> {
    /// The customer's place among all customers, the same for every rule.
    pub(super) fn place(&self) -> Option<u32> {
        *self.place.get_or_init(|| Some(bucket(&["customers"], self.merchant, self.customer?)))
    }
}

/// A compiled rule.
#[derive(Clone, Debug)]
pub(super) struct Compiled {
    pub(super) name: String,
    pub(super) condition: Condition,
    pub(super) target: Target,
}

/// The number before which a share ends, and who is tried there.
pub(super) type Share = (u32, Vec<ProviderId>);

/// Who is tried.
#[derive(Clone, Debug)]
pub(super) enum Target {
    /// The same for everybody.
    One(Vec<ProviderId>),
    /// By the customer's place: each share ends before its number.
    Split(Vec<Share>),
}

/// A profile that was checked.
#[derive(Clone, Debug)]
pub struct Router {
    pub(super) rules: Vec<Compiled>,
    pub(super) cascade: Vec<ProviderId>,
    pub(super) policies: Policies,
    pub(super) zones: Vec<TimeZone>,
}

/// What a profile says of a cart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision<'r> {
    /// The rule that fits; none where the profile's own order counts.
    pub rule: Option<&'r str>,
    /// Which share of its split, from 0.
    pub arm: Option<usize>,
    /// In the order in which they are tried; empty where the profile says nothing.
    pub providers: &'r [ProviderId],
}

impl<'r> Decision<'r> {
    /// What a route says of it: the rule's name, or `cascade`.
    pub fn word(&self) -> &'r str {
        self.rule.unwrap_or("cascade")
    }
}

impl Router {
    /// Who is tried for a cart. The same case is decided the same way by every process.
    pub fn decide(&self, case: &Case<'_>) -> Decision<'_> {
        let facts = Facts {
            moment: Moment::new(case.at, &self.zones),
            merchant: case.merchant,
            customer: case.customer,
            place: OnceCell::new(),
        };
        let Some(rule) = self.rules.iter().find(|rule| rule.condition.holds(case, &facts)) else {
            return Decision { rule: None, arm: None, providers: &self.cascade };
        };
        let (arm, providers): (_, &[ProviderId]) = match &rule.target {
            Target::One(providers) => (None, providers),
            Target::Split(arms) => match share_of(arms, &rule.name, case) {
                Some((arm, providers)) => (Some(arm), providers),
                None => (None, &[]),
            },
        };
        Decision { rule: Some(&rule.name), arm, providers }
    }

    /// How a checkout goes on after a financer that did not finance it.
    pub fn policies(&self) -> Policies {
        self.policies
    }

    /// Every financer that the profile names, each once, those of the cascade order first.
    pub fn providers(&self) -> Vec<&ProviderId> {
        let of_rules = self.rules.iter().flat_map(|rule| match &rule.target {
            Target::One(providers) => providers.iter().collect::<Vec<_>>(),
            Target::Split(arms) => arms.iter().flat_map(|(_, providers)| providers).collect(),
        });
        let mut named: Vec<&ProviderId> = Vec::new();
        for provider in self.cascade.iter().chain(of_rules) {
            if !named.contains(&provider) {
                named.push(provider);
            }
        }
        named
    }

    /// True where the decision depends on who the customer is.
    pub fn asks_for_customer(&self) -> bool {
        self.rules.iter().any(|rule| rule.condition.customers.is_some() || matches!(rule.target, Target::Split(_)))
    }
}

/// The share of a customer; of one who is not known, the largest.
fn share_of<'a>(arms: &'a [Share], rule: &str, case: &Case<'_>) -> Option<(usize, &'a [ProviderId])> {
    let place = case.customer.map(|customer| bucket(&["split", rule], case.merchant, customer));
    let found = match place {
        Some(place) => arms.iter().enumerate().find(|(_, (end, _))| place < *end),
        None => largest(arms),
    };
    found.map(|(arm, (_, providers))| (arm, providers.as_slice()))
}

/// The largest share, the first one of several that are as large.
fn largest(arms: &[Share]) -> Option<(usize, &Share)> {
    let mut best: Option<(u32, usize, &Share)> = None;
    let mut start = 0;
    for (position, arm) in arms.iter().enumerate() {
        let size = arm.0.saturating_sub(start);
        start = arm.0;
        if best.is_none_or(|(known, ..)| size > known) {
            best = Some((size, position, arm));
        }
    }
    best.map(|(_, position, arm)| (position, arm))
}

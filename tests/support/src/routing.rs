//! Random carts and large routing profiles, the same for the same seed.

#![expect(clippy::unwrap_used, reason = "what is made here is valid, or the test that asked for it fails")]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use lendport_core::routing::{AmountRange, Arm, Case, CustomerShare, Profile, Rule, Then, TimeWindow, When};
use lendport_core::{
    Cart, CartInput, Country, Currency, LineId, LineInput, MerchantId, Money, Pointer, Product, ProviderId,
};

use crate::clock::START;

/// The financers of the profiles.
pub const PROVIDERS: [&str; 4] = ["alpha", "beta", "gamma", "delta"];
const STATES: [(&str, &str); 10] = [
    ("US", "NJ"),
    ("US", "NY"),
    ("US", "CA"),
    ("US", "TX"),
    ("US", "FL"),
    ("US", "WA"),
    ("CA", "ON"),
    ("CA", "QC"),
    ("CA", "BC"),
    ("CA", "AB"),
];
const ZONES: [&str; 3] = ["America/New_York", "America/Los_Angeles", "America/Toronto"];

/// Numbers that are spread well enough for carts (xorshift64*).
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// A sequence of its own for every seed.
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    /// A number below `end`, which is more than zero.
    pub fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) % end
    }

    /// One of these.
    pub fn one_of<T: Copy>(&mut self, of: &[T]) -> T {
        let position = usize::try_from(self.below(u64::try_from(of.len()).unwrap())).unwrap();
        *of.get(position).unwrap()
    }
}

/// A cart and all that is decided on beside it.
#[derive(Clone, Debug)]
pub struct RandomCase {
    merchant: MerchantId,
    cart: Cart,
    country: Country,
    state: &'static str,
    metadata: BTreeMap<String, String>,
    product: Option<Product>,
    customer: Option<String>,
    at: Timestamp,
}

impl RandomCase {
    /// As it is handed to a router.
    pub fn case(&self) -> Case<'_> {
        Case {
            merchant: self.merchant,
            cart: &self.cart,
            country: self.country,
            state: self.state,
            metadata: &self.metadata,
            product: self.product,
            customer: self.customer.as_deref(),
            at: self.at,
        }
    }
}

/// A random cart of a merchant's customer with this number.
pub fn case(dice: &mut Dice, merchant: MerchantId, customer: u64) -> RandomCase {
    let (country, state) = dice.one_of(&STATES);
    let currency = if country == "CA" && dice.below(2) == 0 { Currency::CAD } else { Currency::USD };
    let lines = 1 + dice.below(3);
    let items = (0..lines).map(|_| {
        let price = Money::from_minor(1 + dice.below(300_000), currency).unwrap().amount();
        LineInput {
            sku: Some(format!("SKU-{}", dice.below(2_000))),
            name: Some("thing".to_owned()),
            quantity: Some(1),
            unit_price: Some(price),
            category: Some(format!("category-{}", dice.below(40))),
            ..LineInput::default()
        }
    });
    let input = CartInput { items: items.collect(), tax_inclusive: true, shipping: None, discount: None };
    let cart = Cart::new(&input, currency, &Pointer::root(), &mut || LineId::of_bytes([1; 16])).unwrap();
    let channel = dice.one_of(&["web", "app", "store"]);
    let minutes = i64::try_from(dice.below(365 * 24 * 60)).unwrap();
    RandomCase {
        merchant,
        cart,
        country: Country::parse(country).unwrap(),
        state,
        metadata: BTreeMap::from([("channel".to_owned(), channel.to_owned())]),
        product: dice.one_of(&[None, None, Some(Product::Loan), Some(Product::LeaseToOwn)]),
        customer: Some(format!("customer{customer}@example.com")),
        at: START.checked_add(SignedDuration::from_mins(minutes)).unwrap(),
    }
}

/// A profile with so many rules, of which every condition is used by some; the last one fits every cart and splits it.
pub fn profile(rules: usize, dice: &mut Dice) -> Profile {
    let order = |dice: &mut Dice| {
        let (first, second) = (dice.one_of(&PROVIDERS), dice.one_of(&PROVIDERS));
        let mut order = vec![first.to_owned()];
        order.extend(Some(second.to_owned()).filter(|second| second != first));
        order
    };
    let mut all: Vec<Rule> = (1..rules)
        .map(|number| {
            let when = when(number, dice);
            let then = if number % 10 == 0 {
                let split = [(30, "alpha"), (70, "beta")]
                    .map(|(weight, name)| Arm { weight, providers: vec![name.to_owned()] });
                Then { split: split.to_vec(), ..Then::default() }
            } else {
                Then { providers: order(dice), ..Then::default() }
            };
            Rule { name: format!("rule {number}"), when, then }
        })
        .collect();
    let split = [("alpha", 50), ("beta", 30), ("gamma", 15), ("delta", 5)];
    let split = split.map(|(name, weight)| Arm { weight, providers: vec![name.to_owned()] }).to_vec();
    all.push(Rule { name: "everybody".to_owned(), when: When::default(), then: Then { split, ..Then::default() } });
    Profile { rules: all, cascade: PROVIDERS.map(str::to_owned).to_vec(), ..Profile::default() }
}

/// Narrow conditions, so that many rules are asked before one fits.
fn when(number: usize, dice: &mut Dice) -> When {
    let (country, state) = dice.one_of(&STATES);
    let state = format!("{country}-{state}");
    let cents = dice.below(500_000);
    let money = |cents: u64| Money::from_minor(cents, Currency::USD).unwrap().to_string();
    let narrow = AmountRange {
        currency: "USD".to_owned(),
        min: Some(money(cents)),
        max: Some(money(cents + 1 + dice.below(4_000))),
    };
    let base = When { state: vec![state], amount: Some(narrow), ..When::default() };
    match number % 8 {
        0 => base,
        1 => When { sku: (0..20).map(|one| format!("SKU-{}", dice.below(40) * 50 + one)).collect(), ..base },
        2 => When { category: vec![format!("category-{}", dice.below(40))], ..base },
        3 => When { metadata: BTreeMap::from([("channel".to_owned(), vec!["app".to_owned()])]), ..base },
        4 => When { product_type: vec!["lease_to_own".to_owned()], ..base },
        5 => {
            let zone = dice.one_of(&ZONES).to_owned();
            let hours = TimeWindow {
                zone,
                days: vec!["sat".to_owned(), "sun".to_owned()],
                from: Some("20:00".to_owned()),
                to: Some("06:00".to_owned()),
                ..TimeWindow::default()
            };
            When { time: vec![hours], amount: None, ..base }
        }
        6 => {
            let from = u32::try_from(dice.below(95)).unwrap();
            When { customers: Some(CustomerShare { from, below: from + 2 }), amount: None, ..base }
        }
        _ => When { sku: vec![format!("SKU-{}", dice.below(2_000))], ..When::default() },
    }
}

/// The financers of the profiles as ids.
pub fn providers() -> Vec<ProviderId> {
    PROVIDERS.iter().filter_map(|name| ProviderId::parse(name)).collect()
}

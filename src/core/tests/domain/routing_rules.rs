//! What a routing profile decides: each condition, the order of the rules, and the shares of a split.

use std::collections::BTreeMap;

use lendport_core::routing::{Case, Decision, Profile, Router, check, customer_key};
use lendport_core::{
    Cart, CartInput, Country, Currency, LineId, LineInput, MerchantId, Pointer, Product, ProviderId, parse_decimal,
};
use serde_json::{Value, json};

struct Asked {
    cart: Cart,
    country: &'static str,
    state: &'static str,
    metadata: BTreeMap<String, String>,
    product: Option<Product>,
    customer: Option<&'static str>,
    at: &'static str,
}

impl Asked {
    /// A television for 500.00 USD in New Jersey, on a Monday at noon in New York.
    fn new() -> Self {
        Self {
            cart: cart("500.00", Currency::USD),
            country: "US",
            state: "NJ",
            // A merchant's notes are kept as they are sent.
            metadata: BTreeMap::from([("channel".to_owned(), "web ".to_owned())]),
            product: None,
            customer: Some("e-mail john@example.com"),
            at: "2026-06-15T16:00:00Z",
        }
    }

    fn case(&self) -> Case<'_> {
        Case {
            merchant: MerchantId::of_bytes([7; 16]),
            cart: &self.cart,
            country: Country::parse(self.country).unwrap(),
            state: self.state,
            metadata: &self.metadata,
            product: self.product,
            customer: self.customer,
            at: self.at.parse().unwrap(),
        }
    }
}

fn cart(total: &str, currency: Currency) -> Cart {
    let line = |sku: &str, category: Option<&str>, price: &str| LineInput {
        sku: Some(sku.to_owned()),
        name: Some("TV".to_owned()),
        quantity: Some(1),
        unit_price: parse_decimal(price).ok(),
        category: category.map(str::to_owned),
        ..LineInput::default()
    };
    let items = vec![line("CABLE", None, "0"), line("TV-1", Some("electronics"), total)];
    let input = CartInput { items, tax_inclusive: true, shipping: None, discount: None };
    Cart::new(&input, currency, &Pointer::root(), &mut || LineId::of_bytes([1; 16])).unwrap()
}

fn router(profile: Value) -> Router {
    let profile: Profile = serde_json::from_value(profile).unwrap();
    check(&profile, None, &Pointer::root()).unwrap().router
}

/// Whether a rule with these conditions decides.
fn fits(when: Value, asked: &Asked) -> bool {
    let router = router(json!({ "rules": [{ "name": "it", "when": when, "then": { "providers": ["alpha"] } }] }));
    router.decide(&asked.case()).rule == Some("it")
}

fn names(decision: Decision<'_>) -> Vec<&str> {
    decision.providers.iter().map(ProviderId::as_str).collect()
}

#[test]
fn each_condition_holds_where_it_should_and_nowhere_else() {
    let asked = Asked::new();
    for (holds, fails) in [
        (
            json!({ "amount": { "currency": "USD", "min": "500.00" } }),
            json!({ "amount": { "currency": "USD", "min": "500.01" } }),
        ),
        (
            json!({ "amount": { "currency": "usd", "max": "500" } }),
            json!({ "amount": { "currency": "USD", "max": "499.99" } }),
        ),
        (
            json!({ "amount": { "currency": "USD", "min": "1" } }),
            json!({ "amount": { "currency": "CAD", "min": "1" } }),
        ),
        (json!({ "currency": ["CAD", "USD"] }), json!({ "currency": ["CAD"] })),
        (json!({ "country": ["us"] }), json!({ "country": ["CA", "MX"] })),
        (json!({ "state": ["US-NY", "US-NJ"] }), json!({ "state": ["US-NY", "CA-ON"] })),
        (json!({ "category": ["electronics"] }), json!({ "category": ["Electronics"] })),
        (json!({ "sku": ["TV-2", "TV-1"] }), json!({ "sku": ["TV-2"] })),
        (json!({ "metadata": { "channel": ["app", "web"] } }), json!({ "metadata": { "channel": ["app"] } })),
        (json!({ "metadata": { "channel": ["web"] } }), json!({ "metadata": { "channel": ["web"], "shop": ["2"] } })),
        (
            json!({ "time": [{ "zone": "America/New_York", "days": ["mon"], "from": "12:00", "to": "12:01" }] }),
            json!({ "time": [{ "zone": "America/Los_Angeles", "days": ["mon"], "from": "12:00", "to": "12:01" }] }),
        ),
        (
            json!({ "time": [{ "zone": "UTC", "starts_at": "2026-06-15T16:00:00Z" }] }),
            json!({ "time": [{ "zone": "UTC", "ends_at": "2026-06-15T16:00:00Z" }] }),
        ),
        (json!({ "customers": { "from": 0, "below": 100 } }), json!({ "country": ["US"], "sku": ["none"] })),
    ] {
        assert!(fits(holds.clone(), &asked), "{holds}");
        assert!(!fits(fails.clone(), &asked), "{fails}");
    }
}

#[test]
fn a_state_is_one_of_its_country() {
    let ontario = Asked { country: "CA", state: "ON", ..Asked::new() };
    assert!(fits(json!({ "state": ["CA-ON"] }), &ontario));
    // California is not Canada.
    let california = Asked { state: "CA", ..Asked::new() };
    assert!(!fits(json!({ "country": ["CA"] }), &california));
    assert!(fits(json!({ "state": ["US-California"] }), &california));
}

#[test]
fn a_kind_of_financing_counts_only_where_it_is_asked_for() {
    let loan = json!({ "product_type": ["loan"] });
    assert!(!fits(loan.clone(), &Asked::new()));
    assert!(fits(loan.clone(), &Asked { product: Some(Product::Loan), ..Asked::new() }));
    assert!(!fits(loan, &Asked { product: Some(Product::LeaseToOwn), ..Asked::new() }));
}

#[test]
fn the_first_rule_that_fits_decides_and_else_the_cascade() {
    let router = router(json!({
        "rules": [
            { "name": "large", "when": { "amount": { "currency": "USD", "min": "1000.00" } }, "then": { "providers": ["alpha"] } },
            { "name": "jersey", "when": { "state": ["US-NJ"] }, "then": { "providers": ["beta", "alpha"] } },
            { "name": "web", "when": { "metadata": { "channel": ["web"] } }, "then": { "providers": ["gamma"] } },
        ],
        "cascade": ["delta", "alpha"],
        "policies": { "after_decline": "automatic" },
    }));
    let asked = Asked::new();
    let decided = router.decide(&asked.case());
    assert_eq!((decided.word(), names(decided)), ("jersey", vec!["beta", "alpha"]));
    let asked = Asked { cart: cart("1000.00", Currency::USD), ..asked };
    assert_eq!(router.decide(&asked.case()).rule, Some("large"));
    let asked = Asked { cart: cart("1000.00", Currency::CAD), state: "NY", ..asked };
    assert_eq!(router.decide(&asked.case()).rule, Some("web"));
    let asked = Asked { metadata: BTreeMap::new(), ..asked };
    let decided = router.decide(&asked.case());
    assert_eq!((decided.rule, decided.word(), names(decided)), (None, "cascade", vec!["delta", "alpha"]));
    let everybody: Vec<&str> = router.providers().into_iter().map(ProviderId::as_str).collect();
    assert_eq!(everybody, ["delta", "alpha", "beta", "gamma"]);
}

#[test]
fn one_who_is_not_known_is_in_no_share_and_has_the_largest_one_of_a_split() {
    let unknown = Asked { customer: customer_key(None, Some("")).map(|_| "never"), ..Asked::new() };
    assert!(!fits(json!({ "customers": { "from": 0, "below": 100 } }), &unknown));
    let split = |weights: [u32; 3]| {
        let arms: Vec<Value> = weights
            .iter()
            .zip(["alpha", "beta", "gamma"])
            .map(|(weight, name)| json!({ "weight": weight, "providers": [name] }))
            .collect();
        router(json!({ "rules": [{ "name": "it", "then": { "split": arms } }] }))
    };
    for (weights, expected) in [([20, 50, 30], 1), ([40, 20, 40], 0), ([1, 1, 98], 2)] {
        let router = split(weights);
        let decided = router.decide(&unknown.case());
        assert_eq!((decided.rule, decided.arm), (Some("it"), Some(expected)), "{weights:?}");
    }
}

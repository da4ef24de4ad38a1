//! Many random carts over a large profile: the same decision each time, and splits that keep their weights.

use std::collections::BTreeMap;

use lendport_core::routing::{Router, check};
use lendport_core::{MerchantId, Pointer};
use lendport_testkit::routing::{Dice, RandomCase, case, profile};

const CARTS: u64 = 100_000;

fn router() -> Router {
    check(&profile(200, &mut Dice::new(5)), None, &Pointer::root()).unwrap().router
}

fn carts(seed: u64, count: u64) -> impl Iterator<Item = RandomCase> {
    let (mut dice, merchant) = (Dice::new(seed), MerchantId::of_bytes([3; 16]));
    (0..count).map(move |number| case(&mut dice, merchant, number))
}

#[test]
fn a_hundred_thousand_carts_are_decided_the_same_way_twice_and_split_by_weight() {
    let (once, again) = (router(), router());
    let mut arms: BTreeMap<Option<usize>, u64> = BTreeMap::new();
    let mut rules: BTreeMap<&str, u64> = BTreeMap::new();
    for cart in carts(9, CARTS) {
        let decided = once.decide(&cart.case());
        assert_eq!(decided, again.decide(&cart.case()));
        *rules.entry(decided.word()).or_default() += 1;
        if decided.rule == Some("everybody") {
            *arms.entry(decided.arm).or_default() += 1;
        }
    }
    assert!(rules.len() > 100, "{} rules ever decided", rules.len());
    let all: u64 = arms.values().sum();
    assert!(all > CARTS / 4, "{all} came to the last rule");
    for (arm, weight) in [50_u64, 30, 15, 5].into_iter().enumerate() {
        let count = arms.get(&Some(arm)).copied().unwrap_or_default();
        // Within one percentage point of all.
        assert!((count * 100).abs_diff(all * weight) <= all, "share {arm}: {count} of {all}, {weight} % wanted");
    }
}

#[test]
fn who_is_in_a_share_is_spread_over_the_splits_behind_it() {
    let document = serde_json::json!({ "rules": [{
        "name": "a tenth of the customers",
        "when": { "customers": { "from": 0, "below": 10 } },
        "then": { "split": [{ "weight": 50, "providers": ["alpha"] }, { "weight": 50, "providers": ["beta"] }] },
    }] });
    let profile = serde_json::from_value(document).unwrap();
    let router = check(&profile, None, &Pointer::root()).unwrap().router;
    let mut found = [0_u64; 2];
    for cart in carts(2, CARTS) {
        if let Some(arm) = router.decide(&cart.case()).arm {
            found[arm] += 1;
        }
    }
    let inside = found[0] + found[1];
    assert!((inside * 100).abs_diff(CARTS * 10) <= CARTS, "{inside} of {CARTS} in a share of a tenth");
    assert!((found[0] * 100).abs_diff(inside * 50) <= inside * 2, "{found:?}");
}

#[test]
fn a_customer_stays_where_it_is_whatever_else_changes() {
    let router = router();
    let mut dice = Dice::new(4);
    let split = serde_json::json!({ "rules": [{ "name": "s", "then": { "split": [
        { "weight": 50, "providers": ["alpha"] }, { "weight": 50, "providers": ["beta"] } ] } }] });
    let split = check(&serde_json::from_value(split).unwrap(), None, &Pointer::root()).unwrap().router;
    for customer in 0..200 {
        // Other carts, other moments, other addresses.
        let carts: Vec<_> = (0..5).map(|_| case(&mut dice, MerchantId::of_bytes([3; 16]), customer)).collect();
        let arms: Vec<_> = carts.iter().map(|cart| split.decide(&cart.case()).arm).collect();
        assert!(arms.windows(2).all(|two| two[0] == two[1]), "customer {customer}: {arms:?}");
        let last = |cart: &RandomCase| router.decide(&cart.case());
        let last: Vec<_> =
            carts.iter().map(last).filter(|one| one.rule == Some("everybody")).map(|one| one.arm).collect();
        assert!(last.windows(2).all(|two| two[0] == two[1]), "customer {customer}: {last:?}");
    }
}

/// Broad conditions of few values, so that some rules leave nothing to others.
fn broad(dice: &mut Dice) -> serde_json::Value {
    let mut when = serde_json::json!({});
    let some = |dice: &mut Dice, all: &[&str]| -> Vec<String> {
        all.iter().filter(|_| dice.below(2) == 0).map(|one| (*one).to_owned()).collect()
    };
    if dice.below(3) == 0 {
        when["country"] = some(dice, &["US", "CA"]).into();
    }
    if dice.below(3) == 0 {
        when["currency"] = some(dice, &["USD", "CAD"]).into();
    }
    if dice.below(3) == 0 {
        let channels = some(dice, &["web", "app", "store"]);
        if !channels.is_empty() {
            when["metadata"] = serde_json::json!({ "channel": channels });
        }
    }
    if dice.below(3) == 0 {
        let from = dice.below(5) * 20;
        when["customers"] = serde_json::json!({ "from": from, "below": from + 20 });
    }
    if dice.below(3) == 0 {
        let min = dice.below(10) * 100;
        let max = min + 1 + dice.below(10) * 200;
        when["amount"] = serde_json::json!({ "currency": "USD", "min": min.to_string(), "max": max.to_string() });
        when.as_object_mut().unwrap().remove("currency");
    }
    when
}

#[test]
fn a_rule_that_is_called_unreachable_never_decides() {
    let (mut dice, mut warned) = (Dice::new(11), 0);
    for _ in 0..40 {
        let rules: Vec<_> = (0..12)
            .map(|number| {
                let name = format!("rule {number}");
                serde_json::json!({ "name": name, "when": broad(&mut dice), "then": { "providers": ["alpha"] } })
            })
            .collect();
        let profile = serde_json::from_value(serde_json::json!({ "rules": rules })).unwrap();
        let known = lendport_core::routing::Known {
            switched_on: lendport_testkit::routing::providers().into_iter().collect(),
            with_account: lendport_testkit::routing::providers().into_iter().collect(),
        };
        let checked = check(&profile, Some(&known), &Pointer::root()).unwrap();
        let unreachable: Vec<String> =
            checked.warnings.iter().map(|one| one.pointer.replace("/rules/", "rule ")).collect();
        warned += unreachable.len();
        for cart in carts(dice.below(1_000_000), 500) {
            let decided = checked.router.decide(&cart.case());
            assert!(!unreachable.iter().any(|name| decided.rule == Some(name)), "{decided:?} of {unreachable:?}");
        }
    }
    assert!(warned > 20, "{warned} rules were warned of: too few to say anything");
}

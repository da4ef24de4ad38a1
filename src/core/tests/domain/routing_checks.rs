//! What is wrong with a routing profile is named at once, each where it stands; and what is probably not meant is warned of.

use lendport_core::Pointer;
use lendport_core::routing::{Known, Profile, check, schema};
use lendport_testkit::routing::{Dice, profile, providers};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::cases;

fn known() -> Known {
    let all = providers();
    Known { switched_on: all.iter().cloned().collect(), with_account: all.into_iter().take(2).collect() }
}

fn errors(profile: Value) -> Vec<String> {
    let profile: Profile = serde_json::from_value(profile).unwrap();
    let notes = check(&profile, Some(&known()), &Pointer::root()).err().unwrap_or_default();
    notes.0.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect()
}

fn warnings(profile: Value) -> Vec<String> {
    let profile: Profile = serde_json::from_value(profile).unwrap();
    let checked = check(&profile, Some(&known()), &Pointer::root()).unwrap();
    checked.warnings.iter().map(|one| format!("{} {}", one.pointer, one.code)).collect()
}

fn rule(name: &str, when: Value) -> Value {
    json!({ "name": name, "when": when, "then": { "providers": ["alpha"] } })
}

#[test]
fn everything_wrong_is_named_where_it_stands() {
    let found = errors(json!({
        "cascade": ["alpha", "nobody", "alpha"],
        "rules": [
            { "name": " ", "when": { "amount": { "currency": "USD", "min": "10.00", "max": "9.99" } }, "then": { "providers": ["omega"] } },
            { "name": "twice", "when": { "currency": ["USD", "usd"], "amount": { "currency": "CAD", "min": "1.005" } }, "then": {} },
            { "name": "twice", "when": { "country": ["US", "USA"], "state": ["CA-ON", "NJ", "US-XX"] },
              "then": { "providers": ["alpha"], "split": [{ "weight": 100, "providers": ["alpha"] }] } },
            { "name": "explicit", "when": { "product_type": ["card"], "metadata": { "": ["x"], "k": [] }, "sku": ["a", "a"] },
              "then": { "split": [{ "weight": 0, "providers": [] }, { "weight": 99, "providers": ["beta"] }] } },
            { "name": "time", "when": { "customers": { "from": 10, "below": 10 }, "time": [
                { "zone": "Mars/Olympus", "days": ["monday"], "from": "24:00", "to": "12:60" },
                { "zone": "UTC" },
                { "zone": "UTC", "from": "09:00" },
                { "zone": "UTC", "from": "09:00", "to": "09:00" },
                { "zone": "UTC", "starts_at": "2026-02-01T00:00:00Z", "ends_at": "2026-01-01T00:00:00Z" },
                { "zone": "UTC", "ends_at": "yesterday" } ] }, "then": { "providers": ["alpha"] } },
        ],
    }));
    let expected = [
        "/cascade/1 unknown_provider",
        "/cascade/2 repeated",
        "/rules/0/name blank",
        "/rules/0/when/amount empty_range",
        "/rules/0/then/providers/0 unknown_provider",
        "/rules/1/when/currency/1 repeated",
        "/rules/1/when/amount/min too_many_digits",
        "/rules/1/then missing",
        "/rules/2/name duplicate_name",
        "/rules/2/when/country/1 invalid_country",
        "/rules/2/when/state/1 invalid_state",
        "/rules/2/when/state/2 invalid_state",
        "/rules/2/when/state/0 contradiction",
        "/rules/2/then conflict",
        "/rules/3/name reserved_name",
        "/rules/3/when/product_type/0 unknown_choice",
        "/rules/3/when/sku/1 repeated",
        "/rules/3/when/metadata/ invalid_key",
        "/rules/3/when/metadata/k too_few",
        "/rules/3/then/split/0/weight out_of_range",
        "/rules/3/then/split/0/providers too_few",
        "/rules/3/then/split weights_do_not_sum",
        "/rules/4/when/time/0/zone unknown_time_zone",
        "/rules/4/when/time/0/days/0 unknown_choice",
        "/rules/4/when/time/0/from invalid_value",
        "/rules/4/when/time/0/to invalid_value",
        "/rules/4/when/time/1 missing",
        "/rules/4/when/time/2/to missing",
        "/rules/4/when/time/3 empty_range",
        "/rules/4/when/time/4 empty_range",
        "/rules/4/when/time/5/ends_at invalid_value",
        "/rules/4/when/customers empty_range",
    ];
    assert_eq!(found, expected);
    let other = rule("it", json!({ "currency": ["USD"], "amount": { "currency": "CAD", "min": "1" } }));
    assert_eq!(errors(json!({ "rules": [other] })), ["/rules/0/when/amount/currency contradiction"]);
}

#[test]
fn too_much_of_anything_is_refused() {
    let many = |count: usize| (0..count).map(|number| format!("v{number}")).collect::<Vec<_>>();
    let rules: Vec<Value> = many(501).iter().map(|name| rule(name, json!({}))).collect();
    assert_eq!(errors(json!({ "rules": rules })), ["/rules too_many"]);
    assert_eq!(errors(json!({ "rules": [rule("a", json!({ "sku": many(1_001) }))] })), ["/rules/0/when/sku too_many"]);
    assert_eq!(errors(json!({ "rules": [rule(&"n".repeat(65), json!({}))] })), ["/rules/0/name too_long"]);
    assert_eq!(errors(json!({ "cascade": many(11) })), ["/cascade too_many"]);
}

#[test]
fn unknown_members_are_no_profile() {
    for wrong in [
        json!({ "rule": [] }),
        json!({ "rules": [{ "name": "a", "wen": {}, "then": {} }] }),
        json!({ "rules": [{ "name": "a", "when": { "amount": { "currency": "USD", "minimum": "1" } }, "then": {} }] }),
        json!({ "policies": { "after_decline": "sometimes" } }),
    ] {
        assert!(serde_json::from_value::<Profile>(wrong.clone()).is_err(), "{wrong}");
    }
}

#[test]
fn a_rule_that_no_cart_reaches_is_warned_of() {
    let amount = |min: &str, max: &str| json!({ "amount": { "currency": "USD", "min": min, "max": max } });
    for (earlier, later, unreachable) in [
        (json!({}), json!({ "country": ["US"] }), true),
        (json!({ "country": ["US", "CA"] }), json!({ "country": ["CA"], "sku": ["x"] }), true),
        (json!({ "country": ["CA"] }), json!({ "country": ["US", "CA"] }), false),
        (amount("1", "1000"), amount("10", "1000.00"), true),
        (amount("1", "1000"), amount("10", "1000.01"), false),
        (amount("1", "1000"), json!({ "currency": ["USD"] }), false),
        (json!({ "metadata": { "a": ["1", "2"] } }), json!({ "metadata": { "a": ["2"], "b": ["3"] } }), true),
        (json!({ "metadata": { "a": ["1"], "b": ["3"] } }), json!({ "metadata": { "a": ["1"] } }), false),
        (json!({ "customers": { "from": 0, "below": 50 } }), json!({ "customers": { "from": 10, "below": 20 } }), true),
        (
            json!({ "customers": { "from": 0, "below": 50 } }),
            json!({ "customers": { "from": 40, "below": 60 } }),
            false,
        ),
        (json!({ "sku": ["a"] }), json!({ "category": ["a"] }), false),
    ] {
        let found = warnings(json!({ "rules": [rule("first", earlier.clone()), rule("second", later.clone())] }));
        let expected: &[&str] = if unreachable { &["/rules/1 unreachable_rule"] } else { &[] };
        assert_eq!(found, expected, "{earlier} before {later}");
    }
    let found = warnings(json!({ "cascade": ["alpha", "gamma"] }));
    assert_eq!(found, ["/cascade/1 no_account"]);
}

#[test]
fn the_schema_has_every_member_and_takes_what_is_written() {
    let schema = schema();
    assert_eq!(schema["additionalProperties"], false);
    let rule = &schema["properties"]["rules"]["items"];
    assert_eq!(rule["required"], json!(["name", "then"]));
    let when: Vec<&String> = rule["properties"]["when"]["properties"].as_object().unwrap().keys().collect();
    let expected =
        ["amount", "currency", "country", "state", "category", "sku", "metadata", "product_type", "time", "customers"];
    assert_eq!(when, expected);
    // No references: the description of the API takes it in as it is.
    assert!(!schema.to_string().contains("$ref"));
}

#[test]
fn what_is_written_is_read_back_and_a_large_profile_is_checked() {
    let large = profile(200, &mut Dice::new(1));
    let text = serde_json::to_string(&large).unwrap();
    assert_eq!(serde_json::from_str::<Profile>(&text).unwrap(), large);
    let checked = check(&large, None, &Pointer::root()).unwrap();
    assert_eq!(checked.router.providers().len(), 4);
    assert_eq!(serde_json::to_string(&Profile::default()).unwrap(), "{}");
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Whatever stands in a profile, checking it answers, and every pointer leads to something.
    #[test]
    fn checking_never_panics(
        texts in proptest::collection::vec(any::<String>(), 12),
        numbers in proptest::collection::vec(any::<u32>(), 3),
    ) {
        let document = json!({
            "cascade": [texts[0]],
            "rules": [{
                "name": texts[1],
                "when": {
                    "amount": { "currency": texts[2], "min": texts[3], "max": texts[4] },
                    "currency": [texts[2]], "country": [texts[5]], "state": [texts[6]], "sku": [texts[7]],
                    "metadata": { &texts[8]: [texts[9]] },
                    "time": [{ "zone": texts[10], "days": [texts[11]], "from": texts[3], "to": texts[4], "starts_at": texts[5] }],
                    "customers": { "from": numbers[0], "below": numbers[1] },
                },
                "then": { "split": [{ "weight": numbers[2], "providers": [texts[0]] }] },
            }],
        });
        let profile: Profile = serde_json::from_value(document.clone()).unwrap();
        for known in [None, Some(known())] {
            if let Err(notes) = check(&profile, known.as_ref(), &Pointer::root()) {
                for note in notes.0 {
                    let there = document.pointer(&note.pointer).is_some();
                    prop_assert!(there || note.code == "missing", "{} {}", note.pointer, note.code);
                }
            }
        }
    }
}

#[test]
fn many_rules_of_many_values_are_compared_as_sets() {
    // 5,000 pairs of a thousand values each, which differ in the last place that is looked at only.
    let states: Vec<String> = (0..1_000).map(|state| format!("FR-{state:03}")).collect();
    let rules: Vec<Value> = (0..100)
        .map(|each| rule(&each.to_string(), json!({ "state": states, "metadata": { "k": [each.to_string()] } })))
        .chain([rule("covered", json!({ "state": states[..9], "metadata": { "k": ["7"] } }))])
        .collect();
    assert_eq!(warnings(json!({ "rules": rules })), ["/rules/100 unreachable_rule"]);
}

//! Whether the books, FlexShopper and the merchant agree on every unit, and the sums on what the units are worth.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Fault;
use crate::book::Promise;
use crate::goods::{LINES, SHIPPING, Tally, Units, minus};
use crate::merchant::{rows_at, text_at};
use crate::world::World;

/// What is wrong with the goods of these promises, read from FlexShopper itself.
pub(crate) async fn faults(world: &World, promises: &[Promise]) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    for promise in promises.iter().filter(|promise| promise.plays_goods()) {
        let Some(request) = promise.provider_reference.as_deref() else { continue };
        let there = world.financer.request(request).await?;
        let mut found = there_faults(&promise.tally, &there);
        let id = promise.checkout.as_deref().unwrap_or_default();
        let open = world.merchant.get(&format!("/v1/attention?checkout={id}&state=open")).await?;
        found.extend(rows_at(&open, "/data").map(|item| format!("a person is still asked: {item}")));
        faults.extend(found.into_iter().map(|what| format!("{}: {what}", promise.story.reference())));
    }
    Ok(faults)
}

/// FlexShopper has what the merchant heard, and was told of each parcel once.
fn there_faults(tally: &Tally, there: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, due) in [("left", tally.shipped), ("canceled", tally.canceled), ("returned", tally.returned)] {
        let count = |sku: &str| -> u64 {
            let lines = rows_at(there, "/lines").filter(|line| text_at(line, "/sku") == sku);
            lines.filter_map(|line| line.get(name)?.as_u64()).sum()
        };
        let is = LINES.map(|(sku, ..)| count(sku));
        if is != due {
            faults.push(format!("FlexShopper counts {is:?} {name}, the merchant heard of {due:?}"));
        }
    }
    let mut parcels: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for parcel in rows_at(there, "/parcels") {
        parcels.entry(text_at(parcel, "/tracking_number")).or_default().push(text_at(parcel, "/sku"));
    }
    let told = there.pointer("/calls/confirm_shipment").and_then(Value::as_u64).unwrap_or(0);
    if told != u64::try_from(parcels.len()).unwrap_or(u64::MAX) {
        faults.push(format!("FlexShopper was told {told} times of {} parcels: {parcels:?}", parcels.len()));
    }
    for (number, mut products) in parcels {
        products.sort_unstable();
        if products.windows(2).any(|two| two.first() == two.last()) {
            faults.push(format!("the parcel {number} has a product twice: {products:?}"));
        }
    }
    faults
}

/// What is wrong with the checkout: units that are not those the merchant heard of, and sums that are not their worth.
pub(crate) fn books_faults(tally: &Tally, checkout: &Value) -> Vec<String> {
    let mut faults = Vec::new();
    let mut compare = |what: &str, is: String, due: String| {
        if is != due {
            faults.push(format!("{what} is {is}, the units say {due}"));
        }
    };
    let count = |name: &str| -> Vec<u64> {
        rows_at(checkout, "/items").map(|line| line.get(name).and_then(Value::as_u64).unwrap_or(u64::MAX)).collect()
    };
    for (name, due) in [("shipped", tally.shipped), ("canceled", tally.canceled), ("returned", tally.returned)] {
        compare(name, format!("{:?}", count(name)), format!("{due:?}"));
    }
    let mut counts = LINES.iter().zip(tally.shipped.iter().zip(tally.canceled));
    let within = counts.all(|((_, units, _), (shipped, canceled))| shipped + canceled <= *units)
        && minus(tally.returned, tally.shipped) == [0, 0];
    compare("more units than there are", (!within).to_string(), false.to_string());
    let due = Due::of(tally);
    compare("status", text_at(checkout, "/status").to_owned(), due.status.to_owned());
    for (name, sum) in [("authorized", due.authorized), ("captured", due.captured), ("refunded", due.refunded)] {
        compare(name, text_at(checkout, &format!("/amounts/{name}")).to_owned(), format!("{sum}.00"));
    }
    let can_fulfill = checkout.get("can_fulfill").and_then(Value::as_bool).unwrap_or(false);
    compare("can_fulfill", can_fulfill.to_string(), ["authorized", "captured"].contains(&due.status).to_string());
    faults
}

/// What the units make of a checkout, in whole dollars.
#[derive(Debug, PartialEq, Eq)]
struct Due {
    status: &'static str,
    authorized: u64,
    captured: u64,
    refunded: u64,
}

impl Due {
    fn of(tally: &Tally) -> Self {
        let worth = |units: Units| LINES.iter().zip(units).map(|((_, _, price), units)| price * units).sum::<u64>();
        let all = worth(LINES.map(|(_, units, _)| units)) + SHIPPING;
        let (shipped, returned) = (worth(tally.shipped), worth(tally.returned));
        let over = tally.open() == [0, 0];
        match (over, shipped) {
            (true, 0) => Self { status: "canceled", authorized: 0, captured: 0, refunded: 0 },
            (true, _) if tally.returned == tally.shipped => {
                let sum = shipped + SHIPPING;
                Self { status: "refunded", authorized: sum, captured: sum, refunded: sum }
            }
            (true, _) => {
                let sum = shipped + SHIPPING;
                Self { status: "captured", authorized: sum, captured: sum, refunded: returned }
            }
            (false, _) => Self {
                status: "authorized",
                authorized: all - worth(tally.canceled),
                captured: shipped,
                refunded: returned,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn tally(shipped: Units, canceled: Units, returned: Units) -> Tally {
        Tally { shipped, canceled, returned }
    }

    #[test]
    fn the_worth_of_units_is_what_is_paid() {
        for (units, due) in [
            (tally([0, 0], [0, 0], [0, 0]), ("authorized", 1_420, 0, 0)),
            (tally([1, 1], [0, 1], [1, 0]), ("authorized", 1_320, 600, 500)),
            (tally([2, 2], [0, 1], [0, 1]), ("captured", 1_320, 1_320, 100)),
            (tally([1, 0], [1, 3], [1, 0]), ("refunded", 620, 620, 620)),
            (tally([0, 0], [2, 3], [0, 0]), ("canceled", 0, 0, 0)),
        ] {
            let Due { status, authorized, captured, refunded } = Due::of(&units);
            assert_eq!((status, authorized, captured, refunded), due);
        }
    }

    #[test]
    fn a_unit_or_a_cent_that_differs_is_found_and_a_parcel_that_was_told_twice() {
        let heard = tally([1, 0], [0, 1], [0, 0]);
        let mut checkout = json!({
            "status": "authorized", "can_fulfill": true,
            "amounts": { "authorized": "1320.00", "captured": "500.00", "refunded": "0.00" },
            "items": [{ "shipped": 1, "canceled": 0, "returned": 0 }, { "shipped": 0, "canceled": 1, "returned": 0 }]
        });
        assert_eq!(books_faults(&heard, &checkout), Vec::<String>::new());
        checkout["items"][0]["shipped"] = json!(2);
        checkout["amounts"]["captured"] = json!("1000.00");
        assert_eq!(books_faults(&heard, &checkout).len(), 2);
        assert!(!books_faults(&tally([2, 0], [1, 1], [0, 0]), &checkout).is_empty(), "more than there are");
        let mut there = json!({
            "lines": [{ "sku": "TV-1", "left": 1, "canceled": 0, "returned": 0 }, { "sku": "CABLE", "left": 0, "canceled": 1, "returned": 0 }],
            "parcels": [{ "tracking_number": "1", "sku": "TV-1" }], "calls": { "confirm_shipment": 1 }
        });
        assert_eq!(there_faults(&heard, &there), Vec::<String>::new());
        there["calls"]["confirm_shipment"] = json!(2);
        assert_eq!(there_faults(&heard, &there).len(), 1);
    }
}

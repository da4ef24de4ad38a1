//! Whether a provider was asked twice for one idempotency key where that could do harm.
//!
//! At WeGetFinancing a repeat is harmless when nobody saw the link of the first (`model.md` section 5): only attempts
//! whose outcome was unknown, or known to be nothing, may have been repeated, and each attempt was sent once. At WePay an
//! attempt may be sent again with its own number, which still makes one checkout; another attempt follows only when the
//! clerk saw that there is none. At FlexShopper a customer makes the one there is.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::merchant::{rows_at, text_at};

/// What is wrong with the requests that the provider took in, each with our reference and its own. `one_each`:
/// a checkout may have one there and no more.
pub(crate) fn faults(requests: &[(String, String)], seen: &[Value], one_each: bool) -> Vec<String> {
    let checkouts: BTreeMap<&str, &Value> = seen.iter().map(|checkout| (text_at(checkout, "/id"), checkout)).collect();
    let mut faults = Vec::new();
    let mut by_attempt: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (ours, theirs) in requests {
        by_attempt.entry(ours).or_default().push(theirs);
    }
    let mut by_checkout: BTreeMap<&str, usize> = BTreeMap::new();
    for (reference, taken_in) in &by_attempt {
        if taken_in.len() > 1 {
            faults.push(format!("the attempt {reference} was sent {} times: {taken_in:?}", taken_in.len()));
        }
        // Ours is the checkout's id, a dash and the number of the attempt.
        let named = reference
            .rsplit_once('-')
            .and_then(|(id, number)| Some((checkouts.get(id)?, number.parse::<usize>().ok()?.checked_sub(1)?)));
        let Some((checkout, place)) = named else {
            faults.push(format!("the provider was asked for {reference}, which no checkout of ours knows"));
            continue;
        };
        let attempts: Vec<&Value> = rows_at(checkout, "/attempts").collect();
        let Some(attempt) = attempts.get(place) else {
            faults.push(format!("the provider was asked for {reference}, and its checkout has no such attempt"));
            continue;
        };
        let count = by_checkout.entry(text_at(checkout, "/id")).or_default();
        *count += taken_in.len();
        if one_each && *count > 1 {
            faults.push(format!("the provider has {count} for {}", text_at(checkout, "/id")));
        }
        let status = text_at(attempt, "/status");
        let repeated = place + 1 < attempts.len();
        // Whoever repeats an unknown one closes it.
        let closed = status == "canceled" && text_at(attempt, "/reason") == "superseded";
        if repeated && !closed && status != "failed" {
            faults.push(format!("{reference} is {status}, and the same key asked the provider again"));
        }
    }
    faults
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(reference: &str, theirs: &str) -> (String, String) {
        (reference.to_owned(), theirs.to_owned())
    }

    #[test]
    fn a_repeat_is_harmless_only_after_an_unknown_outcome() {
        let checkout =
            |first: &str| json!({ "id": "chk_1", "attempts": [{ "status": first }, { "status": "authorized" }] });
        let twice = [request("chk_1-1", "a"), request("chk_1-2", "b")];
        let superseded = json!({ "id": "chk_1", "attempts": [
            { "status": "canceled", "reason": "superseded" }, { "status": "authorized" }
        ] });
        assert_eq!(faults(&twice, std::slice::from_ref(&superseded), false), Vec::<String>::new());
        assert_eq!(faults(&twice, &[superseded], true).len(), 1);
        assert_eq!(faults(&twice, &[checkout("indeterminate")], false).len(), 1);
        assert_eq!(faults(&twice, &[checkout("canceled")], false).len(), 1);
        assert_eq!(faults(&twice, &[checkout("awaiting_customer")], false).len(), 1);
        assert_eq!(faults(&[request("chk_1-2", "b"), request("chk_1-2", "c")], &[checkout("failed")], false).len(), 1);
        assert_eq!(faults(&[request("chk_1-3", "d"), request("chk_2-1", "e")], &[checkout("failed")], false).len(), 2);
    }
}

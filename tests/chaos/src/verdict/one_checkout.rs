//! Whether one checkout is what its evidence says.

use serde_json::Value;

use super::goods;
use crate::book::Promise;
use crate::merchant::{rows_at, text_at};
use crate::story::Financer;

/// `checkout.ready_to_fulfill`: the one that shops ship by.
pub(crate) const READY: &str = "checkout.ready_to_fulfill";

/// What is wrong with it.
pub(crate) fn faults(promise: &Promise, checkout: &Value) -> Vec<String> {
    let id = text_at(checkout, "/id");
    let mut ending = promise.story.ending();
    // Approved by a push after its create was interrupted: nobody has said yet for how much.
    let unverified = promise.story.financer == Financer::Sandbox && is_unverified(checkout);
    ending.ready &= !unverified;
    let mut faults = Vec::new();
    if !promise.over {
        faults.push(format!("{id}: its story is not over"));
    }
    let mut compare = |what: &str, is: String, due: String| {
        if is != due {
            faults.push(format!("{id}: {what} is {is}, the evidence says {due}"));
        }
    };
    if !promise.plays_goods() {
        compare("status", text_at(checkout, "/status").to_owned(), status_due(ending.status, checkout).to_owned());
        compare("amounts.refunded", text_at(checkout, "/amounts/refunded").to_owned(), ending.refunded.to_owned());
        let can_fulfill = checkout.get("can_fulfill").and_then(Value::as_bool).unwrap_or(false);
        let may_ship = ending.ships && !unverified;
        compare("can_fulfill", can_fulfill.to_string(), may_ship.to_string());
    }
    let mut sequences: Vec<u64> =
        rows_at(checkout, "/events").filter_map(|event| event.get("sequence")?.as_u64()).collect();
    sequences.sort_unstable();
    let without_gaps: Vec<u64> = (1..).take(sequences.len()).collect();
    compare("the order of its events", format!("{sequences:?}"), format!("{without_gaps:?}"));
    let ready = rows_at(checkout, "/events").filter(|event| text_at(event, "/type") == READY).count();
    compare("the number of ready_to_fulfill", ready.to_string(), usize::from(ending.ready).to_string());
    let created = rows_at(checkout, "/events").filter(|event| text_at(event, "/type") == "checkout.created").count();
    compare("the number of checkout.created", created.to_string(), "1".to_owned());
    if promise.plays_goods() {
        faults.extend(goods::books_faults(&promise.tally, checkout).into_iter().map(|what| format!("{id}: {what}")));
    }
    faults
}

/// True when the merchant has to settle something before this one is over.
pub(crate) fn is_left_to_a_person(checkout: &Value) -> bool {
    is_unverified(checkout) || text_at(checkout, "/status") == "indeterminate"
}

fn is_unverified(checkout: &Value) -> bool {
    rows_at(checkout, "/blockers").any(|blocker| blocker == "amount_unverified")
}

/// The lender's last word. After a no, an attempt of unknown outcome that the same key made before it speaks for the
/// checkout (`model.md` section 2: an unknown outcome counts as live until there is evidence).
fn status_due<'a>(told: &'a str, checkout: &Value) -> &'a str {
    let unknown = rows_at(checkout, "/attempts").any(|attempt| text_at(attempt, "/status") == "indeterminate");
    if unknown && ["declined", "canceled"].contains(&told) { "indeterminate" } else { told }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arguments::Played;
    use crate::plot::Plot;
    use crate::story::Story;

    fn promise(plot: Plot) -> Promise {
        let story = Story { financer: Financer::Wegetfinancing, plot, ..Story::draw(1, 1, Played::Wegetfinancing) };
        Promise { checkout: Some("chk_1".to_owned()), over: true, ..Promise::of(story) }
    }

    fn approved() -> Value {
        json!({
            "id": "chk_1", "status": "authorized", "can_fulfill": true, "amounts": { "refunded": "0.00" },
            "attempts": [{ "status": "authorized" }],
            "events": [
                { "id": "evt_1", "sequence": 1, "type": "checkout.created" },
                { "id": "evt_2", "sequence": 2, "type": READY }
            ]
        })
    }

    #[test]
    fn what_the_evidence_says_is_compared_word_by_word() {
        assert_eq!(faults(&promise(Plot::Approve), &approved()), Vec::<String>::new());
        // Another status, `can_fulfill`, and a word to ship that was not due.
        assert_eq!(faults(&promise(Plot::Reject), &approved()).len(), 3);
        assert_eq!(faults(&promise(Plot::RefundPart), &approved()).len(), 1);
        let mut gap = approved();
        gap["events"][1]["sequence"] = json!(3);
        assert_eq!(faults(&promise(Plot::Approve), &gap).len(), 1);
        let mut doubled = approved();
        doubled["events"][0]["type"] = json!(READY);
        assert_eq!(faults(&promise(Plot::Approve), &doubled).len(), 2);
    }

    #[test]
    fn an_unknown_outcome_speaks_after_a_no() {
        let checkout = json!({ "attempts": [{ "status": "indeterminate" }, { "status": "declined" }] });
        assert_eq!(
            [status_due("declined", &checkout), status_due("authorized", &checkout)],
            ["indeterminate", "authorized"]
        );
        assert_eq!(status_due("declined", &json!({ "attempts": [{ "status": "declined" }] })), "declined");
    }
}

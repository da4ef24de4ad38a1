//! Whether FlexShopper has of each checkout what it is to have: one confirmed lease, one that was undone, or none.

use serde_json::Value;

use crate::Fault;
use crate::book::Promise;
use crate::merchant::{rows_at, text_at};
use crate::plot::Plot;
use crate::story::Financer;
use crate::world::World;

/// What is wrong with the leases of these promises.
pub(crate) async fn faults(world: &World, promises: &[Promise]) -> Result<Vec<String>, Fault> {
    let mut faults = Vec::new();
    for promise in promises.iter().filter(|promise| promise.story.financer == Financer::Flexshopper) {
        // Where the customer did not come to it, what went wrong is in the book.
        let signs = promise.over && matches!(promise.story.plot, Plot::Sign | Plot::SignUnheard | Plot::SignOther);
        let Some(request) = promise.provider_reference.as_deref().filter(|_| signs) else { continue };
        let lease = world.financer.request(request).await?;
        faults.extend(fault(promise, &lease).map(|what| format!("{}: {what}: {lease}", promise.story.reference())));
    }
    Ok(faults)
}

fn fault(promise: &Promise, lease: &Value) -> Option<&'static str> {
    let finalized = lease.get("finalized") == Some(&Value::Bool(true));
    let mut lines = rows_at(lease, "/lines");
    let canceled = |line: &Value| line.get("canceled").and_then(Value::as_u64).unwrap_or(0);
    match promise.story.plot {
        _ if text_at(lease, "/status") != "signed" => Some("nobody signed it there"),
        Plot::SignOther if finalized => Some("a lease for another sum was confirmed"),
        Plot::SignOther => {
            (!lines.all(|line| line.get("quantity") == line.get("canceled"))).then_some("it was not undone")
        }
        _ if !finalized => Some("what was signed was never confirmed"),
        // What becomes of its units is judged with them.
        _ if promise.plays_goods() => None,
        _ => lines.any(|line| canceled(line) > 0).then_some("what was confirmed was canceled"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::arguments::Played;
    use crate::goods::Goods;
    use crate::story::Story;

    #[test]
    fn a_lease_is_confirmed_or_undone_and_never_both() {
        let promise =
            |plot| Promise::of(Story { plot, goods: Goods::default(), ..Story::draw(1, 1, Played::Flexshopper) });
        let lease = |finalized: bool, canceled: u64| json!({ "status": "signed", "finalized": finalized, "lines": [{ "quantity": 1, "canceled": canceled }] });
        for (plot, finalized, canceled, right) in [
            (Plot::Sign, true, 0, true),
            (Plot::Sign, false, 0, false),
            (Plot::Sign, true, 1, false),
            (Plot::SignUnheard, true, 0, true),
            (Plot::SignOther, false, 1, true),
            (Plot::SignOther, false, 0, false),
            (Plot::SignOther, true, 1, false),
        ] {
            let found = fault(&promise(plot), &lease(finalized, canceled));
            assert_eq!(found.is_none(), right, "{plot:?} {finalized} {canceled}: {found:?}");
        }
        assert!(fault(&promise(Plot::Sign), &json!({ "status": "pending" })).is_some());
    }
}

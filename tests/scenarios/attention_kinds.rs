//! Each kind of item from what happened to how it was settled: what it offers, what each choice does, what is told.

use serde_json::{Value, json};

use crate::attention::{item, lost, resolve};
use crate::harness::{Answer, Loan, Receiver, Shop, carts, fresh, until};

/// The words that an open item offers.
async fn offered(shop: &Shop, item: &str) -> Vec<String> {
    let shown = shop.merchant.get(&format!("/v1/attention/{item}")).await;
    assert_eq!((shown.ok(200).str("/state"), shown.str("/deadline").is_empty()), ("open", false), "{}", shown.text);
    let choices = shown.body["choices"].as_array().unwrap();
    assert!(choices.iter().all(|choice| choice["meaning"].as_str().is_some_and(|text| !text.is_empty())));
    choices.iter().map(|choice| choice["choice"].as_str().unwrap().to_owned()).collect()
}

/// Finds the item of this kind, holds it to what it should offer, and settles it.
async fn settle(shop: &Shop, loan: &Loan, kind: &str, choices: &[&str], choice: &str, amount: Option<&str>) -> Answer {
    let item = item(shop, loan, kind).await;
    assert_eq!(offered(shop, &item).await, choices, "{kind}");
    let mut body = json!({ "choice": choice, "reason": "as the lender's portal shows" });
    if let Some(amount) = amount {
        body["amount"] = json!(amount);
    }
    let settled = resolve(shop, &item, &fresh(), &body).await;
    if settled.status == 200 {
        assert_eq!((settled.str("/state"), settled.str("/resolution/choice")), ("resolved", choice));
        let open = shop.merchant.open_items(&loan.id).await;
        assert!(open.iter().all(|other| other["id"] != json!(item)), "{open:?}");
    }
    settled
}

/// Where the checkout stands: its status, whether it may be shipped, and what keeps it back.
async fn standing(loan: &Loan) -> (String, bool, Value) {
    let seen = loan.seen().await;
    (seen.str("/status").to_owned(), seen.body["can_fulfill"].as_bool().unwrap(), seen.body["blockers"].clone())
}

/// How often a merchant was told to ship.
async fn ready(loan: &Loan) -> usize {
    let events = loan.merchant.events(&loan.id).await;
    events.iter().filter(|kind| *kind == "checkout.ready_to_fulfill").count()
}

/// The next request is understood to be for 20.00 less than was asked for.
async fn misunderstand(shop: &Shop) {
    shop.simulator.lender.fault(json!({ "on": "create", "kind": "wrong_amount", "amount": "1400.00" })).await;
}

/// A checkout that was stopped because of its sum, before the customer got a link.
async fn stopped(shop: &Shop) -> Loan {
    misunderstand(shop).await;
    let problem = shop.merchant.open(&carts::usa()).await;
    let id = problem.refused(502, "provider_amount_mismatch").str("/checkout/id").to_owned();
    let lender = &shop.simulator.lender;
    Loan::behind(&shop.merchant, lender, &lender.requests().await[0], id).await
}

/// The only financer of the shop is asked once more.
fn wegetfinancing() -> Value {
    json!({ "provider": "wegetfinancing" })
}

const OUTCOMES: &[&str] = &["committed", "not_committed"];
const SUMS: &[&str] = &["accept_amount", "accept_other_amount", "reject_amount"];

#[tokio::test]
async fn an_unknown_outcome_is_what_a_person_found_at_the_lender() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    receiver.subscribe(&shop.merchant, Some(&["attention.opened", "attention.resolved"])).await;
    let found = lost(&shop).await;
    assert_eq!(standing(&found).await, ("indeterminate".to_owned(), false, json!(["indeterminate"])));
    settle(&shop, &found, "unknown_outcome", OUTCOMES, "committed", Some("1420.00")).await.ok(200);
    assert_eq!(standing(&found).await, ("authorized".to_owned(), true, json!([])));
    assert_eq!(found.seen().await.str("/amounts/authorized"), "1420.00");
    assert_eq!(found.tell("approved").await.status, 200, "what the lender says later is no news");
    assert_eq!(ready(&found).await, 1);

    let gone = lost(&shop).await;
    settle(&shop, &gone, "unknown_outcome", OUTCOMES, "not_committed", None).await.ok(200);
    assert_eq!(standing(&gone).await, ("failed".to_owned(), false, json!(["failed"])));
    let again = shop.merchant.post(&format!("/v1/checkouts/{}/attempts", gone.id), &fresh(), &wegetfinancing()).await;
    assert_eq!(again.ok(201).str("/status"), "requires_customer_action");
    receiver.until_count(4).await;
    let told = ["attention.opened", "attention.resolved"];
    for loan in [&found, &gone] {
        let heard = receiver.received();
        let of_this = heard.iter().filter(|one| one.document()["data"]["checkout"]["id"] == loan.id);
        assert_eq!(of_this.map(|one| one.kind()).collect::<Vec<_>>(), told);
    }
}

#[tokio::test]
async fn the_sum_of_a_stopped_checkout_is_only_acknowledged_and_a_new_attempt_goes_on() {
    let shop = Shop::open().await;
    let stopped = stopped(&shop).await;
    let about = item(&shop, &stopped, "amount_mismatch").await;
    let shown = shop.merchant.get(&format!("/v1/attention/{about}")).await;
    assert_eq!((shown.str("/amounts/asked"), shown.str("/amounts/echoed")), ("1420.00", "1400.00"));
    for choice in SUMS {
        let mut body = json!({ "choice": choice, "reason": "we take it" });
        if *choice == "accept_other_amount" {
            body["amount"] = json!("1400.00");
        }
        let refused = resolve(&shop, &about, &fresh(), &body).await;
        let errors = refused.refused(422, "validation_failed").errors();
        assert_eq!(errors[0], ("/choice".to_owned(), "this item offers acknowledge".to_owned()));
    }
    settle(&shop, &stopped, "amount_mismatch", &["acknowledge"], "acknowledge", None).await.ok(200);
    assert_eq!(standing(&stopped).await, ("failed".to_owned(), false, json!(["failed"])));

    let next = shop.merchant.post(&format!("/v1/checkouts/{}/attempts", stopped.id), &fresh(), &wegetfinancing()).await;
    assert_eq!((next.ok(201).id(), next.str("/status")), (stopped.id.clone(), "requires_customer_action"));
    let loan = Loan::of(&shop.merchant, &shop.simulator.lender, &next).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    assert_eq!(standing(&loan).await, ("authorized".to_owned(), true, json!([])));
    assert_eq!((ready(&loan).await, loan.seen().await.str("/amounts/authorized")), (1, "1420.00"));
}

#[tokio::test]
async fn an_accepted_sum_is_what_the_checkout_says_and_ships() {
    let shop = Shop::open_with(&[("merchant.accounts.wegetfinancing.test.amount_mismatch", "warn")]).await;
    for (choice, amount, sum) in
        [("accept_amount", None, "1400.00"), ("accept_other_amount", Some("1410.00"), "1410.00")]
    {
        misunderstand(&shop).await;
        let loan = shop.approved().await;
        assert_eq!(standing(&loan).await, ("authorized".to_owned(), false, json!(["amount_mismatch"])));
        settle(&shop, &loan, "amount_mismatch", SUMS, choice, amount).await.ok(200);
        assert_eq!(standing(&loan).await, ("authorized".to_owned(), true, json!([])));
        assert_eq!((loan.seen().await.str("/amounts/authorized"), ready(&loan).await), (sum, 1), "{choice}");
    }
    misunderstand(&shop).await;
    let loan = shop.approved().await;
    settle(&shop, &loan, "amount_mismatch", SUMS, "reject_amount", None).await.ok(200);
    assert_eq!(standing(&loan).await, ("canceled".to_owned(), false, json!(["canceled"])));
    assert_eq!((loan.seen().await.str("/amounts/authorized"), ready(&loan).await), ("0.00", 0));
}

#[tokio::test]
async fn a_second_approval_is_unwound_by_a_person_and_moves_nothing() {
    let shop = Shop::open().await;
    let key = fresh();
    let lender = &shop.simulator.lender;
    lender.fault(json!({ "on": "create", "kind": "lose_reply" })).await;
    let problem = shop.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    let id = problem.refused(504, "provider_outcome_unknown").str("/checkout/id").to_owned();
    let first = Loan::behind(&shop.merchant, lender, &lender.requests().await[0], id).await;
    let made = shop.merchant.post("/v1/checkouts", &key, &carts::usa()).await;
    let second = Loan::of(&shop.merchant, lender, made.ok(201)).await;
    for loan in [&second, &first] {
        assert_eq!(loan.tell("approved").await.status, 200);
    }
    let choices = &["unwound", "approval_holds"];
    let refused = settle(&shop, &second, "late_approval", choices, "approval_holds", None).await;
    refused.refused(409, "commit_fence");
    settle(&shop, &second, "late_approval", choices, "unwound", None).await.ok(200);
    assert_eq!(standing(&second).await, ("authorized".to_owned(), true, json!([])));
    assert_eq!((second.seen().await.str("/amounts/authorized"), ready(&second).await), ("1420.00", 1));
    assert!(shop.merchant.open_items(&second.id).await.is_empty());
}

#[tokio::test]
async fn a_withdrawn_approval_is_told_at_once_and_may_turn_out_to_hold() {
    let (shop, receiver) = (Shop::open().await, Receiver::start().await);
    receiver.subscribe(&shop.merchant, Some(&["attention.opened"])).await;
    let loan = shop.approved().await;
    assert_eq!(loan.tell("rejected").await.status, 200);
    let told = receiver.until_kind("attention.opened").await.document();
    let told = &told["data"]["checkout"];
    assert_eq!((&told["status"], &told["can_fulfill"]), (&json!("canceled"), &json!(false)));
    let choices = &["acknowledge", "approval_holds"];
    settle(&shop, &loan, "withdrawn_approval", choices, "approval_holds", None).await.ok(200);
    assert_eq!(standing(&loan).await, ("authorized".to_owned(), true, json!([])));
    assert_eq!(ready(&loan).await, 1, "told once in its life");

    let other = shop.approved().await;
    assert_eq!(other.tell("rejected").await.status, 200);
    settle(&shop, &other, "withdrawn_approval", choices, "acknowledge", None).await.ok(200);
    assert_eq!(standing(&other).await, ("canceled".to_owned(), false, json!(["canceled"])));
}

#[tokio::test]
async fn a_word_that_nobody_knows_moves_nothing_and_is_acknowledged() {
    let shop = Shop::open().await;
    let loan = shop.loan().await;
    assert_eq!(loan.tell("on_hold").await.status, 200);
    assert_eq!(loan.status().await, "requires_customer_action");
    settle(&shop, &loan, "unknown_status", &["acknowledge"], "acknowledge", None).await.ok(200);
    assert_eq!(loan.tell("approved").await.status, 200);
    assert_eq!(standing(&loan).await, ("authorized".to_owned(), true, json!([])));
}

#[tokio::test]
async fn a_refund_above_the_approved_sum_is_capped_and_acknowledged() {
    let shop = Shop::open().await;
    let loan = shop.approved().await;
    for amount in ["1000.00", "500.00"] {
        let refund = loan.body(&json!({ "status": "refund", "amount": amount }));
        assert_eq!(loan.push(&refund).await.status, 200);
    }
    settle(&shop, &loan, "refund_above_approved", &["acknowledge"], "acknowledge", None).await.ok(200);
    let seen = loan.seen().await;
    assert_eq!((seen.str("/status"), seen.str("/amounts/refunded")), ("refunded", "1420.00"));
}

#[tokio::test]
async fn a_silent_lender_is_waited_for_again_and_answers_by_itself() {
    let shop = Shop::open().await;
    let loan = lost(&shop).await;
    let silent = async || {
        let items = shop.merchant.open_items(&loan.id).await;
        items.iter().any(|item| item["kind"] == "silent_provider").then_some(())
    };
    let choices = &["acknowledge", "ask_again"];
    for _ in 0..2 {
        shop.hours_pass(25);
        until("silence to be told of", silent).await;
        assert_eq!(loan.status().await, "indeterminate", "nothing fails by age");
        settle(&shop, &loan, "silent_provider", choices, "ask_again", None).await.ok(200);
    }
    shop.hours_pass(25);
    until("silence to be told of", silent).await;
    assert_eq!(loan.tell("rejected").await.status, 200);
    assert_eq!(standing(&loan).await, ("declined".to_owned(), false, json!(["declined"])));
    assert!(shop.merchant.open_items(&loan.id).await.is_empty());
    let settled = shop.merchant.get(&format!("/v1/attention?state=resolved&checkout={}", loan.id)).await;
    let items = settled.ok(200).body["data"].as_array().unwrap();
    let how = |kind: &str| -> Vec<Value> {
        let of_kind = items.iter().filter(|item| item["kind"] == kind);
        of_kind.map(|item| item["resolution"]["choice"].clone()).collect()
    };
    assert_eq!(how("silent_provider"), ["by_evidence", "ask_again", "ask_again"], "newest first");
    assert_eq!(how("unknown_outcome"), ["by_evidence"]);
}

#[tokio::test]
async fn a_refund_told_twice_is_one_or_two_as_a_person_says() {
    let shop = Shop::open().await;
    for (choice, amount, refunded) in [("same_refund", None, "100.00"), ("another_refund", Some("100.00"), "200.00")] {
        let loan = shop.approved().await;
        let refund = loan.body(&json!({ "status": "refund", "amount": "100.00" }));
        for _ in 0..2 {
            assert_eq!(loan.push_unsigned(&refund).await.status, 200);
        }
        assert_eq!(loan.seen().await.str("/amounts/refunded"), "100.00", "counted once so far");
        settle(&shop, &loan, "refund_repeated", &["same_refund", "another_refund"], choice, amount).await.ok(200);
        assert_eq!(loan.seen().await.str("/amounts/refunded"), refunded, "{choice}");
    }
}

#[tokio::test]
async fn a_refund_before_the_approval_keeps_the_order_back_until_a_person_says_what_it_was() {
    let shop = Shop::open().await;
    let loan = shop.loan().await;
    let refund = loan.body(&json!({ "status": "refund", "amount": "100.00" }));
    assert_eq!(loan.push(&refund).await.status, 200);
    let choices = &["count_refund", "no_refund"];
    let early = settle(&shop, &loan, "refund_not_approved", choices, "count_refund", Some("100.00")).await;
    early.refused(409, "invalid_state");
    assert_eq!(loan.tell("approved").await.status, 200);
    assert_eq!(standing(&loan).await, ("authorized".to_owned(), false, json!(["refund_unsettled"])));
    settle(&shop, &loan, "refund_not_approved", choices, "no_refund", None).await.ok(200);
    assert_eq!(standing(&loan).await, ("authorized".to_owned(), true, json!([])));
    assert_eq!((loan.seen().await.str("/amounts/refunded"), ready(&loan).await), ("0.00", 1));
}

#[tokio::test]
async fn an_approval_that_came_back_holds_or_not_as_a_person_says() {
    let shop = Shop::open().await;
    for (choice, expected) in [
        ("approval_holds", ("authorized".to_owned(), true, json!([]))),
        ("withdrawal_holds", ("canceled".to_owned(), false, json!(["canceled"]))),
    ] {
        let loan = shop.approved().await;
        for word in ["rejected", "approved"] {
            assert_eq!(loan.tell(word).await.status, 200);
        }
        let blocked = ("authorized".to_owned(), false, json!(["approval_after_withdrawal"]));
        assert_eq!(standing(&loan).await, blocked);
        let choices = &["approval_holds", "withdrawal_holds"];
        settle(&shop, &loan, "approval_after_withdrawal", choices, choice, None).await.ok(200);
        assert_eq!((standing(&loan).await, ready(&loan).await), (expected, 1), "{choice}");
    }
}

#[tokio::test]
async fn an_approval_of_what_was_stopped_contradicts_and_is_acknowledged() {
    let shop = Shop::open().await;
    let loan = stopped(&shop).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    settle(&shop, &loan, "contradicting_evidence", &["acknowledge"], "acknowledge", None).await.ok(200);
    assert_eq!(standing(&loan).await, ("failed".to_owned(), false, json!(["failed"])));
    assert_eq!(ready(&loan).await, 0);
}

//! A loan is refused, a lease is offered in its place, and then the lender says yes after all: before the lease is signed it has
//! the checkout back, afterwards a person settles it.

use super::*;

/// The page of a checkout, as a customer's browser asks for it.
struct Page<'d> {
    desk: &'d Desk,
    url: String,
    made: Answer,
}

impl Page<'_> {
    async fn status(&self) -> Value {
        self.desk.merchant().http.get(format!("{}/status", self.url)).send().await.unwrap().json().await.unwrap()
    }

    async fn choose(&self, provider: &str) -> Value {
        let body = json!({ "provider": provider, "after": self.status().await["attempt"] });
        let chosen = self.desk.merchant().http.post(format!("{}/attempts", self.url)).json(&body).send().await.unwrap();
        assert_eq!(chosen.status().as_u16(), 200);
        chosen.json().await.unwrap()
    }

    /// The id of the open item of this kind, when there is one.
    async fn item(&self, kind: &str) -> Answer {
        let merchant = self.desk.merchant();
        let found = async || {
            let items = merchant.open_items(&self.made.id()).await;
            items.iter().find(|item| item["kind"] == kind).map(|item| item["id"].as_str().unwrap().to_owned())
        };
        let id = until(&format!("an item {kind}"), found).await;
        merchant.get(&format!("/v1/attention/{id}")).await.ok(200).clone()
    }

    async fn resolve(&self, item: &Answer, choice: &str, reason: &str) -> Answer {
        let body = json!({ "choice": choice, "reason": reason });
        self.desk.merchant().post(&format!("/v1/attention/{}/resolve", item.id()), &fresh(), &body).await
    }

    async fn seen(&self) -> Answer {
        self.desk.merchant().read(&self.made.id()).await
    }

    async fn told(&self, kind: &str) -> usize {
        let events = self.desk.merchant().events(&self.made.id()).await;
        events.iter().filter(|known| *known == kind).count()
    }
}

fn choices(item: &Answer) -> Vec<&str> {
    item.body["choices"].as_array().unwrap().iter().map(|one| one["choice"].as_str().unwrap()).collect()
}

/// The lender refuses, and the customer goes on with FlexShopper.
async fn refused_and_offered_a_lease(desk: &Desk) -> (Page<'_>, Loan, Value) {
    let mut cart = cart();
    cart.as_object_mut().unwrap().remove("provider");
    cart["providers"] = json!(["wegetfinancing", "flexshopper"]);
    cart["customer_chooses"] = json!(true);
    let made = desk.merchant().open(&cart).await.ok(201).clone();
    let page = Page { desk, url: made.str("/checkout_url").to_owned(), made };
    page.choose("wegetfinancing").await;
    let loan = Loan::of(desk.merchant(), &desk.gateway.lender, &page.seen().await).await;
    assert_eq!(loan.tell("rejected").await.status, 200);

    let seen = page.status().await;
    assert_eq!((&seen["state"], &seen["previous"]["outcome"]), (&json!("choose"), &json!("declined")));
    let offered: Vec<_> = seen["choices"].as_array().unwrap().iter().map(|one| &one["id"]).collect();
    assert_eq!(offered, ["flexshopper"]);
    let text = desk.merchant().http.get(&page.url).send().await.unwrap().text().await.unwrap();
    assert!(text.contains("FlexShopper"), "{text}");
    let seen = page.choose("flexshopper").await;
    assert_eq!((&seen["state"], &seen["next_action"]["type"]), (&json!("continue"), &json!("plugin")));
    let order = desk.order(&page.seen().await).await;
    (page, loan, order)
}

#[tokio::test]
async fn a_loan_that_is_approved_after_the_lease_was_signed_is_a_persons_to_undo() {
    let desk = Desk::open().await;
    let (page, loan, order) = refused_and_offered_a_lease(&desk).await;
    desk.signs(&page.made, &order).await;
    let seen = desk.merchant().until_status(&page.made.id(), "authorized").await;
    assert_eq!((seen.str("/provider"), &seen.body["can_fulfill"]), ("flexshopper", &json!(true)));
    assert_eq!((page.told("checkout.ready_to_fulfill").await, desk.calls("finalize").await), (1, 1));

    // The lender comes back, twice.
    for _ in 0..2 {
        assert_eq!(loan.tell("approved").await.status, 200);
    }
    let item = page.item("late_approval").await;
    assert_eq!(item.str("/attempt"), page.seen().await.str("/attempts/0/id"));
    // No call of the lender's ends it: the item says where a person does.
    assert_eq!((choices(&item), item.str("/unwind/support")), (vec!["unwound", "approval_holds"], "portal"));
    assert!(item.str("/unwind/note").contains("portal"), "{}", item.text);
    let seen = page.seen().await;
    assert_eq!((seen.str("/provider"), seen.str("/amounts/authorized")), ("flexshopper", TOTAL));
    assert_eq!((&seen.body["can_fulfill"], seen.str("/attempts/0/status")), (&json!(true), "declined"));

    page.resolve(&item, "approval_holds", "the customer prefers the loan").await.refused(409, "commit_fence");
    page.resolve(&item, "unwind", "end it there").await.refused(422, "validation_failed");
    let reason = "withdrawn in the lender's portal, case 4711";
    let settled = page.resolve(&item, "unwound", reason).await.ok(200).clone();
    assert_eq!((settled.str("/state"), settled.str("/resolution/choice")), ("resolved", "unwound"));
    assert_eq!(settled.str("/resolution/reason"), reason);
    assert!(settled.str("/resolution/by").starts_with("key_"), "{}", settled.text);
    assert!(desk.merchant().open_items(&page.made.id()).await.is_empty());
    let told = [
        "checkout.created",
        "attempt.created",
        "attempt.declined",
        "attempt.created",
        "checkout.updated",
        "checkout.ready_to_fulfill",
        "attention.opened",
        "attention.resolved",
    ];
    assert_eq!(
        (desk.merchant().events(&page.made.id()).await, desk.calls("finalize").await),
        (told.map(str::to_owned).to_vec(), 1)
    );
    assert_eq!(page.status().await["state"], "approved");
}

#[tokio::test]
async fn a_loan_that_is_approved_before_the_lease_is_signed_takes_over_and_the_gateway_undoes_the_lease() {
    let desk = Desk::open().await;
    let (page, loan, order) = refused_and_offered_a_lease(&desk).await;
    assert_eq!(loan.tell("approved").await.status, 200);
    let seen = page.seen().await;
    assert_eq!((seen.str("/status"), seen.str("/provider")), ("authorized", "wegetfinancing"));
    assert_eq!((page.told("attempt.late_approval").await, page.told("checkout.ready_to_fulfill").await), (1, 1));

    // The plugin's window is still open, and the customer signs in it.
    let shown = desk.control(Method::POST, "plugin", &json!({ "order": order, "email": CUSTOMER })).await;
    assert_eq!(shown["stage"], "signed", "{shown}");
    let item = page.item("late_approval").await;
    assert_eq!(choices(&item), ["unwind", "unwound", "approval_holds"]);
    assert_eq!(item.str("/unwind/support"), "native");
    let seen = page.seen().await;
    assert_eq!(
        (&seen.body["can_fulfill"], &seen.body["blockers"]),
        (&json!(false), &json!(["another_attempt_unsettled"]))
    );
    let settled = page.resolve(&item, "unwind", "the loan was first").await.ok(200).clone();
    assert_eq!(settled.str("/resolution/choice"), "unwind");

    let done = async || desk.merchant().open_items(&page.made.id()).await.is_empty().then_some(());
    until("the lease to be undone", done).await;
    let reference = page.seen().await.str("/attempts/1/provider_reference").to_owned();
    let there = desk.control(Method::GET, &format!("requests/{reference}"), &Value::Null).await;
    for line in there["lines"].as_array().unwrap() {
        assert_eq!(line["canceled"], line["quantity"], "{there}");
    }
    assert_eq!((desk.calls("finalize").await, desk.calls("cancel").await), (0, 1));
    let seen = page.seen().await;
    assert_eq!((seen.str("/provider"), &seen.body["can_fulfill"]), ("wegetfinancing", &json!(true)));
    assert_eq!((seen.str("/attempts/1/status"), page.told("checkout.ready_to_fulfill").await), ("canceled", 1));
}

//! Applications that the merchant's own pages carry: apply, decide, agree, sign.

use lendport::gateway::Ambient;
use lendport::{registry, tenants};
use lendport_core::{AccountSettings, Pointer, Secret};

use super::*;

/// Made so that each part is found wherever it leaks.
pub(super) fn application() -> Value {
    json!({
        "date_of_birth": "1971-03-19", "ssn": "471198362", "mobile_phone": "(732) 555-0186",
        "employment": { "employer": "Quillfeather Works", "monthly_income": "4319.75", "pay_frequency": "biweekly" },
        "bank_account": { "routing_number": "063100277", "account_number": "83920174655", "type": "checking" },
        "device_fingerprint": "cXVpbGwtZmluZ2VycHJpbnQ=", "customer_ip": "203.0.113.7"
    })
}

/// The signature under a document.
pub(super) fn signature(document: &str) -> Value {
    json!({
        "document_sha256": document, "accepted": true, "accepted_at": Ambient::system().clock.now().to_string(),
        "ip_address": "203.0.113.7"
    })
}

/// A merchant whose own pages ask its customers.
pub(super) struct Shop {
    pub(super) desk: Desk,
}

impl Shop {
    pub(super) async fn open() -> Self {
        let desk = Desk::open().await;
        let shop = Self { desk };
        shop.set_account(&[]).await;
        shop
    }

    /// The simulator's account in the mode of these tests, with other fields.
    pub(super) async fn set_account(&self, fields: &[(&str, &str)]) {
        let dev = &self.desk.gateway.dev;
        let simulator = dev.simulators.iter().find(|simulator| simulator.provider == "flexshopper").unwrap();
        let mut values = simulator.account.clone();
        let mode = [("mode", "medusa")];
        for (name, value) in mode.iter().chain(fields) {
            values.insert((*name).to_owned(), Secret::from(*value));
        }
        let known = registry::registration("flexshopper").unwrap().descriptor.account_fields;
        let settings = AccountSettings::new(values, known, &Pointer::root()).unwrap();
        let (ambient, store) = (Ambient::system(), dev.gateway.store.as_ref());
        let tenant = Tenant { merchant: dev.merchant, mode: Mode::Test };
        tenants::store_account(store, ambient.ids.as_ref(), ambient.clock.now(), tenant, "flexshopper", settings)
            .await
            .unwrap();
    }

    pub(super) async fn checkout(&self, email: &str) -> Answer {
        let mut cart = cart();
        cart["customer"]["email"] = json!(email);
        self.desk.merchant().open(&cart).await.ok(201).clone()
    }

    pub(super) async fn post(&self, made: &Answer, step: &str, body: &Value) -> Answer {
        self.desk.merchant().post(&format!("/v1/checkouts/{}/{step}", made.id()), &fresh(), body).await
    }

    pub(super) async fn get(&self, made: &Answer, step: &str) -> Answer {
        self.desk.merchant().get(&format!("/v1/checkouts/{}/{step}", made.id())).await
    }

    /// Waits until the attempt stands so and this step comes next.
    pub(super) async fn until(&self, made: &Answer, status: &str, next: &str) -> Answer {
        let found = async || {
            let seen = self.desk.merchant().read(&made.id()).await;
            let stands = (seen.str("/attempt/status"), seen.str("/next_action/type")) == (status, next);
            stands.then_some(seen)
        };
        until(&format!("{status} with {next:?}"), found).await
    }

    /// Applies, and waits until the customer is approved.
    pub(super) async fn approved(&self, email: &str) -> Answer {
        let made = self.checkout(email).await;
        self.post(&made, "application", &application()).await.ok(202);
        self.until(&made, "preapproved", "sign_agreement").await;
        made
    }

    /// Asks for the agreement, reads it, and says which document it is.
    pub(super) async fn agreement(&self, made: &Answer) -> String {
        let document = self.post(made, "agreement", &json!({})).await.ok(200).str("/document_sha256").to_owned();
        assert_eq!(self.get(made, "agreement").await.ok(200).str("/document_sha256"), document);
        document
    }
}

#[tokio::test]
async fn a_merchants_own_pages_carry_a_customer_from_the_application_to_the_lease() {
    let shop = Shop::open().await;
    let made = shop.checkout(CUSTOMER).await;
    assert_eq!((made.str("/status"), made.str("/next_action/type")), ("requires_customer_action", "apply"));
    assert_eq!(made.body["next_action"]["url"], Value::Null);
    shop.post(&made, "agreement", &json!({})).await.refused(409, "invalid_state");

    let key = fresh();
    let path = format!("/v1/checkouts/{}/application", made.id());
    shop.desk.merchant().post(&path, &key, &application()).await.ok(202);
    assert!(shop.desk.merchant().post(&path, &key, &application()).await.ok(202).replayed());
    let mut other = application();
    other["ssn"] = json!("471198363");
    shop.desk.merchant().post(&path, &key, &other).await.refused(422, "idempotency_key_reused");
    shop.until(&made, "preapproved", "sign_agreement").await;
    shop.post(&made, "application", &application()).await.refused(409, "invalid_state");
    assert_eq!(shop.desk.calls("apply").await, 1);

    let offer = shop.get(&made, "offer").await.ok(200).clone();
    assert_eq!((offer.str("/limit"), offer.str("/asked"), &offer.body["shortfall"]), ("1300.00", TOTAL, &Value::Null));

    shop.get(&made, "agreement").await.refused(409, "invalid_state");
    let told = shop.post(&made, "agreement", &json!({})).await.ok(200).str("/document_sha256").to_owned();
    let refused =
        shop.post(&made, "agreement/sign", &signature(&told)).await.refused(422, "validation_failed").errors();
    assert_eq!(refused[0].0, "/document_sha256", "nobody has read the document yet");
    let document = shop.agreement(&made).await;
    assert_eq!(document, told, "the same one, however often it is asked for");
    let shown = shop.get(&made, "agreement").await.ok(200).clone();
    assert_eq!((shown.str("/document_sha256"), shown.str("/terms/cash_price")), (document.as_str(), TOTAL));
    assert!(!shown.str("/document").is_empty());
    shop.until(&made, "awaiting_customer", "sign_agreement").await;

    let mut wrong = signature(&"0".repeat(64));
    let refused = shop.post(&made, "agreement/sign", &wrong).await.refused(422, "validation_failed").errors();
    assert_eq!(refused[0].0, "/document_sha256");
    wrong = signature(&document);
    wrong["accepted_at"] = json!("2020-01-01T00:00:00Z");
    let refused = shop.post(&made, "agreement/sign", &wrong).await.refused(422, "validation_failed").errors();
    assert_eq!(refused[0].0, "/accepted_at");
    assert_eq!(shop.desk.calls("sign").await, 0);

    let signed = shop.post(&made, "agreement/sign", &signature(&document)).await.ok(200).clone();
    assert_eq!(signed.str("/status"), "requires_merchant_action");
    let seen = shop.desk.merchant().until_status(&made.id(), "authorized").await;
    assert_eq!((seen.str("/amounts/authorized"), &seen.body["can_fulfill"]), (TOTAL, &json!(true)));
    for (call, times) in [("create_lease", 1), ("sign", 1), ("finalize", 1), ("cancel", 0)] {
        assert_eq!(shop.desk.calls(call).await, times, "{call}");
    }
    let timeline = shop.desk.merchant().timeline(&made.id()).await;
    let sign = timeline.iter().find(|entry| entry["what"] == "sign").unwrap();
    let agreed = &sign["calls"][0]["fields"];
    assert_eq!((&agreed["consent_document_sha256"], &agreed["consent_ip"]), (&json!(document), &json!("203.0.113.7")));
    let there = shop.desk.there(&made).await;
    assert!(there.to_string().contains("203.0.113.7"), "{there}");
    shop.post(&made, "agreement/sign", &signature(&document)).await.refused(409, "invalid_state");
    let events = shop.desk.merchant().events(&made.id()).await;
    assert!(events.iter().any(|kind| kind == "attempt.preapproved"), "{events:?}");
}

#[tokio::test]
async fn a_decision_after_four_minutes_holds_nobodys_connection() {
    let shop = Shop::open().await;
    shop.desk.control(Method::POST, "settings", &json!({ "apply_waits": true })).await;
    let made = shop.checkout("john+slow240@example.com").await;
    shop.post(&made, "application", &application()).await.ok(202);
    until("the application to arrive", async || (shop.desk.calls("apply").await == 1).then_some(())).await;
    shop.post(&made, "application", &application()).await.refused(409, "invalid_state");
    assert_eq!(shop.desk.merchant().read(&made.id()).await.body["can_fulfill"], false);
    shop.desk.control(Method::POST, "clock", &json!({ "advance_s": 241 })).await;
    shop.until(&made, "preapproved", "sign_agreement").await;
    assert_eq!(shop.desk.calls("apply").await, 1);
}

#[tokio::test]
async fn a_decision_that_comes_later_is_found_by_asking() {
    let shop = Shop::open().await;
    let made = shop.checkout("john+slow240@example.com").await;
    shop.post(&made, "application", &application()).await.ok(202);
    shop.until(&made, "under_review", "").await;
    shop.post(&made, "application", &application()).await.refused(409, "invalid_state");
    shop.desk.control(Method::POST, "clock", &json!({ "advance_s": 241 })).await;
    shop.until(&made, "preapproved", "sign_agreement").await;
    let denied = shop.checkout("joan+deny@example.com").await;
    shop.post(&denied, "application", &application()).await.ok(202);
    shop.until(&denied, "declined", "").await;
}

#[tokio::test]
async fn what_the_plugin_or_another_financer_carries_is_not_taken() {
    let shop = Shop::open().await;
    shop.set_account(&[("mode", "plugin")]).await;
    // What is known of an account is a second old at most.
    let plugin = async || {
        let made = shop.checkout(CUSTOMER).await;
        (made.str("/next_action/type") == "plugin").then_some(made)
    };
    let made = until("the account to be read again", plugin).await;
    shop.post(&made, "application", &application()).await.refused(422, "operation_not_supported");
    shop.get(&made, "offer").await.refused(422, "operation_not_supported");
    let mut cart = carts::usa();
    cart["provider"] = json!("wegetfinancing");
    let loan = shop.desk.merchant().open(&cart).await.ok(201).clone();
    shop.post(&loan, "application", &application()).await.refused(422, "operation_not_supported");
    assert_eq!(shop.desk.calls("user_exists").await, 0);
}

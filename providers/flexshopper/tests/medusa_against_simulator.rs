//! The typed client against the simulator, which was written from a second reading of the documents: both must agree on
//! every call. The simulator is set to refuse every member that no document knows.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::sync::Arc;

use jiff::civil::date;
use lendport_core::{AccountSettings, CallContext, CallLog, CommitClass, ErrorKind, Mode, RetryClass, Secret};
use lendport_outbound::{ClientSettings, Outbound, Request, Url};
use lendport_testkit::clock::START;
use lendport_testkit::{ManualClock, samples};
use provider_flexshopper::error::{Failed, Refusal};
use provider_flexshopper::field::Opaque;
use provider_flexshopper::medusa::{
    Booked, LeaseFilter, LeaseFlags, LeaseItem, LeaseMade, LeaseNow, LeaseOrder, LeaseShipping, Medusa, MethodAdded,
    PageAsk, PickedUp, SentItem, Signed, SkuQuantity, TransactionsAsk, UserMade,
};
use provider_flexshopper::money::Dollars;
use provider_flexshopper::person::{
    AccountType, BankAccount, CardToken, Consent, HomeAddress, NewCard, NewMethod, NewUser, PersonLook,
};
use provider_flexshopper::simulator::{Simulator, SimulatorSettings};
use provider_flexshopper::wire::{SkuCount, User};
use provider_flexshopper::{Clients, CustomerToken, ProviderConfig};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use common::{ACCOUNT, application};

/// A simulator and a client that is pointed at it.
struct World {
    config: ProviderConfig,
    clients: Clients,
    account: AccountSettings,
    calls: CallLog,
    base_url: String,
    control: Outbound,
}

impl World {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let settings = SimulatorSettings::new(Secret::from("api-key-example"), "AUTH_KEY");
        let simulator = Simulator::new(settings, Arc::new(ManualClock::new()));
        tokio::spawn(simulator.serve(listener, std::future::pending()));
        let control = Outbound::live(ClientSettings::default()).unwrap();
        let client =
            Outbound::live(ClientSettings { request_timeout_ms: 60_000, ..ClientSettings::default() }).unwrap();
        let config = ProviderConfig { collect_payment: true, ..ProviderConfig::default() };
        let world = Self {
            config: config.with_sandbox_at(&base_url),
            clients: Clients::all(client),
            account: samples::account(ACCOUNT),
            calls: CallLog::new(),
            base_url,
            control,
        };
        world.turn("settings", json!({"refuse_unknown_fields": true, "consumer_required": true})).await;
        world
    }

    fn medusa(&self) -> Medusa<'_> {
        let ctx = CallContext { account: &self.account, mode: Mode::Test, now: START, calls: &self.calls };
        Medusa::open(ctx, &self.config, &self.clients).unwrap()
    }

    async fn turn(&self, path: &str, body: Value) {
        let url = Url::parse(&format!("{}/_sim/{path}", self.base_url)).unwrap();
        let answer = self.control.call(Request::post(url).json(&body), &self.calls).await.unwrap();
        assert!((200..300).contains(&answer.status), "{path} {body}: {}", answer.status);
    }

    async fn customer(&self, email: &str) -> (String, CustomerToken) {
        match self.medusa().create_user(&person(email)).await.unwrap() {
            UserMade::Made { user_id, token } => (user_id, token),
            UserMade::ThereAlready => panic!("{email} is there already"),
        }
    }

    async fn approved(&self, email: &str) -> CustomerToken {
        let (_, token) = self.customer(email).await;
        self.medusa().apply(&token, &application(), None).await.unwrap();
        token
    }

    /// A lease that is made; its id.
    async fn leased(&self, token: &CustomerToken, order: &LeaseOrder) -> Opaque {
        match self.medusa().create_lease(token, order, LeaseFlags::default()).await.unwrap() {
            LeaseMade::Made(contract) => contract.lease_id,
            other => panic!("{other:?}"),
        }
    }

    async fn sign(&self, token: &CustomerToken, lease: &Opaque) -> Result<Signed, Failed> {
        let consent = Consent { ip: "203.0.113.9".parse().unwrap(), at: START };
        self.medusa().sign(token, lease, &consent).await
    }
}

fn secret(text: &str) -> Secret<String> {
    Secret::from(text)
}

fn person(email: &str) -> NewUser {
    NewUser {
        first_name: secret("Ada"),
        last_name: secret("Smith"),
        email: secret(email),
        password: None,
        reset_password: Some(false),
        locale: Some("en".to_owned()),
    }
}

fn dollars(text: &str) -> Dollars {
    serde_json::from_str(text).unwrap()
}

fn order(id: &str, lines: &[(&str, &str, u32)]) -> LeaseOrder {
    let item = |(sku, cost, quantity): &(&str, &str, u32)| LeaseItem {
        brand: "Acme".to_owned(),
        sku: (*sku).to_owned(),
        description: "Thing".to_owned(),
        cost: dollars(cost),
        condition: "new",
        quantity: *quantity,
    };
    LeaseOrder {
        transaction_id: id.to_owned(),
        order_id: format!("order-of-{id}"),
        items: lines.iter().map(item).collect(),
        shipping: Some(LeaseShipping { cost: dollars("20"), method: Some("ground".to_owned()) }),
        total_discount: None,
    }
}

fn card(token: &str) -> NewMethod {
    NewMethod::Card(NewCard {
        expiration_date: Some(secret("2029-09")),
        card_type: Some("visa".to_owned()),
        last_four: Some(secret("1234")),
        first_six: Some(secret("411111")),
        token: CardToken::Named(vec![("clover".to_owned(), secret(token))]),
        billing_zip: secret("33431"),
    })
}

fn bank(routing: &str, account: &str) -> BankAccount {
    BankAccount { routing: secret(routing), account: secret(account), kind: AccountType::Checking }
}

fn units(sku: &str, quantity: u32) -> SkuQuantity {
    SkuQuantity { sku: sku.to_owned(), quantity }
}

fn decided(user: &User) -> (Option<String>, Option<String>) {
    let decision = user.decision.value();
    let status = decision.and_then(|decision| decision.status.value().map(|word| word.as_str().to_owned()));
    let limit = decision.and_then(|decision| decision.spending_limit.value());
    (status, limit.map(|limit| limit.money().unwrap().to_string()))
}

type Counts = Vec<(String, u32)>;

fn lists(booked: Booked) -> (Counts, Counts) {
    match booked {
        Booked::Lists { done, failed } => {
            let plain = |counts: Vec<SkuCount>| -> Counts {
                counts.into_iter().map(|count| (count.sku.0, count.quantity.0)).collect()
            };
            (plain(done), plain(failed))
        }
        Booked::NotSaid => panic!("no lists"),
    }
}

#[tokio::test]
async fn customers_are_found_made_and_decided() {
    let world = World::start().await;
    let medusa = world.medusa();
    let email = secret("ada+x@example.com");
    assert_eq!(medusa.user_exists(&email).await.unwrap(), None);
    for absent in ["empty", "not_found"] {
        world.turn("settings", json!({ "absent_user": absent })).await;
        assert_eq!(medusa.user_exists(&email).await.unwrap(), None, "{absent}");
    }
    let (id, token) = world.customer("ada+x@example.com").await;
    assert_eq!(medusa.user_exists(&email).await.unwrap(), Some(id.clone()), "the plus went through the query whole");
    for status in [409, 400] {
        world.turn("settings", json!({ "existing_user_status": status })).await;
        let again = medusa.create_user(&person("ada+x@example.com")).await.unwrap();
        assert!(matches!(again, UserMade::ThereAlready), "{status}");
    }
    assert_eq!(decided(&medusa.user(&token).await.unwrap()), (None, None));
    let applied = medusa.apply(&token, &application(), "203.0.113.9".parse().ok()).await.unwrap();
    assert_eq!(decided(&applied), (Some("approved".to_owned()), Some("1300.00".to_owned())));
    // A token made later, which is printed with a stray quote, speaks for the same customer.
    let later = medusa.authorize(&id).await.unwrap();
    let user = medusa.user(&later).await.unwrap();
    assert_eq!((decided(&user), user.spending_hold.value()), (decided(&applied), Some(&false)));
    assert_eq!(medusa.users(PageAsk { page: 1, limit: 20 }).await.unwrap().rows.len(), 1);
    let address = HomeAddress {
        street1: secret("123 Main St"),
        street2: None,
        city: secret("Boca Raton"),
        region: "FL".to_owned(),
        postal_code: secret("33431"),
        country: "US".to_owned(),
    };
    let look = PersonLook { email: secret("b@example.com"), address: Some(address), phone: Some(secret("6514447773")) };
    let found = medusa.user_exists_deeply(&look).await.unwrap();
    let found = (found.email_exists.value(), found.phone_exists.value(), found.address_exists.value());
    assert_eq!(found, (Some(&false), Some(&true), Some(&true)));

    for (email, status) in [("b+deny@example.com", "failed"), ("c+pending@example.com", "pending")] {
        let (_, token) = world.customer(email).await;
        let applied = medusa.apply(&token, &application(), None).await.unwrap();
        assert_eq!(decided(&applied).0.unwrap(), status);
    }
    let (_, slow) = world.customer("d+slow@example.com").await;
    assert_eq!(decided(&medusa.apply(&slow, &application(), None).await.unwrap()).0.unwrap(), "pending");
    world.turn("clock", json!({"advance_s": 270})).await;
    assert_eq!(decided(&medusa.user(&slow).await.unwrap()).0.unwrap(), "approved");
    let (_, upstream) = world.customer("e+502@example.com").await;
    let failed = medusa.apply(&upstream, &application(), None).await.unwrap_err();
    assert_eq!((failed.error.commit, failed.error.retry), (CommitClass::Unknown, RetryClass::AfterLookup));
    assert_eq!(decided(&medusa.user(&upstream).await.unwrap()).0.unwrap(), "approved", "it was taken in");
}

#[tokio::test]
async fn ways_to_pay() {
    let world = World::start().await;
    let medusa = world.medusa();
    let (id, token) = world.customer("ada@example.com").await;
    for enveloped in [false, true] {
        world.turn("settings", json!({ "enveloped_lists": enveloped })).await;
        assert_eq!(medusa.add_payment_method(&token, &card("good"), "Card", true).await.unwrap(), MethodAdded::Added);
        let known = medusa.payment_methods(&token).await.unwrap();
        assert_eq!(known.len(), if enveloped { 2 } else { 1 });
        assert_eq!(known.first().unwrap().kind.value().unwrap().as_str(), "card");
    }
    for (method, outcome) in [
        (card("prepaid"), MethodAdded::NotPrimary),
        (NewMethod::Bank(bank("011401505", "000123456789")), MethodAdded::BankNotAccepted),
        (NewMethod::Bank(bank("011401506", "000123456789")), MethodAdded::BankNeedsVerification),
        (NewMethod::Bank(bank("067014822", "000123456789")), MethodAdded::Added),
    ] {
        assert_eq!(medusa.add_payment_method(&token, &method, "Way", true).await.unwrap(), outcome);
    }
    for (account, good) in [("000123456789", true), ("000123450000", false)] {
        let verdict = medusa.verify_ach(&id, &bank("067014822", account)).await.unwrap();
        assert_eq!(verdict.status.value(), Some(&good));
    }
    let keys = [medusa.child_key().await.unwrap(), medusa.child_key().await.unwrap(), medusa.pkms_key().await.unwrap()];
    assert!(keys.iter().all(|key| !key.expose().expose().is_empty()));
    assert_eq!(medusa.minimum_order().await.unwrap().unwrap().money().unwrap().to_string(), "49.95");
}

#[tokio::test]
async fn a_lease_from_application_to_return() {
    let world = World::start().await;
    let medusa = world.medusa();
    let token = world.approved("ada@example.com").await;
    let lease = world.leased(&token, &order("T-1", &[("A", "100.10", 3), ("B", "50", 1)])).await;
    let now = async || LeaseNow::of(&medusa.lease(&token, &lease).await.unwrap().unwrap());
    assert_eq!(now().await, LeaseNow::Unsigned);
    assert_eq!(world.sign(&token, &lease).await.unwrap(), Signed::Signed);
    assert_eq!(now().await, LeaseNow::Signed);
    assert!(medusa.transaction("T-2").await.unwrap().is_none());

    let seen = medusa.transaction("T-1").await.unwrap().unwrap();
    assert_eq!(seen.lease_status(), Some("signed"));
    assert_eq!(seen.order_id.value().unwrap().as_str(), "order-of-T-1");
    assert_eq!(seen.shipping_cost.value().unwrap().money().unwrap().to_string(), "20.00", "dollars");
    assert_eq!(seen.purchase_total.value().unwrap().money().unwrap().to_string(), "370.30", "cents");
    let first = seen.items().first().unwrap();
    assert_eq!(first.cost.value().unwrap().money().unwrap().to_string(), "100.10");

    let done = medusa.finalize("T-1").await.unwrap();
    assert_eq!(done.lease_number.value().unwrap().as_str(), "1234567");
    let parcel = SentItem {
        sku: "A".to_owned(),
        carrier: "UPS".to_owned(),
        ship_date: date(2026, 11, 21),
        tracking_number: Some("1Z999AA10123456784".to_owned()),
        tracking_link: None,
        delivery_date: Some(date(2026, 11, 24)),
        quantity: 2,
    };
    medusa.confirm_shipment("T-1", &[parcel]).await.unwrap();
    let picked_up = PickedUp { sku: "B".to_owned(), quantity: 1, receipt_date: date(2026, 11, 21) };
    medusa.confirm_receipt("T-1", &[picked_up]).await.unwrap();
    let seen = medusa.transaction("T-1").await.unwrap().unwrap();
    let shipped: Vec<_> = seen.items().iter().map(|item| item.in_status("shipped")).collect();
    assert_eq!(shipped, [Some(2), Some(1)]);

    world.turn("requests/T-1/decide", json!({"status": "deliver"})).await;
    let canceled = medusa.cancel("T-1", &[units("A", 2), units("B", 1)]).await.unwrap();
    let expected = (vec![("A".to_owned(), 1)], vec![("A".to_owned(), 1), ("B".to_owned(), 1)]);
    assert_eq!(lists(canceled), expected, "one of A had not left");
    let returned = medusa.take_back("T-1", &[units("A", 1), units("X", 1)]).await.unwrap();
    assert_eq!(lists(returned), (vec![("A".to_owned(), 1)], vec![("X".to_owned(), 1)]));

    let ask = |lease| TransactionsAsk { page: PageAsk { page: 1, limit: 1_000 }, lease, from: None, to: None };
    assert_eq!(medusa.transactions(ask(Some(LeaseFilter::Signed))).await.unwrap().rows.len(), 1);
    assert_eq!(medusa.transactions(ask(Some(LeaseFilter::Pending))).await.unwrap().rows.len(), 0);
    let days = TransactionsAsk { from: Some(date(2026, 11, 22)), to: Some(date(2026, 11, 23)), ..ask(None) };
    assert_eq!(medusa.transactions(days).await.unwrap().rows.len(), 0);

    world.turn("requests/T-1/decide", json!({"past_due": "45"})).await;
    let agreements = medusa.agreements(&token).await.unwrap();
    let agreement = agreements.first().unwrap();
    assert_eq!(agreement.past_due().unwrap().money().unwrap().to_string(), "45.00", "cents");
    assert_eq!(medusa.add_payment_method(&token, &card("decline"), "Card", false).await.unwrap(), MethodAdded::Added);
    let methods = medusa.payment_methods(&token).await.unwrap();
    let amount = lendport_core::parse_decimal("2").unwrap();
    for (method, paid) in [(methods.first().unwrap(), true), (methods.last().unwrap(), false)] {
        let (agreement, method) = (agreement.id.value().unwrap(), method.id.value().unwrap());
        let payments = medusa.collect_payment(&token, agreement.as_str(), method.as_str(), amount).await.unwrap();
        assert_eq!(payments.iter().map(|payment| payment.succeeded()).collect::<Vec<_>>(), [paid]);
    }
}

#[tokio::test]
async fn recoveries_of_a_signature_and_limits_of_a_lease() {
    let world = World::start().await;
    let medusa = world.medusa();
    let (_, token) = world.customer("ada+limit500@example.com").await;
    let mut poor = application();
    (poor.bank, poor.cards) = (None, Vec::new());
    medusa.apply(&token, &poor, None).await.unwrap();
    let ask = async |cost: &str| {
        let order = order("T-1", &[("A", cost, 1)]);
        medusa.create_lease(&token, &order, LeaseFlags::default()).await.unwrap()
    };
    assert!(matches!(ask("480.01").await, LeaseMade::AboveLimit));
    assert!(matches!(ask("29.94").await, LeaseMade::BelowMinimum));
    let LeaseMade::Made(contract) = ask("480").await else { panic!("the limit is enough") };
    assert_eq!(world.sign(&token, &contract.lease_id).await.unwrap(), Signed::PaymentRequired);
    medusa.add_payment_method(&token, &card("good"), "Card", true).await.unwrap();
    world.turn("requests/T-1/decide", json!({"status": "expire"})).await;
    assert_eq!(world.sign(&token, &contract.lease_id).await.unwrap(), Signed::Expired);
    let seen = medusa.lease(&token, &contract.lease_id).await.unwrap().unwrap();
    assert_eq!(LeaseNow::of(&seen), LeaseNow::Expired);
    let LeaseMade::Made(renewed) = ask("480").await else { panic!("another lease") };
    assert_eq!(world.sign(&token, &contract.lease_id).await.unwrap(), Signed::NotFound);
    assert_eq!(world.sign(&token, &renewed.lease_id).await.unwrap(), Signed::Signed);

    // Q6: not signed is a refusal; gone is told as such.
    let failed = medusa.finalize("T-9").await.unwrap_err();
    assert_eq!((failed.refusal, failed.error.commit), (Some(Refusal::NotFound), CommitClass::Rejected));
    let held = world.approved("b+hold@example.com").await;
    let failed =
        medusa.create_lease(&held, &order("T-2", &[("A", "100", 1)]), LeaseFlags::default()).await.unwrap_err();
    assert_eq!(failed.refusal, Some(Refusal::Rejected), "the printed UserAlreadyExists means nothing here");
}

#[tokio::test]
async fn what_goes_wrong_on_the_way() {
    let world = World::start().await;
    let medusa = world.medusa();
    let token = world.approved("ada@example.com").await;
    let lease = world.leased(&token, &order("T-1", &[("A", "100", 1)])).await;
    assert_eq!(world.sign(&token, &lease).await.unwrap(), Signed::Signed);
    let fault = async |fault: Value| world.turn("faults", fault).await;
    // An effect nobody heard of: unknown, to be looked at, and the look tells.
    for kind in ["lose_reply", "half_body"] {
        fault(json!({"on": "finalize", "kind": kind})).await;
        let failed = medusa.finalize("T-1").await.unwrap_err();
        assert_eq!(
            (failed.error.commit, failed.error.retry),
            (CommitClass::Unknown, RetryClass::AfterLookup),
            "{kind}"
        );
    }
    for (kind, status) in [("html", 200), ("empty", 200), ("null", 200), ("unwrap", 200), ("status", 503)] {
        fault(json!({"on": "transaction", "kind": kind, "status": status})).await;
        let failed = medusa.transaction("T-1").await.unwrap_err();
        assert!(matches!(failed.error.kind, ErrorKind::BadResponse | ErrorKind::Unavailable), "{kind}: {failed:?}");
    }
    fault(json!({"on": "transaction", "kind": "types"})).await;
    let seen = medusa.transaction("T-1").await.unwrap().unwrap();
    assert_eq!(seen.lease_status(), Some("signed"), "numbers as texts do not hide the state");
    fault(json!({"on": "transaction", "kind": "remove", "pointer": "/data/lease"})).await;
    assert_eq!(medusa.transaction("T-1").await.unwrap().unwrap().lease_status(), None);
    let limited =
        json!({"on": "me", "kind": "gateway", "status": 429, "retry_after": 9, "message": "API rate limit exceeded"});
    fault(limited).await;
    let failed = medusa.user(&token).await.unwrap_err();
    assert_eq!(failed.error.retry_after_s, Some(9));
    world.turn("users/ada@example.com/decide", json!({"end_tokens": true})).await;
    let failed = medusa.user(&token).await.unwrap_err();
    assert_eq!(failed.refusal, Some(Refusal::Unauthorized));
}

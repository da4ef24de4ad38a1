//! What the tests of this adapter share.

use std::path::PathBuf;

use jiff::civil::date;
use lendport_core::{
    AccountSettings, Attempt, CallContext, CallLog, CascadeHints, Checkout, CreateRequest, Created, FinancingProvider,
    Mode, ProviderError, Secret,
};
use lendport_outbound::{Cassette, Outbound};
use lendport_testkit::clock::START;
use lendport_testkit::{PlaybackGuard, Sample, SeededIds, play, samples};
use provider_flexshopper::endpoint::Endpoint;
use provider_flexshopper::error::Failed;
use provider_flexshopper::field::Opaque;
use provider_flexshopper::medusa::{
    LeaseFilter, LeaseFlags, LeaseItem, LeaseNow, LeaseOrder, LeaseShipping, Medusa, PageAsk, PickedUp, SentItem,
    SkuQuantity, TransactionsAsk,
};
use provider_flexshopper::money::Dollars;
use provider_flexshopper::person::{
    AccountType, Application, ApplicationCard, BankAccount, CardToken, Consent, Employment, HomeAddress, NewCard,
    NewMethod, NewUser, PayFrequency, PersonLook,
};
use provider_flexshopper::{Clients, CustomerToken, FlexShopper, ProviderConfig};

/// The account of the cassettes.
pub(crate) const ACCOUNT: &[(&str, &str)] =
    &[("api_key", "api-key-example"), ("auth_key", "AUTH_KEY"), ("channel", "web"), ("vendor_id", "77")];
/// Our id of the order in the published examples.
pub(crate) const ID: &str = "ABC-129384";

/// The sample order with two products and units that can be sent in parts: goods 430.30, shipping 20.
pub(crate) fn two_products() -> Sample {
    let mut sample = Sample::usa();
    sample.cart.items =
        vec![samples::item(Some("A"), "TV", 1, "400", "0"), samples::item(Some("B"), "Cable", 3, "10.10", "0")];
    sample.cart.shipping = lendport_core::parse_decimal("20").ok();
    sample
}

/// An account of the cassettes with a Medusa that answers from one.
pub(crate) struct Desk {
    config: ProviderConfig,
    clients: Clients,
    account: AccountSettings,
    pub(crate) calls: CallLog,
}

impl Desk {
    pub(crate) fn new(outbound: Outbound) -> Self {
        Self {
            config: ProviderConfig { collect_payment: true, ..ProviderConfig::default() },
            clients: Clients::all(outbound),
            account: samples::account(ACCOUNT),
            calls: CallLog::new(),
        }
    }

    pub(crate) fn medusa(&self) -> Medusa<'_> {
        let ctx = CallContext { account: &self.account, mode: Mode::Test, now: START, calls: &self.calls };
        Medusa::open(ctx, &self.config, &self.clients).unwrap()
    }
}

/// A cassette of one exchange, after one that makes a token where the call carries one.
pub(crate) fn answering(endpoint: Endpoint, status: u16, body: &str) -> Cassette {
    let spec = endpoint.spec();
    let named = |path: &str| {
        let path = path.replace("{userId}", "user-1").replace("{leaseId}", "lease-1");
        path.replace("{transactionId}", ID).replace("{agreementId}", "agreement-1")
    };
    let authorize = r#"{ "request": { "method": "GET", "path": "/v3/users/user-1/authorize" },
                         "response": { "status": 200, "body": { "data": { "token": "eyJ.customer" } } } },"#;
    let query = match endpoint {
        Endpoint::UserExists => r#", "query": "email=john%40example.com""#,
        Endpoint::Users => r#", "query": "page=1&limit=20""#,
        Endpoint::Transactions => {
            r#", "query": "page=2&limit=1000&leaseStatus=signed&fromDate=2026-11-20&toDate=2026-11-22""#
        }
        Endpoint::CreateLease => r#", "query": "sendLink=true""#,
        _ => "",
    };
    let text = format!(
        r#"{{ "scenario": "one", "provider": "flexshopper", "origin": {{ "kind": "documented", "source": "seed 004" }},
             "volatile": [],
             "interactions": [ {} {{ "request": {{ "method": "{}", "path": "{}"{query}, "headers": {{ {} }}{} }},
                                     "response": {{ "status": {status}, "text": {} }} }} ] }}"#,
        if spec.customer { authorize } else { "" },
        spec.method,
        named(spec.path),
        headers_of(endpoint),
        body_of(endpoint).map(|body| format!(r#", "body": {body}"#)).unwrap_or_default(),
        serde_json::to_string(body).unwrap(),
    );
    Cassette::parse("one", text.as_bytes()).unwrap()
}

/// The body of each call that [`ask`] makes, written by hand from the reference's tables.
fn body_of(endpoint: Endpoint) -> Option<&'static str> {
    use Endpoint as E;
    Some(match endpoint {
        E::UserExistsDeeply => {
            r#"{"email":"john@example.com","address":{"street1":"123 Main St","street2":"Apt 4","city":"Boca Raton",
                "region":"FL","postalCode":"33431","country":"US"},"phone":"6514447773"}"#
        }
        E::CreateUser => {
            r#"{"firstName":"John","lastName":"Doe","email":"john@example.com","resetPassword":false,"locale":"en"}"#
        }
        E::AddPaymentMethod => {
            r#"{"primary":true,"label":"My Visa Card","token":{"expirationDate":"2029-09","cardType":"visa",
                "lastFour":"1234","firstSix":"411111","token":[{"name":"clover","token":"clover-token"}],
                "billingZip":"33431"}}"#
        }
        E::VerifyAch => r#"{"accountNumber":"000123456789","routingNumber":"067014822"}"#,
        E::ChildKey | E::Finalize => "{}",
        E::Apply => {
            r#"{"driversLicenseNumber":"D123-456","driversLicenseState":"FL","gender":"female","street1":"123 Main St",
                "street2":"Apt 4","city":"Boca Raton","regionAbbr":"FL","postalCode":"33431","country":"US",
                "mobilePhone":"6514447773","dateOfBirth":"1998-03-23","ssn":"123456789",
                "employmentInformation":{"name":"Acme","phone":"6514447774","monthlyIncome":4200.50,
                    "payFrequency":"biweekly","lastPayDate":"2026-11-13","nextPayDate":"2026-11-27"},
                "bankAccount":{"routing":"067014822","account":"000123456789","type":"checking"},
                "cardInformation":[{"type":"card","expirationDate":"2029-09","lastFour":"1234","firstSix":"411111",
                    "cardType":"visa","tokens":[{"gateway":"clover","token":"clover-token"}]}],
                "deviceFingerprint":"ZGV2aWNl","expectedPurchaseAmount":450.30,"optInMarketing":false,
                "additionalData":{"firstGlance":true}}"#
        }
        E::CreateLease => {
            r#"{"transactionId":"ABC-129384","orderId":"2f962a52-df63-426f-abc7-617055dba2f7","items":[{"brand":"Apple",
                "sku":"abc123","description":"iPad Mini","cost":100.23,"condition":"new","quantity":1}],
                "shipping":{"cost":1.23,"method":"ground"},"totalDiscount":5.00}"#
        }
        E::Sign => r#"{"ipAddress":"100.166.99.123","timestamp":"2026-11-21T12:00:00Z","signed":true}"#,
        E::Cancel | E::Return => r#"{"items":[{"sku":"123ASD","quantity":2}]}"#,
        E::ConfirmShipment => {
            r#"{"items":[{"sku":"123ASD","carrier":"Fedex","shipDate":"2026-11-21","trackingNumber":"1Z999AA10123456784",
                "trackingLink":"https://carrier.example/1Z999AA10123456784","deliveryDate":"2026-11-24","quantity":1}]}"#
        }
        E::ConfirmReceipt => r#"{"items":[{"sku":"123ASD","quantity":1,"receiptDate":"2026-11-21"}]}"#,
        E::CollectPayment => r#"{"paymentMethodId":"5910c6805bffb3590e07cc1e","amount":2}"#,
        _ => return None,
    })
}

/// The headers that decide whose call it is.
fn headers_of(endpoint: Endpoint) -> String {
    let spec = endpoint.spec();
    let mut headers = vec![r#""accept": "application/json""#];
    headers.extend(spec.consumer.then_some(r#""x-consumer-custom-id": "web:77""#));
    headers.extend((endpoint == Endpoint::Apply).then_some(r#""customer-ip": "100.166.99.123""#));
    headers.join(", ")
}

fn secret(text: &str) -> Secret<String> {
    Secret::from(text)
}

fn home() -> HomeAddress {
    HomeAddress {
        street1: secret("123 Main St"),
        street2: Some(secret("Apt 4")),
        city: secret("Boca Raton"),
        region: "FL".to_owned(),
        postal_code: secret("33431"),
        country: "US".to_owned(),
    }
}

fn bank() -> BankAccount {
    BankAccount { routing: secret("067014822"), account: secret("000123456789"), kind: AccountType::Checking }
}

fn dollars(text: &str) -> Dollars {
    serde_json::from_str(text).unwrap()
}

/// Everything that an application may say.
pub(crate) fn application() -> Application {
    Application {
        address: home(),
        mobile_phone: secret("6514447773"),
        date_of_birth: secret("1998-03-23"),
        ssn: Some(secret("123456789")),
        drivers_license: Some((secret("D123-456"), "FL".to_owned())),
        gender: Some(secret("female")),
        employment: Some(Employment {
            name: Some(secret("Acme")),
            phone: Some(secret("6514447774")),
            monthly_income: secret("4200.50"),
            pay_frequency: PayFrequency::Biweekly,
            last_pay_date: Some(secret("2026-11-13")),
            next_pay_date: Some(secret("2026-11-27")),
        }),
        bank: Some(bank()),
        cards: vec![ApplicationCard {
            expiration_date: Some(secret("2029-09")),
            card_type: Some("visa".to_owned()),
            last_four: Some(secret("1234")),
            first_six: Some(secret("411111")),
            tokens: vec![("clover".to_owned(), secret("clover-token"))],
        }],
        device_fingerprint: Some(secret("ZGV2aWNl")),
        expected_purchase: Some(dollars("450.30")),
        opt_in_marketing: Some(false),
        first_glance: Some(true),
    }
}

/// Makes one call of the reference, and says in a line what it brought.
pub(crate) async fn ask(medusa: &Medusa<'_>, endpoint: Endpoint) -> Result<String, Failed> {
    use Endpoint as E;
    let token = if endpoint.spec().customer { Some(medusa.authorize("user-1").await?) } else { None };
    let customer = || -> &CustomerToken { token.as_ref().unwrap() };
    let lease = Opaque::from("lease-1");
    let day = date(2026, 11, 21);
    match endpoint {
        E::UserExists => medusa.user_exists(&secret("john@example.com")).await.map(|found| format!("{found:?}")),
        E::UserExistsDeeply => {
            let look = PersonLook {
                email: secret("john@example.com"),
                address: Some(home()),
                phone: Some(secret("6514447773")),
            };
            medusa.user_exists_deeply(&look).await.map(|found| format!("{found:?}"))
        }
        E::CreateUser => {
            let user = NewUser {
                first_name: secret("John"),
                last_name: secret("Doe"),
                email: secret("john@example.com"),
                password: None,
                reset_password: Some(false),
                locale: Some("en".to_owned()),
            };
            medusa.create_user(&user).await.map(|made| format!("{made:?}"))
        }
        E::Authorize => medusa.authorize("user-1").await.map(|token| format!("{token:?}")),
        E::User => medusa.user(customer()).await.map(|user| format!("{user:?}")),
        E::Users => medusa.users(PageAsk { page: 0, limit: 20 }).await.map(|page| format!("{page:?}")),
        E::AddPaymentMethod => {
            let card = NewMethod::Card(NewCard {
                expiration_date: Some(secret("2029-09")),
                card_type: Some("visa".to_owned()),
                last_four: Some(secret("1234")),
                first_six: Some(secret("411111")),
                token: CardToken::Named(vec![("clover".to_owned(), secret("clover-token"))]),
                billing_zip: secret("33431"),
            });
            let added = medusa.add_payment_method(customer(), &card, "My Visa Card", true).await;
            added.map(|added| format!("{added:?}"))
        }
        E::PaymentMethods => medusa.payment_methods(customer()).await.map(|known| format!("{known:?}")),
        E::VerifyAch => medusa.verify_ach("user-1", &bank()).await.map(|verdict| format!("{verdict:?}")),
        E::ChildKey => medusa.child_key().await.map(|key| format!("{key:?}")),
        E::PkmsKey => medusa.pkms_key().await.map(|key| format!("{key:?}")),
        E::Apply => {
            let ip = "100.166.99.123".parse().ok();
            medusa.apply(customer(), &application(), ip).await.map(|user| format!("{user:?}"))
        }
        E::CreateLease => {
            let flags = LeaseFlags { send_link: true, ..LeaseFlags::default() };
            medusa.create_lease(customer(), &lease_order(), flags).await.map(|made| format!("{made:?}"))
        }
        E::Lease => {
            let read = medusa.lease(customer(), &lease).await;
            read.map(|lease| format!("{:?}", lease.map(|lease| (LeaseNow::of(&lease), lease))))
        }
        E::Sign => {
            let consent = Consent { ip: "100.166.99.123".parse().unwrap(), at: START };
            medusa.sign(customer(), &lease, &consent).await.map(|signed| format!("{signed:?}"))
        }
        E::Transaction => medusa.transaction(ID).await.map(|known| format!("{known:?}")),
        E::Transactions => {
            let ask = TransactionsAsk {
                page: PageAsk { page: 2, limit: 5_000 },
                lease: Some(LeaseFilter::Signed),
                from: Some(date(2026, 11, 20)),
                to: Some(date(2026, 11, 22)),
            };
            medusa.transactions(ask).await.map(|page| format!("{page:?}"))
        }
        E::Finalize => medusa.finalize(ID).await.map(|done| format!("{done:?}")),
        E::Cancel => medusa.cancel(ID, &[units()]).await.map(|booked| format!("{booked:?}")),
        E::Return => medusa.take_back(ID, &[units()]).await.map(|booked| format!("{booked:?}")),
        E::ConfirmShipment => {
            let sent = SentItem {
                sku: "123ASD".to_owned(),
                carrier: "Fedex".to_owned(),
                ship_date: day,
                tracking_number: Some("1Z999AA10123456784".to_owned()),
                tracking_link: Some("https://carrier.example/1Z999AA10123456784".to_owned()),
                delivery_date: Some(date(2026, 11, 24)),
                quantity: 1,
            };
            medusa.confirm_shipment(ID, &[sent]).await.map(|()| "told".to_owned())
        }
        E::ConfirmReceipt => {
            let picked_up = PickedUp { sku: "123ASD".to_owned(), quantity: 1, receipt_date: day };
            medusa.confirm_receipt(ID, &[picked_up]).await.map(|()| "told".to_owned())
        }
        E::Agreements => medusa.agreements(customer()).await.map(|known| format!("{known:?}")),
        E::CollectPayment => {
            let amount = lendport_core::parse_decimal("2").unwrap();
            let paid = medusa.collect_payment(customer(), "agreement-1", "5910c6805bffb3590e07cc1e", amount).await?;
            Ok(format!("{:?} {paid:?}", paid.iter().map(|payment| payment.succeeded()).collect::<Vec<_>>()))
        }
        E::LeaseSettings => medusa.minimum_order().await.map(|minimum| format!("{minimum:?}")),
    }
}

fn units() -> SkuQuantity {
    SkuQuantity { sku: "123ASD".to_owned(), quantity: 2 }
}

fn lease_order() -> LeaseOrder {
    LeaseOrder {
        transaction_id: ID.to_owned(),
        order_id: "2f962a52-df63-426f-abc7-617055dba2f7".to_owned(),
        items: vec![LeaseItem {
            brand: "Apple".to_owned(),
            sku: "abc123".to_owned(),
            description: "iPad Mini".to_owned(),
            cost: dollars("100.23"),
            condition: "new",
            quantity: 1,
        }],
        shipping: Some(LeaseShipping { cost: dollars("1.23"), method: Some("ground".to_owned()) }),
        total_discount: Some(dollars("5.00")),
    }
}

/// An adapter with a checkout and an attempt to act on.
pub(crate) struct Stage {
    pub(crate) provider: FlexShopper,
    pub(crate) checkout: Checkout,
    pub(crate) attempt: Attempt,
    pub(crate) account: AccountSettings,
    pub(crate) callback_url: Secret<String>,
    pub(crate) calls: CallLog,
}

impl Stage {
    /// Plays a cassette for an order, whose attempt has the id of the published examples. Keep the guard until the calls
    /// are made.
    pub(crate) fn play(cassette: &str, sample: &Sample, account: &[(&str, &str)]) -> (Self, PlaybackGuard) {
        let name = format!("{cassette}.json");
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "cassettes", &name].iter().collect();
        let (outbound, guard) = play(path).unwrap();
        let ids = SeededIds::default();
        let checkout = sample.checkout(&ids);
        let attempt = samples::created(samples::attempt(&checkout, provider_flexshopper::ID, &ids), ID);
        let stage = Self {
            provider: FlexShopper::new(ProviderConfig::default(), Clients::all(outbound)),
            checkout,
            attempt,
            account: samples::account(&[ACCOUNT, account].concat()),
            callback_url: Secret::from("https://gateway.example/callbacks/flexshopper/callback-token"),
            calls: CallLog::new(),
        };
        (stage, guard)
    }

    pub(crate) fn context(&self) -> CallContext<'_> {
        CallContext { account: &self.account, mode: Mode::Test, now: START, calls: &self.calls }
    }

    pub(crate) async fn create(&self) -> Result<Created, ProviderError> {
        let Self { checkout, attempt, callback_url, .. } = self;
        self.provider
            .create(self.context(), CreateRequest { checkout, attempt, callback_url, hints: CascadeHints::FIRST })
            .await
    }

    pub(crate) async fn create_again(&self) -> Result<Created, ProviderError> {
        let Self { checkout, attempt, callback_url, .. } = self;
        self.provider
            .create_again(self.context(), CreateRequest { checkout, attempt, callback_url, hints: CascadeHints::FIRST })
            .await
    }
}

//! Whatever the domain accepts comes back from the database equal.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::observation::Grade;
use lendport_core::{
    AddressInput, Attempt, AttemptState, CaptureMode, CartInput, Checkout, Currency, CustomerInput, Dispute, Evidence,
    Fulfilment, LineInput, Mode, Money, NextAction, NextActionKind, ObservationId, OperationKind, Personal, ProviderId,
    ProviderRef, Reason, ReturnUrls, Secret,
};
use lendport_storage::sqlite::{SqliteSettings, SqliteStore};
use lendport_storage::{Change, Database, Vault};
use lendport_testkit::Sample;
use lendport_testkit::storage_suite::World;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;

fn text() -> impl Strategy<Value = String> {
    "\\PC{1,40}".prop_filter("blank", |text| !text.trim().is_empty() && !text.chars().any(char::is_control))
}

fn personal() -> impl Strategy<Value = Option<Personal<String>>> {
    text().prop_map(|text| Some(Personal::new(text)))
}

fn moment() -> impl Strategy<Value = Timestamp> {
    (Timestamp::MIN.as_microsecond() + 1..Timestamp::MAX.as_microsecond())
        .prop_map(|micros| Timestamp::from_microsecond(micros).unwrap())
}

fn customer() -> impl Strategy<Value = CustomerInput> {
    (personal(), personal(), "[a-zé!#+]{1,20}@[a-z]{1,9}\\.[a-z]{2,3}", proptest::option::of("[0-9]{10}")).prop_map(
        |(first_name, last_name, email, phone)| CustomerInput {
            first_name,
            last_name,
            email: Some(Personal::new(email)),
            phone: phone.map(Personal::new),
        },
    )
}

fn address() -> impl Strategy<Value = AddressInput> {
    let place = prop_oneof![
        ("[0-9]{5}(-[0-9]{4})?", Just("US"), prop_oneof![Just("NJ".to_owned()), Just("new york".to_owned())]),
        (
            "[A-CEGHJ-NPRSTV][0-9][A-CEGHJ-NPRSTV-Z] ?[0-9][A-CEGHJ-NPRSTV-Z][0-9]",
            Just("CA"),
            Just("Québec".to_owned())
        ),
        ("\\PC{1,12}", Just("DE"), text()),
    ]
    .prop_filter("blank", |(post, _, _)| !post.trim().is_empty());
    (personal(), proptest::option::of(text()), personal(), place).prop_map(
        |(line1, line2, city, (post, country, state))| AddressInput {
            line1,
            line2: line2.map(Personal::new),
            city,
            state: Some(state),
            postal_code: Some(Personal::new(post)),
            country: Some(country.to_owned()),
        },
    )
}

fn currency() -> impl Strategy<Value = Currency> {
    prop_oneof![Just("USD"), Just("CAD"), Just("JPY"), Just("KWD")].prop_map(|code| Currency::parse(code).unwrap())
}

fn cart(currency: Currency) -> impl Strategy<Value = CartInput> {
    let amount =
        move |max: u64| (0..max).prop_map(move |minor: u64| Money::from_minor(minor, currency).unwrap().amount());
    let line = (text(), proptest::option::of(text()), 1_u32..1_000, amount(9_000_000), amount(1_000)).prop_map(
        |(name, sku, quantity, price, tax)| LineInput {
            brand: sku.clone(),
            category: sku.clone(),
            sku,
            name: Some(name),
            quantity: Some(quantity),
            unit_price: Some(price + tax),
            unit_tax: Some(tax),
        },
    );
    (proptest::collection::vec(line, 1..5), any::<bool>(), amount(1_000)).prop_map(
        |(items, tax_inclusive, shipping)| {
            // The discount stays below what the first unit costs.
            let discount = items.first().and_then(|line| line.unit_tax);
            CartInput { items, tax_inclusive, shipping: Some(shipping), discount }
        },
    )
}

fn sample() -> impl Strategy<Value = Sample> {
    let options = proptest::collection::btree_map("[a-z_]{1,9}", "\\PC{0,20}", 0..3);
    let urls = (proptest::option::of(".{0,30}"), proptest::option::of(".{0,30}"))
        .prop_map(|(success, failure)| ReturnUrls { success, failure });
    currency()
        .prop_flat_map(move |currency| {
            (customer(), address(), proptest::option::of(address()), cart(currency), Just(currency), options.clone())
        })
        .prop_flat_map(move |parts| (Just(parts), urls.clone()))
        .prop_map(|((customer, billing, shipping, cart, currency, provider_options), return_urls)| Sample {
            customer,
            billing,
            shipping,
            cart,
            currency,
            mode: Mode::Test,
            return_urls,
            provider_options,
        })
}

type Extras = (Option<String>, BTreeMap<String, String>, (u64, u64), [Timestamp; 3], (u8, bool));

fn extras() -> impl Strategy<Value = Extras> {
    let counts = (0..1_u64 << 62, 0..1_u64 << 62);
    (
        proptest::option::of(".{0,40}"),
        proptest::collection::btree_map(".{0,9}", ".{0,20}", 0..4),
        counts,
        [moment(), moment(), moment()],
        (any::<u8>(), any::<bool>()),
    )
}

fn attempts_of(world: &World, checkout: &Checkout, extras: &Extras) -> Vec<Attempt> {
    let (word, _, (minor, _), [first, second, third], (pick, flag)) = extras;
    let pick = usize::from(*pick);
    let state = AttemptState::ALL.get(pick % AttemptState::ALL.len()).copied().unwrap();
    let action = NextAction {
        kind: NextActionKind::Iframe,
        url: word.clone().unwrap_or_default(),
        also: vec![NextActionKind::Redirect; pick % 3],
        expires_at: Some(*third),
    };
    let evidence = Evidence { observation: ObservationId::mint(&world.ids), grade: Grade::Fetched };
    vec![Attempt {
        provider: ProviderId::parse("a_9").unwrap(),
        reason: word.clone().map(Reason),
        evidence: flag.then_some(evidence),
        reference: word.clone().map(ProviderRef),
        raw_status: word.clone(),
        merchant_reference: word.clone().unwrap_or_default(),
        next_action: flag.then_some(action),
        amount_echoed: Money::from_minor(minor % 900_000_000_000, Currency::USD).ok(),
        capture: CaptureMode::Manual,
        capture_by: Some(*first),
        expires_at: flag.then_some(*second),
        deadline_told: flag.then_some(*first),
        awaited: flag.then_some(OperationKind::Cancel),
        review_open: *flag,
        created_at: *first,
        updated_at: *second,
        ..world.attempt(checkout, 1, state)
    }]
}

#[test]
fn any_record_round_trips() {
    let folder = tempfile::tempdir().unwrap();
    let settings = SqliteSettings::new(folder.path().join("lendport.db"));
    let store = SqliteStore::open(&settings, Vault::new(Secret::new([1; 32]))).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = runtime.block_on(World::new(Database::of(Arc::new(store))));
    let mut runner = TestRunner::new(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) });
    runner
        .run(&(sample(), extras()), |(sample, extras)| {
            let Ok(checkout) = sample.try_checkout(&world.ids) else {
                return Err(TestCaseError::reject("the domain refuses it"));
            };
            let (reference, metadata, (sequence, version), [expires_at, created_at, updated_at], (pick, flag)) =
                extras.clone();
            let fulfilments = [Fulfilment::None, Fulfilment::Partial, Fulfilment::Shipped, Fulfilment::Delivered];
            let disputes = [Dispute::None, Dispute::Open, Dispute::Won, Dispute::Lost];
            let checkout = Checkout {
                merchant: world.tenant.merchant,
                reference,
                metadata,
                fulfilment: fulfilments.get(usize::from(pick % 4)).copied().unwrap(),
                dispute: disputes.get(usize::from(pick / 64)).copied().unwrap(),
                ready_announced: flag,
                sequence,
                version,
                expires_at,
                created_at,
                updated_at,
                ..checkout
            };
            let attempts = attempts_of(&world, &checkout, &extras);
            let change =
                Change { checkout: Some(Box::new(checkout.clone())), attempts: attempts.clone(), ..Change::default() };
            let record = runtime.block_on(world.insert(change));
            // Not `prop_assert_eq`: personal data has no readable form, so say which part differs.
            prop_assert!(record.checkout.customer == checkout.customer, "customer");
            prop_assert!(record.checkout.billing == checkout.billing, "billing");
            prop_assert!(record.checkout.shipping == checkout.shipping, "shipping");
            prop_assert_eq!(&record.checkout.cart, &checkout.cart);
            prop_assert_eq!(&record.checkout, &checkout);
            prop_assert_eq!(&record.attempts, &attempts);
            Ok(())
        })
        .unwrap();
}

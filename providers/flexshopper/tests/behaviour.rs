//! What the adapter does beside translating: comparing, undoing, telling lines apart, and telling nothing twice.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use jiff::civil::date;
use lendport_core::operation::ShippedLine;
use lendport_core::{
    Ability, Attempt, AttemptState, Claim, CommitClass, Created, Currency, ErrorKind, FinancingProvider, LineUnits,
    Money, NextActionKind, NoticeContext, Push, RetryClass, Shipment, ShipmentStatus, Verification,
};
use lendport_testkit::Sample;
use lendport_testkit::clock::START;
use provider_flexshopper::{Difference, Doubt, Finalization, Undoing};

use common::{Stage, two_products};

fn usd(text: &str) -> Money {
    Money::parse(text, Currency::USD).unwrap()
}

fn parcel() -> Shipment {
    Shipment {
        status: ShipmentStatus::Shipped,
        carrier: Some("UPS".to_owned()),
        service: None,
        tracking_number: Some("1Z999AA10123456784".to_owned()),
        tracking_url: Some("https://ups.example/1Z999AA10123456784".to_owned()),
        shipped_on: Some(date(2026, 11, 21)),
        expected_on: Some(date(2026, 11, 24)),
        message: None,
        lines: Vec::new(),
    }
}

#[tokio::test]
async fn the_page_gets_the_public_key_and_the_stored_order() {
    let (stage, _guard) = Stage::play("create_ok", &two_products(), &[]);
    let created = stage.create().await.unwrap();
    let action = created.next_action.unwrap();
    assert_eq!((created.state, action.kind), (AttemptState::AwaitingCustomer, NextActionKind::Plugin));
    assert_eq!(action.url, "https://pp3.sandbox.flexshopper.com/sdk/js?authKey=AUTH_KEY");
    let order = stage.provider.plugin_order(&stage.checkout, &stage.attempt, &stage.account).unwrap().unwrap();
    assert!(order.starts_with(r#"{"cost":430.3,"transactionId":"ABC-129384","#), "{order}");
    assert!(!order.contains("api-key-example") && !action.url.contains("api-key-example"));
}

#[tokio::test]
async fn a_minimum_is_asked_for_once_and_a_failure_too() {
    for cassette in ["create_ok", "create_ok_settings_time_limit", "create_ok_settings_abroad"] {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), &[]);
        for _ in 0..3 {
            stage.create().await.unwrap();
        }
        assert_eq!(stage.calls.records().len(), 1, "{cassette}");
    }
}

#[tokio::test]
async fn an_account_is_verified_by_asking_for_the_vendors_settings() {
    let (stage, _guard) = Stage::play("create_ok", &Sample::usa(), &[]);
    assert_eq!(stage.provider.verify_account(stage.context()).await, Ok(Verification::Works));
    let asked: Vec<_> = stage.calls.records().iter().map(|call| call.method.clone()).collect();
    assert_eq!(asked, ["GET"], "nothing is started");
    let (stage, _guard) = Stage::play("create_wrong_key", &Sample::usa(), &[]);
    assert_eq!(stage.provider.verify_account(stage.context()).await.unwrap_err().kind, ErrorKind::Credentials);
}

#[tokio::test]
async fn a_create_that_is_made_again_is_the_same_order() {
    let (stage, _guard) = Stage::play("create_ok", &two_products(), &[]);
    let rule = stage.provider.resend(&stage.checkout, &stage.account).unwrap();
    let first = stage.create().await.unwrap();
    let order = |created: &Created| {
        let attempt = Attempt { reference: Some(created.reference.clone()), ..stage.attempt.clone() };
        stage.provider.plugin_order(&stage.checkout, &attempt, &stage.account).unwrap()
    };
    for _ in 1..rule.sends_max {
        let again = stage.create_again().await.unwrap();
        assert_eq!((&again, order(&again)), (&first, order(&first)));
    }
    assert_eq!(stage.calls.records().len(), 1, "FlexShopper is asked for its minimum alone");
}

#[tokio::test]
async fn what_is_confirmed_is_told_by_our_own_record_and_shipped_by_theirs() {
    use AttemptState as S;
    for (cassette, own, claim) in [
        ("retrieve_part_shipped", S::AwaitingCustomer, Claim::state(S::AwaitingMerchant)),
        ("retrieve_part_shipped", S::Authorized, Claim::state(S::Authorized)),
        ("retrieve_all_shipped", S::AwaitingMerchant, Claim::state(S::AwaitingMerchant)),
        ("retrieve_all_shipped", S::Authorized, Claim::state(S::Captured)),
        ("retrieve_all_shipped", S::Captured, Claim::state(S::Captured)),
        ("retrieve_all_shipped", S::Refunded, Claim::Nothing),
        ("retrieve_pending", S::Authorized, Claim::UnknownStatus),
        ("retrieve_not_begun", S::Captured, Claim::UnknownStatus),
    ] {
        let (mut stage, _guard) = Stage::play(cassette, &Sample::usa(), &[]);
        stage.attempt.state = own;
        let told = stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap();
        assert_eq!(told.claim, claim, "{cassette} {own:?}");
    }
}

#[tokio::test]
async fn a_look_that_fails_is_never_an_answer() {
    for (cassette, kind, retry, wait) in [
        ("retrieve_wrong_key", ErrorKind::Credentials, RetryClass::Never, None),
        ("retrieve_no_route", ErrorKind::Configuration, RetryClass::AfterLookup, None),
        ("retrieve_throttled", ErrorKind::NotNow, RetryClass::SameRequest, Some(17)),
        ("retrieve_maintenance", ErrorKind::Unavailable, RetryClass::SameRequest, None),
        ("retrieve_abroad", ErrorKind::BadResponse, RetryClass::SameRequest, None),
        ("retrieve_error_with_200", ErrorKind::BadResponse, RetryClass::SameRequest, None),
    ] {
        let (stage, _guard) = Stage::play(cassette, &Sample::usa(), &[]);
        let error = stage.provider.retrieve(stage.context(), &stage.attempt).await.unwrap_err();
        assert_eq!((error.kind, error.retry, error.retry_after_s), (kind, retry, wait), "{cassette}");
        assert_eq!(error.commit, CommitClass::Rejected, "{cassette}");
    }
    let (mut stage, _guard) = Stage::play("find_nothing", &Sample::usa(), &[]);
    stage.attempt.reference = None;
    assert_eq!(stage.provider.find(stage.context(), &stage.attempt).await.unwrap(), None);
}

#[tokio::test]
async fn a_signed_lease_is_confirmed_undone_or_a_persons() {
    use Finalization as F;
    let differs = |difference| F::Undone { why: Undoing::Differs(vec![difference]), complete: true };
    let confirmed = |sum: &str| F::Confirmed { lease_number: Some("1234567".to_owned()), financed: usd(sum) };
    let total = |said: &str| Difference::Total { said: usd(said), asked: usd("450.30") };
    let in_part = F::Undone { why: Undoing::Differs(vec![total("0.01")]), complete: false };
    for (cassette, sent_before, outcome) in [
        ("finalize_ok", false, confirmed("450.30")),
        ("finalize_ok", true, confirmed("450.30")),
        ("finalize_with_tax", false, confirmed("450.30")),
        ("finalize_other_total", false, differs(total("450.31"))),
        ("finalize_other_customer", false, differs(Difference::Customer)),
        ("finalize_refused", false, F::Undone { why: Undoing::Refused, complete: true }),
        ("finalize_gone", false, F::Undone { why: Undoing::Refused, complete: true }),
        ("finalize_expired", false, F::Undone { why: Undoing::Refused, complete: true }),
        ("finalize_refused_undo_lost", false, F::Undone { why: Undoing::Refused, complete: false }),
        ("finalize_undo_short", false, F::Undone { why: Undoing::Differs(vec![total("450.31")]), complete: false }),
        ("finalize_refused_again", true, F::Review(Doubt::RefusedAfterUnclearTry)),
        ("finalize_cannot_tell", false, F::Review(Doubt::CannotTell(vec!["purchaseTotal"]))),
        ("finalize_pending", false, F::NotSigned(Some("pending".to_owned()))),
        ("finalize_not_begun", false, F::NotSigned(None)),
        ("finalize_undo_in_part", false, in_part),
    ] {
        let (stage, _guard) = Stage::play(cassette, &two_products(), &[]);
        let Stage { provider, checkout, attempt, .. } = &stage;
        let told = provider.confirm(stage.context(), checkout, attempt, sent_before).await;
        assert_eq!(told.unwrap_or_else(|error| panic!("{cassette}: {error}")), outcome, "{cassette}");
    }
    let (stage, _guard) = Stage::play("finalize_ok", &two_products(), &[("customer_check", "off")]);
    let Stage { provider, checkout, attempt, .. } = &stage;
    assert!(matches!(provider.confirm(stage.context(), checkout, attempt, false).await, Ok(F::Confirmed { .. })));
}

#[tokio::test]
async fn an_unclear_confirmation_is_unknown_and_sent_once() {
    for (cassette, kind, commit) in [
        ("finalize_time_limit", ErrorKind::NoAnswer, CommitClass::Unknown),
        ("finalize_outage", ErrorKind::Unavailable, CommitClass::Unknown),
        ("finalize_other_order", ErrorKind::BadResponse, CommitClass::Unknown),
        ("finalize_error_with_200", ErrorKind::BadResponse, CommitClass::Unknown),
        ("finalize_undo_lost", ErrorKind::NoAnswer, CommitClass::Unknown),
        ("finalize_wrong_key", ErrorKind::Credentials, CommitClass::Rejected),
        ("finalize_wrong_path", ErrorKind::Configuration, CommitClass::Rejected),
    ] {
        let (stage, _guard) = Stage::play(cassette, &two_products(), &[]);
        let Stage { provider, checkout, attempt, .. } = &stage;
        let error = provider.confirm(stage.context(), checkout, attempt, false).await.unwrap_err();
        assert_eq!((error.kind, error.commit), (kind, commit), "{cassette}");
        assert_ne!(error.retry, RetryClass::SameRequest, "{cassette}");
        // The guard fails when one of them was sent twice.
        assert_eq!(stage.calls.records().len(), 2, "{cassette}");
    }
}

#[tokio::test]
async fn a_whole_cancel_or_return_that_was_done_in_part_is_a_persons() {
    for (cassette, commit) in [
        ("cancel_part", CommitClass::Unknown),
        ("cancel_not_said", CommitClass::Unknown),
        ("cancel_strange", CommitClass::Unknown),
        ("cancel_time_limit", CommitClass::Unknown),
        ("cancel_refused", CommitClass::Rejected),
        ("cancel_shipped", CommitClass::NotSent),
    ] {
        let (stage, _guard) = Stage::play(cassette, &two_products(), &[]);
        let error = stage.provider.cancel(stage.context(), &stage.attempt, None).await.unwrap_err();
        assert_eq!((error.commit, error.retry), (commit, RetryClass::AfterLookup), "{cassette}");
    }
    let (stage, _guard) = Stage::play("refund_part", &two_products(), &[]);
    let error = stage.provider.refund(stage.context(), &stage.attempt, stage.attempt.amount, None).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::BadResponse, CommitClass::Unknown));
    let error = stage.provider.refund(stage.context(), &stage.attempt, usd("1.00"), None).await.unwrap_err();
    assert!(matches!(error.kind, ErrorKind::Unsupported { ability: Ability::RefundPartial, .. }));
}

#[tokio::test]
async fn a_product_that_is_told_in_parts_is_canceled_once() {
    let (stage, _guard) = Stage::play("cancel_in_parts", &two_products(), &[]);
    let told = stage.provider.cancel(stage.context(), &stage.attempt, None).await.unwrap();
    assert_eq!(told.claim, Claim::state(AttemptState::Canceled));
}

#[tokio::test]
async fn what_was_confirmed_is_not_ended_here_alone() {
    for cassette in ["cancel_unsigned", "cancel_not_begun"] {
        for state in [AttemptState::Authorized, AttemptState::Captured] {
            let (mut stage, _guard) = Stage::play(cassette, &two_products(), &[]);
            stage.attempt.state = state;
            let error = stage.provider.cancel(stage.context(), &stage.attempt, None).await.unwrap_err();
            let told = (error.kind, error.commit, error.retry);
            assert_eq!(told, (ErrorKind::Invalid, CommitClass::NotSent, RetryClass::AfterLookup), "{cassette}");
        }
    }
}

#[tokio::test]
async fn lines_are_done_refused_or_not_said() {
    for (cassette, returns, asked, expected) in [
        ("cancel_lines_part", false, vec![(1, 2)], [vec![(1, 1)], vec![(1, 1)], vec![]]),
        ("return_lines_part", true, vec![(1, 2), (0, 1)], [vec![(0, 1)], vec![(1, 2)], vec![]]),
        ("return_lines_not_said", true, vec![(1, 2), (0, 1)], [vec![], vec![], vec![(1, 2), (0, 1)]]),
    ] {
        let (stage, _guard) = Stage::play(cassette, &two_products(), &[]);
        let Stage { provider, checkout, attempt, .. } = &stage;
        let units = |list: &[(usize, u32)]| -> Vec<LineUnits> {
            list.iter()
                .map(|(at, quantity)| LineUnits { line: checkout.cart.lines[*at].id, quantity: *quantity })
                .collect()
        };
        let asked = units(&asked);
        let report = match returns {
            true => provider.return_lines(stage.context(), checkout, attempt, &asked, None).await.unwrap(),
            false => provider.cancel_lines(stage.context(), checkout, attempt, &asked, None).await.unwrap(),
        };
        let [done, failed, not_said] = expected.map(|list| units(&list));
        assert_eq!((report.done, report.failed, report.not_said), (done, failed, not_said), "{cassette}");
    }
    let (stage, _guard) = Stage::play("return_lines_strange", &two_products(), &[]);
    let Stage { provider, checkout, attempt, .. } = &stage;
    let lines = [1, 0].map(|at| LineUnits { line: checkout.cart.lines[at].id, quantity: if at == 1 { 2 } else { 1 } });
    let error = provider.return_lines(stage.context(), checkout, attempt, &lines, None).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::BadResponse, CommitClass::Unknown));
    let error = provider.return_lines(stage.context(), checkout, attempt, &[], None).await.unwrap_err();
    assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, CommitClass::NotSent));
}

#[tokio::test]
async fn a_look_tells_how_many_units_of_each_line_were_shipped() {
    for (cassette, state, shipped) in [
        ("retrieve_part_shipped", AttemptState::Authorized, [1, 1]),
        ("retrieve_all_shipped", AttemptState::Authorized, [1, 3]),
        ("retrieve_all_shipped", AttemptState::Captured, [1, 3]),
    ] {
        let (stage, _guard) = Stage::play(cassette, &two_products(), &[]);
        let attempt = Attempt { state, ..stage.attempt.clone() };
        let told = stage.provider.retrieve_lines(stage.context(), &stage.checkout, &attempt).await.unwrap();
        assert_eq!(told.claim, Claim::state(state), "what the lines bring is the reducer's to say");
        let lines = &told.details.lines;
        let counts: Vec<_> =
            lines.iter().map(|line| (line.ordered, line.shipped, line.canceled, line.returned)).collect();
        assert_eq!(counts, [(1, Some(shipped[0]), None, None), (3, Some(shipped[1]), None, None)], "{cassette}");
        let prices: Vec<_> = lines.iter().map(|line| line.price).collect();
        assert_eq!(prices, [usd("400"), usd("10.10")], "as FlexShopper finances them");
    }
    let (stage, _guard) = Stage::play("retrieve_signed", &two_products(), &[]);
    let told = stage.provider.retrieve_lines(stage.context(), &stage.checkout, &stage.attempt).await.unwrap();
    assert_eq!((told.claim, told.details.lines), (Claim::state(AttemptState::AwaitingMerchant), Vec::new()));
}

#[tokio::test]
async fn a_shipment_is_told_once_with_every_unit_named() {
    let ship = async |cassette: &str, change: &dyn Fn(&Stage, &mut Shipment)| {
        let (stage, guard) = Stage::play(cassette, &two_products(), &[]);
        let mut shipment = parcel();
        change(&stage, &mut shipment);
        let Stage { provider, checkout, attempt, .. } = &stage;
        let told = provider.confirm_shipment(stage.context(), checkout, attempt, &shipment).await;
        drop(guard);
        told.map(|told| told.paid.iter().map(|units| units.quantity).collect::<Vec<_>>())
    };
    let some = |quantity| {
        move |stage: &Stage, shipment: &mut Shipment| {
            shipment.lines = vec![ShippedLine { line: stage.checkout.cart.lines[1].id, quantity }];
        }
    };
    assert_eq!(ship("ship_all", &|_, _| {}).await.unwrap(), [1, 3], "paid for");
    assert_eq!(ship("ship_part", &some(2)).await.unwrap(), [2]);
    // Two of three are shipped, and the television is.
    for (change, commit) in [(some(2), CommitClass::NotSent), (some(3), CommitClass::NotSent)] {
        let error = ship("ship_twice", &change).await.unwrap_err();
        assert_eq!((error.kind, error.commit), (ErrorKind::Invalid, commit));
    }
    for (cassette, commit) in [
        ("ship_unsigned", CommitClass::NotSent),
        ("ship_time_limit", CommitClass::Unknown),
        ("ship_html", CommitClass::Unknown),
    ] {
        let error = ship(cassette, &|_, _| {}).await.unwrap_err();
        assert_eq!((error.commit, error.retry), (commit, RetryClass::AfterLookup), "{cassette}");
    }
    let picked_up = |_: &Stage, shipment: &mut Shipment| {
        let day = Some(date(2026, 11, 20));
        *shipment = Shipment {
            status: ShipmentStatus::Delivered,
            shipped_on: day,
            carrier: None,
            tracking_number: None,
            ..shipment.clone()
        };
    };
    assert_eq!(ship("picked_up", &picked_up).await.unwrap(), [1, 3]);
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_before_a_call() {
    let (stage, guard) = Stage::play("ship_all", &two_products(), &[]);
    let Stage { provider, checkout, attempt, .. } = &stage;
    for (status, ability) in [
        (ShipmentStatus::Confirmed, Ability::ConfirmShipment),
        (ShipmentStatus::OutOfStock, Ability::ConfirmShipment),
        (ShipmentStatus::Recalled, Ability::ConfirmShipment),
        (ShipmentStatus::Delivered, Ability::ConfirmDelivery),
    ] {
        let shipment = Shipment { status, ..parcel() };
        let error = provider.confirm_shipment(stage.context(), checkout, attempt, &shipment).await.unwrap_err();
        assert!(matches!(error.kind, ErrorKind::Unsupported { ability: refused, .. } if refused == ability));
    }
    let unnamed = Shipment { carrier: Some(" ".to_owned()), ..parcel() };
    let error = provider.confirm_shipment(stage.context(), checkout, attempt, &unnamed).await.unwrap_err();
    assert_eq!((error.commit, error.fields[0].pointer.as_str()), (CommitClass::NotSent, "/carrier"));
    let push = Push { method: "POST", headers: &[], query: "", body: b"{}", received_at: START };
    assert!(provider.read_notification(NoticeContext { account: &stage.account, attempt }, &push).is_err());
    assert!(stage.calls.records().is_empty());
    provider.confirm_shipment(stage.context(), checkout, attempt, &parcel()).await.unwrap();
    drop(guard);
}

#[tokio::test]
async fn calls_are_recorded_without_anything_of_a_person() {
    let (stage, _guard) = Stage::play("finalize_refused", &two_products(), &[]);
    let Stage { provider, checkout, attempt, .. } = &stage;
    provider.confirm(stage.context(), checkout, attempt, false).await.unwrap();
    let records = stage.calls.records();
    let code = ("code".to_owned(), "UserAlreadyExists".to_owned());
    assert_eq!((records.len(), records[1].fields.as_slice()), (3, &[code][..]));
    let kept = format!("{records:?}");
    for private in ["John", "john@", "eyJ", "api-key-example", "email"] {
        assert!(!kept.contains(private), "{private} is in {kept}");
    }
}

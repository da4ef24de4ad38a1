//! Notices: what is read of them, what is refused, and that nothing in one is believed.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use lendport_core::{
    Attempt, Claim, FinancingProvider, Grade, Notice, NoticeContext, NoticeRefusal, NoticeVerdict, ProviderRef, Push,
};
use lendport_outbound::{Cassette, Outbound};
use lendport_testkit::clock::START;
use lendport_testkit::{Sample, SeededIds, samples};
use proptest::prelude::*;
use provider_wepay::{ProviderConfig, WePay};

use common::{ACCOUNT, ID};

const FORM: &str = "application/x-www-form-urlencoded";

fn provider() -> WePay {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/cassettes/notices.json");
    WePay::new(ProviderConfig::default(), Outbound::playback(Cassette::load(path).unwrap()))
}

fn new_attempt() -> Attempt {
    let ids = SeededIds::default();
    samples::attempt(&Sample::usa().checkout(&ids), "wepay", &ids)
}

fn read_as(attempt: &Attempt, method: &str, media: &str, body: &[u8]) -> Result<Notice, NoticeRefusal> {
    let headers = [("content-type".to_owned(), media.to_owned())];
    let push = Push { method, headers: &headers, query: "state=captured", body, received_at: START };
    provider().read_notification(NoticeContext { account: &samples::account(ACCOUNT), attempt }, &push)
}

fn read(body: &str) -> Result<Notice, NoticeRefusal> {
    read_as(&samples::created(new_attempt(), ID), "POST", FORM, body.as_bytes())
}

#[test]
fn a_notice_says_look_and_nothing_else() {
    for body in [
        format!("checkout_id={ID}"),
        format!("reference_id=abc567&checkout_id={ID}"),
        format!("checkout_id={ID}&state=captured&amount=1&amount=2"),
        format!("checkout_id={ID}&reference_id="),
        "%63heckout_id=%3649945633".to_owned(),
    ] {
        let notice = read(&body).unwrap();
        assert_eq!((notice.grade, notice.claim, notice.fetch), (Grade::Token, Claim::Nothing, true), "{body}");
        assert_eq!((notice.reference, notice.raw_status), (Some(ProviderRef(ID.to_owned())), None), "{body}");
    }
}

#[test]
fn a_notice_before_the_answer_is_known_by_our_reference() {
    let attempt = new_attempt();
    let ours = format!("checkout_id={ID}&reference_id={}", attempt.merchant_reference);
    let notice = read_as(&attempt, "POST", FORM, ours.as_bytes()).unwrap();
    assert_eq!(notice.reference, Some(ProviderRef(ID.to_owned())));

    let bare = format!("checkout_id={ID}");
    let notice = read_as(&attempt, "POST", FORM, bare.as_bytes()).unwrap();
    assert_eq!((notice.reference, notice.fetch), (None, true), "nothing vouches for the number, so it is not adopted");

    let other = format!("checkout_id={ID}&reference_id=another");
    let refused = read_as(&attempt, "POST", FORM, other.as_bytes());
    assert!(matches!(refused, Err(NoticeRefusal::Contradicts(_))));
    let wrong = format!("checkout_id=7&reference_id={}", attempt.merchant_reference);
    let refused = read_as(&samples::created(attempt, ID), "POST", FORM, wrong.as_bytes());
    assert!(matches!(refused, Err(NoticeRefusal::Contradicts(_))), "our reference does not help another number");
}

#[test]
fn what_is_no_notice_is_refused() {
    let attempt = samples::created(new_attempt(), ID);
    for body in [
        "",
        "checkout_id=",
        "checkout_id=-1",
        "checkout_id=0649945633",
        "checkout_id=6.0",
        "checkout_id=18446744073709551616",
        "checkout_id=649945633&checkout_id=649945633",
        "account_id=1548718026",
        "{\"checkout_id\":649945633}",
    ] {
        assert!(matches!(read(body), Err(NoticeRefusal::Unreadable(_))), "{body}");
    }
    let body = format!("checkout_id={ID}");
    for (method, media) in [("GET", FORM), ("POST", ""), ("POST", "application/json"), ("POST", "text/plain")] {
        let refused = read_as(&attempt, method, media, body.as_bytes());
        assert!(matches!(refused, Err(NoticeRefusal::Unreadable(_))), "{method} {media}");
    }
    for media in ["application/x-www-form-urlencoded; charset=utf-8", "Application/X-WWW-Form-Urlencoded"] {
        assert!(read_as(&attempt, "POST", media, body.as_bytes()).is_ok(), "{media}");
    }
}

#[test]
fn equal_notices_are_the_same_message() {
    let key = |body: String| read(&body).unwrap().dedupe_key;
    assert_eq!(key(format!("checkout_id={ID}")), key(format!("reference_id=x&checkout_id={ID}&a=b")));
}

#[test]
fn only_what_a_resend_could_mend_is_not_answered_with_200() {
    for (verdict, status) in [
        (NoticeVerdict::Stored, 200),
        (NoticeVerdict::Contradicts, 200),
        (NoticeVerdict::UnknownToken, 404),
        (NoticeVerdict::Unreadable, 400),
        (NoticeVerdict::StoreFailed, 503),
    ] {
        assert_eq!(provider().answer(verdict).status, status, "{verdict:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_claim_nothing(body in proptest::collection::vec(any::<u8>(), 0..200), ours in any::<bool>()) {
        let body = if ours { [format!("checkout_id={ID}&").into_bytes(), body].concat() } else { body };
        if let Ok(notice) = read_as(&samples::created(new_attempt(), ID), "POST", FORM, &body) {
            prop_assert_eq!(notice.claim, Claim::Nothing);
            prop_assert_eq!(notice.reference, Some(ProviderRef(ID.to_owned())));
        }
    }

    #[test]
    fn another_number_is_never_adopted(number in 1_u64.., reference in "[a-z0-9_.-]{0,60}") {
        prop_assume!(number.to_string() != ID);
        let body = format!("checkout_id={number}&reference_id={reference}");
        prop_assert!(read(&body).is_err());
        let unnamed = read_as(&new_attempt(), "POST", FORM, body.as_bytes());
        prop_assert!(unnamed.is_err() || reference.is_empty());
    }
}

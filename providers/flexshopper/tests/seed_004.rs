//! Every JSON example of the published page (seed 004), answered to the call that it belongs to.

#![expect(clippy::unwrap_used, reason = "tests")]

#[expect(dead_code, reason = "other tests use the rest")]
mod common;

use std::collections::BTreeMap;

use lendport_core::{CommitClass, ErrorKind};
use lendport_testkit::{Sample, SeededIds, samples};
use provider_flexshopper::endpoint::Endpoint;
use provider_flexshopper::error::Refusal;
use provider_flexshopper::{ID, SignedHint};

use common::{Desk, answering, ask};

/// How many examples the page has.
const EXAMPLES: usize = 55;

/// What an example is, and what the client makes of it.
enum Meant {
    /// An answer of this call with this status; the words have to be in what the client says of it.
    Answer(Endpoint, u16, &'static [&'static str]),
    /// A no of this call with this status.
    No(Endpoint, u16, Option<Refusal>),
    /// What the plugin's `onSign` hands on.
    OnSign,
}

/// The examples by their line on the page.
fn meaning() -> BTreeMap<usize, Meant> {
    use Endpoint as E;
    use Meant::{Answer, No, OnSign};
    use Refusal as R;
    let rejected = Some(R::Rejected);
    BTreeMap::from([
        (72, Answer(E::PaymentMethods, 200, &["5910c6805bffb3590e07cc1e", "Visa", "[personal]"])),
        (99, Answer(E::UserExists, 200, &["1234-asdf-4321-fdsa"])),
        (104, No(E::UserExists, 400, rejected)),
        (122, Answer(E::PkmsKey, 200, &["[secret]"])),
        (157, Answer(E::Authorize, 200, &["[secret]", "[key]"])),
        (161, No(E::Authorize, 400, rejected)),
        (211, Answer(E::CreateUser, 200, &["Made", "5a319511a86980001d602095"])),
        (216, Answer(E::CreateUser, 400, &["ThereAlready"])),
        (223, Answer(E::CreateUser, 409, &["ThereAlready"])),
        (270, Answer(E::Finalize, 200, &["ABC-129384", "1234567"])),
        (276, No(E::Finalize, 400, rejected)),
        (283, No(E::Finalize, 404, Some(R::NotFound))),
        (342, Answer(E::UserExistsDeeply, 200, &["email_exists: Absent"])),
        (344, No(E::UserExistsDeeply, 400, rejected)),
        (351, Answer(E::VerifyAch, 200, &["_5555", "Value(true)"])),
        (356, No(E::VerifyAch, 400, rejected)),
        (423, Answer(E::Agreements, 200, &["682634e9fbae50001bc06f77", "Cents(4500)"])),
        (492, Answer(E::Cancel, 200, &["done: [SkuCount", "failed: [SkuCount", "123ASD"])),
        (507, No(E::Cancel, 400, rejected)),
        (514, Answer(E::ConfirmShipment, 200, &["told"])),
        (516, No(E::ConfirmShipment, 400, rejected)),
        (523, Answer(E::ConfirmReceipt, 200, &["told"])),
        (525, No(E::ConfirmReceipt, 400, rejected)),
        (730, Answer(E::Lease, 200, &["Signed", "Dollars(17.28)", "Dollars(400)", "Value(false)"])),
        (742, No(E::Lease, 400, rejected)),
        (749, Answer(E::Lease, 404, &["None"])),
        (756, Answer(E::CollectPayment, 200, &["[false]", "DECLINE CHECK CHECK LIMIT EXCEEDED"])),
        (763, Answer(E::Sign, 200, &["Signed"])),
        (765, No(E::Sign, 400, rejected)),
        (772, Answer(E::Sign, 402, &["PaymentRequired"])),
        (779, Answer(E::Sign, 404, &["NotFound"])),
        (786, Answer(E::Sign, 410, &["Expired"])),
        (793, Answer(E::Return, 200, &["done: [SkuCount", "failed: [SkuCount", "123ASD"])),
        (808, No(E::Return, 400, rejected)),
        (853, Answer(E::AddPaymentMethod, 201, &["Added"])),
        (855, Answer(E::AddPaymentMethod, 400, &["NotPrimary"])),
        (862, Answer(E::AddPaymentMethod, 400, &["BankNotAccepted"])),
        (869, Answer(E::AddPaymentMethod, 400, &["BankNeedsVerification"])),
        (1098, Answer(E::User, 200, &["spending_hold: Value(false)", "Dollars(1200)", "date_of_birth: Value(Private"])),
        (1146, Answer(E::Transactions, 200, &["Cents(3795)", "Cents(808)", "Dollars(100.23)", "total_pages: Value"])),
        (1188, No(E::Transactions, 400, rejected)),
        // Printed twice on the page; whose the second one is, is not clear.
        (1195, No(E::User, 400, rejected)),
        (1297, OnSign),
        (1310, Answer(E::Transaction, 200, &["2f962a52-df63-426f-abc7-617055dba2f7"])),
        (1363, No(E::Transaction, 400, rejected)),
        (1370, Answer(E::Transaction, 404, &["None"])),
        (1377, Answer(E::CreateLease, 200, &["Made", "Dollars(17.28)", "Dollars(12.34)"])),
        (1388, No(E::CreateLease, 400, rejected)),
        (1636, Answer(E::Users, 200, &["succeeded", "signed", "2018-12-21"])),
        (1680, No(E::Users, 400, rejected)),
        (1716, Answer(E::Apply, 200, &["approved", "Dollars(1300)"])),
        (1750, No(E::Apply, 400, rejected)),
        (1757, No(E::Apply, 404, Some(R::NotFound))),
        (1764, No(E::Apply, 409, Some(R::UserExists))),
        (1771, No(E::Apply, 502, None)),
    ])
}

/// The examples as printed, by their line. One that the page breaks off is closed.
fn examples() -> BTreeMap<usize, String> {
    let text = include_str!("seed_004/blocks.txt");
    let mut examples = BTreeMap::new();
    for block in text.split("line ").skip(1) {
        let (head, body) = block.split_once('\n').unwrap();
        let (line, cut) = head.split_once(' ').map_or((head, false), |(line, _)| (line, true));
        let body = if cut { closed(body) } else { body.trim().to_owned() };
        assert!(serde_json::from_str::<serde_json::Value>(&body).is_ok(), "line {line}: {body}");
        examples.insert(line.parse().unwrap(), body);
    }
    examples
}

/// Adds what the page left out at the end.
fn closed(text: &str) -> String {
    let mut open = Vec::new();
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' if !quoted => open.push('}'),
            '[' if !quoted => open.push(']'),
            '}' | ']' if !quoted => drop(open.pop()),
            _ => {}
        }
    }
    let rest: String = open.into_iter().rev().collect();
    format!("{}{rest}", text.trim().trim_end_matches(','))
}

#[tokio::test]
async fn every_example_is_accepted_by_the_call_that_it_belongs_to() {
    let (examples, meaning) = (examples(), meaning());
    assert_eq!(examples.len(), EXAMPLES);
    assert!(examples.keys().eq(meaning.keys()), "an example without a meaning, or the other way round");
    for (line, body) in &examples {
        match &meaning[line] {
            Meant::Answer(endpoint, status, words) => {
                let told =
                    answered(*endpoint, *status, body).await.unwrap_or_else(|failed| panic!("line {line}: {failed}"));
                for word in *words {
                    assert!(told.contains(word), "line {line}: {word} is not in {told}");
                }
                for private in ["John", "eyJ", "1990-10-10", "411111", "182acs", "contract"] {
                    assert!(!told.replace("contract:", "").contains(private), "line {line} shows {private}: {told}");
                }
            }
            Meant::No(endpoint, status, refusal) => {
                let failed = answered(*endpoint, *status, body).await.unwrap_err();
                assert_eq!(failed.refusal, *refusal, "line {line}");
                assert_eq!(failed.error.http_status, Some(*status), "line {line}");
                let known = refusal.is_some();
                assert_eq!(failed.error.commit == CommitClass::Rejected, known, "line {line}");
                let shown = format!("{} {:?}", failed.error.message, failed.error.fields);
                assert!(!shown.contains("protected"), "line {line}: {shown}");
            }
            Meant::OnSign => {
                let ids = SeededIds::default();
                let mut attempt = samples::attempt(&Sample::usa().checkout(&ids), ID, &ids);
                attempt.merchant_reference = common::ID.to_owned();
                let hint = SignedHint::read(body.as_bytes(), &attempt).unwrap();
                assert_eq!(hint.lease_number.as_deref(), Some("1234567"));
            }
        }
    }
}

async fn answered(endpoint: Endpoint, status: u16, body: &str) -> Result<String, provider_flexshopper::error::Failed> {
    let cassette = answering(endpoint, status, body);
    let desk = Desk::new(lendport_outbound::Outbound::playback(cassette.clone()));
    let told = ask(&desk.medusa(), endpoint).await;
    cassette.finish().unwrap();
    told
}

#[tokio::test]
async fn every_call_that_the_page_shows_an_answer_of_has_one_here() {
    let mut shown: Vec<Endpoint> = meaning()
        .into_values()
        .filter_map(|meant| match meant {
            Meant::Answer(endpoint, ..) => Some(endpoint),
            Meant::No(..) | Meant::OnSign => None,
        })
        .collect();
    shown.sort_unstable();
    shown.dedup();
    let missing: Vec<&Endpoint> = Endpoint::ALL.iter().filter(|endpoint| !shown.contains(endpoint)).collect();
    // The page has no answer of these two.
    assert_eq!(missing, [&Endpoint::ChildKey, &Endpoint::LeaseSettings]);
}

#[tokio::test]
async fn hostile_answers_of_every_call_are_errors_and_never_a_decline() {
    let bodies = ["", "null", "[]", "{}", "\"x\"", "<html>Not available in your country</html>", r#"{"data": null}"#];
    for endpoint in Endpoint::ALL {
        for status in [200, 302, 400, 401, 404, 500, 503] {
            for body in bodies {
                let told = answered(*endpoint, status, body).await;
                let Err(failed) = told else {
                    // An empty list is one, and an object is all that some calls promise.
                    assert!(
                        status == 200 && matches!(body, "[]" | "{}" | r#"{"data": null}"#),
                        "{endpoint:?} {status} {body}"
                    );
                    continue;
                };
                assert_ne!(failed.error.kind, ErrorKind::Declined, "{endpoint:?} {status} {body}");
            }
        }
    }
}

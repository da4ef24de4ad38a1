//! How a checkout stands at WePay, read from its object. Nothing is derived that the object does not say.

use jiff::{SignedDuration, Timestamp};
use lendport_core::provider::Retrieved;
use lendport_core::{AttemptState, Claim, Currency, Details, Money, MoneyError, NextAction};

use crate::amount::Amount;
use crate::dialect::{Dialect, Stage};
use crate::mapping;
use crate::maybe::Maybe;
use crate::wire::{Checkout, MethodAnswer};

/// Longest word or address of the provider's that is kept.
const WORD_MAX_CHARS: usize = 60;
const URI_MAX_CHARS: usize = 255;
/// An unpaid page ends so long after it was made (9.4).
const PAGE_LIVES: SignedDuration = SignedDuration::from_mins(30);
/// Held money has to be let go within so long. Counted from the making: the documents count from the payment, which is not
/// told, and too early is the safe side (question 38).
pub(crate) const CAPTURE_WITHIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The same for a card that was only authorised (dialect B, 9.4).
pub(crate) const CHARGE_WITHIN: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What looking a checkout up tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Where it stands, in our words. A word of the other dialect is not known.
    pub claim: Claim,
    /// WePay's own word.
    pub raw_status: String,
    /// True while WePay may still be reviewing: it is committed, and must not be shipped yet.
    pub review_open: bool,
    /// What was asked for, where it is in a currency we know. Fees and shipping are on top of it.
    pub amount: Option<Money>,
    /// What the payer paid in all; nothing while unpaid.
    pub gross: Option<Money>,
    /// Everything given back so far.
    pub refunded: Option<Money>,
    /// Everything that payers' banks took back so far.
    pub charged_back: Option<Money>,
    /// Page on which the payer can open a dispute. It may change: never store it.
    pub dispute_uri: Option<String>,
    /// When an unpaid page ends, unless the payer is at work on it.
    pub expires_at: Option<Timestamp>,
    /// Last moment to let held money go; none where WePay does so itself, or nothing is held.
    pub capture_by: Option<Timestamp>,
    /// Where the customer pays, while that is possible.
    pub next_action: Option<NextAction>,
    pub(crate) stage: Option<Stage>,
}

impl Standing {
    /// Reads a checkout. `asked` is the currency of our attempt, for objects that name none.
    pub(crate) fn read(checkout: &Checkout, dialect: Dialect, asked: Currency) -> Result<Self, MoneyError> {
        let currency = match checkout.currency.value() {
            Some(code) => Currency::parse(code).ok_or(MoneyError::OtherCurrency)?,
            None => asked,
        };
        let money = |amount: &Maybe<Amount>| amount.value().map(|amount| amount.money(currency)).transpose();
        let stage = Stage::read(dialect, &checkout.state).filter(|stage| !contradicts(checkout, dialect, *stage));
        let created = checkout.create_time.value().and_then(|seconds| Timestamp::from_second(*seconds).ok());
        let after = |wait: SignedDuration| created.and_then(|at| at.checked_add(wait).ok());
        let holds = match dialect {
            Dialect::A => checkout.auto_capture.value(),
            Dialect::B => checkout.auto_release.value(),
        };
        let waits_for_us = holds.is_some_and(|lets_go| !lets_go.is_on());
        let only_authorised = dialect == Dialect::B && checkout.method().is_some_and(MethodAnswer::is_only_authorised);
        let refund = checkout.refund.value();
        let chargeback = checkout.chargeback.value();
        let expires_at = if stage == Some(Stage::New) { after(PAGE_LIVES) } else { None };
        Ok(Self {
            claim: stage.map_or(Claim::UnknownStatus, |stage| Claim::state(state_from(stage))),
            raw_status: checkout.state.chars().filter(|c| !c.is_control()).take(WORD_MAX_CHARS).collect(),
            review_open: stage == Some(Stage::InReview)
                || stage == Some(Stage::Held) && checkout.in_review.value().is_some_and(|flag| flag.is_on()),
            amount: money(&checkout.amount)?,
            gross: money(&checkout.gross)?,
            refunded: refund.map(|refund| money(&refund.amount_refunded)).transpose()?.flatten(),
            charged_back: chargeback.map(|back| money(&back.amount_charged_back)).transpose()?.flatten(),
            dispute_uri: chargeback
                .and_then(|back| back.dispute_uri.value())
                .filter(|uri| uri.chars().count() <= URI_MAX_CHARS)
                .cloned(),
            expires_at,
            next_action: if stage == Some(Stage::New) { mapping::next_action_from(checkout, expires_at) } else { None },
            capture_by: match stage {
                Some(Stage::InReview) if only_authorised => after(CHARGE_WITHIN),
                Some(Stage::InReview | Stage::Held) if waits_for_us => after(CAPTURE_WITHIN),
                _ => None,
            },
            stage,
        })
    }

    /// What is told beside the state. `asked` caps the totals: where the payer paid fees on top, WePay gives and takes back
    /// more than was asked for. Once all of that was given back the engine calls it refunded, even where WePay keeps the
    /// fees and therefore says that the payment stands (question 9).
    pub(crate) fn details(&self, asked: Money) -> Details {
        let capped = |total: Option<Money>| total.map(|total| total.least(asked).unwrap_or(total));
        Details {
            review_open: self.stage.is_some().then_some(self.review_open),
            refunded: capped(self.refunded),
            charged_back: capped(self.charged_back),
            // It has no word for how a dispute stands.
            dispute: None,
            lines: Vec::new(),
        }
    }

    /// The same in the words of the trait.
    pub(crate) fn retrieved(self, asked: Money) -> Retrieved {
        Retrieved {
            details: self.details(asked),
            claim: self.claim,
            raw_status: Some(self.raw_status),
            amount_echoed: self.amount,
            next_action: self.next_action,
            dispute_uri: self.dispute_uri,
            expires_at: self.expires_at,
            capture_by: self.capture_by,
        }
    }
}

/// A stage as an attempt's state (`model.md` section 4).
pub(crate) fn state_from(stage: Stage) -> AttemptState {
    match stage {
        Stage::New => AttemptState::AwaitingCustomer,
        Stage::InReview | Stage::Held => AttemptState::Authorized,
        Stage::Paid => AttemptState::Captured,
        Stage::Canceled => AttemptState::Canceled,
        Stage::Refunded => AttemptState::Refunded,
        Stage::ChargedBack => AttemptState::ChargedBack,
        Stage::Failed => AttemptState::Failed,
        Stage::Expired => AttemptState::Expired,
    }
}

/// The object has the flag of the other dialect, and a word whose meaning depends on it: `captured` may then mean that the
/// money is only held, or that it is the merchant's already.
fn contradicts(checkout: &Checkout, dialect: Dialect, stage: Stage) -> bool {
    let (of_a, of_b) = (checkout.auto_capture.value().is_some(), checkout.auto_release.value().is_some());
    match (dialect, stage) {
        (Dialect::A, Stage::Paid) => of_b,
        (Dialect::B, Stage::Held) => of_a && !of_b,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn standing(dialect: Dialect, change: &Value) -> Standing {
        let mut object = json!({
            "checkout_id": 1, "account_id": 2, "state": "new", "currency": "USD", "amount": 20, "gross": 0,
            "create_time": 1_439_582_388,
            "refund": { "amount_refunded": 0, "refund_reason": null },
            "chargeback": { "amount_charged_back": 0, "dispute_uri": null }
        });
        let flag = if dialect == Dialect::A { "auto_capture" } else { "auto_release" };
        object[flag] = true.into();
        object.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let checkout: Checkout = serde_json::from_str(&object.to_string()).unwrap();
        Standing::read(&checkout, dialect, Currency::USD).unwrap()
    }

    #[test]
    fn every_state_of_both_dialects_is_mapped() {
        use AttemptState as S;
        for (word, a, b) in [
            ("new", Some(S::AwaitingCustomer), Some(S::AwaitingCustomer)),
            ("authorized", Some(S::Authorized), Some(S::Authorized)),
            ("reserved", Some(S::Authorized), None),
            ("captured", Some(S::Captured), Some(S::Authorized)),
            ("released", None, Some(S::Captured)),
            ("cancelled", Some(S::Canceled), Some(S::Canceled)),
            ("refunded", Some(S::Refunded), Some(S::Refunded)),
            ("charged back", Some(S::ChargedBack), Some(S::ChargedBack)),
            ("charged_back", Some(S::ChargedBack), Some(S::ChargedBack)),
            ("failed", Some(S::Failed), Some(S::Failed)),
            ("expired", Some(S::Expired), Some(S::Expired)),
            ("settled", None, None),
        ] {
            for (dialect, expected) in [(Dialect::A, a), (Dialect::B, b)] {
                let read = standing(dialect, &json!({ "state": word }));
                assert_eq!(read.claim, expected.map_or(Claim::UnknownStatus, Claim::state), "{dialect:?} {word}");
                assert_eq!(read.raw_status, word);
            }
        }
    }

    #[test]
    fn only_an_open_review_keeps_goods_back() {
        assert!(standing(Dialect::A, &json!({ "state": "authorized" })).review_open);
        assert!(!standing(Dialect::A, &json!({ "state": "reserved" })).review_open);
        assert!(standing(Dialect::B, &json!({ "state": "captured", "in_review": true })).review_open);
        assert!(!standing(Dialect::B, &json!({ "state": "captured", "in_review": false })).review_open);
        assert!(!standing(Dialect::B, &json!({ "state": "released", "in_review": true })).review_open);
    }

    #[test]
    fn deadlines_are_told_while_they_run() {
        let created = Timestamp::from_second(1_439_582_388).unwrap();
        let new = standing(Dialect::A, &json!({}));
        assert_eq!((new.expires_at, new.capture_by), (Some(created + PAGE_LIVES), None));
        for off in [json!(false), json!(0)] {
            let held = standing(Dialect::A, &json!({ "state": "reserved", "auto_capture": off }));
            assert_eq!((held.expires_at, held.capture_by), (None, Some(created + CAPTURE_WITHIN)));
        }
        assert_eq!(standing(Dialect::A, &json!({ "state": "reserved" })).capture_by, None);
        let held = standing(Dialect::B, &json!({ "state": "captured", "auto_release": false }));
        assert_eq!(held.capture_by, Some(created + CAPTURE_WITHIN));
        let card = json!({ "type": "credit_card", "credit_card": { "id": 7, "auto_capture": false } });
        let change = json!({ "state": "authorized", "auto_release": true, "payment_method": card });
        assert_eq!(standing(Dialect::B, &change).capture_by, Some(created + CHARGE_WITHIN));
        assert_eq!(standing(Dialect::A, &change).capture_by, None, "dialect A knows no such card");
        let paid = standing(Dialect::A, &json!({ "state": "captured", "auto_capture": false }));
        assert_eq!(paid.capture_by, None);
    }

    #[test]
    fn amounts_are_exact_and_capped_for_the_trait_only() {
        let read = standing(
            Dialect::A,
            &json!({ "state": "captured", "gross": 23.96, "refund": { "amount_refunded": 21.5 },
                "chargeback": { "amount_charged_back": 0.07, "dispute_uri": "https://wepay.example/d/1" } }),
        );
        let text = |money: Option<Money>| money.unwrap().to_string();
        assert_eq!((text(read.amount), text(read.gross)), ("20.00".to_owned(), "23.96".to_owned()));
        assert_eq!((text(read.refunded), text(read.charged_back)), ("21.50".to_owned(), "0.07".to_owned()));
        assert_eq!(read.dispute_uri.as_deref(), Some("https://wepay.example/d/1"));
        let asked = Money::parse("20", Currency::USD).unwrap();
        let told = read.retrieved(asked);
        assert_eq!(
            (text(told.details.refunded), told.claim),
            ("20.00".to_owned(), Claim::state(AttemptState::Captured))
        );
        assert_eq!(text(told.details.charged_back), "0.07");
        let part = json!({ "state": "captured", "gross": 23.96, "refund": { "amount_refunded": 19.99 } });
        let told = standing(Dialect::A, &part).retrieved(asked);
        assert_eq!(
            (text(told.details.refunded), told.claim),
            ("19.99".to_owned(), Claim::state(AttemptState::Captured))
        );
    }

    #[test]
    fn a_captured_that_may_mean_the_opposite_is_not_believed() {
        let read = standing(Dialect::A, &json!({ "state": "captured", "auto_release": false }));
        assert_eq!(read.claim, Claim::UnknownStatus);
        let of_a = standing(Dialect::B, &json!({ "state": "captured", "auto_capture": true, "auto_release": null }));
        assert_eq!(of_a.claim, Claim::UnknownStatus, "an object of dialect A in an account of dialect B");
        let both = standing(Dialect::B, &json!({ "state": "captured", "auto_capture": true, "auto_release": true }));
        assert_eq!(both.claim, Claim::state(AttemptState::Authorized));
        let released =
            standing(Dialect::B, &json!({ "state": "released", "auto_capture": true, "auto_release": null }));
        assert_eq!(released.claim, Claim::state(AttemptState::Captured), "no other dialect has this word");
        assert_eq!(
            standing(Dialect::A, &json!({ "state": "captured", "auto_release": null })).claim,
            Claim::state(AttemptState::Captured)
        );
    }
}

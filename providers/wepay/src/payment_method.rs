//! `provider_options.wepay.payment_method`: a stored method that is charged without a page (`wepay.md` 5.5).

use lendport_core::{CaptureMode, Invalid, Pointer};

use crate::amount::{Flag, Id};
use crate::dialect::{ApiVersion, Dialect};
use crate::members::Members;
use crate::wire::{CardBody, CardData, MethodBody, ObjectId};
use crate::words::MethodType;

/// Reads the type and the one object that it names.
pub(crate) fn read(members: &mut Members) -> Option<MethodBody> {
    let Some(kind) = members.choice("type", MethodType::WORDS, MethodType::parse) else {
        members.note_missing("type");
        return None;
    };
    let named = match kind {
        MethodType::CreditCard => "credit_card",
        MethodType::Preapproval => "preapproval",
        MethodType::PaymentBank => "payment_bank",
    };
    let Some(mut object) = members.object(named) else {
        members.note_missing(named);
        return None;
    };
    let id = object.told("id", "must be WePay's number of it, as a number or as text", Id::parse);
    if id.is_none() {
        object.note_missing("id");
    }
    let card = (kind == MethodType::CreditCard).then(|| (object.flag("auto_capture"), data(&mut object)));
    members.take_in(object);
    let id = id?;
    let of = |wanted| (kind == wanted).then_some(ObjectId { id });
    Some(MethodBody {
        kind,
        credit_card: card.map(|(flag, data)| CardBody { id, auto_capture: flag.map(Flag::from), data }),
        preapproval: of(MethodType::Preapproval),
        payment_bank: of(MethodType::PaymentBank),
    })
}

fn data(card: &mut Members) -> Option<CardData> {
    let mut data = card.object("data")?;
    let transaction_token = data.text("transaction_token");
    if transaction_token.is_none() {
        data.note_missing("transaction_token");
    }
    card.take_in(data);
    transaction_token.map(|transaction_token| CardData { transaction_token })
}

/// True for a card that is only authorised (dialect B).
pub(crate) fn only_authorises(method: &MethodBody) -> bool {
    method.credit_card.as_ref().and_then(|card| card.auto_capture).is_some_and(|flag| !flag.is_on())
}

/// Refuses what the account's version does not have, and an authorisation that nobody would ever charge.
pub(crate) fn check(
    method: &MethodBody,
    version: ApiVersion,
    capture: CaptureMode,
    at: &Pointer,
) -> Result<(), Invalid> {
    let mut invalid = Invalid::none();
    if method.kind == MethodType::PaymentBank && !version.knows_payment_bank() {
        invalid.note(&at.child("type"), "not_allowed", "the account's api_version knows no payment_bank");
    }
    if let Some(flag) = method.credit_card.as_ref().and_then(|card| card.auto_capture) {
        let at = at.child("credit_card").child("auto_capture");
        if version.dialect() == Dialect::A {
            invalid.note(&at, "not_allowed", "the account's api_version does not know it; it begins with 2016-07-13");
        } else if !flag.is_on() && capture != CaptureMode::Manual {
            invalid.note(&at, "not_allowed", "needs capture_mode manual: an authorised card is charged by the capture");
        }
    }
    invalid.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Options;

    fn method(card: &str) -> Result<MethodBody, Invalid> {
        let text = format!(r#"{{ "payment_method": {{ "type": "credit_card", "credit_card": {card} }} }}"#);
        Options::read(&text, &Pointer::root()).map(|options| options.payment_method.unwrap())
    }

    fn refusals(method: &MethodBody, version: &str, capture: CaptureMode) -> Vec<String> {
        let version = ApiVersion::parse(version).unwrap();
        let errors = check(method, version, capture, &Pointer::root()).err().map_or_else(Vec::new, |invalid| invalid.0);
        errors.into_iter().map(|error| error.pointer).collect()
    }

    #[test]
    fn everything_of_a_card_is_sent_as_it_was_given() {
        let text = r#"{"id":2291714459,"auto_capture":false,"data":{"transaction_token":"tok"}}"#;
        let read = method(text).unwrap();
        assert!(only_authorises(&read));
        assert_eq!(serde_json::to_string(read.credit_card.as_ref().unwrap()).unwrap(), text);
        assert!(read.preapproval.is_none() && read.payment_bank.is_none());
        for wrong in [
            r#"{"id":7,"data":{}}"#,
            r#"{"id":7,"data":{"emv_receipt":"x"}}"#,
            r#"{"id":7,"auto_capture":0}"#,
            &format!(r#"{{"id":7,"data":{{"transaction_token":"{}"}}}}"#, "x".repeat(256)),
        ] {
            assert!(method(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_authorisation_needs_dialect_b_and_a_capture() {
        use CaptureMode::{Automatic, Manual};
        let held = method(r#"{"id":7,"auto_capture":false}"#).unwrap();
        let at = vec!["/credit_card/auto_capture".to_owned()];
        assert_eq!(refusals(&held, "2018-08-29", Manual), Vec::<String>::new());
        assert_eq!(refusals(&held, "2018-08-29", Automatic), at);
        assert_eq!(refusals(&held, "2015-11-18", Manual), at);
        let charged = method(r#"{"id":7,"auto_capture":true}"#).unwrap();
        assert!(!only_authorises(&charged) && refusals(&charged, "2018-08-29", Automatic).is_empty());
    }
}

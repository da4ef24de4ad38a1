//! A postback's body in its three dialects, read into one shape. Verification has happened before; matching comes
//! after (`wegetfinancing.md` 6.3 to 6.6).

use lendport_core::{AttemptState, Claim, Currency, NoticeRefusal};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::mapping::{amounts_from, state_from};

/// Longest status word that is kept.
const WORD_MAX_CHARS: usize = 60;
/// News about the customer and not about the request; comes without an id at times.
const UPDATE_CUSTOMER: &str = "update_customer";

/// What a postback says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Told {
    /// `request_token` or `inv_id`; empty only in news about the customer.
    pub(crate) id: String,
    /// What was sent as `merchant_transaction_id`, when it is a text.
    pub(crate) merchant_reference: Option<String>,
    /// The status in the provider's word.
    pub(crate) word: Option<String>,
    /// The amount as written, for telling messages apart.
    pub(crate) amount: Option<String>,
    /// In our words. A refund's `distinguishable` is set by the caller, who knows the headers.
    pub(crate) claim: Claim,
}

/// Any JSON dialect. A known field that stands twice is an error of the parser.
#[derive(Deserialize)]
struct JsonBody {
    #[serde(default)]
    request_token: Option<Value>,
    #[serde(default)]
    updates: Option<Updates>,
    #[serde(default)]
    inv_id: Option<Value>,
    #[serde(default)]
    inv_status: Option<Value>,
    #[serde(default)]
    method: Option<Value>,
    #[serde(default)]
    function: Option<Value>,
    #[serde(default)]
    merchant_transaction_id: Option<Value>,
    #[serde(default)]
    cust_id_ext: Option<Value>,
}

#[derive(Default, Deserialize)]
struct Updates {
    #[serde(default)]
    status: Option<Value>,
    #[serde(default)]
    action: Option<Value>,
    #[serde(default)]
    amount: Option<Box<RawValue>>,
}

/// Reads a body; the dialect shows in the content type and in which id is there.
pub(crate) fn read(content_type: Option<&str>, body: &[u8], currency: Currency) -> Result<Told, NoticeRefusal> {
    let starts_as_object = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    let essence = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if starts_as_object {
        json(body, currency)
    } else if essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        form(body)
    } else {
        Err(NoticeRefusal::Unreadable("neither a JSON object nor a form"))
    }
}

fn json(body: &[u8], currency: Currency) -> Result<Told, NoticeRefusal> {
    let text = std::str::from_utf8(body).map_err(|_| NoticeRefusal::Unreadable("not UTF-8"))?;
    let body: JsonBody = serde_json::from_str(text)
        .map_err(|_| NoticeRefusal::Unreadable("not the JSON that the documents describe"))?;
    let merchant_reference = text_of(body.merchant_transaction_id).or_else(|| text_of(body.cust_id_ext));
    match (text_of(body.request_token), text_of(body.inv_id)) {
        (Some(one), Some(other)) if one != other => Err(NoticeRefusal::Unreadable("two different ids")),
        (Some(id), _) => Ok(modern(id, merchant_reference, body.updates.unwrap_or_default(), currency)),
        (None, Some(id)) => {
            let old = Legacy {
                function: word_of(body.function),
                method: word_of(body.method),
                inv_status: word_of(body.inv_status),
            };
            Ok(old.told(id, merchant_reference))
        }
        (None, None) if word_of(body.function.clone()).as_deref() == Some(UPDATE_CUSTOMER) => {
            let old = Legacy { function: word_of(body.function), ..Legacy::default() };
            Ok(old.told(String::new(), merchant_reference))
        }
        (None, None) => Err(NoticeRefusal::Unreadable("no request_token or inv_id")),
    }
}

/// Dialect 1.9, with the older `action: refund` (6.3).
fn modern(id: String, merchant_reference: Option<String>, updates: Updates, currency: Currency) -> Told {
    let status = updates.status.map(|status| word_of(Some(status)).unwrap_or_default());
    let word = status.or_else(|| word_of(updates.action).filter(|action| action == "refund"));
    let mut amount = None;
    let claim = match word.as_deref() {
        Some("refund") => {
            amount = updates.amount.as_deref().map(|raw| raw.get().chars().take(WORD_MAX_CHARS).collect());
            // An amount that cannot be read counts like a missing one: stored, flagged, no totals changed.
            let readable = amounts_from(updates.amount.as_deref(), currency).and_then(Result::ok);
            Claim::Refund { amount: readable, distinguishable: false }
        }
        Some(status) => state_from(status),
        None => Claim::UnknownStatus,
    };
    Told { id, merchant_reference, word, amount, claim }
}

/// Dialects 0.2 and 1.0 share their names.
#[derive(Default)]
struct Legacy {
    function: Option<String>,
    method: Option<String>,
    inv_status: Option<String>,
}

impl Legacy {
    fn told(self, id: String, merchant_reference: Option<String>) -> Told {
        let function = self.function.as_deref().unwrap_or("transact");
        let method = self.method.as_deref().unwrap_or("purchase");
        let status = self.inv_status.as_deref();
        let (word, claim) = match (function, method, status) {
            (UPDATE_CUSTOMER, ..) => (UPDATE_CUSTOMER, Claim::Nothing),
            ("transact", "void", _) => ("void", Claim::state(AttemptState::Declined)),
            ("transact", "purchase", Some("AuthOnly")) => ("AuthOnly", Claim::state(AttemptState::Preapproved)),
            ("transact", "purchase", Some("Auth")) => ("Auth", Claim::state(AttemptState::Authorized)),
            ("transact", "purchase", Some(other)) => (other, Claim::UnknownStatus),
            ("transact", "purchase", None) => ("purchase", Claim::UnknownStatus),
            ("transact", other, _) | (other, ..) => (other, Claim::UnknownStatus),
        };
        Told { id, merchant_reference, word: Some(word.to_owned()), amount: None, claim }
    }
}

/// Dialect 0.2.
fn form(body: &[u8]) -> Result<Told, NoticeRefusal> {
    let pairs: Vec<(String, String)> = serde_urlencoded::from_bytes(body)
        .map_err(|_| NoticeRefusal::Unreadable("not the form that the documents describe"))?;
    let mut old = Legacy::default();
    let (mut id, mut merchant_reference) = (None, None);
    for (name, value) in pairs {
        let (place, value) = match name.as_str() {
            "inv_id" => (&mut id, Some(value).filter(|id| !id.is_empty())),
            "cust_id_ext" => (&mut merchant_reference, Some(value)),
            "function" => (&mut old.function, word(&value)),
            "method" => (&mut old.method, word(&value)),
            "inv_status" => (&mut old.inv_status, word(&value)),
            _ => continue,
        };
        if place.is_some() {
            return Err(NoticeRefusal::Unreadable("a field stands twice"));
        }
        *place = value;
    }
    let id = match id {
        Some(id) => id,
        // It only needs an OK (6.4), and any other answer brings it back every minute.
        None if old.function.as_deref() == Some(UPDATE_CUSTOMER) => String::new(),
        None => return Err(NoticeRefusal::Unreadable("no inv_id")),
    };
    Ok(old.told(id, merchant_reference))
}

fn text_of(value: Option<Value>) -> Option<String> {
    match value {
        Some(Value::String(text)) if !text.is_empty() => Some(text),
        _ => None,
    }
}

fn word_of(value: Option<Value>) -> Option<String> {
    value.as_ref().and_then(Value::as_str).and_then(word)
}

/// A status word as it may be kept: short, one line.
fn word(text: &str) -> Option<String> {
    let kept: String = text.chars().filter(|c| !c.is_control()).take(WORD_MAX_CHARS).collect();
    (!kept.is_empty()).then_some(kept)
}

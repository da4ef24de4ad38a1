//! What is remembered of a call: one [`CallRecord`], and one debug event without the provider's own words, which may
//! quote a customer.

use lendport_core::{CallLog, CallRecord};
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::answer::Answer;
use crate::call_error::CallError;
use crate::json::Members;
use crate::request::{RecordFields, Request};

/// Characters of a kept word; anything longer is a sentence.
const WORD_MAX_CHARS: usize = 60;
/// Words kept of a list.
const WORDS_MAX: usize = 20;

/// Watches one call from start to end. A call whose future is dropped is recorded too, as `canceled`.
pub(crate) struct Watch {
    log: CallLog,
    method: String,
    target: String,
    keep: RecordFields,
    started: Instant,
    open: bool,
}

impl Watch {
    pub(crate) fn start(request: &Request, log: &CallLog) -> Self {
        Self {
            log: log.clone(),
            method: request.method.to_string(),
            target: target(request),
            keep: request.record,
            started: Instant::now(),
            open: true,
        }
    }

    pub(crate) fn end(mut self, outcome: &Result<Answer, CallError>) {
        self.open = false;
        match outcome {
            Ok(answer) => self.note(Some(answer.status), None, kept_fields(&answer.body, self.keep)),
            Err(error) => self.note(error.status(), Some(error.word()), Vec::new()),
        }
    }

    fn note(&self, status: Option<u16>, failure: Option<&'static str>, fields: Vec<(String, String)>) {
        let duration_ms = u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(method = self.method, target = self.target, status, duration_ms, failure, "provider called");
        self.log.push(CallRecord {
            method: self.method.clone(),
            target: self.target.clone(),
            status,
            duration_ms,
            failure: failure.map(str::to_owned),
            fields,
        });
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        if self.open {
            self.note(None, Some("canceled"), Vec::new());
        }
    }
}

/// Host, port when it is not the usual one, and path unless it is a secret.
fn target(request: &Request) -> String {
    let host = request.url.host_str().unwrap_or_default();
    let path = if request.path_is_secret { "/[secret]" } else { request.url.path() };
    match request.url.port() {
        Some(port) => format!("{host}:{port}{path}"),
        None => format!("{host}{path}"),
    }
}

/// The allowed top-level fields of a JSON answer; anything else gives none.
fn kept_fields(body: &[u8], keep: RecordFields) -> Vec<(String, String)> {
    if keep.0.is_empty() {
        return Vec::new();
    }
    let Ok(Members(members)) = serde_json::from_slice::<Members<'_>>(body) else { return Vec::new() };
    let kept = members.into_iter().filter(|(name, _)| keep.0.contains(&name.as_str()));
    kept.map(|(name, value)| (name, shown(value))).collect()
}

/// Marks and words only: a sentence of the provider's may quote the customer, so it is withheld and only its length kept.
fn shown(value: &RawValue) -> String {
    if let Ok(words) = serde_json::from_str::<Vec<String>>(value.get()) {
        let words: Vec<String> = words.iter().take(WORDS_MAX).map(|word| worded(word)).collect();
        return words.join(" ");
    }
    match serde_json::from_str::<String>(value.get()) {
        Ok(text) => worded(&text),
        Err(_) => worded(value.get()),
    }
}

fn worded(text: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_.:/-".contains(c);
    let length = text.chars().count();
    if (1..=WORD_MAX_CHARS).contains(&length) && text.chars().all(plain) {
        text.to_owned()
    } else {
        format!("[{length} characters]")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_named_top_level_fields_are_kept() {
        let body = br#"{"error":"http","code":401,"subjects":["email"],"email":"john@example.com","x":{"error":"no"}}"#;
        let kept = kept_fields(body, RecordFields(&["error", "code", "subjects", "stamp"]));
        let expected = [("error", "http"), ("code", "401"), ("subjects", "email")];
        assert_eq!(kept, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for other in [&b"<html>"[..], b"", b"[1]", b"{\"error\":", b"\xff"] {
            assert_eq!(kept_fields(other, RecordFields(&["error"])), Vec::new());
        }
    }

    #[test]
    fn sentences_are_withheld_because_they_may_quote_the_customer() {
        let body = br#"{"message":"Hi Quuxington, how are you","error":"MissingParameters","stamp":"0x93a930","code":{"a":"b"},"subjects":["email","john@example.com"]}"#;
        let kept = kept_fields(body, RecordFields(&["message", "error", "stamp", "code", "subjects"]));
        let shown: Vec<&str> = kept.iter().map(|(_, value)| value.as_str()).collect();
        assert_eq!(
            shown,
            ["[26 characters]", "MissingParameters", "0x93a930", "[9 characters]", "email [16 characters]"]
        );
    }

    #[tokio::test]
    async fn a_dropped_call_leaves_a_record_without_its_query() {
        let log = CallLog::new();
        let url = url::Url::parse("https://provider.example:8443/merchant/1?token=abc").unwrap();
        drop(Watch::start(&Request::get(url), &log));
        let records = log.records();
        assert_eq!(records[0].failure.as_deref(), Some("canceled"));
        assert_eq!(records[0].target, "provider.example:8443/merchant/1");
    }

    #[test]
    fn a_secret_path_is_not_kept() {
        let url = url::Url::parse("https://gateway.example/callbacks/token").unwrap();
        assert_eq!(target(&Request::post(url).secret_path()), "gateway.example/[secret]");
    }
}

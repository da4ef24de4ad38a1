//! A provider's answer with its body read to the end. Any status is an answer, a redirect included.

use std::fmt;

use jiff::Timestamp;

use crate::retry_after;

/// What came back. `Debug` shows neither body nor header values.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The `Content-Type` header as sent.
    pub content_type: Option<String>,
    /// Seconds that a `Retry-After` header asks to wait, a day at most. One with a date is read against the answer's own
    /// `Date`, so a clock that is wrong here or there changes nothing; without that it is left out.
    pub retry_after_s: Option<u32>,
    /// The body, complete.
    pub body: Vec<u8>,
    headers: Vec<(String, String)>,
}

impl Answer {
    /// Puts an answer together; header names count in any case.
    pub fn new(status: u16, headers: Vec<(String, String)>, body: Vec<u8>) -> Self {
        let mut answer = Self { status, content_type: None, retry_after_s: None, body, headers };
        answer.content_type = answer.header("content-type").map(str::to_owned);
        answer.retry_after_s = answer.wait();
        answer
    }

    fn wait(&self) -> Option<u32> {
        // A header of seconds is the same at any moment.
        let sent = self.header("date").and_then(retry_after::date);
        let asked = self.header("retry-after")?;
        let wait = retry_after::wait(asked.as_bytes(), sent.unwrap_or(Timestamp::MAX))?;
        u32::try_from(wait.as_secs()).ok()
    }

    /// The first header of that name.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// True for 200 to 299.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// True when the announced media type is JSON (`application/json` or `+json`).
    pub fn says_json(&self) -> bool {
        self.content_type.as_deref().is_some_and(media_type_is_json)
    }

    pub(crate) fn headers(&self) -> &[(String, String)] {
        &self.headers
    }
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("retry_after_s", &self.retry_after_s)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Reads a media type without its parameters.
pub(crate) fn media_type_is_json(value: &str) -> bool {
    let essence = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || essence.ends_with("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_found_in_any_case_and_the_body_is_not_printed() {
        let headers = vec![
            ("Content-Type".to_owned(), "application/problem+json; charset=utf-8".to_owned()),
            ("Retry-After".to_owned(), " 17 ".to_owned()),
        ];
        let answer = Answer::new(503, headers, b"john@example.com".to_vec());
        assert_eq!(answer.retry_after_s, Some(17));
        assert!(answer.says_json() && !answer.is_success());
        assert_eq!(answer.header("RETRY-AFTER"), Some(" 17 "));
        assert!(!format!("{answer:?}").contains("john"));
    }

    #[test]
    fn a_retry_after_is_seconds_or_a_date_beside_the_answers_own() {
        let asked = |text: &str, date: Option<&str>| {
            let date = date.map(|date| ("Date".to_owned(), date.to_owned()));
            let headers = std::iter::once(("retry-after".to_owned(), text.to_owned())).chain(date).collect();
            Answer::new(503, headers, Vec::new()).retry_after_s
        };
        let sent = Some("Wed, 21 Oct 2026 07:28:00 GMT");
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:40 GMT", sent), Some(40));
        assert_eq!(asked("Wed, 21 Oct 2026 07:27:00 GMT", sent), None, "it has passed");
        assert_eq!(asked("Wed, 21 Oct 2026 07:28:40 GMT", None), None, "nobody says how late it is there");
        assert_eq!(asked("99999999999", None), Some(86_400));
        for text in ["-1", "1.5", ""] {
            assert_eq!(asked(text, sent), None, "{text}");
        }
    }
}

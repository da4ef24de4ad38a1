//! A provider's answer with its body read to the end. Any status is an answer, a redirect included.

use std::fmt;

/// What came back. `Debug` shows neither body nor header values.
#[derive(Clone, PartialEq, Eq)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The `Content-Type` header as sent.
    pub content_type: Option<String>,
    /// Seconds of a `Retry-After` header given as a number; a date is not read.
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
        answer.retry_after_s = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
        answer
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
    fn a_retry_after_that_is_no_number_is_left_out() {
        for text in ["Wed, 21 Oct 2026 07:28:00 GMT", "-1", "1.5", "99999999999", ""] {
            let answer = Answer::new(503, vec![("retry-after".to_owned(), text.to_owned())], Vec::new());
            assert_eq!(answer.retry_after_s, None, "{text}");
        }
    }
}

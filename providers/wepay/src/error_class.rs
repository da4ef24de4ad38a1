//! Error codes and words as classes (`wepay.md` section 8). The code decides, then the word, then the HTTP status.

/// What an error means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// The gateway speaks wrongly.
    Gateway,
    /// The content is refused.
    Content,
    /// The token is not accepted, or not for this.
    Credentials,
    /// App or account are set up wrongly.
    Setup,
    /// The account may not move money.
    Blocked,
    /// The account has not enough money for this now.
    NoFunds,
    /// Too many calls.
    Throttled,
    /// 1008 and its kind: an outage, a decline or bad input; the text tells, or nothing does.
    Unexpected,
    /// The payment method is declined.
    Declined,
    /// There is no such checkout.
    NotFound,
    /// The checkout is in another state than this needs.
    WrongState,
    /// Captures of a part are not switched on.
    NoPartialCapture,
    /// Out of order, with nothing said.
    Down,
    /// No answer of this API.
    Foreign,
}

impl Class {
    /// Every class.
    #[cfg(test)]
    pub(crate) const ALL: [Self; 14] = [
        Self::Gateway,
        Self::Content,
        Self::Credentials,
        Self::Setup,
        Self::Blocked,
        Self::NoFunds,
        Self::Throttled,
        Self::Unexpected,
        Self::Declined,
        Self::NotFound,
        Self::WrongState,
        Self::NoPartialCapture,
        Self::Down,
        Self::Foreign,
    ];
}

/// The class of a code; none for a code that the documents do not have.
pub(crate) fn of_code(code: u64) -> Option<Class> {
    Some(match code {
        1001 | 1002 | 1005 | 4005 => Class::Gateway,
        1003 | 1004 | 1009 | 4003 | 10003 => Class::Content,
        1006 | 1010..=1013 | 3002 | 4002 => Class::Credentials,
        1007 => Class::Throttled,
        1008 | 2019 => Class::Unexpected,
        1014..=1016 | 3001 | 3003 | 3006..=3012 | 3302 | 3306 => Class::Setup,
        2001..=2009 | 2018 => Class::Declined,
        3004 => Class::Blocked,
        3005 => Class::NoFunds,
        4001 => Class::NotFound,
        4004 => Class::WrongState,
        4007 => Class::NoPartialCapture,
        _ => return None,
    })
}

/// The class of the word `error`.
pub(crate) fn of_word(word: &str) -> Option<Class> {
    Some(match word {
        "invalid_request" | "invalid_parameter" => Class::Content,
        "access_denied" | "invalid_scope" | "invalid_client" => Class::Credentials,
        "processing_error" => Class::Unexpected,
        "throttle_exceeded" => Class::Throttled,
        _ => return None,
    })
}

/// The class of an HTTP status, for bodies that say nothing.
pub(crate) fn of_status(status: u16) -> Class {
    match status {
        401 | 403 => Class::Credentials,
        404 | 405 | 501 => Class::Gateway,
        408 | 500..=599 => Class::Down,
        429 => Class::Throttled,
        400..=499 => Class::Content,
        _ => Class::Foreign,
    }
}

/// The class of a whole answer. A code that is not known counts by its status in the families that are open-ended, else as
/// final by its word.
pub(crate) fn of(code: Option<u64>, word: Option<&str>, status: u16) -> Class {
    if let Some(class) = code.and_then(of_code) {
        return class;
    }
    let open_ended = code.is_some_and(|code| (1000..3000).contains(&code)) && status >= 400;
    match word.and_then(of_word) {
        Some(class) if !open_ended => class,
        _ if status >= 300 => of_status(status),
        Some(class) => class,
        None => Class::Content,
    }
}

/// The text that goes with a 1008 after which the same `unique_id` is to be used again.
pub(crate) fn is_unknown_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("unknown error") || lower.contains("api@wepay.com")
}

/// The text of a decline that came as a 1008.
pub(crate) fn is_decline_text(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower.contains("decline") || lower.contains("unable to charge")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_comes_before_the_word_and_the_word_before_the_status() {
        for (code, word, status, class) in [
            (Some(1004), Some("invalid_request"), 400, Class::Content),
            (Some(4004), Some("invalid_request"), 400, Class::WrongState),
            (Some(1008), Some("invalid_request"), 400, Class::Unexpected),
            (Some(3002), Some("access_denied"), 200, Class::Credentials),
            (Some(1007), None, 400, Class::Throttled),
            (None, Some("throttle_exceeded"), 400, Class::Throttled),
            (None, Some("processing_error"), 200, Class::Unexpected),
            (None, Some("new_word"), 503, Class::Down),
            (None, Some("new_word"), 200, Class::Content),
            (Some(1099), Some("processing_error"), 500, Class::Down),
            (Some(2099), Some("processing_error"), 400, Class::Content),
            (Some(5001), Some("invalid_request"), 500, Class::Content),
            (Some(9999), None, 400, Class::Content),
            (None, None, 302, Class::Foreign),
        ] {
            assert_eq!(of(code, word, status), class, "{code:?} {word:?} {status}");
        }
    }

    #[test]
    fn every_documented_code_has_a_class() {
        let documented = (1001..=1016).chain(2001..=2009).chain([2018, 2019]).chain(3001..=3012).chain([3302, 3306]);
        for code in documented.chain([4001, 4002, 4003, 4004, 4005, 4007, 10003]) {
            assert!(of_code(code).is_some(), "{code}");
        }
        assert_eq!((of_code(4006), of_code(0)), (None, None));
    }

    #[test]
    fn texts_of_1008_are_told_apart() {
        assert!(is_unknown_text("there was an unknown error - please contact api@wepay.com for support"));
        assert!(!is_unknown_text("Unable to charge payment method: general decline"));
        assert!(is_decline_text("Unable to charge payment method: general decline"));
        assert!(!is_decline_text("there was an unknown error - please contact api@wepay.com for support"));
    }
}

//! Error bodies as the reference prints them (flexshopper.md 1.5).

use axum::http::{StatusCode, header};

use super::rules::Rules;
use lendport_simulation::{Json, Reply};

/// The text under nearly every 400 of the reference, whatever the endpoint.
const PRINTED: &str = "User already exists with email user@example.com";

const TOO_MANY: &str = "API rate limit exceeded";

/// The usual success: `{"data": ...}` with 200.
pub(super) fn data(value: Json) -> Reply {
    Reply::exact(StatusCode::OK, &Json::object([("data", value)]))
}

/// A refusal of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// By the gateway in front: a message alone.
    Gateway(u16, &'static str),
    /// Too many calls with one key; seconds until there may be another.
    Limited(u64),
    /// A body that does not fit: empty code, the message names the member.
    Invalid(String),
    /// 400 for a reason that the reference does not print; the text says which it was.
    Rejected(String),
    /// A status, code and text of their own.
    Coded(u16, Code, &'static str),
}

/// `error.code`: the reference has both kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    Word(&'static str),
    Number(u32),
}

impl Refusal {
    pub(super) const NO_KEY: Self = Self::Gateway(401, "No API key found in request");
    pub(super) const WRONG_KEY: Self = Self::Gateway(401, "Invalid authentication credentials");
    pub(super) const NO_TOKEN: Self = Self::Gateway(401, "Unauthorized");
    pub(super) const SUSPENDED: Self = Self::Gateway(403, "Consumer is suspended");
    pub(super) const NO_ROUTE: Self = Self::Gateway(404, "no Route matched with those values");
    pub(super) const NO_LEASE: Self =
        Self::Coded(404, Code::Word("LeaseNotFound"), "The lease requested was not found");
    pub(super) const NO_TRANSACTION: Self =
        Self::Coded(404, Code::Word("TransactionNotFound"), "The transaction requested was not found");
    pub(super) const NO_USER: Self = Self::Coded(404, Code::Word("UserNotFound"), "The user was not found");
    pub(super) const USER_EXISTS: Self = Self::Coded(409, Code::Word("UserAlreadyExists"), "The user already exists");
    pub(super) const PAYMENT_DUE: Self =
        Self::Coded(402, Code::Word("PaymentRequired"), "User user must make a payment to access a requested resource");
    pub(super) const LEASE_EXPIRED: Self =
        Self::Coded(410, Code::Word("LeaseExpired"), "The lease expired. Please create a new lease.");
    pub(super) const TOO_LITTLE: Self =
        Self::Coded(400, Code::Word("LeaseAmountNotSatisfied"), "The lease amount is below the minimum");
    pub(super) const TOO_MUCH: Self =
        Self::Coded(400, Code::Word("ExceedSpendingLimitError"), "The lease exceeds the spending limit");
    pub(super) const NOT_PRIMARY: Self =
        Self::Coded(400, Code::Number(11503), "Payment method is not primary eligible");
    pub(super) const BANK_REFUSED: Self = Self::Coded(400, Code::Number(11505), "Bank is not accepted");
    pub(super) const BANK_UNVERIFIED: Self = Self::Coded(400, Code::Number(11506), "Bank requires verification");
    pub(super) const BAD_GATEWAY: Self = Self::Coded(502, Code::Word("BadGateway"), "Gateway returned status code");

    pub(super) fn rejected(why: impl Into<String>) -> Self {
        Self::Rejected(why.into())
    }

    /// What a person reads of it; the answer itself often hides it.
    pub(super) fn why(&self) -> &str {
        match self {
            Self::Gateway(_, text) | Self::Coded(_, _, text) => text,
            Self::Limited(_) => TOO_MANY,
            Self::Invalid(text) | Self::Rejected(text) => text,
        }
    }

    pub(super) fn status(&self) -> u16 {
        match self {
            Self::Gateway(status, _) | Self::Coded(status, _, _) => *status,
            Self::Limited(_) => 429,
            Self::Invalid(_) | Self::Rejected(_) => 400,
        }
    }

    pub(super) fn reply(&self, rules: &Rules) -> Reply {
        match self {
            Self::Gateway(status, text) => message(*status, text),
            Self::Limited(seconds) => message(429, TOO_MANY).with(header::RETRY_AFTER, (*seconds).into()),
            Self::Invalid(text) => error_object(400, "".into(), text),
            Self::Rejected(_) if rules.boilerplate => error_object(400, "UserAlreadyExists".into(), PRINTED),
            Self::Rejected(why) => error_object(400, "BadRequest".into(), why),
            Self::Coded(status, Code::Word(word), text) => error_object(*status, (*word).into(), text),
            Self::Coded(status, Code::Number(number), text) => error_object(*status, (*number).into(), text),
        }
    }
}

/// An error as the gateway in front writes it.
pub(super) fn message(status: u16, text: &str) -> Reply {
    Reply::exact(code(status), &Json::object([("message", text.into())]))
}

fn code(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST)
}

/// The error object, whose `statusCode` repeats the status of HTTP.
pub(super) fn error_object(status: u16, word: Json, text: &str) -> Reply {
    let error = Json::object([
        ("statusCode", u32::from(status).into()),
        ("code", word),
        ("message", text.into()),
        ("data", Json::object([])),
    ]);
    Reply::exact(code(status), &Json::object([("error", error)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(refusal: &Refusal, rules: &Rules) -> (u16, String) {
        let reply = refusal.reply(rules);
        (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
    }

    #[test]
    fn bodies_as_printed() {
        let rules = Rules::new();
        let table = [
            (
                Refusal::Invalid("\"accountNumber\" is required".into()),
                400,
                r#"{"error":{"statusCode":400,"code":"","message":"\"accountNumber\" is required","data":{}}}"#,
            ),
            (
                Refusal::NOT_PRIMARY,
                400,
                r#"{"error":{"statusCode":400,"code":11503,"message":"Payment method is not primary eligible","data":{}}}"#,
            ),
            (
                Refusal::LEASE_EXPIRED,
                410,
                r#"{"error":{"statusCode":410,"code":"LeaseExpired","message":"The lease expired. Please create a new lease.","data":{}}}"#,
            ),
            (Refusal::NO_KEY, 401, r#"{"message":"No API key found in request"}"#),
        ];
        for (refusal, status, body) in table {
            assert_eq!(shown(&refusal, &rules), (status, body.to_owned()));
        }
    }

    #[test]
    fn the_reference_hides_the_reason_and_a_setting_shows_it() {
        let mut rules = Rules::new();
        let refusal = Refusal::rejected("the lease is not signed");
        assert!(shown(&refusal, &rules).1.contains("UserAlreadyExists"));
        rules.boilerplate = false;
        assert!(shown(&refusal, &rules).1.contains("the lease is not signed"));
        assert_eq!((refusal.why(), refusal.status()), ("the lease is not signed", 400));
    }
}

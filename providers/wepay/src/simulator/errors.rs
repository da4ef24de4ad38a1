//! Error objects with their codes (wepay.md 8).

use axum::http::StatusCode;

use super::dialect::Version;
use lendport_simulation::{Json, Reply};

/// The text of the error after which the same `unique_id` may be sent again.
pub(super) const UNKNOWN_ERROR: &str = "there was an unknown error - please contact api@wepay.com for support";

/// A refusal of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) code: u32,
    pub(super) text: String,
    /// The parameter at fault, for the `details` of later versions.
    target: Option<String>,
}

impl Refusal {
    /// A code with the text of its own.
    pub(super) fn new(code: u32, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), target: None }
    }

    /// A code with its usual text.
    pub(super) fn of(code: u32) -> Self {
        Self::new(code, usual(code))
    }

    pub(super) fn missing(name: &str) -> Self {
        Self { code: 1004, text: format!("{name} parameter is required"), target: Some(name.to_owned()) }
    }

    pub(super) fn bad(name: &str, must: &str) -> Self {
        Self { code: 1003, text: format!("{name} parameter must be {must}"), target: Some(name.to_owned()) }
    }

    pub(super) fn reply(&self, version: Version) -> Reply {
        let mut body = Json::object([
            ("error", word(self.code).into()),
            ("error_description", self.text.as_str().into()),
            ("error_code", u64::from(self.code).into()),
        ]);
        if version.since("2018-08-29") {
            let detail = Json::object([
                ("target", self.target.as_deref().into()),
                ("target_type", "HTTP_REQUEST_BODY".into()),
                ("reason_code", if self.code == 1004 { "PARAM_IS_MISSING" } else { "PARAM_IS_INVALID" }.into()),
                ("message", self.text.as_str().into()),
            ]);
            let details = if self.target.is_some() { vec![detail] } else { Vec::new() };
            body.set("details", Json::List(details));
            body.set("documentation_url", "https://developer.wepay.com/api/general/errors".into());
        }
        Reply::exact(status(self.code), &body)
    }
}

/// The `error` that goes with a code.
fn word(code: u32) -> &'static str {
    match code {
        1006 | 1010 | 1011 | 1014 | 3002 | 4002 => "access_denied",
        1007 => "throttle_exceeded",
        1008 | 2000..=2999 | 3004 | 3005 => "processing_error",
        1012 | 1013 => "invalid_client",
        _ => "invalid_request",
    }
}

/// The HTTP status that goes with a code. Only some are published; clients decide by the code.
fn status(code: u32) -> StatusCode {
    match word(code) {
        "access_denied" | "invalid_client" => StatusCode::UNAUTHORIZED,
        "throttle_exceeded" => StatusCode::TOO_MANY_REQUESTS,
        _ if code == 1001 => StatusCode::NOT_IMPLEMENTED,
        _ if code == 1008 || code == 2019 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The usual text of a code. Texts of 1001, 1004, 1008, 4001 and 4004 are WePay's own, the others say the same.
fn usual(code: u32) -> &'static str {
    match code {
        1001 => "that is not a recognized WePay API call",
        1002 => "a required header is missing",
        1003 => "a parameter is invalid",
        1004 => "a required parameter is missing",
        1005 => "the request body could not be parsed",
        1006 => "a valid access_token is required",
        1007 => "you have exceeded the allowed number of API calls, please try again later",
        1008 => UNKNOWN_ERROR,
        1009 => "please check the information you entered",
        1010 => "this access_token does not have the permission needed for this call",
        1011 => "this access_token has been revoked",
        1012 => "this code has expired",
        1013 => "this code was issued to another client",
        1014 => "this IP address is not allowed for this application",
        1015 => "that is not a valid API version",
        1016 => "your application may not use that API version",
        2001 => "address verification failed",
        2002 => "that type of card is not accepted",
        2003 => "that card is not supported",
        2004 => "the card was declined",
        2005 => "insufficient funds",
        2006 => "the card was reported lost or stolen",
        2007 => "the card has expired",
        2008 => "invalid card data",
        2009 => "the credit card is not in the right state",
        2018 => "the card can not be used for this kind of payment",
        2019 => "an unknown processing error occurred",
        3001 => "there is no account with that ID",
        3002 => "this user does not have access to that account",
        3003 => "that account has been deleted",
        3004 => "this account is not able to transact",
        3005 => "the account does not have enough money for this refund",
        4001 => "there is no checkout with that ID",
        4002 => "you do not have permission to access that checkout",
        4003 => "there is no payment method with that ID",
        4004 => "the checkout is not in the right state for this call",
        4005 => "a signature can not be added to this checkout",
        4007 => "partial capture is not enabled for this application",
        10003 => "Invalid zip code",
        _ => "the request could not be processed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recorded_error_bodies() {
        let shown = |refusal: Refusal| {
            let reply = refusal.reply(Version::SEED);
            (reply.status.as_u16(), String::from_utf8(reply.body).unwrap())
        };
        let table = [
            (
                Refusal::of(4001),
                400,
                r#"{"error":"invalid_request","error_description":"there is no checkout with that ID","error_code":4001}"#,
            ),
            (
                Refusal::of(1001),
                501,
                r#"{"error":"invalid_request","error_description":"that is not a recognized WePay API call","error_code":1001}"#,
            ),
            (
                Refusal::missing("client_id"),
                400,
                r#"{"error":"invalid_request","error_description":"client_id parameter is required","error_code":1004}"#,
            ),
            (
                Refusal::new(3002, "this user does not have access to that account"),
                401,
                r#"{"error":"access_denied","error_description":"this user does not have access to that account","error_code":3002}"#,
            ),
        ];
        for (refusal, status, body) in table {
            assert_eq!(shown(refusal), (status, body.to_owned()));
        }
        assert_eq!((shown(Refusal::of(1007)).0, shown(Refusal::of(1008)).0), (429, 500));
    }

    #[test]
    fn later_versions_add_details() {
        let reply = Refusal::bad("amount", "positive").reply(Version::parse("2018-08-29").unwrap());
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!(body["details"][0]["target"], "amount");
        assert!(body["documentation_url"].is_string());
    }
}

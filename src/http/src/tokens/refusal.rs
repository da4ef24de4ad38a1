//! Why a token is not taken.

use crate::problem::{Code, Problem};

/// What is wrong with a token. The caller hears it: whoever holds the token knows what is in it anyway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    Oversized,
    Unreadable,
    Header,
    Algorithm,
    Type,
    Issuer,
    Key,
    Signature,
    Audience,
    Incomplete,
    Expired,
    NotYet,
    TooLong,
    Replayed,
    Merchant,
    Gone,
}

impl Refusal {
    fn detail(self) -> &'static str {
        match self {
            Self::Oversized => "the token is longer than 4096 bytes",
            Self::Unreadable => "the token is not a signed JWT",
            Self::Header => "the token's header asks for something that is not taken: crit, jwk, jku, x5c, x5u or zip",
            Self::Algorithm => "the token's algorithm is not taken from its issuer",
            Self::Type => "the token is not an access token",
            Self::Issuer => "tokens of this issuer are not taken",
            Self::Key => "the key that signed the token is not known",
            Self::Signature => "the token's signature is wrong",
            Self::Audience => "the token is for somebody else",
            Self::Incomplete => "the token lacks a claim, or one is not what it should be",
            Self::Expired => "the token has expired; ask for a new one",
            Self::NotYet => "the token is not valid yet",
            Self::TooLong => "the token lives longer than one that works once may: a day",
            Self::Replayed => "the token was used before, and works once",
            Self::Merchant => "the token names no merchant of this gateway",
            Self::Gone => "the key that the token was given for works no more",
        }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::new(Code::Unauthorized, refusal.detail())
    }
}

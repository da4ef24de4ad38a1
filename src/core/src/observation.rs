//! An inbound fact with a grade: the reducer's only input (`model.md` section 3).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::attempt::{AttemptState, ProviderRef, Reason};
use crate::details::Details;
use crate::id::{AttemptId, ObservationId};
use crate::money::Money;

/// How a fact was learnt, from weakest to strongest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The customer's browser said so: moves nothing.
    Browser,
    /// Pushed, unsigned, to the attempt's own unguessable URL.
    Token,
    /// Pushed with a provider signature that verified.
    Signed,
    /// Read back from the provider over an authenticated call.
    Fetched,
    /// A person with the right scope, with a reason.
    Operator,
}

impl Grade {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Token => "token",
            Self::Signed => "signed",
            Self::Fetched => "fetched",
            Self::Operator => "operator",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Browser, Self::Token, Self::Signed, Self::Fetched, Self::Operator]
            .into_iter()
            .find(|grade| grade.as_str() == text)
    }
}

/// Where a fact came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The provider called us.
    Push,
    /// The answer to a call of ours that commands something.
    Answer,
    /// We asked because of a hint.
    Fetch,
    /// We asked on a schedule.
    Poll,
    /// The customer came back.
    BrowserReturn,
    /// A person.
    Operator,
    /// A timer of ours, or the recovery of an interrupted call.
    Gateway,
}

impl Source {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Push => "push",
            Self::Answer => "answer",
            Self::Fetch => "fetch",
            Self::Poll => "poll",
            Self::BrowserReturn => "browser_return",
            Self::Operator => "operator",
            Self::Gateway => "gateway",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Push, Self::Answer, Self::Fetch, Self::Poll, Self::BrowserReturn, Self::Operator, Self::Gateway]
            .into_iter()
            .find(|source| source.as_str() == text)
    }
}

/// What a fact says, in our words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The request stands at this state.
    State {
        /// Which one.
        state: AttemptState,
        /// Why, when the source says.
        reason: Option<Reason>,
    },
    /// An amount was given back; none when the source does not say how much.
    Refund {
        /// How much, when stated and readable.
        amount: Option<Money>,
        /// False when nothing tells this refund from an equal one, so that a repeat counts once and is flagged.
        distinguishable: bool,
    },
    /// A status this version does not know. Never guessed.
    UnknownStatus,
    /// Nothing about the state.
    Nothing,
}

impl Claim {
    /// A plain state without a reason.
    pub fn state(state: AttemptState) -> Self {
        Self::State { state, reason: None }
    }
}

/// An inbound fact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Ours.
    pub id: ObservationId,
    /// The attempt it speaks of.
    pub attempt: AttemptId,
    /// How it was learnt.
    pub grade: Grade,
    /// Where from.
    pub source: Source,
    /// What it says.
    pub claim: Claim,
    /// What it says beside that.
    pub details: Details,
    /// The provider's own word for the status.
    pub raw_status: Option<String>,
    /// The provider's id of the request, when the fact carries it.
    pub reference: Option<ProviderRef>,
    /// Equal keys on one attempt are the same message told again.
    pub dedupe_key: String,
    /// When we received it.
    pub received_at: Timestamp,
}

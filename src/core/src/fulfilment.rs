//! How far the goods have come, and whether money is disputed: two axes of their own.

use serde::{Deserialize, Serialize};

/// How far the goods have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fulfilment {
    /// Nothing sent.
    None,
    /// Some lines sent.
    Partial,
    /// All sent.
    Shipped,
    /// All arrived.
    Delivered,
    /// Some came back.
    PartiallyReturned,
    /// All came back.
    Returned,
}

impl Fulfilment {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Partial => "partial",
            Self::Shipped => "shipped",
            Self::Delivered => "delivered",
            Self::PartiallyReturned => "partially_returned",
            Self::Returned => "returned",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Partial, Self::Shipped, Self::Delivered, Self::PartiallyReturned, Self::Returned]
            .into_iter()
            .find(|word| word.as_str() == text)
    }
}

/// Whether money is disputed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Dispute {
    /// Never disputed.
    None,
    /// Being decided.
    Open,
    /// Decided for the merchant.
    Won,
    /// Decided against the merchant.
    Lost,
}

impl Dispute {
    /// The word used in rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Open => "open",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::None, Self::Open, Self::Won, Self::Lost].into_iter().find(|word| word.as_str() == text)
    }
}

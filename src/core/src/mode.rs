//! Test and live: two worlds that never meet. The key of a request decides which one it is in.

use serde::{Deserialize, Serialize};

/// Which world a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Sandbox credentials, made-up money.
    Test,
    /// Real shoppers and real money.
    Live,
}

impl Mode {
    /// The word used in keys, rows and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Test => "test",
            Self::Live => "live",
        }
    }

    /// Reads the word back.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "test" => Some(Self::Test),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

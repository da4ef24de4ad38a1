//! Countries. Those our financers serve are named; any other keeps its code, so that an adapter can say no to it.

use std::fmt;

/// An ISO 3166-1 alpha-2 country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Country {
    /// United States.
    Us,
    /// Canada.
    Ca,
    /// Somewhere else; two upper-case letters.
    Other([u8; 2]),
}

impl Country {
    /// Reads a two-letter code in any case.
    pub fn parse(code: &str) -> Option<Self> {
        let upper = code.to_ascii_uppercase();
        match upper.as_bytes() {
            b"US" => Some(Self::Us),
            b"CA" => Some(Self::Ca),
            [a, b] if a.is_ascii_uppercase() && b.is_ascii_uppercase() => Some(Self::Other([*a, *b])),
            _ => None,
        }
    }

    /// The upper-case code.
    pub fn code(self) -> String {
        match self {
            Self::Us => "US".to_owned(),
            Self::Ca => "CA".to_owned(),
            Self::Other([a, b]) => [char::from(a), char::from(b)].iter().collect(),
        }
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.code())
    }
}

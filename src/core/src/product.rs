//! What kind of financing a provider offers, and a merchant may ask for.

use serde::{Deserialize, Serialize};

/// A kind of financing. [`Descriptor::product`](crate::Descriptor::product) is one of these words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Product {
    /// Borrowed money that is paid back in instalments.
    Loan,
    /// A lease that ends in ownership.
    LeaseToOwn,
    /// A card or bank payment in one sum.
    Payment,
}

impl Product {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Loan, Self::LeaseToOwn, Self::Payment];

    /// The word used in requests and answers.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Loan => "loan",
            Self::LeaseToOwn => "lease_to_own",
            Self::Payment => "payment",
        }
    }

    /// The kind with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_json() {
        for product in Product::ALL {
            assert_eq!(serde_json::to_string(&product).unwrap(), format!("\"{}\"", product.as_str()));
            assert_eq!(Product::parse(product.as_str()), Some(product));
        }
        assert_eq!(Product::parse("Loan"), None);
    }
}

//! Words that are found wherever they leak.

use lendport_core::{CommitClass, ErrorKind, ProviderError};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::world::sample;

/// Twelve letters that are found wherever they leak, each set with a beginning of its own.
#[derive(Clone, Debug)]
pub(crate) struct Words {
    pub(crate) letters: String,
    /// What a financer may hold against somebody.
    pub(crate) adverse: &'static str,
    /// A phone number.
    pub(crate) digits: String,
}

pub(crate) fn words() -> impl Strategy<Value = Words> {
    let adverse = ["bankruptcy", "insufficient_income", "fraud_suspected", "delinquent", "repossession", "blacklisted"];
    ("[bcdfghjklmnpqrstvwxz]{12}", proptest::sample::select(adverse.to_vec()), "[2-9][0-9]{2}[2-9][0-9]{6}")
        .prop_map(|(letters, adverse, digits)| Words { letters, adverse, digits })
}

impl Words {
    /// A word that nobody else says, marked with what it stands for.
    pub(crate) fn of(&self, what: &str) -> String {
        format!("{what}{}", self.letters)
    }

    /// What the merchant sends; everything in it that is not for the page has one of these words.
    pub(crate) fn cart(&self) -> Value {
        let mut cart = sample();
        let name = |what: &str| self.of(what);
        cart["customer"] = json!({
            "first_name": name("Fn"), "last_name": name("Ln"), "email": format!("{}@mail.example", name("em")),
            "phone": self.digits,
        });
        for (address, what) in [("billing_address", "bill"), ("shipping_address", "ship")] {
            cart[address] = json!({
                "line1": name(&format!("{what}street")), "line2": name(&format!("{what}flat")),
                "city": name(&format!("{what}city")), "state": "NJ", "postal_code": "07740", "country": "US",
            });
        }
        cart["items"][0]["sku"] = json!(name("sku"));
        cart["items"][0]["brand"] = json!(name("brand"));
        cart["items"][0]["category"] = json!(name("category"));
        cart["metadata"] = json!({ name("key"): name("value") });
        cart
    }

    /// What a create fails with.
    pub(crate) fn error(&self, kind: ErrorKind, commit: CommitClass) -> ProviderError {
        ProviderError { commit, ..ProviderError::new(kind, self.of(self.adverse)) }
    }
}

//! Cards and bank accounts (4.8, 4.9).

use serde::Deserialize;

use crate::field::{Field, Opaque, Private, Word};

/// One on file. What a bank account looks like is not shown.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentMethod {
    /// FlexShopper's id.
    #[serde(default)]
    pub id: Field<Word>,
    /// `card`, and whatever a bank account is called.
    #[serde(default, rename = "type")]
    pub kind: Field<Word>,
    /// Such as `Visa`.
    #[serde(default)]
    pub card_brand: Field<Word>,
    /// Last digits of card or account.
    #[serde(default)]
    pub last_four: Field<Private>,
    /// First digits of a card.
    #[serde(default)]
    pub first_six: Field<Private>,
    /// The customer's name for it.
    #[serde(default)]
    pub label: Field<Private>,
}

/// Whether a bank account is one. A no is a success, too.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AchVerdict {
    /// True when it can be used.
    #[serde(default)]
    pub status: Field<bool>,
    /// GIACT's word.
    #[serde(default)]
    pub account_response_code: Field<Word>,
}

/// The answer with a key that is used once (4.10). It has no `data`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ChildKey {
    /// `Success`.
    #[serde(default)]
    pub(crate) status: Field<Word>,
    /// The key.
    pub(crate) child_key: Opaque,
}

//! Transactions: the order as FlexShopper sees it (4.16 to 4.18). Dollars and cents stand side by side.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::{Field, Opaque, Private, Word};
use crate::money::{Cents, Count, Dollars};

/// An order.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transaction {
    /// An id, like a token. Whether it is ours is not stated: never asked by (question 5).
    #[serde(default)]
    pub id: Field<Opaque>,
    /// The external reference, where one was sent.
    #[serde(default)]
    pub order_id: Field<Word>,
    /// Who leases.
    #[serde(default)]
    pub customer: Field<Customer>,
    /// In dollars.
    #[serde(default)]
    pub shipping_cost: Field<Dollars>,
    /// When it was made.
    #[serde(default)]
    pub created_at: Field<Word>,
    /// Its lease.
    #[serde(default)]
    pub lease: Field<LeaseState>,
    /// What is leased.
    #[serde(default)]
    pub items: Field<Vec<Item>>,
    /// The whole price, in cents.
    #[serde(default)]
    pub purchase_total: Field<Cents>,
    /// Sales tax, in cents.
    #[serde(default)]
    pub purchase_sales_tax: Field<Cents>,
}

impl Transaction {
    /// The word for the lease's state.
    pub fn lease_status(&self) -> Option<&str> {
        self.lease.value().and_then(|lease| lease.status.value()).map(Word::as_str)
    }

    /// Its items; none where they are missing or cannot be read.
    pub fn items(&self) -> &[Item] {
        self.items.value().map(Vec::as_slice).unwrap_or_default()
    }
}

/// Who leases.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Customer {
    /// FlexShopper's id.
    #[serde(default)]
    pub id: Field<Word>,
    /// Given name.
    #[serde(default)]
    pub first_name: Field<Private>,
    /// Family name.
    #[serde(default)]
    pub last_name: Field<Private>,
    /// E-mail address.
    #[serde(default)]
    pub email: Field<Private>,
}

/// The lease of an order.
#[derive(Clone, Debug, Deserialize)]
pub struct LeaseState {
    /// Its id, like a token.
    #[serde(default)]
    pub id: Field<Opaque>,
    /// `signed`, `pending`.
    #[serde(default)]
    pub status: Field<Word>,
}

/// One product.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Item {
    /// What it is.
    #[serde(default)]
    pub description: Field<Word>,
    /// The code it was sent with.
    #[serde(default)]
    pub sku: Field<Word>,
    /// Maker.
    #[serde(default)]
    pub brand: Field<Word>,
    /// Price of one, in dollars, discounts taken off.
    #[serde(default)]
    pub cost: Field<Dollars>,
    /// How many.
    #[serde(default)]
    pub quantity: Field<Count>,
    /// How many in which state; an open set, and not exclusive: one that was shipped is still ordered.
    #[serde(default)]
    pub quantity_by_status: Field<BTreeMap<String, Field<Count>>>,
}

impl Item {
    /// How many are said to be in a state; none where nothing is said of it.
    pub fn in_status(&self, status: &str) -> Option<u32> {
        self.quantity_by_status.value()?.get(status)?.value().map(|count| count.0)
    }
}

/// The answer to finalizing.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Finalized {
    /// Ours.
    #[serde(default)]
    pub transaction_id: Field<Word>,
    /// FlexShopper's number of the loan.
    #[serde(default)]
    pub loan_number: Field<Word>,
    /// FlexShopper's number of the lease.
    #[serde(default)]
    pub lease_number: Field<Word>,
}

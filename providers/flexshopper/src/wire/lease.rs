//! Leases (4.13, 4.14) and the merchant's settings for them (4.25).

use serde::Deserialize;

use crate::field::{Field, Opaque, Word};
use crate::money::{Count, Dollars};

/// A lease with its contract.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Lease {
    /// FlexShopper's id, like a token.
    #[serde(default)]
    pub lease_id: Field<Opaque>,
    /// The contract as HTML in base64. It names the customer.
    #[serde(default)]
    pub contract: Field<Opaque>,
    /// `signed`, `unsigned`; only in 4.14.
    #[serde(default)]
    pub lease_status: Field<Word>,
    /// How often is paid: `weekly`.
    #[serde(default)]
    pub frequency: Field<Word>,
    /// Number of payments.
    #[serde(default)]
    pub term: Field<Count>,
    /// One payment with tax, in dollars.
    #[serde(default)]
    pub payment: Field<Dollars>,
    /// Price when paid at once, in dollars.
    #[serde(default)]
    pub cash_price: Field<Dollars>,
    /// What leasing costs on top, in dollars.
    #[serde(default)]
    pub cost_of_rental: Field<Dollars>,
    /// Only for what comes through PayTomorrow, in dollars; only in 4.13.
    #[serde(default)]
    pub pay_tomorrow_tax_total: Field<Dollars>,
    /// True when it can be signed no more; only in 4.14.
    #[serde(default)]
    pub is_expired: Field<bool>,
}

/// The merchant's settings (4.25).
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseSettings {
    /// Smallest order, in dollars.
    #[serde(default)]
    pub minimum_order_value: Field<Dollars>,
}

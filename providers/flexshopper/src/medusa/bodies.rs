//! Bodies about orders, as they are sent. Nothing of a person is in them.

use jiff::civil::Date;
use serde::Serialize;

use crate::money::Dollars;

/// A cart to lease (4.13).
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct LeaseOrder {
    /// Ours, unique.
    pub transaction_id: String,
    /// The checkout's; comes back in 4.16.
    pub order_id: String,
    /// What is leased.
    pub items: Vec<LeaseItem>,
    /// One for all of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shipping: Option<LeaseShipping>,
    /// Taken off all items in proportion.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub total_discount: Option<Dollars>,
}

/// One product.
#[derive(Clone, Debug, Serialize)]
pub struct LeaseItem {
    /// Maker; never left out.
    pub brand: String,
    /// The line's code.
    pub sku: String,
    /// What it is.
    pub description: String,
    /// Price of one.
    pub cost: Dollars,
    /// `new`, `used`, `refurbished`.
    pub condition: &'static str,
    /// How many.
    pub quantity: u32,
}

/// How it is sent.
#[derive(Clone, Debug, Serialize)]
pub struct LeaseShipping {
    /// What that costs.
    pub cost: Dollars,
    /// Such as `ground`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
}

/// What a create of a lease may ask for beside it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseFlags {
    /// The contract as PDF.
    pub as_pdf: bool,
    /// FlexShopper sends the customer a link.
    pub send_link: bool,
}

/// Units of one product: of a cancel or return. The quantity is always said (question 8).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SkuQuantity {
    /// The line's code.
    pub sku: String,
    /// How many.
    pub quantity: u32,
}

/// Units of one product that were sent (4.21).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SentItem {
    /// The line's code.
    pub sku: String,
    /// Who carries it.
    pub carrier: String,
    /// Day it was handed over.
    pub ship_date: Date,
    /// The parcel's number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_number: Option<String>,
    /// The parcel's page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking_link: Option<String>,
    /// Day it is expected.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delivery_date: Option<Date>,
    /// How many.
    pub quantity: u32,
}

/// Units of one product that the customer picked up (4.22).
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PickedUp {
    /// The line's code.
    pub sku: String,
    /// How many.
    pub quantity: u32,
    /// Day it was picked up.
    pub receipt_date: Date,
}

/// A list of items as a body.
#[derive(Serialize)]
pub(super) struct Items<'a, T> {
    pub(super) items: &'a [T],
}

/// A body with nothing in it: the public client posts one where none is documented (4.18).
#[derive(Serialize)]
pub(super) struct Nothing {}

//! One transaction and its lease: created, signed, finalized, fulfilled, taken back.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::goods::{Goods, Line};
use super::money::{self, Terms};
use super::rules::{Rules, Total, amount};
use lendport_simulation::Json;

/// Who made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Api,
    Plugin,
}

/// What was told with a signature.
#[derive(Clone, Debug)]
pub(super) struct Signature {
    pub(super) at: Timestamp,
    pub(super) ip_address: Option<String>,
    pub(super) timestamp: Option<String>,
}

/// An order as it becomes a lease.
#[derive(Clone, Debug)]
pub(super) struct Cart {
    pub(super) transaction_id: String,
    pub(super) order_id: Option<String>,
    pub(super) lines: Vec<Line>,
    pub(super) shipping: Decimal,
    pub(super) pay_tomorrow_tax: Option<Decimal>,
    /// What the plugin's order says it costs.
    pub(super) stated_cost: Option<Decimal>,
}

impl Cart {
    pub(super) fn subtotal(&self) -> Decimal {
        self.lines.iter().map(|line| line.cost * Decimal::from(line.quantity)).sum()
    }

    /// What the customer would pay at once.
    pub(super) fn cash_price(&self) -> Decimal {
        self.subtotal() + self.shipping
    }

    /// Whether two carts are the same for a lease.
    pub(super) fn same_goods(&self, other: &Self) -> bool {
        let plain = |cart: &Self| -> Vec<(String, Decimal, u32)> {
            cart.lines.iter().map(|line| (line.sku.clone(), line.cost, line.quantity)).collect()
        };
        plain(self) == plain(other) && self.shipping == other.shipping
    }
}

/// One transaction.
pub(super) struct Transaction {
    pub(super) serial: u64,
    pub(super) account: usize,
    pub(super) user: String,
    pub(super) way: Way,
    /// As it was ordered.
    pub(super) cart: Cart,
    pub(super) goods: Goods,
    pub(super) terms: Terms,
    pub(super) lease_id: String,
    /// `id` of answers, when it is not the merchant's own.
    pub(super) encoded_id: String,
    /// `leaseNumber` and `loanNumber`.
    pub(super) number: String,
    pub(super) agreement_id: String,
    pub(super) reference_id: String,
    pub(super) created: Timestamp,
    /// Until then it has to be signed.
    pub(super) until: Timestamp,
    pub(super) signed: Option<Signature>,
    pub(super) finalized: Option<Timestamp>,
    /// Canceled as a whole before anybody signed, or by the customer.
    pub(super) void: bool,
    /// A word that answers show as `lease.status`, whatever it is.
    pub(super) said: Option<String>,
    /// Members that answers show with other values: where, and what.
    pub(super) shown: Vec<(String, Json)>,
    /// `x-consumer-custom-id` of the call that made it.
    pub(super) consumer: Option<String>,
    /// Dollars that the customer is behind with.
    pub(super) past_due: Decimal,
    /// Changing calls that reached it, by name.
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) moves: Vec<(Timestamp, String)>,
}

impl Transaction {
    pub(super) fn id(&self) -> &str {
        &self.cart.transaction_id
    }

    pub(super) fn note(&mut self, now: Timestamp, what: impl Into<String>) {
        self.moves.push((now, what.into()));
    }

    pub(super) fn expired(&self, now: Timestamp) -> bool {
        self.signed.is_none() && (self.until <= now || self.void)
    }

    /// `lease.status` of a transaction: no other words are documented.
    pub(super) fn status(&self) -> &str {
        let honest = if self.signed.is_some() { "signed" } else { "pending" };
        self.said.as_deref().unwrap_or(honest)
    }

    /// `leaseStatus` of a lease.
    pub(super) fn lease_status(&self) -> &str {
        let honest = if self.signed.is_some() { "signed" } else { "unsigned" };
        self.said.as_deref().unwrap_or(honest)
    }

    /// What of the customer's limit it uses up.
    pub(super) fn uses(&self) -> Decimal {
        if self.signed.is_none() || self.void || self.goods.gone() {
            return Decimal::ZERO;
        }
        self.goods.value(Line::kept) + self.cart.shipping
    }

    /// What the merchant gets for what was delivered and kept, shipping included.
    pub(super) fn earned(&self) -> Decimal {
        let value = self.goods.value(|line| line.delivered.min(line.kept()));
        if value.is_zero() { value } else { value + self.cart.shipping }
    }

    /// Total and tax as a transaction tells them, in cents.
    pub(super) fn purchase(&self, rules: &Rules) -> (Decimal, Decimal) {
        let subtotal = self.cart.subtotal();
        let tax = money::percent(subtotal, amount(&rules.tax_percent));
        let shipping = self.cart.shipping;
        let total = match rules.purchase_total {
            Total::Items => subtotal,
            Total::ItemsShipping => subtotal + shipping,
            Total::ItemsTax => subtotal + tax,
            Total::ItemsShippingTax => subtotal + shipping + tax,
        };
        (money::cents(total), money::cents(tax))
    }

    /// Lets everything happen that is due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let before = self.goods.parcels.iter().filter(|parcel| parcel.delivered).count();
        self.goods.settle(now);
        if self.goods.parcels.iter().filter(|parcel| parcel.delivered).count() > before {
            self.note(now, "delivered");
        }
    }
}

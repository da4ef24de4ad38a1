//! The merchant's intent: what is bought, by whom, for how much, and where the customer goes back to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::capture::CaptureMode;
use crate::cart::Cart;
use crate::customer::Customer;
use crate::fulfilment::{Dispute, Fulfilment};
use crate::id::{CheckoutId, MerchantId, ProviderId};
use crate::mode::Mode;

/// Where the customer's browser goes afterwards. It proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnUrls {
    /// After the customer finished.
    pub success: Option<String>,
    /// After the customer gave up or was refused.
    pub failure: Option<String>,
}

/// Which financers, why, and who was passed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The rule that decided: `explicit`, `only_provider` when one alone is set up, `customer_choice`.
    pub rule: String,
    /// In the order in which they are tried.
    pub providers: Vec<ProviderId>,
    /// Who was passed over, with the reason.
    pub skipped: Vec<Skipped>,
    /// True once the deadline has passed: nobody follows by itself any more, and a checkout that no financer has then is
    /// expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
}

/// A financer that was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which one.
    pub provider: ProviderId,
    /// Why, in a machine word.
    pub reason: String,
}

/// The merchant's intent. Its status is derived from attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkout {
    /// Ours.
    pub id: CheckoutId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// Test or live.
    pub mode: Mode,
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// What is bought.
    pub cart: Cart,
    /// Who buys.
    pub customer: Customer,
    /// Where the bill goes.
    pub billing: Address,
    /// Where the goods go; the billing address when absent.
    pub shipping: Option<Address>,
    /// Where the browser goes afterwards.
    pub return_urls: ReturnUrls,
    /// What the merchant wishes.
    pub capture: CaptureMode,
    /// The merchant's notes.
    pub metadata: BTreeMap<String, String>,
    /// Options that only one provider understands, by provider; JSON object text, checked by the adapter.
    pub provider_options: BTreeMap<String, String>,
    /// Which financers.
    pub route: Route,
    /// How far the goods have come.
    pub fulfilment: Fulfilment,
    /// Whether money is disputed.
    pub dispute: Dispute,
    /// True once `checkout.ready_to_fulfill` was written; never goes back.
    pub ready_announced: bool,
    /// When our timer ends it.
    pub expires_at: Timestamp,
    /// Sequence of the latest event.
    pub sequence: u64,
    /// Grows with every stored change; the ETag.
    pub version: u64,
    /// When it was stored.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

impl Checkout {
    /// Where the goods go.
    pub fn ship_to(&self) -> &Address {
        self.shipping.as_ref().unwrap_or(&self.billing)
    }
}

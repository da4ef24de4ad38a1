//! The merchant's intent: what is bought, by whom, for how much, and where the customer goes back to.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::capture::CaptureMode;
use crate::cart::Cart;
use crate::customer::Customer;
use crate::eligibility::Exclusion;
use crate::fulfilment::{Dispute, Fulfilment};
use crate::id::{CheckoutId, MerchantId, ProviderId, RoutingProfileId};
use crate::mode::Mode;
use crate::product::Product;
use crate::routing::Policies;

/// Where the customer's browser goes afterwards. It proves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReturnUrls {
    /// After the customer finished.
    pub success: Option<String>,
    /// After the customer gave up or was refused.
    pub failure: Option<String>,
}

/// Which financers, why, and who was passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// The rule that decided: its name in the routing profile, or `cascade` for the profile's own order; without a profile
    /// `explicit`, `only_provider` when one alone is set up, `customer_choice`.
    pub rule: String,
    /// In the order in which they are tried.
    pub providers: Vec<ProviderId>,
    /// Who was passed over, with the reason.
    pub skipped: Vec<Skipped>,
    /// True once the deadline has passed: nobody follows by itself any more, and a checkout that no financer has then is
    /// expired.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub closed: bool,
    /// True where the customer chooses among them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub customer_chooses: bool,
    /// The kind of financing that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub product_type: Option<Product>,
    /// The routing profile that decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<RouteProfile>,
    /// Everybody who was considered, in order; those passed over among them. Empty where nobody had to be judged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<ProviderId>,
    /// How it goes on after a financer that did not finance it, as the profile said then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policies: Option<Policies>,
}

/// The routing profile that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteProfile {
    /// This version of it.
    pub id: RoutingProfileId,
    /// Its number.
    pub version: u64,
    /// Which share of the rule's split, from 0; none where the rule has no split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arm: Option<u32>,
}

/// A financer that was not tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Skipped {
    /// Which one.
    pub provider: ProviderId,
    /// Why, in a machine word.
    pub reason: String,
    /// Everything that was in the way. Empty where it was passed over before that was kept.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclusions: Vec<Exclusion>,
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Routes stored before there were profiles are read, and one without a profile is written as it was then.
    #[test]
    fn a_route_of_the_old_form_is_read_and_written_as_it_was() {
        let old = r#"{"rule":"explicit","providers":["a"],"skipped":[{"provider":"b","reason":"not_funded"}]}"#;
        let route: Route = serde_json::from_str(old).unwrap();
        assert_eq!((route.profile, route.policies, route.product_type), (None, None, None));
        assert!(route.candidates.is_empty() && !route.closed);
        assert!(route.skipped.iter().all(|skipped| skipped.exclusions.is_empty()));
        assert_eq!(serde_json::to_string(&route).unwrap(), old);
    }
}

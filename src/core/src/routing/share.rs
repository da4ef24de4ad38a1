//! Shares of the customers: a digest of the merchant and the customer gives each customer a place that never changes.

use sha2::{Digest as _, Sha256};

use crate::id::MerchantId;

/// Places that customers are spread over: a percentage has a hundred of them.
pub const BUCKETS: u32 = 10_000;

/// What a customer is known by: the e-mail address, or the merchant's reference where there is none, without blanks around it
/// and in lower case. Nothing where there is neither: then nobody is in a share.
pub fn customer_key(email: Option<&str>, reference: Option<&str>) -> Option<String> {
    let plain = |text: &str| Some(text.trim().to_lowercase()).filter(|text| !text.is_empty());
    let email = email.and_then(plain).map(|text| format!("e-mail {text}"));
    email.or_else(|| reference.and_then(plain).map(|text| format!("reference {text}")))
}

/// The place of a customer, 0 to [`BUCKETS`] less one. What it is for makes places independent of one another: who is in a
/// rule's share of the customers is spread over all shares of that rule's split.
pub(super) fn bucket(purpose: &[&str], merchant: MerchantId, customer: &str) -> u32 {
    let mut hash = Sha256::new();
    hash.update(b"lendport routing 1");
    hash.update(merchant.uuid().as_bytes());
    for part in purpose.iter().chain([&customer]) {
        hash.update(u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let digest = hash.finalize();
    let first = digest.iter().take(8).fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
    // The upper half of the product spreads 64 bits evenly, up to 10,000 parts in 2^64.
    let place = (u128::from(first) * u128::from(BUCKETS)) >> 64;
    u32::try_from(place).unwrap_or(0)
}

/// The first place past a percentage.
pub(super) fn place_of(percent: u32) -> u32 {
    percent.saturating_mul(BUCKETS / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_customer_is_known_by_the_address_in_any_case() {
        let key = customer_key(Some(" John@Example.COM "), Some("ORDER-1"));
        assert_eq!(key, customer_key(Some("john@example.com"), None));
        assert_eq!(customer_key(Some("  "), Some("Order-1")), customer_key(None, Some("ORDER-1 ")));
        assert_ne!(customer_key(Some("x"), None), customer_key(None, Some("x")));
        assert_eq!(customer_key(None, Some("")), None);
    }

    #[test]
    fn places_are_pinned() {
        // A release that spread customers anew would move them in the middle of a test that a merchant runs.
        let merchant = MerchantId::of_bytes([7; 16]);
        let places = ["a", "b", "c"].map(|customer| bucket(&["split", "rule"], merchant, customer));
        assert_eq!(places, PINNED);
        assert_ne!(bucket(&["customers"], merchant, "a"), places[0]);
        assert_ne!(bucket(&["split", "rule"], MerchantId::of_bytes([8; 16]), "a"), places[0]);
    }

    const PINNED: [u32; 3] = [7_625, 3_581, 2_688];
}

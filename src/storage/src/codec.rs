//! How values look in any database: ids as bytes, digests, money and JSON as text.

use std::fmt::Display;
use std::str::FromStr;

pub(crate) use lendport_core::hex;
use lendport_core::{
    AttemptId, AttentionId, AuditId, CheckoutId, Currency, DeliveryAttemptId, DeliveryId, EventId, IdError, KeyId,
    LedgerId, LineId, MerchantId, Money, ObservationId, OperationId, ProviderAccountId, RequestId, RoutingProfileId,
    SigningKeyId, WebhookEndpointId,
};
use serde::Serialize;

use crate::fault::{Done, Fault};

/// Rows of one kind that a timeline shows of a checkout: the latest, so that reading one has an end.
pub(crate) const LISTED_MAX: u32 = 1_000;

/// An id as 16 bytes.
pub(crate) trait StoredId: FromStr<Err = IdError> + Display + Copy {
    /// The id's bytes; they sort as the ids do.
    fn bytes(self) -> [u8; 16];
    /// Reads the bytes back.
    fn from_bytes(bytes: &[u8]) -> Option<Self>;
}

macro_rules! stored_ids {
    ($($name:ident)*) => {$(
        impl StoredId for $name {
            fn bytes(self) -> [u8; 16] {
                *self.uuid().as_bytes()
            }
            fn from_bytes(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::of_bytes)
            }
        }
    )*};
}
stored_ids! {
    MerchantId KeyId ProviderAccountId CheckoutId AttemptId OperationId LedgerId ObservationId EventId AttentionId
    WebhookEndpointId DeliveryId DeliveryAttemptId LineId AuditId RequestId RoutingProfileId SigningKeyId
}

/// A digest as bytes; none when the text is not 64 lower-case hexadecimal digits.
pub(crate) fn digest(text: &str) -> Option<Vec<u8>> {
    let half = |b: u8| match b {
        b'0'..=b'9' => Some(b - b'0'),
        b'a'..=b'f' => Some(b - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let bytes: Option<Vec<u8>> = pairs.iter().map(|&[high, low]| Some(half(high)? << 4 | half(low)?)).collect();
    bytes.filter(|bytes| rest.is_empty() && bytes.len() == 32)
}

/// A digest to be stored.
pub(crate) fn digest_to_store(what: &str, text: &str) -> Done<Vec<u8>> {
    digest(text).ok_or_else(|| Fault::broken(format!("the {what} is not a SHA-256 in hexadecimal")))
}

/// A count; none of ours comes near the limit.
pub(crate) fn count(value: u64) -> Done<i64> {
    i64::try_from(value).map_err(|_| Fault::broken("a counter is larger than the database can hold"))
}

/// `USD 1370.00`.
pub(crate) fn money(amount: Money) -> String {
    format!("{} {}", amount.currency(), amount.amount())
}

/// JSON text.
pub(crate) fn json<T: Serialize + ?Sized>(value: &T) -> Done<String> {
    serde_json::to_string(value).map_err(|_| Fault::broken("a value cannot be written as JSON"))
}

/// Where JSON breaks, without repeating what stands there.
pub(crate) fn json_fault(error: &serde_json::Error) -> String {
    format!("not the JSON it should be ({:?} error at column {})", error.classify(), error.column())
}

/// Reads what [`money`] writes.
pub(crate) fn parse_money(text: &str) -> Option<Money> {
    let (currency, amount) = text.split_once(' ')?;
    Money::parse(amount, Currency::parse(currency)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_exactly_that() {
        let text = "00ff".repeat(16);
        assert_eq!(hex(&digest(&text).unwrap()), text);
        for wrong in ["", "00", &"00FF".repeat(16), &"00ff".repeat(17), &"0g".repeat(32), &"é".repeat(32)] {
            assert_eq!(digest(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn money_keeps_its_currency() {
        let amount = Money::from_minor(137_005, Currency::CAD).unwrap();
        assert_eq!(money(amount), "CAD 1370.05");
        assert_eq!(parse_money("CAD 1370.05"), Some(amount));
        assert_eq!(parse_money("1370.05"), None);
        assert_eq!(parse_money("CAD -1"), None);
    }
}

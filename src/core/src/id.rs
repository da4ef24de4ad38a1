//! Ids that say what they are: a prefix and the 32 hexadecimal digits of a UUIDv7, which sort by time.
//!
//! The only ways to hold one are to mint it ([`IdSource`]), to parse it, or to have its bytes from where it was stored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use uuid::Uuid;

use crate::clock::IdSource;

/// The text was not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected an id that starts with `{prefix}` and goes on with 32 hexadecimal digits")]
pub struct IdError {
    /// The prefix that was expected, with its underscore.
    pub prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<Uuid, IdError> {
    let wrong = || IdError { prefix };
    let body = text.strip_prefix(prefix).ok_or_else(wrong)?;
    let plain = body.len() == 32 && body.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b));
    if !plain {
        return Err(wrong());
    }
    Uuid::try_parse(body).map_err(|_| wrong())
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id, later than all before it.
            pub fn mint(ids: &dyn IdSource) -> Self {
                Self(ids.uuid())
            }

            /// The id with these bytes, as [`Self::uuid`] has them.
            pub fn of_bytes(bytes: [u8; 16]) -> Self {
                Self(Uuid::from_bytes(bytes))
            }

            /// The id without its prefix.
            pub fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                f.write_str(self.0.simple().encode_lower(&mut [0; 32]))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant.
    MerchantId = "mer_";
    /// A merchant's secret API key (the id, not the key).
    KeyId = "key_";
    /// One merchant's credentials and settings at one provider in one mode.
    ProviderAccountId = "pac_";
    /// One version of a merchant's routing profile.
    RoutingProfileId = "rpf_";
    /// The merchant's intent.
    CheckoutId = "chk_";
    /// One financer's try at a checkout.
    AttemptId = "att_";
    /// A command sent to a provider.
    OperationId = "op_";
    /// A movement of amount.
    LedgerId = "led_";
    /// An inbound fact with a grade.
    ObservationId = "obs_";
    /// What merchants are told.
    EventId = "evt_";
    /// Something a person must settle.
    AttentionId = "atn_";
    /// Where a merchant wants to be told.
    WebhookEndpointId = "whe_";
    /// One event on its way to one endpoint.
    DeliveryId = "dlv_";
    /// One try of a delivery.
    DeliveryAttemptId = "dla_";
    /// One request to our API.
    RequestId = "req_";
    /// One line of a cart.
    LineId = "lin_";
    /// One entry of the audit log.
    AuditId = "aud_";
    /// A key that signs tokens: their `kid`.
    SigningKeyId = "sig_";
}

/// The short name of a provider, such as the `provider` field of a request holds.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(String);

impl ProviderId {
    /// Lower-case letters, digits and underscores, at most 40.
    pub fn parse(text: &str) -> Option<Self> {
        let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
        (!text.is_empty() && text.len() <= 40 && text.bytes().all(plain)).then(|| Self(text.to_owned()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ProviderId {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a provider's name has lower-case letters, digits and underscores only")
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let text = "chk_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";
        let id: CheckoutId = text.parse().unwrap();
        assert_eq!(id.to_string(), text);
        assert!(text.parse::<AttemptId>().is_err());
        for wrong in
            ["", "chk_", "chk_0190A5B0C1D27E3F8A4B5C6D7E8F9A0B", "chk_0190a5b0-c1d2-7e3f-8a4b-5c6d7e8f9a0b", "chk_é"]
        {
            assert!(wrong.parse::<CheckoutId>().is_err(), "{wrong}");
        }
    }
}

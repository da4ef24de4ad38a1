//! The secret part of the address that an attempt's provider pushes to. It is worked out from a key, so that a create can
//! be sent again with the content it had though only the token's digest is stored.

use hmac::{Hmac, KeyInit as _, Mac as _};
use lendport_core::{AttemptId, ProviderId, Secret, hex};
use lendport_storage::{SweepMark, Tenant};
use sha2::Sha256;

/// The key. Whoever has it and an attempt's id can push as that attempt's provider.
#[derive(Clone, Debug)]
pub struct CallbackKey(Secret<[u8; 32]>);

impl CallbackKey {
    /// 256 secret bits that are used for nothing but these tokens and the two kinds of marks below.
    pub fn new(key: Secret<[u8; 32]>) -> Self {
        Self(key)
    }

    /// The attempt's first token, 64 hexadecimal digits. After its callback address was renewed another one is valid.
    pub(crate) fn token(&self, attempt: AttemptId) -> Secret<String> {
        // HMAC takes keys of every length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose()) else { return Secret::new(String::new()) };
        mac.update(attempt.uuid().as_bytes());
        Secret::new(hex(&mac.finalize().into_bytes()))
    }

    /// A digest of what a list of this tenant's provider shows a request by. It may be about a person: without the key nobody
    /// can try names.
    pub(crate) fn sweep_mark(&self, tenant: Tenant, provider: &ProviderId, text: &str) -> SweepMark {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose()) else { return SweepMark([0; 32]) };
        // Longer than the id of an attempt, so that it is never a token.
        mac.update(b"a row of a list\n");
        mac.update(tenant.merchant.uuid().as_bytes());
        for part in [tenant.mode.as_str(), provider.as_str(), text] {
            mac.update(part.as_bytes());
            mac.update(b"\n");
        }
        SweepMark(mac.finalize().into_bytes().into())
    }

    /// A mark (hex) by which a request is known again, from which nobody without the key can guess what was in it: bodies
    /// with few unknown digits could be found by trying. Never a token: those are made of 16 bytes.
    pub(crate) fn mark(&self, parts: &[&[u8]]) -> String {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose()) else { return String::new() };
        mac.update(b"the mark of a request with what a customer said");
        for part in parts {
            mac.update(part);
        }
        hex(&mac.finalize().into_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_attempt_and_every_key_has_another_token_and_always_the_same() {
        let [one, other]: [AttemptId; 2] = [7, 8].map(|last| {
            let mut bytes = [1; 16];
            bytes[15] = last;
            AttemptId::of_bytes(bytes)
        });
        let key = CallbackKey::new(Secret::new([3; 32]));
        let token = key.token(one).expose().clone();
        assert_eq!((token.len(), &token), (64, key.token(one).expose()));
        assert_ne!(&token, key.token(other).expose());
        assert_ne!(&token, CallbackKey::new(Secret::new([4; 32])).token(one).expose());
        assert!(!format!("{key:?}").contains('3'), "{key:?}");
    }
}

//! Standard Webhooks from the receiver's side, written from the standard and not from the gateway's code.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use subtle::ConstantTimeEq as _;

/// Seconds that a delivery may be old or early.
const TOLERANCE_S: u64 = 300;

/// What came with a delivery.
pub(crate) struct Signed<'a> {
    pub(crate) id: &'a str,
    pub(crate) timestamp: &'a str,
    /// One or more `v1,BASE64`, with spaces between.
    pub(crate) signatures: &'a str,
    pub(crate) body: &'a [u8],
}

/// Says why a delivery is not to be believed.
pub(crate) fn check(signed: &Signed<'_>, secret: &str, now_s: i64) -> Result<(), &'static str> {
    let sent_s: i64 = signed.timestamp.parse().map_err(|_| "webhook-timestamp is not a number of seconds")?;
    if now_s.abs_diff(sent_s) > TOLERANCE_S {
        return Err("webhook-timestamp is too old or too early");
    }
    let key = secret.strip_prefix("whsec_").and_then(|text| STANDARD.decode(text).ok());
    let mut mac =
        key.and_then(|key| Hmac::<Sha256>::new_from_slice(&key).ok()).ok_or("the secret is not whsec_ and base64")?;
    mac.update(format!("{}.{}.", signed.id, signed.timestamp).as_bytes());
    mac.update(signed.body);
    let expected = mac.finalize().into_bytes();
    let by_us = |one: &str| {
        let code = one.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
        code.is_some_and(|code| bool::from(code.ct_eq(expected.as_slice())))
    };
    if signed.signatures.split(' ').any(by_us) { Ok(()) } else { Err("no signature of webhook-signature is right") }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the Standard Webhooks libraries.
    #[test]
    fn the_published_example_is_believed_and_nothing_else() {
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let good = Signed {
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            timestamp: "1614265330",
            signatures: "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            body: br#"{"test": 2432232314}"#,
        };
        assert_eq!(check(&good, secret, 1_614_265_330), Ok(()));
        assert_eq!(
            check(&Signed { signatures: &format!("v1,AAAA {}", good.signatures), ..good }, secret, 1_614_265_330),
            Ok(())
        );
        assert!(check(&good, secret, 1_614_265_330 + 301).is_err());
        assert!(check(&good, "whsec_AAAA", 1_614_265_330).is_err());
        assert!(check(&Signed { id: "msg_other", ..good }, secret, 1_614_265_330).is_err());
        assert!(check(&Signed { body: b"{}", ..good }, secret, 1_614_265_330).is_err());
    }
}

//! Standard Webhooks: what is signed, with what, and how a receiver checks it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp};
use lendport_core::{EventId, Secret};
use sha2::Sha256;
use subtle::{Choice, ConstantTimeEq as _};

const PREFIX: &str = "whsec_";
const VERSION: &str = "v1,";
/// The sizes of a key that the standard allows, in bytes.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// The text is not a signing secret. Never repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a signing secret is whsec_ and the base64 of 24 to 64 bytes")]
pub struct SecretError;

/// A key shared with one endpoint of a merchant.
#[derive(Clone, Debug)]
pub struct SigningSecret(Secret<Vec<u8>>);

impl SigningSecret {
    /// Reads the form merchants see: `whsec_` and the base64 of the key.
    pub fn parse(text: &Secret<String>) -> Result<Self, SecretError> {
        let coded = text.expose().strip_prefix(PREFIX).ok_or(SecretError)?;
        Self::from_key(Secret::new(STANDARD.decode(coded).map_err(|_| SecretError)?))
    }

    /// Takes 24 to 64 random bytes.
    pub fn from_key(key: Secret<Vec<u8>>) -> Result<Self, SecretError> {
        if KEY_BYTES.contains(&key.expose().len()) { Ok(Self(key)) } else { Err(SecretError) }
    }

    /// The form merchants see; shown once, when it is made.
    pub fn to_text(&self) -> Secret<String> {
        Secret::new(format!("{PREFIX}{}", STANDARD.encode(self.0.expose())))
    }

    fn code(&self, id: &str, timestamp: &str, body: &[u8]) -> Vec<u8> {
        // HMAC takes a key of any length (RFC 2104, 2): the error cannot occur, and an empty code matches nothing.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(self.0.expose()) else { return Vec::new() };
        for part in [id.as_bytes(), b".", timestamp.as_bytes(), b".", body] {
            mac.update(part);
        }
        mac.finalize().into_bytes().to_vec()
    }
}

/// The three headers of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Headers {
    /// `webhook-id`: the event's id, the same in every repeat.
    pub id: String,
    /// `webhook-timestamp`: when this attempt was made, in seconds since 1970.
    pub timestamp: String,
    /// `webhook-signature`: one `v1,<base64>` per secret, with spaces between.
    pub signature: String,
}

impl Headers {
    /// Names and values as they are sent.
    pub fn pairs(&self) -> [(&'static str, &str); 3] {
        [
            ("webhook-id", self.id.as_str()),
            ("webhook-timestamp", self.timestamp.as_str()),
            ("webhook-signature", self.signature.as_str()),
        ]
    }
}

/// Signs a body for the moment of an attempt, with every secret that is valid then: two while one replaces the other.
pub fn sign(id: EventId, at: Timestamp, body: &[u8], secrets: &[SigningSecret]) -> Headers {
    let (id, timestamp) = (id.to_string(), at.as_second().to_string());
    let signatures: Vec<_> = secrets
        .iter()
        .map(|secret| format!("{VERSION}{}", STANDARD.encode(secret.code(&id, &timestamp, body))))
        .collect();
    Headers { id, timestamp, signature: signatures.join(" ") }
}

/// Why a receiver does not believe a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// The timestamp is not a whole number of seconds.
    #[error("the timestamp is not readable")]
    Unreadable,
    /// The timestamp is too old or too far ahead.
    #[error("the timestamp is outside the tolerance")]
    Stale,
    /// No signature is by this secret over this id, timestamp and body.
    #[error("no signature matches")]
    NoMatch,
}

/// What a receiver does, for tests and for merchants who ask us: one signature of the header has to match, in a time
/// that does not tell how much of it does.
pub fn verify(
    headers: &Headers,
    body: &[u8],
    secret: &SigningSecret,
    now: Timestamp,
    tolerance: SignedDuration,
) -> Result<(), Refused> {
    let seconds: i64 = headers.timestamp.parse().map_err(|_| Refused::Unreadable)?;
    let sent = Timestamp::from_second(seconds).map_err(|_| Refused::Unreadable)?;
    if now.duration_since(sent).abs() > tolerance {
        return Err(Refused::Stale);
    }
    let expected = secret.code(&headers.id, &headers.timestamp, body);
    let given = headers.signature.split(' ').filter_map(|one| STANDARD.decode(one.strip_prefix(VERSION)?).ok());
    let matched = given.fold(Choice::from(0), |matched, code| matched | code.ct_eq(&expected));
    if bool::from(matched) { Ok(()) } else { Err(Refused::NoMatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "evt_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b";
    const AT: Timestamp = Timestamp::constant(1_795_262_400, 0);
    const BODY: &str = r#"{"type":"checkout.ready_to_fulfill","note":"café"}"#;
    /// Keys 01 02 … 20 and 21 22 … 38 (hex); signatures computed apart from this code with Python's `hmac`.
    const OLD: &str = "whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
    const NEW: &str = "whsec_ISIjJCUmJygpKissLS4vMDEyMzQ1Njc4";
    const BY_OLD: &str = "v1,NnLUeCTuRkbO/3pQfNZvZYevIOoeqd9XYBcjmbt9tnY=";
    const BY_NEW: &str = "v1,YkMCIFtaikFIQaVlsSC0iyNVxmVJtIPeYYj2LxkOiTk=";
    const FIVE_MINUTES: SignedDuration = SignedDuration::from_mins(5);

    fn secret(text: &str) -> SigningSecret {
        SigningSecret::parse(&Secret::from(text)).unwrap()
    }

    fn signed(secrets: &[SigningSecret]) -> Headers {
        sign(ID.parse().unwrap(), AT, BODY.as_bytes(), secrets)
    }

    #[test]
    fn the_known_answer_of_the_standard() {
        // The example of the Standard Webhooks reference libraries.
        let code = secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").code(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            br#"{"test": 2432232314}"#,
        );
        assert_eq!(STANDARD.encode(code), "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn both_secrets_sign_during_a_rotation() {
        let headers = signed(&[secret(NEW), secret(OLD)]);
        let expected = format!("{BY_NEW} {BY_OLD}");
        assert_eq!(
            headers.pairs(),
            [("webhook-id", ID), ("webhook-timestamp", "1795262400"), ("webhook-signature", expected.as_str())]
        );
        for text in [OLD, NEW] {
            assert_eq!(verify(&headers, BODY.as_bytes(), &secret(text), AT, FIVE_MINUTES), Ok(()));
        }
        assert_eq!(signed(&[secret(OLD)]).signature, BY_OLD);
        assert_eq!(
            verify(&signed(&[secret(OLD)]), BODY.as_bytes(), &secret(NEW), AT, FIVE_MINUTES),
            Err(Refused::NoMatch)
        );
    }

    #[test]
    fn anything_changed_is_refused() {
        let good = signed(&[secret(OLD)]);
        let check = |headers: &Headers, body: &[u8]| verify(headers, body, &secret(OLD), AT, FIVE_MINUTES);
        for at in 0..BODY.len() {
            let mut body = BODY.as_bytes().to_vec();
            body[at] ^= 1;
            assert_eq!(check(&good, &body), Err(Refused::NoMatch));
        }
        assert_eq!(
            check(&Headers { id: ID.replace('0', "1"), ..good.clone() }, BODY.as_bytes()),
            Err(Refused::NoMatch)
        );
        let later = Headers { timestamp: "1795262401".to_owned(), ..good.clone() };
        assert_eq!(check(&later, BODY.as_bytes()), Err(Refused::NoMatch));
        for wrong in [
            "",
            "v1,",
            "v1",
            "v2,AAAA",
            "v1a,AAAA",
            " ",
            "v1,AAAA v1,BBBB",
            BY_OLD.trim_end_matches("Y="),
            BY_OLD.trim_start_matches(VERSION),
        ] {
            let headers = Headers { signature: wrong.to_owned(), ..good.clone() };
            assert_eq!(check(&headers, BODY.as_bytes()), Err(Refused::NoMatch), "{wrong}");
        }
    }

    #[test]
    fn old_and_early_deliveries_are_stale() {
        let good = signed(&[secret(OLD)]);
        let at = |shift: i64| {
            let now = AT.saturating_add(SignedDuration::from_secs(shift)).unwrap();
            verify(&good, BODY.as_bytes(), &secret(OLD), now, FIVE_MINUTES)
        };
        assert_eq!([at(300), at(-300)], [Ok(()), Ok(())]);
        assert_eq!([at(301), at(-301)], [Err(Refused::Stale), Err(Refused::Stale)]);
        for wrong in ["", "now", "1.5", "99999999999999999999", "9223372036854775807"] {
            let headers = Headers { timestamp: wrong.to_owned(), ..good.clone() };
            assert_eq!(verify(&headers, BODY.as_bytes(), &secret(OLD), AT, FIVE_MINUTES), Err(Refused::Unreadable));
        }
    }

    #[test]
    fn secrets_are_read_as_they_are_written_and_never_shown() {
        assert_eq!(secret(OLD).to_text().expose(), OLD);
        assert_eq!(format!("{:?}", secret(OLD)), "SigningSecret([secret])");
        let short = format!("whsec_{}", STANDARD.encode([7; 23]));
        let long = format!("whsec_{}", STANDARD.encode([7; 65]));
        for wrong in ["", "whsec_", "whsec_???", OLD.trim_start_matches(PREFIX), &short, &long] {
            assert_eq!(SigningSecret::parse(&Secret::from(wrong)).unwrap_err(), SecretError, "{wrong}");
        }
    }
}

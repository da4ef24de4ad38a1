//! Signing secrets: how one is made, and how one takes the place of another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{EndpointSecret, IdSource, Secret, limits};
use sha2::{Digest as _, Sha256};

use super::refusal::EndpointRefusal;

/// A new secret: `whsec_` and the base64 of 32 random bytes.
pub(crate) fn mint(ids: &dyn IdSource) -> Secret<String> {
    // The token's text has 256 bits of randomness or more, in whatever alphabet; its digest has 32 bytes of it.
    let key = Sha256::digest(ids.token().expose().as_bytes());
    Secret::new(format!("whsec_{}", STANDARD.encode(key)))
}

/// The secrets after `new` takes over. Those before it go on for the overlap, and never longer than was said before.
pub(crate) fn replace(
    old: &[EndpointSecret],
    new: Secret<String>,
    overlap_hours: u32,
    now: Timestamp,
) -> Result<Vec<EndpointSecret>, EndpointRefusal> {
    let overlap = SignedDuration::from_hours(i64::from(overlap_hours));
    let until = now.saturating_add(overlap).unwrap_or(Timestamp::MAX);
    let ends = |secret: &EndpointSecret| secret.expires_at.map_or(until, |at| at.min(until));
    let kept = old.iter().filter(|secret| ends(secret) > now);
    let kept = kept.map(|secret| EndpointSecret { text: secret.text.clone(), expires_at: Some(ends(secret)) });
    let secrets: Vec<_> = std::iter::once(EndpointSecret { text: new, expires_at: None }).chain(kept).collect();
    if secrets.len() > limits::ENDPOINT_SECRETS_MAX { Err(EndpointRefusal::TooManySecrets) } else { Ok(secrets) }
}

#[cfg(test)]
mod tests {
    use lendport_testkit::SeededIds;

    use super::*;

    const NOW: Timestamp = Timestamp::constant(1_795_262_400, 0);

    fn hours(count: i64) -> Timestamp {
        NOW.checked_add(SignedDuration::from_hours(count)).unwrap()
    }

    fn shown(secrets: &[EndpointSecret]) -> Vec<(&str, Option<Timestamp>)> {
        secrets.iter().map(|secret| (secret.text.expose().as_str(), secret.expires_at)).collect()
    }

    #[test]
    fn a_secret_is_32_bytes_of_its_own() {
        let ids = SeededIds::new(1);
        let (one, other) = (mint(&ids), mint(&ids));
        assert_ne!(one.expose(), other.expose());
        let key = STANDARD.decode(one.expose().strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
    }

    #[test]
    fn the_old_one_goes_on_for_the_overlap_and_never_longer_than_was_said() {
        let first = vec![EndpointSecret { text: "a".into(), expires_at: None }];
        let second = replace(&first, "b".into(), 24, NOW).unwrap();
        assert_eq!(shown(&second), [("b", None), ("a", Some(hours(24)))]);
        let third = replace(&second, "c".into(), 168, hours(1)).unwrap();
        assert_eq!(shown(&third), [("c", None), ("b", Some(hours(169))), ("a", Some(hours(24)))]);
        assert_eq!(replace(&third, "d".into(), 24, hours(2)).unwrap_err(), EndpointRefusal::TooManySecrets);
        let later = replace(&third, "d".into(), 1, hours(24)).unwrap();
        assert_eq!(shown(&later), [("d", None), ("c", Some(hours(25))), ("b", Some(hours(25)))]);
    }

    #[test]
    fn without_an_overlap_every_other_one_ends_at_once() {
        let old = vec![
            EndpointSecret { text: "b".into(), expires_at: None },
            EndpointSecret { text: "a".into(), expires_at: Some(hours(20)) },
        ];
        assert_eq!(shown(&replace(&old, "c".into(), 0, NOW).unwrap()), [("c", None)]);
    }
}

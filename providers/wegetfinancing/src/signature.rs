//! Is a postback really the provider's? `X-Signature` is the lower-case hex SHA-256 of timestamp, user name, raw body
//! and password put one after the other, no separators, no HMAC (`wegetfinancing.md` 6.2, Q3).

use jiff::Timestamp;
use lendport_core::{Grade, NoticeRefusal, Push, hex};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::account::{Account, Credentials, SignatureMode};

/// Header that carries the signature.
pub(crate) const SIGNATURE: &str = "x-signature";
/// Header that carries the timestamp; its text goes into the signature unchanged.
pub(crate) const TIMESTAMP: &str = "x-timestamp";

/// The grade a postback has earned. A signature that is there and wrong is refused in every mode.
pub(crate) fn verify(account: Account<'_>, push: &Push<'_>) -> Result<Grade, NoticeRefusal> {
    let mode = account.signature_mode();
    let given = single(push, SIGNATURE)?;
    let timestamp = single(push, TIMESTAMP)?;
    let Some(given) = given else {
        return match mode {
            SignatureMode::Required => Err(refused("this account requires one and there is none")),
            SignatureMode::IfPresent | SignatureMode::Off => Ok(Grade::Token),
        };
    };
    let credentials = account.credentials().map_err(|_| refused("the account has no credentials to check it with"))?;
    let expected = sign(timestamp.unwrap_or_default(), credentials, push.body);
    let given = given.trim().to_ascii_lowercase();
    if !bool::from(expected.as_bytes().ct_eq(given.as_bytes())) {
        return Err(refused("it does not fit the body and the account's credentials"));
    }
    let tolerance_s = account.timestamp_tolerance_s().map_err(|()| refused("timestamp_tolerance_s is no number"))?;
    if let Some(tolerance_s) = tolerance_s {
        fresh(timestamp.unwrap_or_default(), push.received_at, tolerance_s)?;
    }
    Ok(match mode {
        SignatureMode::Off => Grade::Token,
        SignatureMode::Required | SignatureMode::IfPresent => Grade::Signed,
    })
}

/// The signature of a body. The timestamp is the header's text as it is.
pub(crate) fn sign(timestamp: &str, credentials: Credentials<'_>, body: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(timestamp)
        .chain_update(credentials.username)
        .chain_update(body)
        .chain_update(credentials.password.expose())
        .finalize();
    hex(&digest)
}

/// The header, where it stands once. Two of them leave open which one counts.
fn single<'a>(push: &'a Push<'_>, name: &str) -> Result<Option<&'a str>, NoticeRefusal> {
    let mut found = push.headers.iter().filter(|(known, _)| known == name);
    let first = found.next().map(|(_, value)| value.as_str());
    if found.next().is_some() { Err(refused("a signature header stands twice")) } else { Ok(first) }
}

/// Compares Unix seconds or milliseconds with our clock. Other timestamp texts are not documented and pass.
fn fresh(timestamp: &str, now: Timestamp, tolerance_s: i64) -> Result<(), NoticeRefusal> {
    let Ok(number) = timestamp.trim().parse::<i64>() else { return Ok(()) };
    let seconds = if timestamp.trim().len() > 11 { number / 1_000 } else { number };
    if seconds.saturating_sub(now.as_second()).unsigned_abs() > tolerance_s.unsigned_abs() {
        return Err(refused("its timestamp is further from our clock than the account allows"));
    }
    Ok(())
}

fn refused(why: &'static str) -> NoticeRefusal {
    NoticeRefusal::Unauthentic(why)
}

#[cfg(test)]
mod tests {
    use lendport_core::{AccountSettings, Secret};
    use lendport_testkit::samples;

    use super::*;

    const BODY: &[u8] = br#"{"version":"1.9","request_token":"0991dfd815ad17e530d88728ce046c4c","updates":{"status":"approved"},"merchant_transaction_id":"order_1234"}"#;
    const GOOD: &str = "4992a82e7fc3ec2a011f1331501e560f377c15e5520fb88346b8f65d46657525";

    fn account(more: &[(&str, &str)]) -> AccountSettings {
        let mut values = vec![("username", "cdx_merchantname"), ("password", "moa24phoPh")];
        values.extend(more);
        samples::account(&values)
    }

    fn verdict(account: &AccountSettings, headers: &[(&str, &str)], body: &[u8]) -> Result<Grade, NoticeRefusal> {
        let headers: Vec<_> = headers.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect();
        let received_at = Timestamp::from_second(1_700_000_060).unwrap();
        verify(Account(account), &Push { method: "POST", headers: &headers, query: "", body, received_at })
    }

    #[test]
    fn the_published_check_vector() {
        let password = Secret::from("moa24phoPh");
        let credentials = Credentials { username: "cdx_merchantname", password: &password };
        assert_eq!(sign("1700000000", credentials, BODY), GOOD);
    }

    #[test]
    fn each_mode_with_a_good_a_wrong_and_no_signature() {
        let good = [(SIGNATURE, GOOD), (TIMESTAMP, "1700000000")];
        let upper = GOOD.to_uppercase();
        let shouted = [(SIGNATURE, upper.as_str()), (TIMESTAMP, "1700000000")];
        for (mode, with_good, without) in [
            ("required", Some(Grade::Signed), None),
            ("if_present", Some(Grade::Signed), Some(Grade::Token)),
            ("", Some(Grade::Signed), Some(Grade::Token)),
            ("off", Some(Grade::Token), Some(Grade::Token)),
        ] {
            let account = account(&[("signature_mode", mode)]);
            assert_eq!(verdict(&account, &good, BODY).ok(), with_good, "{mode}");
            assert_eq!(verdict(&account, &shouted, BODY).ok(), with_good, "{mode}");
            assert_eq!(verdict(&account, &[], BODY).ok(), without, "{mode}");
            assert_eq!(verdict(&account, &[(TIMESTAMP, "1700000000")], BODY).ok(), without, "{mode}");
            let cut = GOOD.split_at(63).0;
            for wrong in [
                &[(SIGNATURE, GOOD)][..],
                &[(SIGNATURE, GOOD), (TIMESTAMP, "1700000001")],
                &[(SIGNATURE, cut), (TIMESTAMP, "1700000000")],
                &[(SIGNATURE, ""), (TIMESTAMP, "1700000000")],
                &[(SIGNATURE, GOOD), (SIGNATURE, GOOD), (TIMESTAMP, "1700000000")],
                &[(SIGNATURE, GOOD), (TIMESTAMP, "1700000000"), (TIMESTAMP, "1")],
            ] {
                assert!(
                    matches!(verdict(&account, wrong, BODY), Err(NoticeRefusal::Unauthentic(_))),
                    "{mode} {wrong:?}"
                );
            }
            assert!(verdict(&account, &good, b"{}").is_err(), "{mode}");
        }
        assert!(verdict(&samples::account(&[]), &good, BODY).is_err());
    }

    #[test]
    fn the_skew_check_is_on_demand_and_for_unix_times() {
        let good = [(SIGNATURE, GOOD), (TIMESTAMP, "1700000000")];
        for (tolerance, fits) in [("60", true), ("59", false), ("", true), ("soon", false)] {
            let account = account(&[("timestamp_tolerance_s", tolerance)]);
            assert_eq!(verdict(&account, &good, BODY).is_ok(), fits, "{tolerance}");
        }
        let now = Timestamp::from_second(1_700_000_060).unwrap();
        assert!(fresh("1700000059999", now, 1).is_ok() && fresh("1700000050000", now, 1).is_err());
        assert!(fresh("2023-11-14T22:13:20Z", now, 1).is_ok() && fresh("-9223372036854775808", now, 1).is_err());
    }
}

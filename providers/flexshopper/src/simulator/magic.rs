//! Words in a customer's e-mail address that ask for an outcome: `ada+deny@example.com`. None of them is the provider's;
//! the README lists them.

use rust_decimal::Decimal;

use super::money;
use super::rules::{Identity, Verdict};

/// How long `+slow` takes: the longest wait that the plugin's own browser tests allow (flexshopper.md 4.12).
const SLOW_MS: u64 = 270_000;

/// The `+tag`s of the local part.
fn tags(email: &str) -> impl Iterator<Item = &str> {
    let local = email.rsplit_once('@').map_or("", |(local, _)| local);
    local.split('+').skip(1)
}

fn has(email: &str, tag: &str) -> bool {
    tags(email).any(|known| known.eq_ignore_ascii_case(tag))
}

pub(super) fn verdict(email: &str) -> Option<Verdict> {
    let words = [
        ("approve", Verdict::Approve),
        ("deny", Verdict::Deny),
        ("pending", Verdict::Pending),
        ("error", Verdict::Error),
    ];
    words.into_iter().find(|(tag, _)| has(email, tag)).map(|(_, verdict)| verdict)
}

/// `+slow` is 270 seconds, `+slow30` is 30.
pub(super) fn decision_ms(email: &str) -> Option<u64> {
    tags(email).find_map(|tag| match tag.strip_prefix("slow")? {
        "" => Some(SLOW_MS),
        seconds => seconds.parse::<u64>().ok().map(|seconds| seconds.saturating_mul(1_000)),
    })
}

/// `+limit200` is 200 dollars.
pub(super) fn limit(email: &str) -> Option<Decimal> {
    tags(email).find_map(|tag| money::parse(tag.strip_prefix("limit")?)).filter(|limit| !limit.is_sign_negative())
}

pub(super) fn identity(email: &str) -> Option<Identity> {
    let words = [("unverified", Identity::Pending), ("badid", Identity::Failed)];
    words.into_iter().find(|(tag, _)| has(email, tag)).map(|(_, identity)| identity)
}

pub(super) fn hold(email: &str) -> bool {
    has(email, "hold")
}

/// The application comes back as 502 although it was taken in.
pub(super) fn bad_gateway(email: &str) -> bool {
    has(email, "502")
}

/// FlexShopper's own waterfall ends here.
pub(super) fn suppressed(email: &str) -> bool {
    has(email, "suppress")
}

/// The application belongs to somebody else: 409.
pub(super) fn taken(email: &str) -> bool {
    has(email, "taken")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_ask_for_outcomes() {
        assert_eq!(verdict("ada+x+DENY@example.com"), Some(Verdict::Deny));
        assert_eq!(verdict("deny@example.com"), None);
        assert_eq!(verdict("ada@deny+deny.example.com"), None);
        assert_eq!(
            (decision_ms("a+slow@b"), decision_ms("a+slow30@b"), decision_ms("a@b")),
            (Some(270_000), Some(30_000), None)
        );
        assert_eq!(limit("a+limit199.50@b"), Some(Decimal::new(1995, 1)));
        assert_eq!((limit("a+limit@b"), limit("a+limit-5@b")), (None, None));
        assert_eq!(identity("a+badid@b"), Some(Identity::Failed));
        assert!(hold("a+hold@b") && !hold("ahold@b") && bad_gateway("a+502@b") && taken("a+taken@b"));
    }
}

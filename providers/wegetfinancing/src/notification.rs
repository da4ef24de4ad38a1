//! A postback: verify, read, match (`wegetfinancing.md` 6.2 to 6.9). Pure; gives the evidence grade.

use lendport_core::{Attempt, Claim, Details, Notice, NoticeContext, NoticeRefusal, ProviderRef, Push, hex};
use sha2::{Digest, Sha256};

use crate::account::Account;
use crate::dialect::{self, Told};
use crate::mapping::reference;
use crate::signature;

/// Verifies over the bytes received, then reads, then checks whose it is.
pub(crate) fn read(ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
    if push.method != "POST" {
        return Err(NoticeRefusal::Unreadable("postbacks are sent with POST"));
    }
    let grade = signature::verify(Account(ctx.account), push)?;
    let told = dialect::read(push.header("content-type"), push.body, ctx.attempt.amount.currency())?;
    let reference = if told.id.is_empty() { None } else { Some(owner(&told, ctx.attempt)?) };
    let timestamp = push.header(signature::TIMESTAMP).filter(|text| !text.is_empty());
    let dedupe_key = dedupe_key(&told, timestamp);
    let claim = match told.claim {
        Claim::Refund { amount, .. } => Claim::Refund { amount, distinguishable: timestamp.is_some() },
        other => other,
    };
    let details = Details::default();
    Ok(Notice { grade, claim, details, raw_status: told.word, reference, dedupe_key, fetch: false })
}

/// The id must be the stored one. Before one is stored (a crash or timeout after sending) our own reference in the
/// body vouches for it; beside a stored id that field is not looked at, because shops have sent constants in it.
fn owner(told: &Told, attempt: &Attempt) -> Result<ProviderRef, NoticeRefusal> {
    let id = reference(&told.id).ok_or(NoticeRefusal::Unreadable("the id is no id"))?;
    match &attempt.reference {
        Some(known) if *known == id => Ok(id),
        Some(_) => Err(NoticeRefusal::Contradicts("the id is another request's")),
        None if told.merchant_reference.as_deref() == Some(attempt.merchant_reference.as_str()) => Ok(id),
        None => Err(NoticeRefusal::Contradicts("no id is stored yet and merchant_transaction_id is not ours")),
    }
}

/// Equal id, status, amount and timestamp header are the same message (6.9 rule 4).
fn dedupe_key(told: &Told, timestamp: Option<&str>) -> String {
    let parts = [Some(told.id.as_str()), told.word.as_deref(), told.amount.as_deref(), timestamp];
    let mut hash = Sha256::new();
    for part in parts {
        // A length before each part keeps neighbours apart; an absent part differs from an empty one.
        match part {
            None => hash.update([0]),
            Some(text) => {
                hash.update([1]);
                hash.update(text.len().to_be_bytes());
                hash.update(text);
            }
        }
    }
    hex(&hash.finalize())
}

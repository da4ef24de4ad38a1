//! A push: verify, read, match. Pure; gives the evidence grade.
//!
//! `sandbox-signature` is the lower-case hex HMAC-SHA-256, keyed with the account's push secret, of the text of
//! `sandbox-timestamp`, a dot, and the raw body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use lendport_core::{Claim, Details, Grade, Notice, NoticeContext, NoticeRefusal, ProviderRef, Push, Secret};
use sha2::Sha256;

use crate::account;
use crate::mapping::{amounts_from, details_from, reference_from, reference_of, state_from};
use crate::wire::{LookBody, PushBody};

/// Header that carries the signature.
pub(crate) const SIGNATURE: &str = "sandbox-signature";
/// Header that carries the timestamp.
pub(crate) const TIMESTAMP: &str = "sandbox-timestamp";

pub(crate) fn read(ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
    verify(ctx, push)?;
    if let Ok(body) = serde_json::from_slice::<LookBody>(push.body) {
        return look(ctx, &body);
    }
    let body: PushBody =
        serde_json::from_slice(push.body).map_err(|_| NoticeRefusal::Unreadable("not the JSON of a push"))?;
    let reference = reference_from(&body.application).ok_or(NoticeRefusal::Unreadable("the id is no id"))?;
    belongs(ctx, &reference, body.application.reference.as_deref())?;
    let currency = ctx.attempt.amount.currency();
    let claim = match body.refund_cents {
        Some(cents) => Claim::Refund { amount: amounts_from(cents, currency).ok(), distinguishable: true },
        None => state_from(&body.application.status),
    };
    let details =
        details_from(&body.application, currency).map_err(|_| NoticeRefusal::Unreadable("a sum is no sum"))?;
    Ok(Notice {
        grade: Grade::Signed,
        claim,
        details,
        raw_status: Some(body.application.status.chars().filter(|c| !c.is_control()).take(60).collect()),
        reference: Some(reference),
        dedupe_key: body.event_id.chars().take(100).collect(),
        // Disputes are read back: their sums may fall, and pushes overtake each other.
        fetch: body.application.dispute.is_some(),
    })
}

/// A push that only says "look": what it names is read back.
fn look(ctx: NoticeContext<'_>, body: &LookBody) -> Result<Notice, NoticeRefusal> {
    let reference = reference_of(&body.look_at).ok_or(NoticeRefusal::Unreadable("the id is no id"))?;
    belongs(ctx, &reference, body.reference.as_deref())?;
    Ok(Notice {
        grade: Grade::Signed,
        claim: Claim::Nothing,
        details: Details::default(),
        raw_status: None,
        reference: Some(reference),
        dedupe_key: body.event_id.chars().take(100).collect(),
        fetch: true,
    })
}

/// Refuses what is another application's. Before the answer to create is there, our own reference vouches for the id.
fn belongs(ctx: NoticeContext<'_>, named: &ProviderRef, ours: Option<&str>) -> Result<(), NoticeRefusal> {
    match &ctx.attempt.reference {
        Some(known) if known == named => Ok(()),
        None if ours == Some(ctx.attempt.merchant_reference.as_str()) => Ok(()),
        _ => Err(NoticeRefusal::Contradicts("another application's")),
    }
}

fn verify(ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<(), NoticeRefusal> {
    let refused = NoticeRefusal::Unauthentic;
    let secret =
        account::field(ctx.account, account::PUSH_SECRET).map_err(|_| refused("the account has no push secret"))?;
    let given = push.header(SIGNATURE).ok_or(refused("there is none"))?;
    let timestamp = push.header(TIMESTAMP).ok_or(refused("there is no timestamp"))?;
    let given = bytes_of(given).ok_or(refused("it is not hexadecimal"))?;
    // `verify_slice` takes the same time wherever the difference is.
    mac(secret, timestamp, push.body).and_then(|mac| mac.verify_slice(&given).ok()).ok_or(refused("it does not fit"))
}

pub(crate) fn mac(secret: &Secret<String>, timestamp: &str, body: &[u8]) -> Option<Hmac<Sha256>> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()).ok()?;
    mac.update(timestamp.as_bytes());
    mac.update(b".");
    mac.update(body);
    Some(mac)
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    if hex.len() != 64 || !hex.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
        return None;
    }
    (0..32).map(|at| u8::from_str_radix(hex.get(at * 2..at * 2 + 2)?, 16).ok()).collect()
}

//! A push: verify, read, match. Pure; gives the evidence grade.
//!
//! `sandbox-signature` is the lower-case hex HMAC-SHA-256, keyed with the account's push secret, of the text of
//! `sandbox-timestamp`, a dot, and the raw body.

use hmac::{Hmac, KeyInit as _, Mac as _};
use lendport_core::{Claim, Grade, Notice, NoticeContext, NoticeRefusal, Push, Secret};
use sha2::Sha256;

use crate::account;
use crate::mapping::{amounts_from, reference_from, state_from};
use crate::wire::PushBody;

/// Header that carries the signature.
pub(crate) const SIGNATURE: &str = "sandbox-signature";
/// Header that carries the timestamp.
pub(crate) const TIMESTAMP: &str = "sandbox-timestamp";

pub(crate) fn read(ctx: NoticeContext<'_>, push: &Push<'_>) -> Result<Notice, NoticeRefusal> {
    verify(ctx, push)?;
    let body: PushBody =
        serde_json::from_slice(push.body).map_err(|_| NoticeRefusal::Unreadable("not the JSON of a push"))?;
    let reference = reference_from(&body.application).ok_or(NoticeRefusal::Unreadable("the id is no id"))?;
    match &ctx.attempt.reference {
        Some(known) if *known == reference => {}
        None if body.application.reference.as_deref() == Some(ctx.attempt.merchant_reference.as_str()) => {}
        _ => return Err(NoticeRefusal::Contradicts("another application's")),
    }
    let currency = ctx.attempt.amount.currency();
    let claim = match body.refund_cents {
        Some(cents) => Claim::Refund { amount: amounts_from(cents, currency).ok(), distinguishable: true },
        None => state_from(&body.application.status),
    };
    Ok(Notice {
        grade: Grade::Signed,
        claim,
        raw_status: Some(body.application.status.chars().filter(|c| !c.is_control()).take(60).collect()),
        reference: Some(reference),
        dedupe_key: body.event_id.chars().take(100).collect(),
        fetch: false,
    })
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

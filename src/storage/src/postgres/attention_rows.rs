//! Rows of what a person must settle, or has settled.

use lendport_core::{AttentionId, AttentionKind, CheckoutId, KeyId, Resolution};
use serde::Deserialize as _;
use serde::de::value::{Error, StrDeserializer};
use tokio_postgres::Row;

use super::cell::Cells;
use super::columns::Value;
use super::fault::Done;
use crate::change::AttentionItem;

/// Every column an item is rebuilt from, the id of its checkout included.
pub(crate) const SELECT: &str = "SELECT a.checkout, a.id, a.attempt, a.kind, a.detail, a.opened_at, a.deadline, \
     a.choice, a.reason, a.resolved_by, a.resolved_at, c.id AS checkout_id \
     FROM attention a JOIN checkouts c ON c.pk = a.checkout";

/// The items of these checkouts that were asked for, and those nobody settled where they were asked for, oldest first.
pub(crate) const OF_CHANGES: &str = "SELECT c.tenant, a.checkout, a.id, a.attempt, a.kind, a.detail, a.opened_at, \
     a.deadline, a.choice, a.reason, a.resolved_by, a.resolved_at, c.id AS checkout_id \
     FROM unnest($1::bigint[], $2::uuid[], $3::uuid[]) AS asked (tenant, checkout, item) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.checkout \
     JOIN attention a ON a.checkout = c.pk AND (a.id = asked.item OR a.resolved_at IS NULL) ORDER BY a.id";

/// The latest items of a checkout, oldest first.
pub(crate) const OF: &str = "SELECT * FROM (SELECT a.checkout, a.id, a.attempt, a.kind, a.detail, a.opened_at, \
     a.deadline, a.choice, a.reason, a.resolved_by, a.resolved_at, c.id AS checkout_id \
     FROM attention a JOIN checkouts c ON c.pk = a.checkout \
     WHERE a.checkout = $1 ORDER BY a.id DESC LIMIT $2) latest ORDER BY id";

/// Writes items, new or changed. What one is about never changes, and a settled one stays settled as it was: its `id`
/// becomes null otherwise, and the whole change is refused.
pub(crate) const PUT: &str = "INSERT INTO attention (checkout, id, tenant, attempt, kind, detail, opened_at, deadline, \
     choice, reason, resolved_by, resolved_at) \
     SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::bigint[], $4::uuid[], $5::text[], $6::text[], \
     $7::timestamptz[], $8::timestamptz[], $9::text[], $10::text[], $11::uuid[], $12::timestamptz[]) \
     ON CONFLICT (checkout, id) DO UPDATE SET \
     id = CASE WHEN attention.attempt = excluded.attempt AND attention.kind = excluded.kind \
         AND attention.opened_at = excluded.opened_at AND attention.resolved_at IS NULL THEN attention.id END, \
     detail = excluded.detail, deadline = excluded.deadline, choice = excluded.choice, reason = excluded.reason, \
     resolved_by = excluded.resolved_by, resolved_at = excluded.resolved_at";

/// Rebuilds a row that was selected with [`SELECT`].
pub(crate) fn rebuild(row: &Row) -> Done<AttentionItem> {
    let cells = Cells::of::<AttentionId>("attention", row);
    let resolution = match (cells.get("choice")?, cells.get("reason")?, cells.time_opt("resolved_at")?) {
        (Some(choice), Some(reason), Some(at)) => {
            Some(Resolution { choice, reason, by: cells.id_opt::<KeyId>("resolved_by")?, at })
        }
        (None, None, None) => None,
        _ => return Err(cells.bad("resolved_at", "a resolution is a choice, a reason and a moment").into()),
    };
    Ok(AttentionItem {
        id: cells.id("id")?,
        checkout: cells.id::<CheckoutId>("checkout_id")?,
        attempt: cells.id("attempt")?,
        kind: cells.word("kind", parse)?,
        detail: cells.get("detail")?,
        opened_at: cells.time("opened_at")?,
        deadline: cells.time_opt("deadline")?,
        resolution,
    })
}

fn parse(word: &str) -> Option<AttentionKind> {
    AttentionKind::deserialize(StrDeserializer::<Error>::new(word)).ok()
}

/// An item, for [`PUT`].
pub(crate) fn row(tenant: i64, checkout: i64, item: &AttentionItem) -> [Value<'_>; 12] {
    let resolution = item.resolution.as_ref();
    [
        checkout.into(),
        item.id.uuid().into(),
        tenant.into(),
        item.attempt.uuid().into(),
        item.kind.as_str().into(),
        item.detail.as_str().into(),
        item.opened_at.into(),
        item.deadline.into(),
        resolution.map(|settled| settled.choice.as_str()).into(),
        resolution.map(|settled| settled.reason.as_str()).into(),
        resolution.and_then(|settled| settled.by).map(|key| key.uuid()).into(),
        resolution.map(|settled| settled.at).into(),
    ]
}

//! Rows of what a person must settle.

use lendport_core::{AttentionId, AttentionKind, CheckoutId};
use rusqlite::{Connection, params};
use serde::Deserialize as _;
use serde::de::value::{Error, StrDeserializer};

use super::cell::{Cells, LISTED_MAX, StoredId as _, time};
use super::fault::Done;
use crate::change::AttentionItem;

/// The latest items of a checkout, oldest first.
pub(crate) fn of(db: &Connection, checkout: i64, id: CheckoutId) -> Done<Vec<AttentionItem>> {
    let sql = "SELECT * FROM (SELECT * FROM attention WHERE checkout = ?1 ORDER BY id DESC LIMIT ?2) ORDER BY id";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, LISTED_MAX])?;
    let mut items = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<AttentionId>("attention", row);
        items.push(AttentionItem {
            id: cells.id("id")?,
            checkout: id,
            attempt: cells.id("attempt")?,
            kind: cells.word("kind", parse)?,
            detail: cells.get("detail")?,
            opened_at: cells.time("opened_at")?,
            deadline: None,
            resolution: None,
        });
    }
    Ok(items)
}

fn parse(word: &str) -> Option<AttentionKind> {
    AttentionKind::deserialize(StrDeserializer::<Error>::new(word)).ok()
}

/// Opens an item.
pub(crate) fn insert(db: &Connection, checkout: i64, item: &AttentionItem) -> Done<()> {
    db.prepare_cached(
        "INSERT INTO attention (checkout, id, attempt, kind, detail, opened_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        checkout,
        item.id.bytes(),
        item.attempt.bytes(),
        item.kind.as_str(),
        item.detail,
        time(item.opened_at),
    ])?;
    Ok(())
}

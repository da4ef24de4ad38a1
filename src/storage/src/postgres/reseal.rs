//! Seals rows anew, and counts which key sealed which. A piece is a few pages of a table, in the order of the disk, which
//! needs no index. Rows that somebody else has locked are passed over: this never waits while it holds a lock, so it
//! stands in nobody's way.

use futures_util::future::try_join_all;
use uuid::Uuid;

use super::connection::{Db, Statements as _, Transaction};
use super::fault::Done;
use crate::keys::{ColumnCount, Resealed, SealedWith};
use crate::report::sealed_with;
use crate::sealed_columns::{POSTGRES, SealedColumn};
use crate::vault::{Place, Vault, VaultError};

/// Pages of a piece.
const PAGES: i64 = 16;

/// Seals some rows of a column with the data key in use.
pub(crate) async fn some(held: Transaction, vault: &Vault, column: &SealedColumn, from: i64) -> Done<Resealed> {
    let mut outcome = Resealed::default();
    let Some(key) = vault.sealing_with() else {
        held.ended();
        return Ok(outcome);
    };
    let SealedColumn { table, column: name, named_by: (id, text), join, .. } = column;
    held.batch_execute("BEGIN").await?;
    let to = from.saturating_add(PAGES);
    let which = format!(
        "t.ctid >= '({from},0)'::tid AND t.ctid < '({to},0)'::tid AND t.{name} IS NOT NULL
         AND substring(t.{name} FROM 1 FOR 5) <> $1"
    );
    let find = format!(
        "SELECT t.ctid::text, t.{name}, {id}, {text} FROM {table} t {join} WHERE {which}
         FOR NO KEY UPDATE OF t SKIP LOCKED"
    );
    // Not kept prepared: every piece is another text.
    let prefix = key.prefix();
    let found = held.query(&find, &[&prefix.as_slice()]).await?;
    let mut renewed = Vec::new();
    for row in &found {
        let (place, old, id): (String, Vec<u8>, Option<Uuid>) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        match renew(vault, column, (id.as_ref().map_or(&[][..], |id| id.as_bytes()), row.try_get(3)?), &old) {
            Ok(new) => renewed.push((place, old, new)),
            Err(VaultError::Random | VaultError::NoKey) => return Err(VaultError::NoKey.into()),
            Err(error) => {
                tracing::error!(table, column = name, row = place, %error, "a value cannot be sealed anew");
                outcome.unreadable += 1;
            }
        }
    }
    let sql = format!("UPDATE {table} SET {name} = $3 WHERE ctid = $1::text::tid AND {name} = $2");
    if !renewed.is_empty() {
        held.prepare_cached(&sql).await?;
    }
    let writes = renewed.iter().map(|(place, old, new)| {
        let (held, sql) = (&held, &sql);
        async move { held.write(sql, &[place, old, new]).await }
    });
    for written in try_join_all(writes).await? {
        outcome.resealed += written;
        outcome.busy += u64::from(written == 0);
    }
    held.batch_execute("COMMIT").await?;
    let left = format!(
        "SELECT (SELECT count(*) FROM {table} t WHERE {which}), $2 < pg_relation_size('{table}'::regclass)
         / current_setting('block_size')::bigint"
    );
    let row = held.query_one(&left, &[&prefix.as_slice(), &to]).await?;
    let (left, more): (i64, bool) = (row.try_get(0)?, row.try_get(1)?);
    outcome.busy += u64::try_from(left).unwrap_or(0).saturating_sub(outcome.unreadable);
    outcome.next = more.then_some(to);
    held.ended();
    Ok(outcome)
}

fn renew(vault: &Vault, column: &SealedColumn, (id, text): (&[u8], &str), old: &[u8]) -> Result<Vec<u8>, VaultError> {
    let row = (column.name)(id, text).ok_or(VaultError::Sealed)?;
    let place = Place { table: column.place.0, column: column.place.1, row: &row };
    vault.seal(place, &vault.open(place, old)?)
}

/// What is sealed with which key. Reads every row, each table as it is at one moment: a row that moves while it is read is
/// counted where it was.
pub(crate) async fn count(db: &Db) -> Done<Vec<ColumnCount>> {
    let mut counts = Vec::new();
    for SealedColumn { table, column, .. } in POSTGRES {
        let sql = format!(
            "SELECT substring({column} FROM 1 FOR CASE substring({column} FROM 1 FOR 1) WHEN '\\x01' THEN 1 ELSE 5 END),
             count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1 ORDER BY 1"
        );
        let mut values: Vec<(SealedWith, u64)> = Vec::new();
        for row in db.query(&sql, &[]).await? {
            let (prefix, number): (Vec<u8>, i64) = (row.try_get(0)?, row.try_get(1)?);
            values.push((sealed_with(&prefix), u64::try_from(number).unwrap_or(0)));
        }
        counts.push(ColumnCount { column: format!("{table}.{column}"), values });
    }
    Ok(counts)
}

//! Seals rows anew, and counts which key sealed which. Rows are looked for without a transaction that writes, and written
//! a few at a time, each only if it is as it was read.

use rusqlite::types::ValueRef;
use rusqlite::{Connection, TransactionBehavior, params};

use super::fault::Done;
use crate::keys::{ColumnCount, Resealed, SealedWith};
use crate::report::sealed_with;
use crate::sealed_columns::{SQLITE, SealedColumn};
use crate::vault::{Place, Vault, VaultError};

/// Rows of a transaction: a few milliseconds for which others wait.
const BATCH: usize = 100;

/// A value sealed anew, and how it was.
struct Renewed {
    row: i64,
    old: Vec<u8>,
    new: Vec<u8>,
}

/// Seals some rows of a column with the data key in use.
pub(crate) fn some(db: &mut Connection, vault: &Vault, column: &SealedColumn, from: i64) -> Done<Resealed> {
    let Some(key) = vault.sealing_with() else { return Ok(Resealed::default()) };
    let (found, mut outcome) = find(db, vault, column, &key.prefix(), from)?;
    if found.is_empty() {
        return Ok(outcome);
    }
    let step = db.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let sql = format!("UPDATE {0} SET {1} = ?3 WHERE rowid = ?1 AND {1} = ?2", column.table, column.column);
    for one in found {
        match step.prepare_cached(&sql)?.execute(params![one.row, one.old, one.new])? {
            1 => outcome.resealed += 1,
            _ => outcome.busy += 1,
        }
    }
    step.commit()?;
    Ok(outcome)
}

fn find(
    db: &Connection,
    vault: &Vault,
    column: &SealedColumn,
    current: &[u8],
    from: i64,
) -> Done<(Vec<Renewed>, Resealed)> {
    let SealedColumn { table, column: name, .. } = column;
    let mut statement = db.prepare_cached(&find_sql(column))?;
    let mut rows = statement.query(params![from, current])?;
    let (mut found, mut outcome, mut seen) = (Vec::new(), Resealed::default(), 0);
    while let Some(row) = rows.next()? {
        let (row_id, old, text): (i64, Vec<u8>, String) = (row.get(0)?, row.get(1)?, row.get(3)?);
        let id = match row.get_ref(2)? {
            ValueRef::Blob(bytes) => bytes,
            _ => &[],
        };
        seen += 1;
        outcome.next = Some(row.get(4)?);
        match renew(vault, column, (id, &text), &old) {
            Ok(new) => found.push(Renewed { row: row_id, old, new }),
            Err(VaultError::Random | VaultError::NoKey) => return Err(VaultError::NoKey.into()),
            Err(error) => {
                tracing::error!(table, column = name, row = row_id, %error, "a value cannot be sealed anew");
                outcome.unreadable += 1;
            }
        }
    }
    if seen < BATCH {
        outcome.next = None;
    }
    Ok((found, outcome))
}

/// Some values that are not sealed with the data key in use (`?2`), behind a place (`?1`), in the order of their places.
fn find_sql(column: &SealedColumn) -> String {
    let SealedColumn { table, column: name, named_by: (id, text), join, walked_by, .. } = column;
    // The beginning of an empty value, which is a damaged one, is null in SQLite.
    let least = if column.opens_format_1 { "x''" } else { "x'02'" };
    format!(
        "SELECT t.rowid, t.{name}, {id}, {text}, {walked_by} FROM {table} t {join}
         WHERE {walked_by} > ?1 AND t.{name} >= {least} AND coalesce(substr(t.{name}, 1, 5), x'') <> ?2
         ORDER BY {walked_by} LIMIT {BATCH}"
    )
}

fn renew(vault: &Vault, column: &SealedColumn, (id, text): (&[u8], &str), old: &[u8]) -> Result<Vec<u8>, VaultError> {
    let row = (column.name)(id, text).ok_or(VaultError::Sealed)?;
    let place = Place { table: column.place.0, column: column.place.1, row: &row };
    vault.seal(place, &vault.open(place, old)?)
}

/// What is sealed with which key. Reads every row.
pub(crate) fn count(db: &Connection) -> Done<Vec<ColumnCount>> {
    let mut counts = Vec::new();
    for SealedColumn { table, column, .. } in SQLITE {
        let sql = format!(
            "SELECT CASE substr({column}, 1, 1) WHEN x'01' THEN x'01' ELSE coalesce(substr({column}, 1, 5), x'') END,
             count(*) FROM {table} WHERE {column} IS NOT NULL GROUP BY 1"
        );
        let mut statement = db.prepare(&sql)?;
        let mut rows = statement.query([])?;
        let mut values: Vec<(SealedWith, u64)> = Vec::new();
        while let Some(row) = rows.next()? {
            let prefix: Vec<u8> = row.get(0)?;
            values.push((sealed_with(&prefix), u64::try_from(row.get::<_, i64>(1)?).unwrap_or(0)));
        }
        counts.push(ColumnCount { column: format!("{table}.{column}"), values });
    }
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use rusqlite::types::Value;

    use super::super::pages::{Query, plan};
    use super::*;

    #[test]
    fn every_piece_begins_where_the_one_before_ended_and_reads_no_further_than_it_has_to() {
        for column in SQLITE {
            let values = vec![Value::Integer(1), Value::Blob(vec![2; 5])];
            let plan = plan(Query { sql: find_sql(column), values });
            let first = plan.split("; ").next().unwrap();
            assert!(first.starts_with("SEARCH") && first.ends_with("USING INTEGER PRIMARY KEY (rowid>?)"), "{plan}");
            assert!(!plan.contains("SCAN") && !plan.contains("TEMP B-TREE"), "{}: {plan}", column.table);
        }
    }
}

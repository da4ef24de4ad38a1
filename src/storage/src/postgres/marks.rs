//! How a process learns what became of a commit whose answer it did not hear.
//!
//! Every transaction that must not be done twice writes its own number into a row that only this process uses, one row
//! per transaction under way. Whoever reads the row afterwards knows whether that transaction holds. The server's own
//! numbers of transactions do not tell: after a crash they are given out again.

use std::sync::{Mutex, PoisonError};

use tokio_postgres::Row;

use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use super::recent::WrittenBy;
use crate::error::StoreError;

/// Writes the number. Answers the server's own number of the transaction where there is such a row.
pub(crate) const WRITE: &str =
    "UPDATE commits SET number = $2, used_at = now() WHERE id = $1 RETURNING pg_current_xact_id()::xid";
/// Reads it. Waits while the transaction in question is still under way on a connection that nobody reads any more.
const READ: &str = "SELECT number FROM commits WHERE id = $1 FOR UPDATE";

/// Rows that are not in use.
#[derive(Default)]
pub(crate) struct Marks(Mutex<Vec<Mark>>);

/// The row and the number of one transaction.
#[derive(Debug)]
pub(crate) struct Mark {
    pub(crate) id: i64,
    pub(crate) number: i64,
}

impl Marks {
    /// A row with the next number.
    pub(crate) async fn take(&self, db: &Db) -> Done<Mark> {
        if let Some(Mark { id, number }) = self.unused().pop() {
            return Ok(Mark { id, number: number + 1 });
        }
        let sql = "INSERT INTO commits (number, used_at) VALUES (0, now()) RETURNING id";
        let row = db.row(sql, &[]).await?.ok_or_else(|| Failure::broken("a mark got no key"))?;
        Ok(Mark { id: row.try_get(0)?, number: 1 })
    }

    /// To be used again. One whose transaction may still be under way is dropped instead.
    pub(crate) fn give_back(&self, mark: Mark) {
        self.unused().push(mark);
    }

    fn unused(&self) -> std::sync::MutexGuard<'_, Vec<Mark>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Refuses a transaction whose row is not there any more; the next try takes another one.
pub(crate) fn written(rows: &[Row]) -> Done<WrittenBy> {
    let gone = || Failure::Conflict(StoreError::Unavailable("the mark of a transaction is gone".to_owned()));
    Ok(rows.first().ok_or_else(gone)?.try_get(0)?)
}

/// Whether the transaction with this mark was committed; none when the row is gone.
pub(crate) async fn holds(db: &Db, mark: &Mark) -> Done<Option<bool>> {
    let row = db.row(READ, &[&mark.id]).await?;
    let number: Option<i64> = row.map(|row| row.try_get(0)).transpose()?;
    Ok(number.map(|number| number == mark.number))
}

/// Forgets the rows of processes that are long gone.
pub(crate) async fn trim(db: &Db) -> Done<()> {
    db.write("DELETE FROM commits WHERE used_at < now() - interval '7 days'", &[]).await?;
    Ok(())
}

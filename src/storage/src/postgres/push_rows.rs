//! Rows of providers' pushes, accepted or not. Bodies are packed and sealed.

use jiff::Timestamp;
use lendport_core::AttemptId;
use secrecy::zeroize::Zeroizing;
use tokio_postgres::Row;

use super::cell::Cells;
use super::columns::Value;
use super::fault::Done;
use crate::change::PushRecord;
use crate::packed;
use crate::vault::{Place, Vault};

/// The verdict of pushes that were taken in.
pub(crate) const STORED: &str = "stored";
/// Refused pushes kept per checkout, so that whoever knows a callback address cannot fill the disk.
pub(crate) const REFUSED_KEPT: i64 = 50;
/// Pushes kept per checkout that only told an earlier fact again. The first push of every fact stays.
pub(crate) const REPEATS_KEPT: i64 = 50;

/// Adds pushes.
pub(crate) const INSERT: &str = "INSERT INTO pushes (checkout, attempt, observation, verdict, headers, body, \
     received_at) SELECT * FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::bytea[], \
     $7::timestamptz[])";

/// Drops the oldest refused pushes of these checkouts.
pub(crate) const TRIM_REFUSED: &str = "DELETE FROM pushes WHERE (checkout, pk) IN (SELECT checkout, pk FROM \
     (SELECT checkout, pk, row_number() OVER (PARTITION BY checkout ORDER BY pk DESC) AS place FROM pushes \
      WHERE checkout = ANY ($1::bigint[]) AND verdict <> 'stored') ranked WHERE place > $2::bigint)";

/// Drops the oldest pushes of these checkouts that only told an earlier fact again.
pub(crate) const TRIM_REPEATS: &str = "DELETE FROM pushes WHERE (checkout, pk) IN (SELECT checkout, pk FROM \
     (SELECT checkout, pk, row_number() OVER (PARTITION BY checkout ORDER BY pk DESC) AS place FROM \
      (SELECT pk, checkout, min(pk) OVER (PARTITION BY checkout, observation) AS first FROM pushes \
       WHERE checkout = ANY ($1::bigint[]) AND verdict = 'stored') stored WHERE pk <> first) ranked \
     WHERE place > $2::bigint)";

/// The refused pushes of a checkout, oldest first.
pub(crate) const REFUSED: &str =
    "SELECT attempt AS id, verdict, received_at FROM pushes WHERE checkout = $1 AND verdict <> 'stored' ORDER BY pk";

/// A push, for [`INSERT`].
pub(crate) fn row<'a>(vault: &Vault, checkout: i64, push: &'a PushRecord) -> Done<[Value<'a>; 7]> {
    let row = format!("{}/{}", push.attempt, push.received_at.as_microsecond());
    let body =
        vault.seal(Place { table: "pushes", column: "body", row: &row }, &Zeroizing::new(packed::pack(&push.body)))?;
    Ok([
        checkout.into(),
        push.attempt.uuid().into(),
        push.observation.map(|id| id.uuid()).into(),
        push.verdict.as_str().into(),
        push.headers.as_str().into(),
        body.into(),
        push.received_at.into(),
    ])
}

/// A row of [`REFUSED`].
pub(crate) fn refused(row: &Row) -> Done<(AttemptId, String, Timestamp)> {
    let cells = Cells::of::<AttemptId>("pushes", row);
    Ok((cells.id("id")?, cells.get("verdict")?, cells.time("received_at")?))
}

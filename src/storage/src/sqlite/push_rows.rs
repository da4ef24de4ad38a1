//! Rows of deliveries, accepted or not. Headers and bodies are packed and sealed.

use jiff::Timestamp;
use lendport_core::AttemptId;
use rusqlite::{Connection, params};
use secrecy::zeroize::Zeroizing;

use super::cell::{Cells, StoredId as _, time};
use super::fault::Done;
use crate::change::PushRecord;
use crate::packed;
use crate::vault::{Place, Vault};

/// Refused deliveries kept per checkout, so that whoever knows a callback address cannot fill the disk.
const REFUSED_KEPT: u32 = 50;
/// Deliveries kept per checkout that only told an earlier fact again. The first delivery of every fact stays.
const REPEATS_KEPT: u32 = 50;
const STORED: &str = "stored";

/// Adds a delivery.
pub(crate) fn insert(db: &Connection, vault: &Vault, checkout: i64, push: &PushRecord) -> Done<()> {
    let row = format!("{}/{}", push.attempt, time(push.received_at));
    let plain = Zeroizing::new([push.headers.as_bytes(), b"\n", &push.body].concat());
    let place = Place { table: "pushes", column: "message", row: &row };
    let message = vault.seal(place, &Zeroizing::new(packed::pack(&plain)))?;
    db.prepare_cached(
        "INSERT INTO pushes (checkout, attempt, observation, verdict, message, received_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![
        checkout,
        push.attempt.bytes(),
        push.observation.map(|id| id.bytes()),
        push.verdict,
        message,
        time(push.received_at),
    ])?;
    if push.verdict != STORED {
        db.prepare_cached(
            "DELETE FROM pushes WHERE pk IN (SELECT pk FROM pushes WHERE checkout = ?1 AND verdict <> ?2
             ORDER BY pk DESC LIMIT -1 OFFSET ?3)",
        )?
        .execute(params![checkout, STORED, REFUSED_KEPT])?;
    }
    Ok(())
}

/// Drops the oldest deliveries that only told an earlier fact again.
pub(crate) fn trim_repeats(db: &Connection, checkout: i64) -> Done<()> {
    let sql = "SELECT 1 FROM pushes WHERE checkout = ?1 LIMIT 1 OFFSET ?2";
    if !db.prepare_cached(sql)?.exists(params![checkout, REPEATS_KEPT])? {
        return Ok(());
    }
    db.prepare_cached(
        "DELETE FROM pushes WHERE pk IN (SELECT pk FROM pushes WHERE checkout = ?1 AND verdict = ?2
         AND pk NOT IN (SELECT min(pk) FROM pushes WHERE checkout = ?1 AND verdict = ?2 GROUP BY observation)
         ORDER BY pk DESC LIMIT -1 OFFSET ?3)",
    )?
    .execute(params![checkout, STORED, REPEATS_KEPT])?;
    Ok(())
}

/// The refused deliveries of a checkout, oldest first.
pub(crate) fn refused(db: &Connection, checkout: i64) -> Done<Vec<(AttemptId, String, Timestamp)>> {
    let sql =
        "SELECT attempt AS id, verdict, received_at FROM pushes WHERE checkout = ?1 AND verdict <> ?2 ORDER BY pk";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![checkout, STORED])?;
    let mut refused = Vec::new();
    while let Some(row) = rows.next()? {
        let cells = Cells::of::<AttemptId>("pushes", row);
        refused.push((cells.id("id")?, cells.get("verdict")?, cells.time("received_at")?));
    }
    Ok(refused)
}

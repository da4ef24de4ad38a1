//! Rows of routing profiles.

use lendport_core::{AuditEntry, RoutingProfileId};
use tokio_postgres::Row;

use super::audit_rows;
use super::cell::{Cells, count, json};
use super::columns::{Rows, storable};
use super::connection::{Db, Statements as _, Values};
use super::fault::Done;
use super::pages::limit;
use crate::page::{Page, PageAsk};
use crate::routing::{PAGE_BYTES, RoutingVersion};
use crate::tenant::Tenant;

/// The active version of a tenant is none where it is this one. Who follows the same version waits here for the other.
const OFF: &str = "UPDATE routing_profiles SET active = false
    WHERE merchant = $1::uuid AND mode = $2::text AND active AND version = $3::bigint";

/// Writes the next version where the latest one is as asked, and makes it the active one. Of two at once one finds its number
/// taken, or another one active, and writes nothing.
const PUT: &str = "INSERT INTO routing_profiles (merchant, mode, version, id, active, document, created_by, created_at)
    SELECT $1::uuid, $2::text, $4::bigint, $5::uuid, true, $6::text, $7::text, $8::timestamptz
    FROM (SELECT coalesce(max(version), 0) AS version FROM routing_profiles
        WHERE merchant = $1::uuid AND mode = $2::text) latest WHERE latest.version = $3::bigint
    ON CONFLICT DO NOTHING";

/// Writes a version, and with it who did it. Where it answers false the transaction must not be committed.
pub(crate) async fn put(db: &Db, tenant: Tenant, after: u64, next: &RoutingVersion, told: &AuditEntry) -> Done<bool> {
    let (merchant, mode) = (tenant.merchant.uuid(), tenant.mode.as_str());
    let (after, version, document) = (count(after)?, count(next.version)?, json(&next.profile)?);
    let (id, by) = (next.id.uuid(), storable(&next.created_by));
    db.write(OFF, &[&merchant, &mode, &after]).await?;
    let written = db.write(PUT, &[&merchant, &mode, &after, &version, &id, &document, &by, &next.created_at]).await?;
    if written == 0 {
        return Ok(false);
    }
    let mut entries = Rows::default();
    entries.push(audit_rows::row(tenant, told)?);
    db.write(audit_rows::INSERT, &entries.values()).await?;
    Ok(true)
}

const COLUMNS: &str = "SELECT id, version, active, document, created_by, created_at FROM routing_profiles";

/// The active version.
pub(crate) async fn active(db: &Db, tenant: Tenant) -> Done<Option<RoutingVersion>> {
    let sql = format!("{COLUMNS} WHERE merchant = $1 AND mode = $2 AND active ORDER BY version DESC LIMIT 1");
    let row = db.row(&sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str()]).await?;
    row.as_ref().map(rebuild).transpose()
}

/// The versions below one that fit into a page, and how many there are up to one more than were asked for.
const PAGE: &str = "SELECT id, version, active, document, created_by, created_at, found FROM (
        SELECT *, sum(octet_length(document)) OVER up AS bytes, row_number() OVER up AS place, count(*) OVER () AS found
        FROM (SELECT id, version, active, document, created_by, created_at FROM routing_profiles
            WHERE merchant = $1 AND mode = $2 AND version < $3 ORDER BY version DESC LIMIT $4::bigint + 1) asked
        WINDOW up AS (ORDER BY version DESC)) measured
    WHERE place <= $4::bigint AND (place = 1 OR bytes <= $5::bigint) ORDER BY version DESC";

/// A page of versions, newest first, with no more documents than [`PAGE_BYTES`].
pub(crate) async fn page(db: &Db, tenant: Tenant, ask: PageAsk<RoutingProfileId>) -> Done<Page<RoutingVersion>> {
    let (merchant, mode, limit) = (tenant.merchant.uuid(), tenant.mode.as_str(), limit(ask.limit));
    let below: i64 = match ask.after {
        None => i64::MAX,
        Some(id) => {
            let sql = "SELECT version FROM routing_profiles WHERE id = $1 AND merchant = $2 AND mode = $3";
            // Nothing is older than what there never was.
            db.row(sql, &[&id.uuid(), &merchant, &mode]).await?.map_or(Ok(0), |row| row.try_get(0))?
        }
    };
    let values: Values<'_> = &[&merchant, &mode, &below, &i64::from(limit), &i64::from(PAGE_BYTES)];
    let rows = db.rows(PAGE, values).await?;
    let found: i64 = rows.first().map(|row| row.try_get("found")).transpose()?.unwrap_or(0);
    let rows = rows.iter().map(rebuild).collect::<Done<Vec<_>>>()?;
    let has_more = i64::try_from(rows.len()).is_ok_and(|fit| fit < found);
    Ok(Page { rows, has_more })
}

fn rebuild(row: &Row) -> Done<RoutingVersion> {
    let cells = Cells::of::<RoutingProfileId>("routing_profiles", row);
    Ok(RoutingVersion {
        id: cells.id("id")?,
        version: cells.number("version")?,
        active: cells.get("active")?,
        profile: cells.json("document")?,
        created_by: cells.get("created_by")?,
        created_at: cells.time("created_at")?,
    })
}

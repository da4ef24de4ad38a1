//! Rows of endpoints. Secrets are sealed, and so are addresses: what stands in them often opens something.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{EndpointSecret, EndpointState, EventType, Secret, WebhookEndpoint, WebhookEndpointId};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};
use tokio_postgres::Row;

use super::cell::{Cells, count, json, json_fault};
use super::columns::storable;
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use super::pages::{Query, cut, limit};
use crate::page::{Page, PageAsk};
use crate::vault::{Place, Vault};

const TABLE: &str = "webhook_endpoints";

/// Every column an endpoint is rebuilt from, of the tables as `w` and `u`. Their names are taken by nothing else.
pub(crate) const COLUMNS: &str = "w.pk AS endpoint_pk, w.id AS endpoint_id, u.url AS address, \
     w.description, w.events AS wanted, w.secrets, w.state AS endpoint_state, w.failing_since, w.accepted_at, \
     w.version, w.created_at AS endpoint_created_at, w.updated_at AS endpoint_updated_at";
const FROM: &str = "FROM webhook_endpoints w JOIN webhook_urls u ON u.pk = w.url";

/// An endpoint with what the store alone knows about it.
#[derive(Clone, Debug)]
pub(crate) struct KnownEndpoint {
    pub(crate) pk: i64,
    pub(crate) endpoint: Arc<WebhookEndpoint>,
    pub(crate) accepted_at: Option<Timestamp>,
}

#[derive(Serialize, Deserialize)]
struct StoredSecret<'a> {
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

/// An endpoint of a tenant, unless it was removed. Held until the transaction ends, where that is asked.
pub(crate) async fn find(
    db: &Db,
    vault: &Vault,
    tenant: i64,
    id: WebhookEndpointId,
    hold: bool,
) -> Done<Option<KnownEndpoint>> {
    let held = if hold { " FOR UPDATE OF w" } else { "" };
    let sql = format!("SELECT {COLUMNS} {FROM} WHERE w.tenant = $1 AND w.id = $2 AND NOT w.removed{held}");
    db.row(&sql, &[&tenant, &id.uuid()]).await?.map(|row| rebuild(vault, &row)).transpose()
}

/// How many endpoints a tenant has.
pub(crate) async fn how_many(db: &Db, tenant: i64) -> Done<u32> {
    let sql = "SELECT count(*) FROM webhook_endpoints WHERE tenant = $1 AND NOT removed";
    let count = db.row(sql, &[&tenant]).await?.map(|row| row.try_get::<_, i64>(0)).transpose()?;
    u32::try_from(count.unwrap_or(0)).map_err(|_| Failure::broken("a count is out of range"))
}

/// A page of endpoints, newest first.
pub(crate) async fn page(
    db: &Db,
    vault: &Vault,
    tenant: i64,
    page: PageAsk<WebhookEndpointId>,
) -> Done<Page<WebhookEndpoint>> {
    let limit = limit(page.limit);
    let mut query = Query::new(format!("SELECT {COLUMNS} {FROM} WHERE NOT w.removed AND w.tenant = $1"), tenant);
    if let Some(after) = page.after {
        query.condition("w.id <", after.uuid());
    }
    query.newest("w.id", limit);
    let rows = db.rows(&query.sql, &query.values()).await?;
    let found = rows.iter().map(|row| Ok(Arc::unwrap_or_clone(rebuild(vault, row)?.endpoint)));
    Ok(cut(found.collect::<Done<_>>()?, limit))
}

/// Rebuilds a row that was selected with [`COLUMNS`].
pub(crate) fn rebuild(vault: &Vault, row: &Row) -> Done<KnownEndpoint> {
    let cells = Cells::of::<WebhookEndpointId>(TABLE, row);
    let id: WebhookEndpointId = cells.id("endpoint_id")?;
    let name = id.to_string();
    let plain = vault.open(place("secrets", &name), cells.get("secrets")?)?;
    let secrets: Vec<StoredSecret<'_>> =
        serde_json::from_slice(&plain).map_err(|error| cells.bad("secrets", json_fault(&error)))?;
    let secrets = secrets
        .into_iter()
        .map(|secret| EndpointSecret { text: Secret::new(secret.text.into_owned()), expires_at: secret.expires_at });
    let wanted: Vec<&str> = cells.get("wanted")?;
    let wanted =
        wanted.iter().map(|kind| EventType::parse(kind).ok_or_else(|| cells.bad("events", "not a known word")));
    Ok(KnownEndpoint {
        pk: cells.get("endpoint_pk")?,
        endpoint: Arc::new(WebhookEndpoint {
            id,
            url: open_url(vault, &name, cells.get("address")?)?,
            description: cells.get("description")?,
            events: wanted.collect::<Result<_, _>>()?,
            secrets: secrets.collect(),
            state: cells.word("endpoint_state", EndpointState::parse)?,
            failing_since: cells.time_opt("failing_since")?,
            version: cells.number("version")?,
            created_at: cells.time("endpoint_created_at")?,
            updated_at: cells.time("endpoint_updated_at")?,
        }),
        accepted_at: cells.time_opt("accepted_at")?,
    })
}

/// Writes an endpoint, new or changed. What only the store knows stays as it is.
pub(crate) async fn put(
    db: &Db,
    vault: &Vault,
    tenant: i64,
    old: Option<&KnownEndpoint>,
    new: &WebhookEndpoint,
) -> Done<()> {
    let version = old.map_or(new.version, |old| old.endpoint.version + 1);
    if new.version != version || old.is_some_and(|old| old.endpoint.created_at != new.created_at) {
        return Err(Failure::broken(format!("{}: a change makes the next version and keeps created_at", new.id)));
    }
    let failing_since = match old {
        // Where the address is another one, nothing has failed yet.
        Some(old) if old.endpoint.state == new.state => {
            old.endpoint.failing_since.filter(|_| old.endpoint.url == new.url)
        }
        _ => new.failing_since,
    };
    let stored: Vec<StoredSecret<'_>> = new
        .secrets
        .iter()
        .map(|secret| StoredSecret { text: Cow::Borrowed(secret.text.expose()), expires_at: secret.expires_at })
        .collect();
    let plain = Zeroizing::new(json(&stored)?);
    let secrets = vault.seal(place("secrets", &new.id.to_string()), plain.as_bytes())?;
    let wanted: Vec<&str> = new.events.iter().map(|kind| kind.as_str()).collect();
    let sql = "INSERT INTO webhook_endpoints (id, tenant, url, description, events, secrets, state, failing_since,
                   version, created_at, updated_at, removed)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, false)
               ON CONFLICT (id) DO UPDATE SET url = excluded.url, description = excluded.description,
                   events = excluded.events, secrets = excluded.secrets, state = excluded.state,
                   failing_since = excluded.failing_since, version = excluded.version,
                   updated_at = excluded.updated_at
               WHERE webhook_endpoints.tenant = excluded.tenant AND NOT webhook_endpoints.removed
                   AND excluded.version = webhook_endpoints.version + 1";
    let written = db
        .write(
            sql,
            &[
                &new.id.uuid(),
                &tenant,
                &url_key(db, vault, new.id, &new.url).await?,
                &new.description.as_deref().map(storable),
                &wanted,
                &secrets,
                &new.state.as_str(),
                &failing_since,
                &count(new.version)?,
                &new.created_at,
                &new.updated_at,
            ],
        )
        .await?;
    if written == 1 { Ok(()) } else { Err(Failure::broken(format!("{} is not an endpoint of this tenant", new.id))) }
}

/// Ends an endpoint; its log stays readable. What is pending for it may be much, and is ended in batches.
pub(crate) async fn remove(db: &Db, pk: i64) -> Done<()> {
    db.write("UPDATE webhook_endpoints SET removed = true WHERE pk = $1", &[&pk]).await?;
    // In the place of a recovery, where one is under way.
    let sql = "INSERT INTO recoveries (endpoint, created_at, event) VALUES ($1, 'epoch', 0)
               ON CONFLICT (endpoint) DO UPDATE SET created_at = excluded.created_at, event = 0";
    db.write(sql, &[&pk]).await?;
    Ok(())
}

/// The key of an address of this endpoint; a new row where it never had that one.
pub(crate) async fn url_key(db: &Db, vault: &Vault, endpoint: WebhookEndpointId, url: &str) -> Done<i64> {
    let name = endpoint.to_string();
    let known = "SELECT pk, url FROM webhook_urls WHERE endpoint = $1 ORDER BY pk DESC";
    for row in db.rows(known, &[&endpoint.uuid()]).await? {
        if open_url(vault, &name, row.try_get(1)?)? == url {
            return Ok(row.try_get(0)?);
        }
    }
    let sealed = vault.seal(place("url", &name), url.as_bytes())?;
    let make = "INSERT INTO webhook_urls (endpoint, url) VALUES ($1, $2) RETURNING pk";
    let row = db.row(make, &[&endpoint.uuid(), &sealed]).await?;
    Ok(row.ok_or_else(|| Failure::broken("an address got no key"))?.try_get(0)?)
}

/// An address as it was stored for this endpoint.
pub(crate) fn open_url(vault: &Vault, endpoint: &str, sealed: &[u8]) -> Done<String> {
    let plain = vault.open(place("url", endpoint), sealed)?;
    std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| Failure::broken("an address is not text"))
}

fn place<'a>(column: &'a str, row: &'a str) -> Place<'a> {
    Place { table: TABLE, column, row }
}

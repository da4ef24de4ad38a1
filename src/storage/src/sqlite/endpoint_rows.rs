//! Rows of endpoints. Secrets are sealed, and so are addresses: what stands in them often opens something.

use std::borrow::Cow;
use std::sync::Arc;

use jiff::Timestamp;
use lendport_core::{EndpointSecret, EndpointState, EventType, Secret, WebhookEndpoint, WebhookEndpointId};
use rusqlite::{Connection, Row, named_params, params};
use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use super::cell::{Cells, StoredId as _, count, json, json_fault, time};
use super::fault::{Done, Fault};
use crate::error::StoreError;
use crate::page::{Page, PageAsk};
use crate::vault::{Place, Vault};

const TABLE: &str = "webhook_endpoints";
const SELECT: &str = "SELECT e.*, u.url AS address FROM webhook_endpoints e JOIN webhook_urls u ON u.pk = e.url";

/// An endpoint with what the store alone knows about it.
#[derive(Clone, Debug)]
pub(crate) struct KnownEndpoint {
    pub(crate) pk: i64,
    pub(crate) tenant: i64,
    pub(crate) url: i64,
    pub(crate) endpoint: Arc<WebhookEndpoint>,
    pub(crate) accepted_at: Option<Timestamp>,
    pub(crate) removed: bool,
    /// False where the row is damaged or sealed with another key; then only what fan-out needs is told as it is stored.
    pub(crate) readable: bool,
}

impl KnownEndpoint {
    /// Whether it is told anything. One that cannot be read is: its deliveries wait until it can, so that it misses
    /// nothing.
    pub(crate) fn is_enabled(&self) -> bool {
        !self.removed && self.endpoint.state == EndpointState::Enabled
    }

    /// Whether its deliveries can be tried.
    pub(crate) fn can_be_tried(&self) -> bool {
        self.is_enabled() && self.readable
    }
}

#[derive(Serialize, Deserialize)]
struct StoredSecret<'a> {
    text: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<Timestamp>,
}

/// Every endpoint a tenant ever had, oldest first. One that cannot be read keeps no other back.
pub(crate) fn of(db: &Connection, vault: &Vault, tenant: i64) -> Done<Vec<KnownEndpoint>> {
    let sql = format!("{SELECT} WHERE e.tenant = ?1 ORDER BY e.id");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([tenant])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        match rebuild_at_least(vault, row) {
            Ok(known) => found.push(known),
            // Without its id it has no deliveries that could be found; what is pending for it stays.
            Err(Fault(StoreError::BadRow { .. })) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(found)
}

/// An endpoint of a tenant, unless it was removed.
pub(crate) fn find(db: &Connection, vault: &Vault, tenant: i64, id: WebhookEndpointId) -> Done<Option<KnownEndpoint>> {
    let sql = format!("{SELECT} WHERE e.tenant = ?1 AND e.id = ?2 AND e.removed = 0");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant, id.bytes()])?;
    rows.next()?.map(|row| rebuild(vault, row)).transpose()
}

/// The endpoint of this key, as far as it can be read.
pub(crate) fn by_key(db: &Connection, vault: &Vault, pk: i64) -> Done<Option<KnownEndpoint>> {
    let sql = format!("{SELECT} WHERE e.pk = ?1");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query([pk])?;
    rows.next()?.map(|row| rebuild_at_least(vault, row)).transpose()
}

/// How many endpoints a tenant has.
pub(crate) fn how_many(db: &Connection, tenant: i64) -> Done<u32> {
    let sql = "SELECT count(*) FROM webhook_endpoints WHERE tenant = ?1 AND removed = 0";
    Ok(db.prepare_cached(sql)?.query_row([tenant], |row| row.get(0))?)
}

/// A page of endpoints, newest first.
pub(crate) fn page(
    db: &Connection,
    vault: &Vault,
    tenant: i64,
    page: PageAsk<WebhookEndpointId>,
) -> Done<Page<WebhookEndpoint>> {
    let sql = format!(
        "{SELECT} WHERE e.tenant = ?1 AND e.removed = 0 AND (?2 IS NULL OR e.id < ?2) ORDER BY e.id DESC LIMIT ?3"
    );
    let limit = super::pages::limit(page.limit);
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant, page.after.map(|id| id.bytes()), limit + 1])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(Arc::unwrap_or_clone(rebuild(vault, row)?.endpoint));
    }
    Ok(super::pages::cut(found, limit))
}

fn rebuild(vault: &Vault, row: &Row<'_>) -> Done<KnownEndpoint> {
    let cells = Cells::of::<WebhookEndpointId>(TABLE, row);
    let id: WebhookEndpointId = cells.id("id")?;
    let name = id.to_string();
    let plain = vault.open(place("secrets", &name), &cells.get::<Vec<u8>>("secrets")?)?;
    let secrets: Vec<StoredSecret<'_>> =
        serde_json::from_slice(&plain).map_err(|error| cells.bad("secrets", json_fault(&error)))?;
    let secrets = secrets
        .into_iter()
        .map(|secret| EndpointSecret { text: Secret::new(secret.text.into_owned()), expires_at: secret.expires_at });
    Ok(KnownEndpoint {
        pk: cells.get("pk")?,
        tenant: cells.get("tenant")?,
        url: cells.get("url")?,
        endpoint: Arc::new(WebhookEndpoint {
            id,
            url: open_url(vault, &name, &cells.get::<Vec<u8>>("address")?)?,
            description: cells.get("description")?,
            events: wanted(&cells)?,
            secrets: secrets.collect(),
            state: cells.word("state", EndpointState::parse)?,
            failing_since: cells.time_opt("failing_since")?,
            version: cells.number("version")?,
            created_at: cells.time("created_at")?,
            updated_at: cells.time("updated_at")?,
        }),
        accepted_at: cells.time_opt("accepted_at")?,
        removed: cells.get("removed")?,
        readable: true,
    })
}

/// The whole endpoint, or else what fan-out needs of it, and a line in the log: it must not end the work of others. A
/// filter that cannot be read lets everything through.
fn rebuild_at_least(vault: &Vault, row: &Row<'_>) -> Done<KnownEndpoint> {
    let fault = match rebuild(vault, row) {
        Ok(known) => return Ok(known),
        Err(Fault(error)) => error,
    };
    let cells = Cells::of::<WebhookEndpointId>(TABLE, row);
    let pk: i64 = cells.get("pk")?;
    tracing::error!(endpoint = pk, error = %fault, "an endpoint cannot be read; what it is told waits");
    Ok(KnownEndpoint {
        pk,
        tenant: cells.get("tenant")?,
        url: cells.get("url")?,
        endpoint: Arc::new(WebhookEndpoint {
            id: cells.id("id")?,
            url: String::new(),
            description: None,
            events: wanted(&cells).unwrap_or_default(),
            secrets: Vec::new(),
            state: cells.word("state", EndpointState::parse).unwrap_or(EndpointState::Enabled),
            failing_since: cells.time_opt("failing_since").unwrap_or_default(),
            version: cells.number("version").unwrap_or_default(),
            created_at: cells.time("created_at").unwrap_or_default(),
            updated_at: cells.time("updated_at").unwrap_or_default(),
        }),
        accepted_at: cells.time_opt("accepted_at").unwrap_or_default(),
        removed: cells.get("removed")?,
        readable: false,
    })
}

fn wanted(cells: &Cells<'_>) -> Done<Vec<EventType>> {
    let words = cells.json_opt::<Vec<Cow<'_, str>>>("events")?.unwrap_or_default();
    words.iter().map(|kind| EventType::parse(kind).ok_or_else(|| cells.bad("events", "not a known word"))).collect()
}

/// Writes an endpoint, new or changed. What only the store knows stays as it is.
pub(crate) fn put(
    db: &Connection,
    vault: &Vault,
    tenant: i64,
    old: Option<&KnownEndpoint>,
    new: &WebhookEndpoint,
) -> Done<()> {
    let version = old.map_or(new.version, |old| old.endpoint.version + 1);
    if new.version != version || old.is_some_and(|old| old.endpoint.created_at != new.created_at) {
        return Err(Fault::broken(format!("{}: a change makes the next version and keeps created_at", new.id)));
    }
    let failing_since = match old {
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
    let events: Vec<&str> = new.events.iter().map(|kind| kind.as_str()).collect();
    let written = db
        .prepare_cached(
            "INSERT INTO webhook_endpoints (id, tenant, url, description, events, secrets, state, failing_since,
                version, created_at, updated_at)
             VALUES (:id, :tenant, :url, :description, :events, :secrets, :state, :failing_since, :version,
                :created_at, :updated_at)
             ON CONFLICT (id) DO UPDATE SET url = excluded.url, description = excluded.description,
                events = excluded.events, secrets = excluded.secrets, state = excluded.state,
                failing_since = excluded.failing_since, version = excluded.version, updated_at = excluded.updated_at
             WHERE tenant = excluded.tenant AND removed = 0 AND excluded.version = version + 1",
        )?
        .execute(named_params! {
            ":id": new.id.bytes(),
            ":tenant": tenant,
            ":url": url_key(db, vault, new.id, &new.url)?,
            ":description": new.description,
            ":events": (!events.is_empty()).then(|| json(&events)).transpose()?,
            ":secrets": vault.seal(place("secrets", &new.id.to_string()), plain.as_bytes())?,
            ":state": new.state.as_str(),
            ":failing_since": failing_since.map(time),
            ":version": count(new.version)?,
            ":created_at": time(new.created_at),
            ":updated_at": time(new.updated_at),
        })?;
    if written == 1 { Ok(()) } else { Err(Fault::broken(format!("{} is not an endpoint of this tenant", new.id))) }
}

/// Ends an endpoint; its log stays readable. What is pending for it may be much, and is ended in batches.
pub(crate) fn remove(db: &Connection, pk: i64) -> Done<()> {
    db.prepare_cached("UPDATE webhook_endpoints SET removed = 1 WHERE pk = ?1")?.execute([pk])?;
    // In the place of a recovery, where one is under way.
    db.prepare_cached("INSERT OR REPLACE INTO recoveries (endpoint, created_at, event) VALUES (?1, 0, 0)")?
        .execute([pk])?;
    Ok(())
}

/// Writes how the endpoint fares.
pub(crate) fn put_health(
    db: &Connection,
    pk: i64,
    failing_since: Option<Timestamp>,
    accepted_at: Option<Timestamp>,
) -> Done<()> {
    db.prepare_cached("UPDATE webhook_endpoints SET failing_since = ?2, accepted_at = ?3 WHERE pk = ?1")?
        .execute(params![pk, failing_since.map(time), accepted_at.map(time)])?;
    Ok(())
}

/// The key of an address of this endpoint; a new row where it never had that one.
pub(crate) fn url_key(db: &Connection, vault: &Vault, endpoint: WebhookEndpointId, url: &str) -> Done<i64> {
    let name = endpoint.to_string();
    let mut statement = db.prepare_cached("SELECT pk, url FROM webhook_urls WHERE endpoint = ?1 ORDER BY pk DESC")?;
    let mut rows = statement.query([endpoint.bytes()])?;
    while let Some(row) = rows.next()? {
        if open_url(vault, &name, &row.get::<_, Vec<u8>>(1)?)? == url {
            return Ok(row.get(0)?);
        }
    }
    let sealed = vault.seal(place("url", &name), url.as_bytes())?;
    db.prepare_cached("INSERT INTO webhook_urls (endpoint, url) VALUES (?1, ?2)")?
        .execute(params![endpoint.bytes(), sealed])?;
    Ok(db.last_insert_rowid())
}

/// An address as it was stored for this endpoint.
pub(crate) fn open_url(vault: &Vault, endpoint: &str, sealed: &[u8]) -> Done<String> {
    let plain = vault.open(place("url", endpoint), sealed)?;
    std::str::from_utf8(&plain).map(str::to_owned).map_err(|_| Fault::broken("an address is not text"))
}

fn place<'a>(column: &'a str, row: &'a str) -> Place<'a> {
    Place { table: TABLE, column, row }
}

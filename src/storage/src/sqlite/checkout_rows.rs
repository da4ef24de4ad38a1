//! The row of a checkout.

use std::collections::BTreeMap;

use lendport_core::{
    CaptureMode, Checkout, CheckoutId, CheckoutRecord, Currency, Dispute, Fulfilment, Ledger, MerchantId, Mode,
    ProviderId, ReturnUrls, Route,
};
use rusqlite::{Connection, OptionalExtension as _, Row, named_params, params};

use super::cell::{Cells, StoredId as _, count, json, time};
use super::fault::Done;
use super::{attempt_rows, ledger_rows};
use crate::packed::Model;
use crate::rules::Derived;
use crate::tenant::Tenant;
use crate::vault::Vault;
use crate::{cart_json, personal};

/// Every column a checkout is rebuilt from, in the order in which they are read.
pub(crate) const COLUMNS: &str = "pk, id, personal, currency, route, merchant, mode, reference, cart, return_urls, \
     capture, metadata, provider_options, fulfilment, dispute, ready_announced, expires_at, sequence, version, \
     created_at, updated_at";

/// The key of a checkout's children, where the checkout is this tenant's.
pub(crate) fn key_of(db: &Connection, tenant: Tenant, id: CheckoutId) -> Done<Option<i64>> {
    let sql = "SELECT pk FROM checkouts WHERE merchant = ?1 AND mode = ?2 AND id = ?3";
    let key = params![tenant.merchant.bytes(), tenant.mode.as_str(), id.bytes()];
    Ok(db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()?)
}

/// A checkout with its attempts and movements, and its key.
pub(crate) fn load(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    id: CheckoutId,
) -> Done<Option<(i64, CheckoutRecord)>> {
    let sql = format!("SELECT {COLUMNS} FROM checkouts WHERE merchant = ?1 AND mode = ?2 AND id = ?3");
    let mut statement = db.prepare_cached(&sql)?;
    let mut rows = statement.query(params![tenant.merchant.bytes(), tenant.mode.as_str(), id.bytes()])?;
    rows.next()?.map(|row| read(db, vault, row)).transpose()
}

/// Rebuilds a row that was selected with [`COLUMNS`], and reads what belongs to it.
pub(crate) fn read(db: &Connection, vault: &Vault, row: &Row<'_>) -> Done<(i64, CheckoutRecord)> {
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    let pk: i64 = cells.get("pk")?;
    let checkout = rebuild(vault, &cells)?;
    let attempts = attempt_rows::of(db, pk, checkout.id)?;
    let ledger = Ledger(ledger_rows::of(db, pk)?);
    Ok((pk, CheckoutRecord { checkout, attempts, ledger }))
}

fn rebuild(vault: &Vault, cells: &Cells<'_>) -> Done<Checkout> {
    let id: CheckoutId = cells.id("id")?;
    let people = personal::open(vault, &cells.get::<Vec<u8>>("personal")?, id, |why| cells.bad("personal", why))?;
    let currency = cells.word("currency", Currency::parse)?;
    let route: Route = cells.json("route")?;
    let skipped = route.skipped.iter().map(|skipped| &skipped.provider);
    let mut named = route.providers.iter().chain(&route.candidates).chain(skipped);
    if named.any(|provider| ProviderId::parse(provider.as_str()).is_none()) {
        return Err(cells.bad("route", "not a provider's name"));
    }
    Ok(Checkout {
        id,
        merchant: cells.id::<MerchantId>("merchant")?,
        mode: cells.word("mode", Mode::parse)?,
        reference: cells.get("reference")?,
        cart: cart_json::read(currency, &cells.get::<String>("cart")?, |why| cells.bad("cart", why))?,
        customer: people.customer,
        billing: people.billing,
        shipping: people.shipping,
        return_urls: cells.json_opt::<ReturnUrls>("return_urls")?.unwrap_or_default(),
        capture: cells.word("capture", CaptureMode::parse)?,
        metadata: cells.json_opt::<BTreeMap<String, String>>("metadata")?.unwrap_or_default(),
        provider_options: cells.json_opt::<BTreeMap<String, String>>("provider_options")?.unwrap_or_default(),
        route,
        fulfilment: cells.word("fulfilment", Fulfilment::parse)?,
        dispute: cells.word("dispute", Dispute::parse)?,
        ready_announced: cells.get("ready_announced")?,
        expires_at: cells.time("expires_at")?,
        sequence: cells.number("sequence")?,
        version: cells.number("version")?,
        created_at: cells.time("created_at")?,
        updated_at: cells.time("updated_at")?,
    })
}

/// What snapshots and answers of this checkout resemble, where it has something of the kind.
pub(crate) fn model(db: &Connection, pk: i64) -> Done<Option<Model>> {
    let mut statement = db.prepare_cached("SELECT id, model FROM checkouts WHERE pk = ?1")?;
    let mut rows = statement.query([pk])?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    let stored = cells.get::<Option<Vec<u8>>>("model")?;
    stored.map(|stored| Model::stored(&stored).map_err(|damaged| cells.bad("model", damaged.to_string()))).transpose()
}

/// Writes a new row; answers its key.
pub(crate) fn insert(
    db: &Connection,
    vault: &Vault,
    checkout: &Checkout,
    derived: &Derived<'_>,
    model: Option<&[u8]>,
) -> Done<i64> {
    db.prepare_cached(
        "INSERT INTO checkouts (id, merchant, mode, reference, status, lead_provider, fulfilment, dispute,
            ready_announced, expires_at, sequence, version, created_at, updated_at, capture, route, return_urls, metadata, provider_options, currency, cart, personal, model)
         VALUES (:id, :merchant, :mode, :reference, :status, :lead_provider, :fulfilment, :dispute,
            :ready_announced, :expires_at, :sequence, :version, :created_at, :updated_at, :capture,
            :route, :return_urls, :metadata, :provider_options, :currency, :cart, :personal, :model)",
    )?
    .execute(named_params! {
        ":id": checkout.id.bytes(),
        ":merchant": checkout.merchant.bytes(),
        ":mode": checkout.mode.as_str(),
        ":reference": checkout.reference,
        ":status": derived.status,
        ":lead_provider": derived.lead_provider,
        ":fulfilment": checkout.fulfilment.as_str(),
        ":dispute": checkout.dispute.as_str(),
        ":ready_announced": checkout.ready_announced,
        ":expires_at": time(checkout.expires_at),
        ":sequence": count(checkout.sequence)?,
        ":version": count(checkout.version)?,
        ":created_at": time(checkout.created_at),
        ":updated_at": time(checkout.updated_at),
        ":capture": checkout.capture.as_str(),
        ":route": json(&checkout.route)?,
        ":return_urls": return_urls(&checkout.return_urls)?,
        ":metadata": map(&checkout.metadata)?,
        ":provider_options": map(&checkout.provider_options)?,
        ":currency": checkout.cart.currency.code(),
        ":cart": cart_json::write(&checkout.cart)?,
        ":personal": personal::seal(vault, checkout)?,
        ":model": model,
    })?;
    Ok(db.last_insert_rowid())
}

/// Writes what changed about a row. What was told when it was opened hardly ever does; it, cart and people are written
/// only where they differ from what was loaded.
pub(crate) fn update(
    db: &Connection,
    vault: &Vault,
    pk: i64,
    old: &Checkout,
    new: &Checkout,
    derived: &Derived<'_>,
) -> Done<()> {
    db.prepare_cached(
        "UPDATE checkouts SET status = :status, lead_provider = :lead_provider, fulfilment = :fulfilment,
            dispute = :dispute, ready_announced = :ready_announced, expires_at = :expires_at, sequence = :sequence,
            version = :version, updated_at = :updated_at
         WHERE pk = :pk",
    )?
    .execute(named_params! {
        ":pk": pk,
        ":status": derived.status,
        ":lead_provider": derived.lead_provider,
        ":fulfilment": new.fulfilment.as_str(),
        ":dispute": new.dispute.as_str(),
        ":ready_announced": new.ready_announced,
        ":expires_at": time(new.expires_at),
        ":sequence": count(new.sequence)?,
        ":version": count(new.version)?,
        ":updated_at": time(new.updated_at),
    })?;
    if !has_same_words(old, new) {
        db.prepare_cached(
            "UPDATE checkouts SET reference = :reference, capture = :capture, route = :route,
                return_urls = :return_urls, metadata = :metadata, provider_options = :provider_options
             WHERE pk = :pk",
        )?
        .execute(named_params! {
            ":pk": pk,
            ":reference": new.reference,
            ":capture": new.capture.as_str(),
            ":route": json(&new.route)?,
            ":return_urls": return_urls(&new.return_urls)?,
            ":metadata": map(&new.metadata)?,
            ":provider_options": map(&new.provider_options)?,
        })?;
    }
    if new.cart != old.cart {
        let currency: Currency = new.cart.currency;
        db.prepare_cached("UPDATE checkouts SET currency = ?2, cart = ?3 WHERE pk = ?1")?.execute(params![
            pk,
            currency.code(),
            cart_json::write(&new.cart)?
        ])?;
    }
    if new.customer != old.customer || new.billing != old.billing || new.shipping != old.shipping {
        db.prepare_cached("UPDATE checkouts SET personal = ?2 WHERE pk = ?1")?
            .execute(params![pk, personal::seal(vault, new)?])?;
    }
    Ok(())
}

fn has_same_words(old: &Checkout, new: &Checkout) -> bool {
    old.reference == new.reference
        && old.capture == new.capture
        && old.route == new.route
        && old.return_urls == new.return_urls
        && old.metadata == new.metadata
        && old.provider_options == new.provider_options
}

/// Writes the kept derivations alone, when only attempts changed.
pub(crate) fn update_derived(db: &Connection, pk: i64, derived: &Derived<'_>) -> Done<()> {
    db.prepare_cached("UPDATE checkouts SET status = ?2, lead_provider = ?3 WHERE pk = ?1")?.execute(params![
        pk,
        derived.status,
        derived.lead_provider
    ])?;
    Ok(())
}

fn map(entries: &BTreeMap<String, String>) -> Done<Option<String>> {
    if entries.is_empty() { Ok(None) } else { json(entries).map(Some) }
}

fn return_urls(urls: &ReturnUrls) -> Done<Option<String>> {
    if *urls == ReturnUrls::default() { Ok(None) } else { json(urls).map(Some) }
}

//! The row of a checkout.

use std::collections::BTreeMap;

use lendport_core::{CaptureMode, Checkout, CheckoutId, Currency, Dispute, Fulfilment, ProviderId, ReturnUrls, Route};
use tokio_postgres::Row;

use super::cell::{Cells, count, json};
use super::columns::Value;
use super::fault::Done;
use crate::rules::Derived;
use crate::tenant::Tenant;
use crate::vault::Vault;
use crate::{cart_json, personal};

/// Every column a checkout is rebuilt from, of the table as `c`.
pub(crate) const COLUMNS: &str = "c.pk, c.tenant, c.id, c.reference, c.fulfilment, c.dispute, c.ready_announced, \
     c.expires_at, c.sequence, c.version, c.created_at, c.updated_at, c.capture, c.route, c.return_urls, c.metadata, \
     c.provider_options, c.currency, c.cart, c.personal";

/// These checkouts.
pub(crate) const OF: &str = "SELECT c.pk, c.tenant, c.id, c.reference, c.fulfilment, c.dispute, c.ready_announced, \
     c.expires_at, c.sequence, c.version, c.created_at, c.updated_at, c.capture, c.route, c.return_urls, c.metadata, \
     c.provider_options, c.currency, c.cart, c.personal FROM unnest($1::bigint[], $2::uuid[]) AS asked (tenant, id) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.id";

/// These checkouts, held until the transaction ends. The order keeps two transactions from waiting for each other.
/// Each answers what a [`super::recent::Stamp`] is made of.
pub(crate) const LOCK: &str = "SELECT c.pk, c.tenant, c.id, c.xmin, c.version, c.updated_at \
     FROM unnest($1::bigint[], $2::uuid[]) AS asked (tenant, id) \
     JOIN checkouts c ON c.tenant = asked.tenant AND c.id = asked.id ORDER BY c.tenant, c.id FOR UPDATE OF c";

/// Writes new rows under the given keys.
pub(crate) const INSERT: &str = "INSERT INTO checkouts (pk, tenant, id, reference, status, lead_provider, fulfilment, \
     dispute, ready_announced, expires_at, sequence, version, created_at, updated_at, capture, route, return_urls, \
     metadata, provider_options, currency, cart, personal) \
     SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::text[], \
     $8::text[], $9::bool[], $10::timestamptz[], $11::bigint[], $12::bigint[], $13::timestamptz[], $14::timestamptz[], \
     $15::text[], $16::text[], $17::text[], $18::text[], $19::text[], $20::text[], $21::text[], $22::bytea[])";

/// Writes what may change about rows. A deadline that moved is nobody's work yet.
pub(crate) const UPDATE: &str = "UPDATE checkouts SET reference = n.reference, status = n.status, \
     lead_provider = n.lead_provider, fulfilment = n.fulfilment, dispute = n.dispute, \
     ready_announced = n.ready_announced, expires_at = n.expires_at, sequence = n.sequence, version = n.version, \
     updated_at = n.updated_at, capture = n.capture, route = n.route, return_urls = n.return_urls, \
     metadata = n.metadata, provider_options = n.provider_options, \
     expiry_taken_until = CASE WHEN checkouts.expires_at = n.expires_at THEN expiry_taken_until END \
     FROM unnest($1::bigint[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bool[], \
     $8::timestamptz[], $9::bigint[], $10::bigint[], $11::timestamptz[], $12::text[], $13::text[], $14::text[], \
     $15::text[], $16::text[]) AS n (pk, reference, status, lead_provider, fulfilment, dispute, ready_announced, \
     expires_at, sequence, version, updated_at, capture, route, return_urls, metadata, provider_options) \
     WHERE checkouts.pk = n.pk";

/// Writes carts alone, where they changed.
pub(crate) const UPDATE_CART: &str = "UPDATE checkouts SET currency = n.currency, cart = n.cart \
     FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (pk, currency, cart) WHERE checkouts.pk = n.pk";

/// Writes people alone, where they changed.
pub(crate) const UPDATE_PERSONAL: &str = "UPDATE checkouts SET personal = n.personal \
     FROM unnest($1::bigint[], $2::bytea[]) AS n (pk, personal) WHERE checkouts.pk = n.pk";

/// Writes the kept derivations alone, when only attempts changed.
pub(crate) const UPDATE_DERIVED: &str = "UPDATE checkouts SET status = n.status, lead_provider = n.lead_provider \
     FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (pk, status, lead_provider) WHERE checkouts.pk = n.pk";

/// Keys for new rows.
pub(crate) const NEW_KEYS: &str = "SELECT nextval('checkouts_pk_seq') FROM generate_series(1, $1::bigint)";

/// The key of a checkout's children, where the checkout is this tenant's.
pub(crate) const KEY_OF: &str = "SELECT pk FROM checkouts WHERE tenant = $1 AND id = $2";

/// Rebuilds a row of [`OF`]; answers its key with it.
pub(crate) fn read(vault: &Vault, tenant: Tenant, row: &Row) -> Done<(i64, Checkout)> {
    let cells = Cells::of::<CheckoutId>("checkouts", row);
    Ok((cells.get("pk")?, rebuild(vault, tenant, &cells)?))
}

fn rebuild(vault: &Vault, tenant: Tenant, cells: &Cells<'_>) -> Done<Checkout> {
    let id: CheckoutId = cells.id("id")?;
    let people = personal::open(vault, cells.get("personal")?, id, |why| cells.bad("personal", why))?;
    let currency = cells.word("currency", Currency::parse)?;
    let route: Route = cells.json("route")?;
    let skipped = route.skipped.iter().map(|skipped| &skipped.provider);
    let mut named = route.providers.iter().chain(&route.candidates).chain(skipped);
    if named.any(|provider| ProviderId::parse(provider.as_str()).is_none()) {
        return Err(cells.bad("route", "not a provider's name").into());
    }
    Ok(Checkout {
        id,
        merchant: tenant.merchant,
        mode: tenant.mode,
        reference: cells.get("reference")?,
        cart: cart_json::read(currency, cells.get("cart")?, |why| cells.bad("cart", why))?,
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

/// A new row, for [`INSERT`]. `sealed` is what [`personal::seal`] made of its people.
pub(crate) fn new_row<'a>(
    pk: i64,
    tenant: i64,
    checkout: &'a Checkout,
    derived: &Derived<'a>,
    sealed: Vec<u8>,
) -> Done<[Value<'a>; 22]> {
    Ok([
        pk.into(),
        tenant.into(),
        checkout.id.uuid().into(),
        checkout.reference.as_deref().into(),
        derived.status.into(),
        derived.lead_provider.into(),
        checkout.fulfilment.as_str().into(),
        checkout.dispute.as_str().into(),
        checkout.ready_announced.into(),
        checkout.expires_at.into(),
        count(checkout.sequence)?.into(),
        count(checkout.version)?.into(),
        checkout.created_at.into(),
        checkout.updated_at.into(),
        checkout.capture.as_str().into(),
        json(&checkout.route)?.into(),
        return_urls(&checkout.return_urls)?.into(),
        map(&checkout.metadata)?.into(),
        map(&checkout.provider_options)?.into(),
        checkout.cart.currency.code().to_owned().into(),
        cart_json::write(&checkout.cart)?.into(),
        sealed.into(),
    ])
}

/// A changed row, for [`UPDATE`].
pub(crate) fn changed_row<'a>(pk: i64, new: &'a Checkout, derived: &Derived<'a>) -> Done<[Value<'a>; 16]> {
    Ok([
        pk.into(),
        new.reference.as_deref().into(),
        derived.status.into(),
        derived.lead_provider.into(),
        new.fulfilment.as_str().into(),
        new.dispute.as_str().into(),
        new.ready_announced.into(),
        new.expires_at.into(),
        count(new.sequence)?.into(),
        count(new.version)?.into(),
        new.updated_at.into(),
        new.capture.as_str().into(),
        json(&new.route)?.into(),
        return_urls(&new.return_urls)?.into(),
        map(&new.metadata)?.into(),
        map(&new.provider_options)?.into(),
    ])
}

/// A changed cart, for [`UPDATE_CART`]; none when it is what it was.
pub(crate) fn changed_cart<'a>(pk: i64, old: &Checkout, new: &Checkout) -> Done<Option<[Value<'a>; 3]>> {
    if new.cart == old.cart {
        return Ok(None);
    }
    Ok(Some([pk.into(), new.cart.currency.code().to_owned().into(), cart_json::write(&new.cart)?.into()]))
}

/// Changed people, for [`UPDATE_PERSONAL`]; none when they are who they were.
pub(crate) fn changed_people<'a>(
    vault: &Vault,
    pk: i64,
    old: &Checkout,
    new: &Checkout,
) -> Done<Option<[Value<'a>; 2]>> {
    if new.customer == old.customer && new.billing == old.billing && new.shipping == old.shipping {
        return Ok(None);
    }
    Ok(Some([pk.into(), personal::seal(vault, new)?.into()]))
}

fn map(entries: &BTreeMap<String, String>) -> Done<Option<String>> {
    if entries.is_empty() { Ok(None) } else { Ok(Some(json(entries)?)) }
}

fn return_urls(urls: &ReturnUrls) -> Done<Option<String>> {
    if *urls == ReturnUrls::default() { Ok(None) } else { Ok(Some(json(urls)?)) }
}

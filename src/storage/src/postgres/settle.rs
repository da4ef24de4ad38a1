//! What tries led to.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use lendport_core::{DeliveryId, DeliveryState, WebhookEndpointId};
use uuid::Uuid;

use super::columns::Rows;
use super::connection::{Db, Statements as _, Transaction};
use super::delivery_rows;
use super::endpoint_rows;
use super::fault::Done;
use super::pipeline::{self, Step};
use crate::outbox::{AfterTry, TriedDelivery};
use crate::vault::Vault;

/// Endpoints of tried deliveries, whether or not they were removed since.
const ENDPOINTS: &str = "SELECT w.pk, w.tenant, w.id, w.url, u.url AS address \
     FROM unnest($1::bigint[], $2::uuid[]) AS asked (tenant, id) \
     JOIN webhook_endpoints w ON w.tenant = asked.tenant AND w.id = asked.id JOIN webhook_urls u ON u.pk = w.url";

/// The checkouts of tried deliveries.
pub(crate) const CHECKOUTS: &str = "SELECT d.endpoint, d.checkout FROM unnest($1::bigint[], $2::uuid[]) AS n (endpoint, id) \
     JOIN deliveries d ON d.endpoint = n.endpoint AND d.id = n.id WHERE d.checkout IS NOT NULL";

/// Writes how endpoints fare, where that is news: since when every try failed, and when one was last accepted.
const HEALTH: &str = "UPDATE webhook_endpoints w SET \
         failing_since = CASE WHEN n.accepted IS NULL THEN COALESCE(w.failing_since, n.failing) ELSE n.failing END, \
         accepted_at = CASE WHEN n.accepted >= w.accepted_at + interval '1 minute' OR w.accepted_at IS NULL \
             THEN COALESCE(n.accepted, w.accepted_at) ELSE w.accepted_at END \
     FROM (SELECT * FROM unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) \
         AS asked (pk, failing, accepted) ORDER BY pk) n \
     WHERE w.pk = n.pk AND ( \
         n.accepted IS NULL AND w.failing_since IS NULL \
         OR n.accepted IS NOT NULL AND w.failing_since IS DISTINCT FROM n.failing \
         OR n.accepted IS NOT NULL AND (w.accepted_at IS NULL OR n.accepted >= w.accepted_at + interval '1 minute'))";

/// Writes tries, and what comes after each that is not in the log yet. One whose lease was lost to another worker, or
/// whose delivery was resent since, counts only when it was accepted; of the latter only the lease ends. `OFFSET 0` has
/// each delivery looked up by its key: while nobody has counted the table, the planner went from the endpoint through all
/// deliveries of it, once per result.
pub(crate) fn settle_sql() -> String {
    format!(
        "WITH written AS ({}), \
         tried AS (SELECT n.*, n.state = 'delivered' OR d.state = 'pending' AND d.updated_at = n.leased \
                 AND (d.lease_owner IS NULL OR d.lease_owner = $15) AND NOT w.removed AS counts \
             FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $10::text[], $11::timestamptz[], $12::bool[], \
                 $13::timestamptz[], $14::timestamptz[]) \
                 AS n (endpoint, delivery, attempt, state, next_at, overtakable, ended, leased) \
             CROSS JOIN LATERAL (SELECT * FROM deliveries \
                 WHERE endpoint = n.endpoint AND id = n.delivery OFFSET 0) d \
             CROSS JOIN LATERAL (SELECT removed FROM webhook_endpoints WHERE pk = n.endpoint OFFSET 0) w \
             WHERE NOT EXISTS (SELECT FROM delivery_attempts a \
                 WHERE a.endpoint = n.endpoint AND a.delivery = n.delivery AND a.id = n.attempt)) \
         UPDATE deliveries d SET lease_owner = NULL, \
             state = CASE WHEN counts THEN n.state ELSE d.state END, \
             tries = d.tries + CASE WHEN counts THEN 1 ELSE 0 END, \
             next_at = CASE WHEN counts THEN n.next_at ELSE d.next_at END, \
             due_at = CASE WHEN counts THEN n.next_at ELSE d.next_at END, \
             overtakable = CASE WHEN counts THEN n.overtakable ELSE d.overtakable END, \
             waits = d.waits AND (n.state = 'pending' OR NOT counts), \
             updated_at = CASE WHEN counts THEN n.ended ELSE d.updated_at END \
         FROM tried n WHERE d.endpoint = n.endpoint AND d.id = n.delivery \
             AND (counts OR d.lease_owner = $15 AND d.lease_saw = n.leased)",
        delivery_rows::INSERT_ATTEMPTS
    )
}

/// A tried delivery with the number of its tenant.
pub(crate) type Numbered = (i64, TriedDelivery);

/// Writes results, each delivery at most once. Safe to be done again: a try that is in the log is not counted twice.
pub(crate) async fn write(held: Transaction, vault: &Vault, owner: &str, tried: &[Numbered]) -> Done<()> {
    let endpoints = endpoints(&held, vault, tried).await?;
    let (mut rows, mut after, mut keys) = (Rows::default(), Rows::default(), (Vec::new(), Vec::new()));
    let mut health: HashMap<i64, Health> = HashMap::new();
    for (tenant, one) in tried {
        let Some(known) = endpoints.get(&(*tenant, one.endpoint)) else { continue };
        let url = match known.address == one.attempt.url {
            true => known.url,
            false => endpoint_rows::url_key(&held, vault, one.endpoint, &one.attempt.url).await?,
        };
        rows.push(delivery_rows::attempt_row(vault, known.pk, one.delivery, url, &one.attempt)?);
        let (state, next_at, overtakable) = match one.after {
            AfterTry::Delivered => (DeliveryState::Delivered, None, false),
            AfterTry::Retry { at, overtakable } => (DeliveryState::Pending, Some(at), overtakable),
            AfterTry::Failed => (DeliveryState::Failed, None, false),
        };
        after.push([state.as_str().into(), next_at.into(), overtakable.into(), ended(one).into(), one.leased.into()]);
        health.entry(known.pk).or_default().note(one);
        keys.0.push(known.pk);
        keys.1.push(one.delivery.uuid());
    }
    if keys.0.is_empty() {
        held.ended();
        return Ok(());
    }
    let pairs = held.rows(CHECKOUTS, &[&keys.0, &keys.1]).await?;
    let (mut of_endpoints, mut checkouts) = (Vec::<i64>::new(), Vec::<i64>::new());
    for pair in &pairs {
        of_endpoints.push(pair.try_get(0)?);
        checkouts.push(pair.try_get(1)?);
    }
    let health = Fare::of(health);
    let (mut values, last) = (rows.values(), after.values());
    values.extend(last);
    values.push(&owner);
    let sql = settle_sql();
    let steps = [
        Step::Bare("BEGIN"),
        Step::With(HEALTH, &[&health.endpoints, &health.failing, &health.accepted]),
        Step::With(delivery_rows::HOLD, &[&checkouts]),
        Step::With(&sql, &values),
        Step::With(delivery_rows::PUT_IN_ORDER, &[&of_endpoints, &checkouts]),
        Step::Bare("COMMIT"),
    ];
    pipeline::run(&held, &steps).await?;
    held.ended();
    Ok(())
}

struct Known {
    pk: i64,
    url: i64,
    address: String,
}

async fn endpoints(db: &Db, vault: &Vault, tried: &[Numbered]) -> Done<HashMap<(i64, WebhookEndpointId), Known>> {
    let mut asked: Vec<(i64, WebhookEndpointId)> = tried.iter().map(|(tenant, one)| (*tenant, one.endpoint)).collect();
    asked.sort_unstable();
    asked.dedup();
    let (tenants, ids): (Vec<i64>, Vec<Uuid>) = asked.iter().map(|(tenant, id)| (*tenant, id.uuid())).unzip();
    let mut found = HashMap::new();
    for row in db.rows(ENDPOINTS, &[&tenants, &ids]).await? {
        let key: (i64, Uuid) = (row.try_get("tenant")?, row.try_get("id")?);
        let Some(key) = asked.iter().find(|(tenant, id)| (*tenant, id.uuid()) == key) else { continue };
        let address = endpoint_rows::open_url(vault, &key.1.to_string(), row.try_get("address")?)?;
        found.insert(*key, Known { pk: row.try_get("pk")?, url: row.try_get("url")?, address });
    }
    Ok(found)
}

/// What a batch of tries says about an endpoint.
#[derive(Default)]
struct Health {
    /// The first failure after everything that was accepted.
    failing: Option<Timestamp>,
    /// When one was last accepted.
    accepted: Option<Timestamp>,
}

impl Health {
    fn note(&mut self, tried: &TriedDelivery) {
        let at = tried.attempt.started_at;
        if tried.after == AfterTry::Delivered {
            *self = Self { failing: None, accepted: Some(at) };
        } else {
            self.failing.get_or_insert(at);
        }
    }
}

/// The same as columns.
#[derive(Default)]
struct Fare {
    endpoints: Vec<i64>,
    failing: Vec<Option<Timestamp>>,
    accepted: Vec<Option<Timestamp>>,
}

impl Fare {
    fn of(health: HashMap<i64, Health>) -> Self {
        let mut fare = Self::default();
        for (endpoint, health) in health {
            fare.endpoints.push(endpoint);
            fare.failing.push(health.failing);
            fare.accepted.push(health.accepted);
        }
        fare
    }
}

/// Cuts results into pieces in which no delivery comes twice.
pub(crate) fn pieces(tried: Vec<Numbered>) -> Vec<Vec<Numbered>> {
    let mut pieces: Vec<(Vec<DeliveryId>, Vec<Numbered>)> = Vec::new();
    for one in tried {
        let id = one.1.delivery;
        match pieces.iter_mut().find(|(ids, _)| !ids.contains(&id)) {
            Some((ids, piece)) => {
                ids.push(id);
                piece.push(one);
            }
            None => pieces.push((vec![id], vec![one])),
        }
    }
    pieces.into_iter().map(|(_, piece)| piece).collect()
}

fn ended(tried: &TriedDelivery) -> Timestamp {
    let latency = SignedDuration::from_millis(i64::try_from(tried.attempt.latency_ms).unwrap_or(i64::MAX));
    tried.attempt.started_at.saturating_add(latency).unwrap_or(Timestamp::MAX)
}

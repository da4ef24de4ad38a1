//! What this process alone knows: checkouts that were just changed, tenants and their endpoints, who has which delivery,
//! and whether there is work. None of it outlives the process, and nothing is lost with it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::{MerchantId, Mode};
use rusqlite::{Connection, OptionalExtension as _, params};
use tokio::sync::Notify;

use super::cell::StoredId as _;
use super::due_work::Turns;
use super::endpoint_rows::{self, KnownEndpoint};
use super::fault::{Done, Fault};
use super::leases::Leases;
use super::recent::Recent;
use super::trim_events::TrimCursor;
use super::trim_observations::FactCursor;
use crate::tenant::Tenant;
use crate::vault::Vault;

/// Tenants that are kept in memory; more are read again.
const TENANTS_KEPT: usize = 10_000;

/// A tenant's key and all endpoints it ever had.
#[derive(Debug)]
pub(crate) struct KnownTenant {
    pub(crate) pk: i64,
    pub(crate) endpoints: Vec<Arc<KnownEndpoint>>,
}

/// See above.
#[derive(Default)]
pub(crate) struct Memory {
    known: Mutex<Known>,
    pub(crate) recent: Recent,
    leases: Mutex<Leases>,
    /// The endpoint that was served last; locked by whoever hands deliveries out.
    turn: Mutex<i64>,
    /// Whose other work was handed out last.
    pub(crate) turns: Turns,
    pub(crate) trimmed: Mutex<TrimCursor>,
    pub(crate) trimmed_facts: Mutex<FactCursor>,
    /// Set inside a transaction that may have made a delivery due.
    due: AtomicBool,
    work: Notify,
}

#[derive(Default)]
struct Known {
    tenants: HashMap<Tenant, Arc<KnownTenant>>,
    endpoints: HashMap<i64, (Tenant, Arc<KnownEndpoint>)>,
    /// The transaction under way changed an endpoint: until it ends, what is read is not what holds.
    changing: bool,
    /// Grows whenever everything is forgotten.
    generation: u64,
}

/// The moment a transaction began to read, as far as endpoints are concerned. What it reads is remembered only if
/// nothing changed since. Take it before the first statement.
#[derive(Clone, Copy)]
pub(crate) struct View(u64);

impl Known {
    fn forget(&mut self) {
        self.tenants.clear();
        self.endpoints.clear();
        self.generation += 1;
    }
}

impl Memory {
    /// See [`View`].
    pub(crate) fn view(&self) -> View {
        View(self.known().generation)
    }

    /// The tenant, or none when it never had an event or an endpoint.
    pub(crate) fn tenant(
        &self,
        db: &Connection,
        vault: &Vault,
        view: View,
        tenant: Tenant,
    ) -> Done<Option<Arc<KnownTenant>>> {
        {
            let known = self.known();
            if let Some(found) = known.tenants.get(&tenant).filter(|_| !known.changing) {
                return Ok(Some(Arc::clone(found)));
            }
        }
        let sql = "SELECT pk FROM tenants WHERE merchant = ?1 AND mode = ?2";
        let key = params![tenant.merchant.bytes(), tenant.mode.as_str()];
        let Some(pk) = db.prepare_cached(sql)?.query_row(key, |row| row.get(0)).optional()? else { return Ok(None) };
        let endpoints = endpoint_rows::of(db, vault, pk)?.into_iter().map(Arc::new).collect();
        let found = Arc::new(KnownTenant { pk, endpoints });
        self.remember(view, |known| known.tenants.insert(tenant, Arc::clone(&found)));
        Ok(Some(found))
    }

    /// The tenant, with a row of its own from now on.
    pub(crate) fn tenant_or_new(&self, db: &Connection, vault: &Vault, tenant: Tenant) -> Done<Arc<KnownTenant>> {
        if let Some(found) = self.tenant(db, vault, self.view(), tenant)? {
            return Ok(found);
        }
        self.endpoints_change();
        db.prepare_cached("INSERT INTO tenants (merchant, mode) VALUES (?1, ?2)")?
            .execute(params![tenant.merchant.bytes(), tenant.mode.as_str()])?;
        Ok(Arc::new(KnownTenant { pk: db.last_insert_rowid(), endpoints: Vec::new() }))
    }

    /// An endpoint by its key, and whose it is.
    pub(crate) fn endpoint(
        &self,
        db: &Connection,
        vault: &Vault,
        view: View,
        pk: i64,
    ) -> Done<(Tenant, Arc<KnownEndpoint>)> {
        {
            let known = self.known();
            if let Some((tenant, found)) = known.endpoints.get(&pk).filter(|_| !known.changing) {
                return Ok((*tenant, Arc::clone(found)));
            }
        }
        let gone = || Fault::broken("a delivery names an endpoint that is not there");
        let found = Arc::new(endpoint_rows::by_key(db, vault, pk)?.ok_or_else(gone)?);
        let tenant = tenant_of(db, found.tenant)?;
        self.remember(view, |known| known.endpoints.insert(pk, (tenant, Arc::clone(&found))));
        Ok((tenant, found))
    }

    fn remember<T>(&self, view: View, put: impl FnOnce(&mut Known) -> T) {
        let mut known = self.known();
        if known.changing || known.generation != view.0 {
            return;
        }
        if known.tenants.len() >= TENANTS_KEPT || known.endpoints.len() >= TENANTS_KEPT {
            known.tenants.clear();
            known.endpoints.clear();
        }
        put(&mut known);
    }

    /// To be called inside the transaction, before it writes an endpoint or a tenant.
    pub(crate) fn endpoints_change(&self) {
        let mut known = self.known();
        known.changing = true;
        known.forget();
    }

    /// To be called inside the transaction that may make a delivery due.
    pub(crate) fn work_comes(&self) {
        self.due.store(true, Ordering::Relaxed);
    }

    /// To be called by the writer after each transaction, committed or not, before anybody is answered.
    pub(crate) fn transaction_ended(&self, committed: bool) {
        self.recent.transaction_ended(committed);
        {
            let mut known = self.known();
            if known.changing {
                known.changing = false;
                known.forget();
            }
        }
        if self.due.swap(false, Ordering::Relaxed) {
            self.work.notify_one();
        }
    }

    /// Wakes whoever waits for work.
    pub(crate) fn wake(&self) {
        self.work.notify_one();
    }

    /// Completes when there may be work.
    pub(crate) async fn work(&self) {
        self.work.notified().await;
    }

    /// Who has which delivery.
    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The endpoint that was served last. One at a time hands deliveries out.
    pub(crate) fn turn(&self) -> MutexGuard<'_, i64> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn tenant_of(db: &Connection, pk: i64) -> Done<Tenant> {
    let (merchant, mode): (Vec<u8>, String) = db
        .prepare_cached("SELECT merchant, mode FROM tenants WHERE pk = ?1")?
        .query_row([pk], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let bad = || Fault::broken("a row of tenants cannot be read");
    let merchant = MerchantId::from_bytes(&merchant).ok_or_else(bad)?;
    Ok(Tenant { merchant, mode: Mode::parse(&mode).ok_or_else(bad)? })
}

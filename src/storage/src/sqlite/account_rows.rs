//! Rows of provider accounts. Settings are sealed as a whole.

use std::collections::BTreeMap;

use lendport_core::{AccountSettings, MerchantId, Mode, ProviderAccount, ProviderAccountId, ProviderId, Secret};
use rusqlite::{Connection, params};
use secrecy::zeroize::Zeroizing;

use super::cell::{Cells, StoredId as _, json_fault};
use super::fault::{Done, Fault};
use crate::administration::Versioned;
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

const COLUMN: &str = "settings";

/// Writes an account; it replaces the tenant's earlier account at the same provider.
pub(crate) fn put(db: &Connection, vault: &Vault, account: &ProviderAccount) -> Done<()> {
    let values: BTreeMap<&str, &str> =
        account.settings.iter().map(|(name, value)| (name, value.expose().as_str())).collect();
    let plain = serde_json::to_vec(&values).map_err(|_| Fault::broken("account settings cannot be written as JSON"))?;
    let sealed = vault.seal(place(&account.id.to_string()), &Zeroizing::new(plain))?;
    db.prepare_cached(
        "INSERT INTO provider_accounts (id, merchant, mode, provider, settings) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (merchant, mode, provider) DO UPDATE SET id = excluded.id, settings = excluded.settings,
            version = version + 1",
    )?
    .execute(params![
        account.id.bytes(),
        account.merchant.bytes(),
        account.mode.as_str(),
        account.provider.as_str(),
        sealed
    ])?;
    Ok(())
}

/// Deletes the tenant's account at a provider.
pub(crate) fn remove(db: &Connection, tenant: Tenant, provider: &ProviderId) -> Done<()> {
    let sql = "DELETE FROM provider_accounts WHERE merchant = ?1 AND mode = ?2 AND provider = ?3";
    let gone =
        db.prepare_cached(sql)?.execute(params![tenant.merchant.bytes(), tenant.mode.as_str(), provider.as_str()])?;
    if gone == 1 { Ok(()) } else { Err(Fault::broken("there is no account to delete")) }
}

/// How many accounts a tenant has.
pub(crate) fn how_many(db: &Connection, tenant: Tenant) -> Done<u32> {
    let sql = "SELECT count(*) FROM provider_accounts WHERE merchant = ?1 AND mode = ?2";
    let mut statement = db.prepare_cached(sql)?;
    Ok(statement.query_row(params![tenant.merchant.bytes(), tenant.mode.as_str()], |row| row.get(0))?)
}

/// The tenant's accounts, by provider name; of one provider, or all.
pub(crate) fn of(
    db: &Connection,
    vault: &Vault,
    tenant: Tenant,
    provider: Option<&ProviderId>,
) -> Done<Vec<Versioned<ProviderAccount>>> {
    let mut statement = db.prepare_cached(
        "SELECT * FROM provider_accounts WHERE merchant = ?1 AND mode = ?2 AND (?3 IS NULL OR provider = ?3)
         ORDER BY provider",
    )?;
    let wanted = provider.map(ProviderId::as_str);
    let mut rows = statement.query(params![tenant.merchant.bytes(), tenant.mode.as_str(), wanted])?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next()? {
        accounts.push(rebuild(vault, &Cells::of::<ProviderAccountId>("provider_accounts", row))?);
    }
    Ok(accounts)
}

fn rebuild(vault: &Vault, cells: &Cells<'_>) -> Done<Versioned<ProviderAccount>> {
    let id: ProviderAccountId = cells.id("id")?;
    let plain = vault.open(place(&id.to_string()), &cells.get::<Vec<u8>>(COLUMN)?)?;
    let values: BTreeMap<String, String> =
        serde_json::from_slice(&plain).map_err(|error| cells.bad(COLUMN, json_fault(&error)))?;
    let values = values.into_iter().map(|(name, value)| (name, Secret::new(value))).collect();
    let row = ProviderAccount {
        id,
        merchant: cells.id::<MerchantId>("merchant")?,
        provider: cells.provider("provider")?,
        mode: cells.word("mode", Mode::parse)?,
        settings: AccountSettings::from_store(values),
    };
    Ok(Versioned { row, version: cells.number("version")? })
}

fn place(row: &str) -> Place<'_> {
    Place { table: "provider_accounts", column: COLUMN, row }
}

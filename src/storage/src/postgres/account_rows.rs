//! Rows of provider accounts. Settings are sealed as a whole.

use std::collections::BTreeMap;

use lendport_core::{AccountSettings, MerchantId, Mode, ProviderAccount, ProviderAccountId, ProviderId, Secret};
use secrecy::zeroize::Zeroizing;

use super::cell::{Cells, json_fault};
use super::connection::{Db, Statements as _};
use super::fault::{Done, Failure};
use crate::administration::Versioned;
use crate::tenant::Tenant;
use crate::vault::{Place, Vault};

const COLUMN: &str = "settings";

/// Writes an account; it replaces the tenant's earlier account at the same provider.
pub(crate) async fn put(db: &Db, vault: &Vault, account: &ProviderAccount) -> Done<()> {
    let values: BTreeMap<&str, &str> =
        account.settings.iter().map(|(name, value)| (name, value.expose().as_str())).collect();
    let plain =
        serde_json::to_vec(&values).map_err(|_| Failure::broken("account settings cannot be written as JSON"))?;
    let sealed = vault.seal(place(&account.id.to_string()), &Zeroizing::new(plain))?;
    let sql = "INSERT INTO provider_accounts (id, merchant, mode, provider, settings) VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (merchant, mode, provider) DO UPDATE SET id = excluded.id, settings = excluded.settings,
                   version = provider_accounts.version + 1";
    db.write(
        sql,
        &[&account.id.uuid(), &account.merchant.uuid(), &account.mode.as_str(), &account.provider.as_str(), &sealed],
    )
    .await?;
    Ok(())
}

/// Deletes the tenant's account at a provider.
pub(crate) async fn remove(db: &Db, tenant: Tenant, provider: &ProviderId) -> Done<()> {
    let sql = "DELETE FROM provider_accounts WHERE merchant = $1 AND mode = $2 AND provider = $3";
    let gone = db.write(sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str(), &provider.as_str()]).await?;
    if gone == 1 { Ok(()) } else { Err(Failure::broken("there is no account to delete")) }
}

/// How many accounts a tenant has.
pub(crate) async fn how_many(db: &Db, tenant: Tenant) -> Done<u32> {
    let sql = "SELECT count(*) FROM provider_accounts WHERE merchant = $1 AND mode = $2";
    let row = db.row(sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str()]).await?;
    let count: i64 = row.map(|row| row.try_get(0)).transpose()?.unwrap_or(0);
    Ok(u32::try_from(count).unwrap_or(u32::MAX))
}

/// The tenant's accounts, by provider name; of one provider, or all.
pub(crate) async fn of(
    db: &Db,
    vault: &Vault,
    tenant: Tenant,
    provider: Option<&ProviderId>,
) -> Done<Vec<Versioned<ProviderAccount>>> {
    let sql = "SELECT id, merchant, mode, provider, settings, version FROM provider_accounts
               WHERE merchant = $1 AND mode = $2 AND ($3::text IS NULL OR provider = $3)
               ORDER BY provider COLLATE \"C\"";
    let wanted = provider.map(ProviderId::as_str);
    let rows = db.rows(sql, &[&tenant.merchant.uuid(), &tenant.mode.as_str(), &wanted]).await?;
    rows.iter().map(|row| rebuild(vault, &Cells::of::<ProviderAccountId>("provider_accounts", row))).collect()
}

fn rebuild(vault: &Vault, cells: &Cells<'_>) -> Done<Versioned<ProviderAccount>> {
    let id: ProviderAccountId = cells.id("id")?;
    let plain = vault.open(place(&id.to_string()), cells.get(COLUMN)?)?;
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

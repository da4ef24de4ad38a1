//! A merchant's accounts at providers. Secrets go in and never come out.

use std::collections::BTreeMap;

use lendport_core::{
    AccountField, AccountSettings, AttentionKind, AuditAction, CheckoutStatus, Invalid, Pointer, ProviderAccount,
    ProviderAccountId, ProviderId, Secret, limits,
};
use lendport_storage::{AdminAsk, AdminChange, AttentionFilter, CheckoutFilter, PageAsk, Tenant, Versioned};

use super::By;
use crate::engine::Engine;
use crate::error::EngineError;
use crate::view::AccountView;

/// Fields of an account as they were given: a value, or none where it is to be empty.
pub type AccountFields = BTreeMap<String, Option<Secret<String>>>;

/// Checkouts of which nobody can say how they end, or take the money, without the account.
const NEEDS_ITS_ACCOUNT: [CheckoutStatus; 6] = [
    CheckoutStatus::RequiresCustomerAction,
    CheckoutStatus::UnderReview,
    CheckoutStatus::Preapproved,
    CheckoutStatus::RequiresMerchantAction,
    CheckoutStatus::Authorized,
    CheckoutStatus::Indeterminate,
];

/// What the gateway undoes there, or waits to hear of, through the account.
const NEEDS_ITS_CALLS: [AttentionKind; 3] =
    [AttentionKind::LateApproval, AttentionKind::PaidAfterCancel, AttentionKind::UnknownCommand];

impl Engine {
    /// Sets an account up, or changes it; true when it is new. Fields that are left out are empty afterwards, secret ones
    /// stay as they are. `shape` is what was wrong with the request so far.
    pub async fn put_account(
        &self,
        by: By,
        tenant: Tenant,
        provider: ProviderId,
        if_match: Option<u64>,
        given: AccountFields,
        shape: Invalid,
    ) -> Result<(AccountView, bool), EngineError> {
        let fields = self.account_fields(&provider).ok_or(EngineError::NotFound)?;
        let tools = self.tools.clone();
        let ask = AdminAsk { account: Some(provider.clone()), ..AdminAsk::default() };
        let put = self
            .administer(tenant, ask, move |loaded| {
                loaded.merchant.ok_or(EngineError::NotFound)?;
                let old = loaded.account;
                let version = old.map_or(0, |known| known.version);
                if if_match.is_some_and(|wanted| wanted != version) {
                    return Err(EngineError::PreconditionFailed);
                }
                let values = merged(fields, &given, old.map(|known| &known.row.settings));
                let mut invalid = shape.clone();
                let at = Pointer::root().child("fields");
                let settings = invalid.keep(AccountSettings::new(values, fields, &at));
                invalid.finish()?;
                let settings = settings.ok_or(EngineError::NotFound)?;
                let changed = differences(old.map(|known| &known.row.settings), &settings);
                if let Some(known) = old.filter(|_| changed.is_empty()) {
                    return Ok((AdminChange::default(), (AccountView::of(known, fields), false)));
                }
                let id = old.map_or_else(|| ProviderAccountId::mint(tools.ids.as_ref()), |known| known.row.id);
                let (merchant, provider, mode) = (tenant.merchant, provider.clone(), tenant.mode);
                let row = ProviderAccount { id, merchant, provider, mode, settings };
                let entry = by
                    .doer(merchant)
                    .did(tools.ids.as_ref(), tools.clock.now(), tenant, AuditAction::AccountPut, &row.provider)
                    .with("account", id)
                    .with("fields", changed.join(", "));
                let view = AccountView::of(&Versioned { row: row.clone(), version: version + 1 }, fields);
                let change = AdminChange { account: Some(row), audit: vec![entry], ..AdminChange::default() };
                Ok((change, (view, old.is_none())))
            })
            .await?;
        self.accounts.forget(tenant);
        self.limits.forget(tenant);
        Ok(put)
    }

    /// Deletes an account. Refused while a checkout there waits for something that only the account can bring, unless it is
    /// `forced`: what is open there can be neither asked about nor commanded any more. A create that comes while this looks
    /// is not seen.
    pub async fn delete_account(
        &self,
        by: By,
        tenant: Tenant,
        provider: ProviderId,
        if_match: Option<u64>,
        forced: bool,
    ) -> Result<(), EngineError> {
        if !forced {
            self.refuse_where_in_use(tenant, &provider).await?;
        }
        let tools = self.tools.clone();
        let ask = AdminAsk { account: Some(provider.clone()), ..AdminAsk::default() };
        self.administer(tenant, ask, move |loaded| {
            let old = loaded.account.ok_or(EngineError::NotFound)?;
            if if_match.is_some_and(|wanted| wanted != old.version) {
                return Err(EngineError::PreconditionFailed);
            }
            let entry = by
                .doer(tenant.merchant)
                .did(tools.ids.as_ref(), tools.clock.now(), tenant, AuditAction::AccountDeleted, &provider)
                .with("account", old.row.id);
            Ok((AdminChange { remove_account: true, audit: vec![entry], ..AdminChange::default() }, ()))
        })
        .await?;
        self.accounts.forget(tenant);
        self.limits.forget(tenant);
        Ok(())
    }

    /// Refuses where something is open at the provider.
    async fn refuse_where_in_use(&self, tenant: Tenant, provider: &ProviderId) -> Result<(), EngineError> {
        for status in NEEDS_ITS_ACCOUNT {
            let filter =
                CheckoutFilter { status: Some(status), provider: Some(provider.clone()), ..CheckoutFilter::default() };
            let found = self.store.checkouts(tenant, &filter, PageAsk { limit: 1, after: None }).await?;
            if let Some(record) = found.rows.first() {
                return Err(EngineError::AccountInUse { checkout: record.checkout.id, status });
            }
        }
        for kind in NEEDS_ITS_CALLS {
            self.refuse_where_asked_about(tenant, provider, kind).await?;
        }
        Ok(())
    }

    /// Refuses where such an item is open about an attempt at the provider, whoever leads its checkout.
    async fn refuse_where_asked_about(
        &self,
        tenant: Tenant,
        provider: &ProviderId,
        kind: AttentionKind,
    ) -> Result<(), EngineError> {
        let filter = AttentionFilter { open: Some(true), checkout: None, kind: Some(kind) };
        let mut after = None;
        loop {
            let page = self.store.attention(tenant, &filter, PageAsk { limit: limits::PAGE_MAX, after }).await?;
            for item in &page.rows {
                let Some(record) = self.store.checkout(tenant, item.checkout).await? else { continue };
                if record.attempt(item.attempt).is_some_and(|attempt| attempt.provider == *provider) {
                    return Err(EngineError::AccountInUse { checkout: item.checkout, status: record.status() });
                }
            }
            after = page.rows.last().map(|item| item.id);
            if !page.has_more {
                return Ok(());
            }
        }
    }

    /// Reads one account, without its secrets.
    pub async fn read_account(&self, tenant: Tenant, provider: &ProviderId) -> Result<AccountView, EngineError> {
        let found = self.store.account_rows(tenant, Some(provider)).await?.pop().ok_or(EngineError::NotFound)?;
        Ok(self.shown(&found))
    }

    /// Reads all accounts of a tenant, by provider name, without their secrets.
    pub async fn list_accounts(&self, tenant: Tenant) -> Result<Vec<AccountView>, EngineError> {
        Ok(self.store.account_rows(tenant, None).await?.iter().map(|account| self.shown(account)).collect())
    }

    fn shown(&self, account: &Versioned<ProviderAccount>) -> AccountView {
        // Of a provider that is switched off nobody knows which fields are secret: none is shown.
        AccountView::of(account, self.account_fields(&account.row.provider).unwrap_or_default())
    }

    /// The fields of an account at a provider that is switched on.
    fn account_fields(&self, provider: &ProviderId) -> Option<&'static [AccountField]> {
        self.providers.get(provider).map(|provider| provider.descriptor().account_fields)
    }
}

/// What an account holds after these fields were given.
fn merged(
    fields: &[AccountField],
    given: &AccountFields,
    old: Option<&AccountSettings>,
) -> BTreeMap<String, Secret<String>> {
    let is_new = |value: &&Secret<String>| !value.expose().is_empty();
    let mut values: BTreeMap<_, _> =
        given.iter().filter_map(|(name, value)| Some((name.clone(), value.as_ref().filter(is_new)?.clone()))).collect();
    // An empty one is told as such where it may not be, and is no field otherwise.
    let needed = |name: &str| fields.iter().all(|field| field.name != name || field.required);
    for name in given.iter().filter(|(name, value)| value.is_some() && needed(name)).map(|(name, _)| name) {
        values.entry(name.clone()).or_insert_with(|| Secret::from(""));
    }
    for field in fields.iter().filter(|field| field.secret && !given.contains_key(field.name)) {
        if let Some(kept) = old.and_then(|old| old.get(field.name)) {
            values.insert(field.name.to_owned(), kept.clone());
        }
    }
    values
}

/// Names of the fields that are not as they were.
fn differences(old: Option<&AccountSettings>, new: &AccountSettings) -> Vec<String> {
    let text = |settings: Option<&AccountSettings>, name: &str| {
        settings.and_then(|settings| settings.get(name)).map(|value| value.expose().clone())
    };
    let names: std::collections::BTreeSet<&str> =
        old.into_iter().flat_map(AccountSettings::iter).chain(new.iter()).map(|(name, _)| name).collect();
    let changed = names.into_iter().filter(|name| text(old, name) != text(Some(new), name));
    changed.map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use lendport_core::FieldKind;

    use super::*;

    const FIELDS: &[AccountField] = &[
        AccountField::credential("password", "x"),
        AccountField::setting("number", FieldKind::Text, "x"),
        AccountField { secret: true, ..AccountField::setting("push_key", FieldKind::Text, "x") },
    ];

    fn given(values: &[(&str, Option<&str>)]) -> AccountFields {
        values.iter().map(|(name, value)| ((*name).to_owned(), value.map(Secret::from))).collect()
    }

    fn put(old: &AccountSettings, values: &[(&str, Option<&str>)]) -> String {
        match AccountSettings::new(merged(FIELDS, &given(values), Some(old)), FIELDS, &Pointer::root()) {
            Ok(settings) => {
                settings.iter().map(|(name, value)| format!("{name}={} ", value.expose())).collect::<String>()
            }
            Err(invalid) => invalid.to_string(),
        }
    }

    #[test]
    fn secrets_stay_when_they_are_left_out_and_all_else_is_what_was_given() {
        let values = given(&[("password", Some("p")), ("number", Some("7")), ("push_key", Some("k"))]);
        let old = AccountSettings::new(merged(FIELDS, &values, None), FIELDS, &Pointer::root()).unwrap();
        assert_eq!(put(&old, &[]), "password=p push_key=k ");
        assert_eq!(put(&old, &[("number", Some("8"))]), "number=8 password=p push_key=k ");
        assert_eq!(put(&old, &[("push_key", None), ("password", Some("q"))]), "password=q ");
        assert_eq!(put(&old, &[("push_key", Some("")), ("number", Some(""))]), "password=p ");
        assert!(put(&old, &[("password", Some(""))]).contains("must not be blank"));
        assert!(put(&old, &[("password", None)]).starts_with("/password"));
        assert!(put(&old, &[("pasword", Some(""))]).contains("is not known"));
        let new = AccountSettings::from_store(merged(FIELDS, &given(&[("password", Some("q"))]), Some(&old)));
        assert_eq!(differences(Some(&old), &new), ["number", "password"]);
        assert!(differences(Some(&new), &new).is_empty());
    }
}

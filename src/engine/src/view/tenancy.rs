//! Merchants, keys, accounts and the audit log as whoever administers them sees them. A key itself is shown by the answer
//! that makes it, a provider's secret by none.

use std::collections::BTreeMap;

use jiff::Timestamp;
use lendport_core::{AccountField, AuditEntry, Mode, ProviderAccount, ProviderId, Scope, Secret, ShopPage};
use lendport_storage::{ApiKey, Merchant, Versioned};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

/// A merchant.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Merchant)]
pub struct MerchantView {
    /// Its id, for `Lendport-Merchant`.
    #[schema(example = "mer_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `merchant`.
    #[schema(example = "merchant")]
    pub object: &'static str,
    /// Its name, unique among merchants.
    pub name: String,
    /// How its customers see it.
    pub page: PageView,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// The version behind the ETag; not part of the body.
    #[serde(skip)]
    #[schema(ignore)]
    pub version: u64,
}

/// How a merchant's customers see it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MerchantPage)]
pub struct PageView {
    /// Name that customers see; null means the merchant's own name.
    pub display_name: Option<String>,
    /// Address of the logo.
    pub logo_url: Option<String>,
    /// Colour of buttons and links.
    #[schema(example = "#0b57d0")]
    pub accent: Option<String>,
    /// Sites that may embed the script and frame the page.
    pub allowed_origins: Vec<String>,
    /// Language of the page; null means the browser's.
    pub locale: Option<String>,
}

impl MerchantView {
    /// Shows a merchant.
    pub fn of(merchant: &Versioned<Merchant>) -> Self {
        let ShopPage { display_name, logo_url, accent, allowed_origins, locale } = merchant.row.page.clone();
        Self {
            id: merchant.row.id.to_string(),
            object: "merchant",
            name: merchant.row.name.clone(),
            page: PageView { display_name, logo_url, accent, allowed_origins, locale },
            created_at: merchant.row.created_at,
            version: merchant.version,
        }
    }
}

/// A secret key, by its name.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ApiKey)]
pub struct KeyView {
    /// Its id, which is no secret.
    #[schema(example = "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `api_key`.
    #[schema(example = "api_key")]
    pub object: &'static str,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// What you call it.
    pub label: String,
    /// What may be done with it.
    pub scopes: Vec<&'static str>,
    /// `active`, `replaced` (works until `expires_at`), `expired` or `revoked`.
    #[schema(example = "active")]
    pub status: &'static str,
    /// The key itself. Shown once, by the answer that makes it.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    #[schema(value_type = Option<String>)]
    pub secret_key: Option<Secret<String>>,
    /// When it stops working by itself; null means never.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// About when it was last used, to a minute or two; null when it was not.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub last_used_at: Option<Timestamp>,
    /// The key that was made in its place.
    pub replaced_by: Option<String>,
    /// When it was revoked.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub revoked_at: Option<Timestamp>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

fn exposed<S: Serializer>(secret: &Option<Secret<String>>, serializer: S) -> Result<S::Ok, S::Error> {
    secret.as_ref().map(Secret::expose).serialize(serializer)
}

impl KeyView {
    /// Shows a key without itself.
    pub fn of(key: &ApiKey, now: Timestamp) -> Self {
        let status = match key {
            ApiKey { revoked_at: Some(_), .. } => "revoked",
            key if !key.works(now) => "expired",
            ApiKey { replaced_by: Some(_), .. } => "replaced",
            _ => "active",
        };
        Self {
            id: key.id.to_string(),
            object: "api_key",
            mode: key.mode.as_str(),
            label: key.label.clone(),
            scopes: key.scopes.iter().map(Scope::as_str).collect(),
            status,
            secret_key: None,
            expires_at: key.expires_at,
            last_used_at: key.last_used_at,
            replaced_by: key.replaced_by.map(|id| id.to_string()),
            revoked_at: key.revoked_at,
            created_at: key.created_at,
        }
    }

    /// Adds the key itself, for the answer that made it.
    pub(crate) fn with_secret(self, secret: &Secret<String>) -> Self {
        Self { secret_key: Some(secret.clone()), ..self }
    }
}

/// A merchant's account at a financer, without its secrets.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ProviderAccount)]
pub struct AccountView {
    /// Its id.
    #[schema(example = "pac_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `provider_account`.
    #[schema(example = "provider_account")]
    pub object: &'static str,
    /// Whose it is.
    pub merchant: String,
    /// At which financer.
    pub provider: String,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// The fields that are no secret and are set, as text.
    pub fields: BTreeMap<String, String>,
    /// Every secret field, and whether it is set.
    pub secrets: BTreeMap<String, bool>,
    /// The version behind the ETag; not part of the body.
    #[serde(skip)]
    #[schema(ignore)]
    pub version: u64,
}

impl AccountView {
    /// Shows an account. What is not known to be public is not shown.
    pub fn of(account: &Versioned<ProviderAccount>, fields: &[AccountField]) -> Self {
        let settings = &account.row.settings;
        let value = |name: &str| settings.get(name).map(Secret::expose).filter(|value| !value.is_empty());
        let (secret, public): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.secret);
        let shown = |field: &&AccountField| Some((field.name.to_owned(), value(field.name)?.clone()));
        Self {
            id: account.row.id.to_string(),
            object: "provider_account",
            merchant: account.row.merchant.to_string(),
            provider: account.row.provider.to_string(),
            mode: account.row.mode.as_str(),
            fields: public.iter().filter_map(shown).collect(),
            secrets: secret.iter().map(|field| (field.name.to_owned(), value(field.name).is_some())).collect(),
            version: account.version,
        }
    }
}

/// Whether an account's credentials work.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AccountVerification)]
pub struct VerificationView {
    /// Always `account_verification`.
    #[schema(example = "account_verification")]
    pub object: &'static str,
    /// At which financer.
    pub provider: String,
    /// `test` or `live`.
    #[schema(example = "test")]
    pub mode: &'static str,
    /// `works`, `refused` (the financer does not accept them), `incomplete` (the account cannot be used as it is), `unknown`
    /// (the financer could not be asked now) or `cannot_be_verified` (it has no such call).
    #[schema(example = "works")]
    pub status: &'static str,
    /// In a sentence.
    pub detail: String,
    /// When it was asked.
    #[schema(value_type = String, format = DateTime)]
    pub checked_at: Timestamp,
}

impl VerificationView {
    pub(crate) fn of(
        provider: &ProviderId,
        mode: Mode,
        status: &'static str,
        detail: String,
        checked_at: Timestamp,
    ) -> Self {
        let (object, provider, mode) = ("account_verification", provider.to_string(), mode.as_str());
        Self { object, provider, mode, status, detail, checked_at }
    }
}

/// Who changed something, and what.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub struct AuditView {
    /// Its id.
    #[schema(example = "aud_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `audit_entry`.
    #[schema(example = "audit_entry")]
    pub object: &'static str,
    /// About whom; null where it is about the gateway as a whole.
    pub merchant: Option<String>,
    /// `test` or `live`; null where it is about both.
    pub mode: Option<&'static str>,
    /// Who did it.
    pub actor: ActorView,
    /// What was done.
    #[schema(example = "key.created")]
    pub action: &'static str,
    /// Id or name of what it was done to.
    pub subject: String,
    /// A few facts by name; never a secret.
    pub facts: BTreeMap<String, String>,
    /// The request that asked for it; null without one.
    pub request_id: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
}

/// Who did something.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditActor)]
pub struct ActorView {
    /// `key` (the merchant's own), `platform_key`, `command_line`, `configuration`, or `gateway` (by itself).
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// The key; null where it was none.
    pub key: Option<String>,
}

impl AuditView {
    /// Shows an entry.
    pub fn of(entry: &AuditEntry) -> Self {
        Self {
            id: entry.id.to_string(),
            object: "audit_entry",
            merchant: entry.merchant.map(|merchant| merchant.to_string()),
            mode: entry.mode.map(Mode::as_str),
            actor: ActorView { kind: entry.actor.kind(), key: entry.actor.key().map(|key| key.to_string()) },
            action: entry.action.as_str(),
            subject: entry.subject.clone(),
            facts: entry.facts.clone(),
            request_id: entry.request.map(|request| request.to_string()),
            created_at: entry.at,
        }
    }
}

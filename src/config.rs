//! The configuration: compiled-in defaults, then a file, then the environment, then flags.
//!
//! `config/lendport.toml` is both the defaults and the manual. A key that is not in it is refused, whoever says it,
//! and all mistakes are told at once. Sections of providers stay opaque here: the adapter reads its own with
//! [`Config::provider_section`], so a new provider needs its section in that file and nothing in this one.

use std::collections::BTreeSet;
use std::fmt;
use std::path::Path;

use figment::Figment;
use lendport_core::{AccountField, ShopPage};
use serde::de::DeserializeOwned;

use crate::config_account as account;
use crate::config_auth as auth;
use crate::config_check as check;
use crate::config_effective::Effective;
use crate::config_known::Known;
use crate::config_layer as layer;
use crate::config_secret as secret;

pub use crate::config_auth::Auth;
pub use crate::config_error::{ConfigError, ConfigErrors};
pub use crate::config_layer::{DEFAULTS, Flag};
pub use crate::config_merchant::{Account, Merchant};
pub use crate::config_schema::schema;
pub use crate::config_sections::{Delivery, Engine, Limits, Log, LogFormat, Page, Quotas, Security, Server, Simulator};
pub use crate::config_storage::{Storage, StoragePlace};

/// Everything that can be set, checked. `Debug` shows no value.
#[derive(Clone)]
pub struct Config {
    /// How the gateway listens.
    pub server: Server,
    /// Where data lives.
    pub storage: Storage,
    /// What seals data at rest.
    pub security: Security,
    /// Tokens in the place of secret keys.
    pub auth: Auth,
    /// How long things may take inside.
    pub engine: Engine,
    /// How webhooks are sent.
    pub delivery: Delivery,
    /// What the customers' pages may do.
    pub page: Page,
    /// How often may be asked.
    pub limits: Limits,
    /// How much a merchant may have.
    pub quotas: Quotas,
    /// What is written while running.
    pub log: Log,
    /// How simulators behave.
    pub simulator: Simulator,
    /// How a merchant's customers see it, also where no merchant is declared.
    pub shop_page: ShopPage,
    /// The merchant declared here, if any.
    pub merchant: Option<Merchant>,
    issuers: Vec<auth::Issuer>,
    warnings: Vec<String>,
    effective: Effective,
}

impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Config").field("server", &self.server).field("storage", &self.storage).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads the defaults, then `file`, then those of `env` that are named `LENDPORT_SECTION__KEY`.
    pub fn load(file: Option<&Path>, env: impl IntoIterator<Item = (String, String)>) -> Result<Self, ConfigErrors> {
        Self::load_with(file, env, &[])
    }

    /// The same, and flags of the command line win over all of it.
    pub fn load_with(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[Flag],
    ) -> Result<Self, ConfigErrors> {
        let defaults = layer::defaults()?;
        let known = Known::new(&defaults.values);
        let sections: Vec<String> = defaults.values.keys().cloned().collect();
        let mut layers = vec![defaults];
        let mut errors = Vec::new();

        match file.map(layer::file) {
            Some(Ok(layer)) => layers.push(layer),
            Some(Err(error)) => errors.push(error),
            None => {}
        }
        let from_env = layer::environment(&known, env.into_iter());
        layers.extend(from_env.layers);
        errors.extend(from_env.errors);
        for flag in flags {
            match layer::flag(&known, flag) {
                Ok(layer) => layers.push(layer),
                Err(error) => errors.push(error),
            }
        }

        // Checked one by one: a wrong key is told even where a later layer says the same.
        let mut figment = Figment::new();
        for layer in layers {
            let (layer, wrong) = known.check(layer);
            errors.extend(wrong);
            figment = figment.merge(layer);
        }
        let effective = Effective::new(&figment, sections.iter());
        errors.extend(check::errors(&effective));
        let security = secret::security(&effective, &mut errors);
        let merchant = secret::merchant(&effective, &mut errors);
        let issuers = auth::issuers(&effective, &mut errors);
        let database_password = secret::database_password(&effective, &mut errors);
        ConfigErrors::check(errors)?;

        let mut warnings = from_env.warnings;
        warnings.extend(check::warnings(&effective));
        Ok(Self {
            server: effective.typed("server")?,
            storage: Storage { password: database_password, ..effective.typed("storage")? },
            security,
            auth: effective.typed("auth")?,
            engine: effective.typed("engine")?,
            delivery: effective.typed("delivery")?,
            page: effective.typed("page")?,
            limits: effective.typed("limits")?,
            quotas: effective.typed("quotas")?,
            log: effective.typed("log")?,
            simulator: effective.typed("simulator")?,
            shop_page: secret::shop_page(&effective),
            merchant,
            issuers,
            warnings,
            effective,
        })
    }

    /// `[providers.<name>]` as the adapter's own type.
    pub fn provider_section<T: DeserializeOwned>(&self, name: &str) -> Result<T, ConfigError> {
        self.effective.typed(&format!("providers.{name}"))
    }

    /// Whether `[providers.<name>]` says `enabled = true`.
    pub fn provider_enabled(&self, name: &str) -> bool {
        self.effective.get(&format!("providers.{name}.enabled")).is_some_and(|setting| setting.text.expose() == "true")
    }

    /// Whether nobody has said anything about a setting such as `providers.x.base_url`.
    pub fn is_default(&self, key: &str) -> bool {
        self.effective.origin(key) == crate::config_layer::DEFAULT_ORIGIN
    }

    /// What is allowed and likely to hurt, one sentence each, without values that are secret.
    pub fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Whose tokens are taken beside our own.
    pub(crate) fn issuers(&self) -> &[auth::Issuer] {
        &self.issuers
    }

    /// What is wrong with the declared merchant's accounts at a provider that asks for these fields.
    pub fn account_errors(&self, provider: &str, fields: &[AccountField]) -> Vec<ConfigError> {
        let accounts = self.merchant.iter().flat_map(|merchant| &merchant.accounts);
        accounts
            .filter(|account| account.provider == provider)
            .flat_map(|account| account::errors(&self.effective, account, fields))
            .collect()
    }

    /// The settings in force as TOML, each line ending with who said it; secrets and all account fields are masked.
    pub fn render_masked(&self) -> String {
        self.effective.render(&|_, _| false)
    }

    /// The same, showing those fields of accounts for which `is_public(provider, field)` holds.
    pub fn render_masked_with(&self, is_public: &dyn Fn(&str, &str) -> bool) -> String {
        self.effective.render(is_public)
    }
}

/// Every key there is, with its sections: what the compiled-in file lists.
pub fn known_keys() -> Result<BTreeSet<String>, ConfigError> {
    let defaults = layer::defaults()?;
    Ok(Known::new(&defaults.values).leaves().map(str::to_owned).collect())
}

/// The process's environment for [`Config::load`]. Bytes that are not UTF-8 become replacement characters.
pub fn process_env() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().map(|(name, value)| (name.to_string_lossy().into_owned(), value.to_string_lossy().into_owned()))
}

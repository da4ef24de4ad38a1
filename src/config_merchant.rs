//! `[merchant]`: the one merchant that a configuration may declare.

use std::collections::BTreeMap;

use lendport_core::{Mode, Secret, ShopPage};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::config_sections::SecretText;

/// `[merchant]` as written.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MerchantKeys {
    /// Name of the shop. Empty: no merchant is declared here.
    pub(crate) name: String,
    /// Secret key the shop uses: `lp_test_` or `lp_live_` and at least 24 characters. Empty: not set.
    pub(crate) secret_key: SecretText,
    /// File that holds the key. Set one of the two.
    pub(crate) secret_key_file: String,
    /// How the shop's customers see it.
    pub(crate) page: PageKeys,
    /// Accounts by provider and mode (`test`, `live`); the fields are those the provider asks for.
    #[serde(default)]
    pub(crate) accounts: BTreeMap<String, BTreeMap<String, BTreeMap<String, SecretText>>>,
}

/// `[merchant.page]` as written. An empty text means "not set".
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PageKeys {
    /// Name of the shop.
    pub(crate) display_name: String,
    /// Address of the shop's logo, `https`.
    pub(crate) logo_url: String,
    /// Colour of buttons and links, `#rrggbb`.
    pub(crate) accent: String,
    /// Sites that may embed the script and frame the page, with blanks between them.
    pub(crate) allowed_origins: String,
    /// Language of the page: `en`, `es` or `fr-CA`.
    pub(crate) locale: String,
}

/// The one merchant a configuration may declare.
#[derive(Clone, Debug)]
pub struct Merchant {
    /// Name of the shop, not empty.
    pub name: String,
    /// How its customers see it.
    pub page: ShopPage,
    /// Its secret key, if declared here.
    pub secret_key: Option<Secret<String>>,
    /// Its provider accounts.
    pub accounts: Vec<Account>,
}

/// Credentials of the declared merchant at one provider in one mode.
#[derive(Clone, Debug)]
pub struct Account {
    /// The provider's name.
    pub provider: String,
    /// Test or live.
    pub mode: Mode,
    /// Field name and value. Fields that came from files carry their plain name.
    pub fields: BTreeMap<String, Secret<String>>,
}

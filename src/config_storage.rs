//! `[storage]`: where data lives.

use std::path::PathBuf;

use lendport_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;
use url::Url;

use crate::config_sections::SecretText;

/// Declares where data lives.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Storage {
    /// `sqlite:` and a file, or `postgres://`.
    pub(crate) url: SecretText,
    /// File that holds the password for PostgreSQL.
    pub password_file: String,
    /// What is in that file.
    #[serde(skip)]
    pub(crate) password: Option<Secret<String>>,
    /// SQLite: connections that read at the same time.
    pub readers: usize,
    /// PostgreSQL: connections of this process at most.
    pub connections: usize,
    /// PostgreSQL: how long one statement may take, in milliseconds.
    pub statement_timeout_ms: u64,
    /// PostgreSQL: how long to wait for a free connection, in milliseconds.
    pub connection_wait_ms: u64,
}

/// Which database.
#[derive(Clone, Debug)]
pub enum StoragePlace {
    /// A file.
    Sqlite(PathBuf),
    /// A server. The address may hold a password.
    Postgres(Secret<String>),
}

impl Storage {
    /// The database that `storage.url` names.
    pub fn place(&self) -> StoragePlace {
        let url = self.url.0.expose();
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return StoragePlace::Postgres(self.with_password(url));
        }
        let rest = url.strip_prefix("sqlite:").unwrap_or(url);
        StoragePlace::Sqlite(PathBuf::from(rest.strip_prefix("//").unwrap_or(rest)))
    }

    fn with_password(&self, url: &str) -> Secret<String> {
        let full = self.password.as_ref().and_then(|password| {
            let mut url = Url::parse(url).ok()?;
            url.set_password(Some(password.expose())).ok()?;
            Some(url.to_string())
        });
        Secret::new(full.unwrap_or_else(|| url.to_owned()))
    }

    /// The database file, where it is one.
    pub fn path(&self) -> Option<PathBuf> {
        match self.place() {
            StoragePlace::Sqlite(path) => Some(path),
            StoragePlace::Postgres(_) => None,
        }
    }
}

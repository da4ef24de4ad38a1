//! Where the server is and how it is used.

use std::time::Duration;

use lendport_core::Secret;
use tokio_postgres::Config;
use tokio_postgres::config::{Host, SslMode};

use super::fault::{Done, Failure};
use super::tls::Trust;
use crate::error::StoreError;

/// How long a new connection may take where the address does not say `connect_timeout`.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a line may be silent before it is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(30);

/// A server and the limits of this process at it.
#[derive(Clone, Debug)]
pub struct PostgresSettings {
    /// `postgres://user:password@host:port/database?sslmode=verify-full`, the words as for `libpq`. Without `sslmode`,
    /// this machine is spoken to in the clear and every other host must prove who it is.
    pub url: Secret<String>,
    /// Connections at most, at least two; one more listens for work.
    pub connections: usize,
    /// How long a call waits for a free connection before it is told to come again.
    pub connection_wait: Duration,
    /// How long the server works on one statement before it gives up.
    pub statement_timeout: Duration,
    /// How long a statement waits for a row that another transaction holds.
    pub lock_timeout: Duration,
    /// How long a transaction may stand still before the server ends it, such as one of a process that hangs.
    pub idle_in_transaction_timeout: Duration,
    /// Most changes that share one commit, at least one.
    pub batch_max: usize,
}

impl PostgresSettings {
    /// The defaults for this address.
    pub fn new(url: Secret<String>) -> Self {
        Self {
            url,
            connections: 16,
            connection_wait: Duration::from_secs(3),
            statement_timeout: Duration::from_secs(5),
            lock_timeout: Duration::from_secs(4),
            idle_in_transaction_timeout: Duration::from_secs(10),
            batch_max: 64,
        }
    }

    /// The address in the driver's words, and whom to trust behind it.
    pub(crate) fn parsed(&self) -> Done<(Config, Trust)> {
        // The driver does not know two of the parameters, and its complaints may quote a password.
        let (address, query) = self.url.expose().split_once('?').unwrap_or((self.url.expose(), ""));
        let (mut mode, mut roots, mut others) = (None, None, Vec::new());
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            match pair.split_once('=') {
                Some(("sslmode", value)) => mode = Some(value.to_owned()),
                Some(("sslrootcert", value)) => roots = Some(value.replace("%2F", "/").replace("%2f", "/")),
                _ => others.push(pair),
            }
        }
        let url = format!("{address}?{}", others.join("&"));
        let mut config: Config = url.parse().map_err(|_| {
            let example = "postgres://user@host:5432/database?sslmode=verify-full";
            wrong(format!("is not an address as in {example}, or names an option nobody knows"))
        })?;
        let here = config.get_hosts().iter().all(is_here);
        let trust = match (mode.as_deref(), roots) {
            (Some("disable"), _) | (None, None) if mode.is_some() || here => Trust::InTheClear,
            (Some("require"), None) => Trust::Anybody,
            (Some("require" | "verify-full") | None, Some(file)) => Trust::SignedBy(file),
            (Some("verify-full") | None, None) => Trust::KnownToTheSystem,
            _ => return Err(wrong("has an sslmode that is none of disable, require, verify-full".to_owned())),
        };
        config.ssl_mode(if matches!(trust, Trust::InTheClear) { SslMode::Disable } else { SslMode::Require });
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT_TIMEOUT);
        }
        // A line that is dead without having been closed is noticed within a minute.
        config.keepalives_idle(KEEPALIVE).keepalives_interval(KEEPALIVE / 3).keepalives_retries(3);
        config.application_name("lendport");
        Ok((config, trust))
    }

    /// What is set in every session. Nothing of ours may hang on a server that does.
    pub(crate) fn session(&self) -> String {
        format!(
            "SET statement_timeout = {}; SET lock_timeout = {}; SET idle_in_transaction_session_timeout = {}; \
             SET default_transaction_isolation = 'read committed'; \
             {PLANS}; {DURABLE}",
            self.statement_timeout.as_millis(),
            self.lock_timeout.as_millis(),
            self.idle_in_transaction_timeout.as_millis(),
        )
    }
}

/// Every question has its index, and a plan that goes from row to row through indexes (`plans.rs`). A plan that was made
/// while a table was empty must not read all of it when it is full, no statement is planned anew for each of its values,
/// and the price the planner puts on what is switched off must not make it compile statements that take a millisecond.
const PLANS: &str = "SET enable_seqscan = off; SET enable_bitmapscan = off; SET enable_hashjoin = off; \
     SET enable_mergejoin = off; SET plan_cache_mode = force_generic_plan; SET jit = off";

/// What is answered is on the disk, whatever the server's default is.
const DURABLE: &str = "SELECT set_config('synchronous_commit', 'on', false) \
     WHERE current_setting('synchronous_commit') = 'off'";

fn is_here(host: &Host) -> bool {
    match host {
        Host::Tcp(name) => name == "localhost" || name.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback()),
        #[cfg(unix)]
        Host::Unix(_) => true,
    }
}

fn wrong(why: String) -> Failure {
    Failure::Refused(StoreError::Database(format!("storage.url {why}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trust(url: &str) -> Result<String, String> {
        let parsed = PostgresSettings::new(Secret::from(url)).parsed();
        parsed.map(|(_, trust)| format!("{trust:?}")).map_err(|failure| StoreError::from(failure).to_string())
    }

    #[test]
    fn whom_to_trust_follows_the_address() {
        for (url, expected) in [
            ("postgres://u@localhost/d", "InTheClear"),
            ("postgres://u@127.0.0.1:5433/d", "InTheClear"),
            ("postgres://u@%2Frun%2Fpostgresql/d", "InTheClear"),
            ("postgres://u@db.example/d", "KnownToTheSystem"),
            ("postgres://u@localhost,db.example/d", "KnownToTheSystem"),
            ("postgres://u@db.example/d?sslmode=verify-full", "KnownToTheSystem"),
            ("postgres://u@db.example/d?sslmode=disable", "InTheClear"),
            ("postgres://u@db.example/d?sslmode=require&connect_timeout=2", "Anybody"),
            ("postgres://u@db.example/d?sslmode=require&sslrootcert=%2Fca.pem", "SignedBy(\"/ca.pem\")"),
            ("postgres://u@localhost/d?sslrootcert=/ca.pem", "SignedBy(\"/ca.pem\")"),
        ] {
            assert_eq!(trust(url).as_deref(), Ok(expected), "{url}");
        }
    }

    #[test]
    fn a_wrong_address_is_refused_without_its_password() {
        for url in [
            "postgres://u:hunter2@db.example/d?sslmode=prefer",
            "postgres://u:hunter2@db.example/d?hunter2=1",
            "postgres://u:hunter2@db.example:port/d",
            "mysql://u:hunter2@db.example/d",
        ] {
            let refusal = trust(url).unwrap_err();
            assert!(refusal.contains("storage.url") && !refusal.contains("hunter2"), "{refusal}");
        }
        let settings = PostgresSettings::new(Secret::from("postgres://u:hunter2@db.example/d"));
        assert!(!format!("{settings:?}").contains("hunter2"));
    }
}

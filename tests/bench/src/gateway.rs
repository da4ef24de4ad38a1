//! The gateway's own binary, all settings at their defaults, with the upstream in place of its provider.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use tokio::net::TcpListener;
use tokio::process::Command;

use crate::child::Server;
use crate::sample::{ENCRYPTION_KEY, MERCHANT_ID, PASSWORD, SECRET_KEY, SHOP, USERNAME};
use crate::{Fault, say};

/// Where the binary is; without one given it is built first, so that it is never an old one.
pub(crate) async fn binary(given: Option<&Path>) -> Result<PathBuf, Fault> {
    if let Some(path) = given {
        return Ok(path.canonicalize()?);
    }
    say("building the gateway");
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--quiet", "--package", "lendport"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !cargo.status().await?.success() {
        return Err("the gateway does not build; --gateway FILE takes one that is built".into());
    }
    Ok(std::env::current_exe()?.with_file_name("lendport").canonicalize()?)
}

/// Starts it on this database and waits for its first answer.
pub(crate) async fn start(binary: &Path, storage_url: &str, upstream: &str, quiet: bool) -> Result<Server, Fault> {
    // Free a moment ago; nobody else takes ports at that pace.
    let address = TcpListener::bind("127.0.0.1:0").await?.local_addr()?.to_string();
    let account = |field: &str| format!("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__{field}");
    let mut command = Command::new(binary);
    command.arg("serve").env_clear().envs([
        ("LENDPORT_SERVER__BIND".to_owned(), address.clone()),
        ("LENDPORT_STORAGE__URL".to_owned(), storage_url.to_owned()),
        ("LENDPORT_SECURITY__ENCRYPTION_KEY".to_owned(), STANDARD.encode(ENCRYPTION_KEY)),
        ("LENDPORT_DELIVERY__ALLOW_LOOPBACK_IN_TEST_MODE".to_owned(), "true".to_owned()),
        // Counted as everywhere, and never in the way.
        ("LENDPORT_LIMITS__KEY_READS_PER_SECOND".to_owned(), "1000000".to_owned()),
        ("LENDPORT_LIMITS__KEY_WRITES_PER_SECOND".to_owned(), "1000000".to_owned()),
        ("LENDPORT_LIMITS__MERCHANT_READS_PER_SECOND".to_owned(), "1000000".to_owned()),
        ("LENDPORT_LIMITS__MERCHANT_WRITES_PER_SECOND".to_owned(), "1000000".to_owned()),
        ("LENDPORT_LIMITS__PUSHES_PER_SECOND".to_owned(), "1000000".to_owned()),
        ("LENDPORT_QUOTAS__OPEN_CHECKOUTS".to_owned(), "10000000".to_owned()),
        ("LENDPORT_PROVIDERS__WEGETFINANCING__SANDBOX_BASE_URL".to_owned(), upstream.to_owned()),
        ("LENDPORT_MERCHANT__NAME".to_owned(), SHOP.to_owned()),
        ("LENDPORT_MERCHANT__SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
        (account("MERCHANT_ID"), MERCHANT_ID.to_owned()),
        (account("USERNAME"), USERNAME.to_owned()),
        (account("PASSWORD"), PASSWORD.to_owned()),
        (account("SIGNATURE_MODE"), "required".to_owned()),
    ]);
    if quiet {
        command.env("LENDPORT_LOG__LEVEL", "off");
    }
    Server::program(command, address).await
}

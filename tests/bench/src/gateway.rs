//! The gateway as it is shipped, with the upstream in place of its provider.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lendport::config::Config;
use lendport::gateway::{Ambient, Gateway, SectionOverrides, bind};
use tracing_subscriber::EnvFilter;

use crate::Fault;
use crate::child::{announce, input_ended};
use crate::sample::{ENCRYPTION_KEY, MERCHANT_ID, PASSWORD, PROVIDER, SECRET_KEY, SHOP, USERNAME};

/// The database below a folder.
pub(crate) const FILE: &str = "lendport.db";

/// Serves until standard input ends. The log is that of `lendport serve` at its default level, unless `quiet`.
pub(crate) async fn serve(upstream: &str, folder: &Path, quiet: bool) -> Result<(), Fault> {
    let config = config(folder)?;
    if !quiet {
        let filter = EnvFilter::try_new(&config.log.level)?;
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(false)
            .with_target(false)
            .try_init()?;
    }
    let listener = bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let section = BTreeMap::from([("sandbox_base_url", upstream.to_owned())]);
    let overrides = SectionOverrides::from([(PROVIDER, section)]);
    let gateway = Gateway::start(&config, &Ambient::system(), listener, &overrides).await?;
    announce(gateway.address);
    input_ended().await;
    Ok(gateway.stop().await?)
}

/// Defaults, and a declared shop with its account.
fn config(folder: &Path) -> Result<Config, Fault> {
    let account = |field: &str| format!("LENDPORT_MERCHANT__ACCOUNTS__WEGETFINANCING__TEST__{field}");
    let settings = [
        ("LENDPORT_STORAGE__URL".to_owned(), format!("sqlite:{}", folder.join(FILE).display())),
        ("LENDPORT_SECURITY__ENCRYPTION_KEY".to_owned(), STANDARD.encode(ENCRYPTION_KEY)),
        ("LENDPORT_MERCHANT__NAME".to_owned(), SHOP.to_owned()),
        ("LENDPORT_MERCHANT__SECRET_KEY".to_owned(), SECRET_KEY.to_owned()),
        (account("MERCHANT_ID"), MERCHANT_ID.to_owned()),
        (account("USERNAME"), USERNAME.to_owned()),
        (account("PASSWORD"), PASSWORD.to_owned()),
        (account("SIGNATURE_MODE"), "required".to_owned()),
    ];
    Ok(Config::load(None, settings)?)
}

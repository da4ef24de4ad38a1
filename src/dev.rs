//! The development gateway: its own database, a simulator of each provider, a test merchant and its key. What the
//! configuration says of provider addresses, merchant, key and accounts goes before what is made up here.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lendport_core::{AccountSettings, MerchantId, Mode, Pointer, Secret};
use lendport_storage::Tenant;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::cli;
use crate::config::{Config, Flag, StoragePlace, process_env};
use crate::dev_shop::{ShopSite, own_page};
use crate::failure::Failure;
use crate::gateway::{Ambient, Gateway, bind};
use crate::simulators::{self, Running, Setup};
use crate::{ambient, database, registry, say, tenants};

const MERCHANT: &str = "Development shop";
const LOOPBACK: &str = "delivery.allow_loopback_in_test_mode";

/// A development gateway that answers.
pub struct Dev {
    /// The gateway.
    pub gateway: Gateway,
    /// The simulators beside it.
    pub simulators: Vec<Running>,
    /// The test merchant.
    pub merchant: MerchantId,
    /// Its key.
    pub key: Secret<String>,
    /// The demo shop on its own site.
    pub shop: ShopSite,
    stop: CancellationToken,
}

/// What a development gateway is started with.
pub struct Options<'a> {
    /// Settings file.
    pub config: Option<&'a Path>,
    /// Address; `server.bind` when absent.
    pub bind: Option<SocketAddr>,
    /// Address of the demo shop; `simulator.shop_bind` when absent.
    pub shop_bind: Option<SocketAddr>,
    /// Folder of database and keys; that of `storage.url` when absent.
    pub data_dir: Option<&'a Path>,
}

/// Runs it until the process is told to stop.
pub async fn run(asked: cli::Dev) -> Result<(), Failure> {
    let options = Options {
        config: asked.file.config.as_deref(),
        bind: asked.bind,
        shop_bind: asked.shop_bind,
        data_dir: asked.data_dir.as_deref(),
    };
    let config = load(&options)?;
    crate::logging::start(&config).map_err(Failure::Other)?;
    let dev = start(&config, options.data_dir).await?;
    if let Some(path) = &asked.ready_file {
        write_ready_file(&dev, path)?;
    }
    greet(&dev);
    crate::gateway::stop_signal().await;
    dev.stop().await
}

/// The configuration of a development gateway: flags win, and a key of its own is made when none is set.
pub fn load(options: &Options<'_>) -> Result<Config, Failure> {
    let mut flags = Vec::new();
    if let Some(bind) = options.bind {
        flags.push(Flag { name: "--bind", key: "server.bind", value: bind.to_string() });
    }
    if let Some(bind) = options.shop_bind {
        flags.push(Flag { name: "--shop-bind", key: "simulator.shop_bind", value: bind.to_string() });
    }
    let written = Config::load_with(options.config, process_env(), &flags)?;
    // Receivers of webhooks are on this machine, unless somebody says otherwise.
    if written.is_default(LOOPBACK) {
        flags.push(Flag { name: "dev", key: LOOPBACK, value: "true".to_owned() });
    }
    // A configured server stays; the folder then holds the keys alone.
    if let (Some(folder), StoragePlace::Sqlite(_)) = (options.data_dir, written.storage.place()) {
        let value = format!("sqlite:{}", folder.join("lendport.db").display());
        flags.push(Flag { name: "--data-dir", key: "storage.url", value });
    }
    let mut config = Config::load_with(options.config, process_env(), &flags)?;
    if config.security.encryption_key.is_none() {
        config.security.encryption_key = Some(own_encryption_key(&folder_of(&config, options.data_dir))?);
    }
    Ok(config)
}

/// Starts simulators first, then the gateway that calls them, then stores the test merchant.
pub async fn start(config: &Config, data_dir: Option<&Path>) -> Result<Dev, Failure> {
    database::check_keys(config).await?;
    let ambient = Ambient::system();
    let stop = CancellationToken::new();
    let mut running = Vec::new();
    for known in registry::registrations().iter().filter(|known| known.simulator.is_some()) {
        let setup = Setup {
            bind: config.simulator.bind_of(known.descriptor.id),
            resend_interval_ms: u64::try_from(config.simulator.resend_interval().as_millis()).unwrap_or(u64::MAX),
            account: BTreeMap::new(),
            ambient: &ambient,
            stop: &stop,
        };
        running.push(simulators::start(known, setup).await?);
    }
    let listener = bind(config.server.bind).await?;
    let mut overrides = simulators::overrides(&running);
    // An address that somebody configured is meant: only the built-in ones give way to the simulator.
    for (provider, keys) in &mut overrides {
        keys.retain(|key, _| config.is_default(&format!("providers.{provider}.{key}")));
    }
    let declared = config.merchant.as_ref();
    let own = || own_secret_key(&folder_of(config, data_dir));
    let key = declared.and_then(|merchant| merchant.secret_key.clone()).map_or_else(own, Ok)?;
    let address = listener.local_addr().map_err(|cause| Failure::socket("listening", cause))?;
    let gateway_url = config.server.base_url(address);
    let (shop, beside) = ShopSite::open(config, &ambient, &gateway_url, &key, &stop).await?;
    let gateway = Gateway::start_beside(config, &ambient, listener, &overrides, beside).await?;
    let store = gateway.store.as_ref();
    let ids = ambient.ids.as_ref();
    let name = declared.map_or(MERCHANT, |merchant| merchant.name.as_str());
    let merchant = tenants::merchant_named(store, ids, ambient.clock.as_ref(), name).await?;
    let page = if declared.is_some() { config.shop_page.clone() } else { own_page(&config.shop_page) };
    let page = shop.allowed(page, &gateway_url);
    let merchant = tenants::with_page(store, ids, ambient.clock.now(), merchant, page).await?.id;
    let tenant = Tenant { merchant, mode: Mode::Test };
    let declares = |provider: &str| {
        let mut accounts = declared.iter().flat_map(|merchant| &merchant.accounts);
        accounts.any(|account| account.provider == provider && account.mode == Mode::Test)
    };
    for simulator in running.iter().filter(|simulator| !declares(simulator.provider)) {
        let fields =
            registry::registration(simulator.provider).map_or(&[][..], |known| known.descriptor.account_fields);
        let settings = AccountSettings::new(simulator.account.clone(), fields, &Pointer::root())
            .map_err(|invalid| Failure::other(format!("the simulator's account: {invalid}")))?;
        tenants::store_account(store, ids, ambient.clock.now(), tenant, simulator.provider, settings).await?;
    }
    tenants::store_key(store, ids, ambient.clock.now(), merchant, &key, "development").await?;
    Ok(Dev { gateway, simulators: running, merchant, key, shop, stop })
}

impl Dev {
    /// Stops gateway and simulators.
    pub async fn stop(self) -> Result<(), Failure> {
        let stopped = self.gateway.stop().await;
        self.stop.cancel();
        self.shop.stopped().await?;
        for simulator in self.simulators {
            simulator.stopped().await?;
        }
        stopped
    }

    /// The ready file's content: what a script needs to begin.
    pub fn ready_json(&self) -> serde_json::Value {
        let simulators: BTreeMap<&str, &str> =
            self.simulators.iter().map(|simulator| (simulator.provider, simulator.url.as_str())).collect();
        json!({
            "url": self.gateway.public_url,
            "shop": self.shop.url,
            "secret_key": self.key.expose(),
            "merchant": self.merchant.to_string(),
            "simulators": simulators,
        })
    }
}

fn folder_of(config: &Config, data_dir: Option<&Path>) -> PathBuf {
    let beside = || config.storage.path().and_then(|path| path.parent().map(Path::to_path_buf));
    data_dir.map(Path::to_path_buf).or_else(beside).unwrap_or_else(|| PathBuf::from("data"))
}

/// Writes the ready file in one step: whoever sees it sees all of it.
fn write_ready_file(dev: &Dev, path: &Path) -> Result<(), Failure> {
    let text = format!("{:#}\n", dev.ready_json());
    let mut name = path.as_os_str().to_owned();
    name.push(".part");
    let part = PathBuf::from(name);
    write_private(&part, &text)?;
    fs::rename(&part, path).map_err(|cause| Failure::file("writing", path, cause))
}

fn own_encryption_key(folder: &Path) -> Result<Secret<[u8; 32]>, Failure> {
    let path = folder.join("encryption.key");
    let text = kept_text(&path, || STANDARD.encode(ambient::random_bytes()))?;
    let bytes = STANDARD.decode(text.expose().as_bytes()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let wrong = || {
        Failure::other(format!(
            "{} does not hold 32 bytes in base64; what is sealed with another key stays sealed",
            path.display()
        ))
    };
    bytes.map(Secret::new).ok_or_else(wrong)
}

fn own_secret_key(folder: &Path) -> Result<Secret<String>, Failure> {
    kept_text(&folder.join("secret.key"), || tenants::new_key(&ambient::SystemIds, Mode::Test).expose().clone())
}

/// The text of a file that only its owner may read; made when it is missing.
fn kept_text(path: &Path, make: impl FnOnce() -> String) -> Result<Secret<String>, Failure> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Secret::from(text.trim())),
        Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => {
            if let Some(folder) = path.parent() {
                fs::create_dir_all(folder).map_err(|cause| Failure::file("making the folder", folder, cause))?;
            }
            let text = make();
            write_private(path, &format!("{text}\n"))?;
            Ok(Secret::new(text))
        }
        Err(cause) => Err(Failure::file("reading", path, cause)),
    }
}

fn write_private(path: &Path, text: &str) -> Result<(), Failure> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let written = options.open(path).and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|cause| Failure::file("writing", path, cause))
}

fn greet(dev: &Dev) {
    let url = &dev.gateway.public_url;
    let key = dev.key.expose();
    say::line(&format!("\nLendport development gateway at {url}   (reference: {url}/docs)"));
    say::line(&format!("Demo shop, to click through: {}", dev.shop.url));
    say::line(&format!("Secret key of the test merchant: {key}"));
    for simulator in &dev.simulators {
        say::line(&format!(
            "Simulator of {}: {}   (control: {}/_sim/)",
            simulator.provider, simulator.url, simulator.url
        ));
    }
    let provider = dev.simulators.first().map_or("PROVIDER", |simulator| simulator.provider);
    say::line(&format!(
        "\nPost a cart, then open next_action.url of the answer in a browser and decide as the lender would:\n\n{}\n\n\
         Then read it again: curl -s {url}/v1/checkouts/CHK_ID -H 'Authorization: Bearer {key}'\n\
         Stop with Ctrl-C.\n",
        curl(url, key, provider)
    ));
}

/// A command to paste: the cart of the provider's published example.
fn curl(url: &str, key: &str, provider: &str) -> String {
    format!(
        "curl -s {url}/v1/checkouts -H 'Authorization: Bearer {key}' \\\n  \
         -H 'Content-Type: application/json' -H \"Idempotency-Key: $(date +%s%N)\" \\\n  -d '{}'",
        crate::sample::cart(provider, "ORDER-123")
    )
}

//! `signing-keys list` and `rotate`: the keys that sign tokens. The keys themselves are never printed.

use jiff::Timestamp;
use lendport_engine::rotate_signing_keys;
use lendport_storage::SigningKey;

use crate::cli_signing_keys::{ListSigningKeys, RotateSigningKeys};
use crate::failure::Failure;
use crate::gateway::Ambient;
use crate::{database, issuers, say, serve};

/// What is said where a gateway is at work on the file.
const BESIDE: &str = "Until then it goes on with its keys, and makes the next one by age (auth.signing_key_days).";

/// Lists them.
pub async fn list(asked: ListSigningKeys) -> Result<(), Failure> {
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    show(&store.signing_keys().await?, Ambient::system().clock.now());
    store.close().await;
    Ok(())
}

/// Makes the next one.
pub async fn rotate(asked: RotateSigningKeys) -> Result<(), Failure> {
    let (ambient, config) = (Ambient::system(), serve::load(&asked.file)?);
    let plan = issuers::plain_settings(&config).plan();
    let store = database::open_for_command(&config, BESIDE).await?.store;
    let now = ambient.clock.now();
    let keys = rotate_signing_keys(store.as_ref(), ambient.ids.as_ref(), now, &plan, asked.at_once).await?;
    show(&keys, now);
    store.close().await;
    Ok(())
}

fn show(keys: &[SigningKey], now: Timestamp) {
    let signer = keys.iter().find(|key| key.active_from <= now).map(|key| key.number);
    for key in keys {
        let state = match key.retire_at {
            Some(end) if end <= now => "over     ",
            _ if Some(key.number) == signer => "signs    ",
            _ if key.active_from > now => "published",
            _ => "believed ",
        };
        let until = key.retire_at.map_or_else(|| "none".to_owned(), |end| format!("{end:.0}"));
        say::line(&format!("{}  {state}  signs from {:.0}  believed until {until}", key.id, key.active_from));
    }
    if keys.is_empty() {
        say::line("There is none yet; the first start of the gateway makes one.");
    }
}

//! `keys create`: a merchant's secret key, printed once and stored hashed.

use lendport_core::customer::plain_text;
use lendport_core::{Mode, Pointer, limits};

use crate::cli;
use crate::failure::Failure;
use crate::gateway::Ambient;
use crate::{database, say, serve, tenants};

/// Makes a key, and the merchant when the name is new.
pub async fn create(asked: cli::CreateKey) -> Result<(), Failure> {
    let name = plain_text(&asked.merchant_name, &Pointer::root(), limits::TEXT_MAX_CHARS).map_err(|invalid| {
        Failure::other(format!("--merchant-name {}", invalid.to_string().trim_start_matches(": ")))
    })?;
    let config = serve::load(&asked.file)?;
    let ambient = Ambient::system();
    let store = database::open(&config).await?.store;
    let (ids, clock) = (ambient.ids.as_ref(), ambient.clock.as_ref());
    let merchant = tenants::merchant_named(store.as_ref(), ids, clock, &name).await?;
    let key = tenants::new_key(ids, Mode::from(asked.mode));
    tenants::store_key(store.as_ref(), ids, clock.now(), merchant.id, &key, "command line").await?;
    store.close().await;
    say::line(&format!("merchant   {} ({})", merchant.id, merchant.name));
    say::line(&format!("secret key {}", key.expose()));
    say::line("It is not shown again: only its digest is stored.");
    Ok(())
}

//! `merchants create` and `merchants list`.

use jiff::Timestamp;
use lendport_core::MerchantId;
use lendport_engine::Doer;
use lendport_storage::PageAsk;

use crate::cli_tenants::{CreateMerchant, ListMerchants};
use crate::failure::Failure;
use crate::gateway::Ambient;
use crate::keys::{BESIDE, plain_name};
use crate::{database, say, serve, tenants};

/// Makes a merchant.
pub async fn create(asked: CreateMerchant) -> Result<(), Failure> {
    let name = plain_name("--name", &asked.name)?;
    let ambient = Ambient::system();
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let (ids, clock) = (ambient.ids.as_ref(), ambient.clock.as_ref());
    let known = store.merchant_by_name(&name).await?;
    if let Some(known) = known {
        return Err(Failure::other(format!("there is a merchant of this name already: {}", known.id)));
    }
    let merchant = tenants::merchant_named_by(store.as_ref(), ids, clock, &name, Doer::COMMAND_LINE).await?;
    store.close().await;
    say::line(&format!("merchant   {} ({})", merchant.id, merchant.name));
    Ok(())
}

/// Lists all merchants.
pub async fn list(asked: ListMerchants) -> Result<(), Failure> {
    let store = database::open_for_command(&serve::load(&asked.file)?, BESIDE).await?.store;
    let mut after: Option<MerchantId> = None;
    loop {
        let page = store.merchants(PageAsk { limit: lendport_core::limits::PAGE_MAX, after }).await?;
        for known in &page.rows {
            let at: Timestamp = known.row.created_at;
            say::line(&format!("{}  {at:.0}  {}", known.row.id, known.row.name));
        }
        after = page.rows.last().map(|known| known.row.id);
        if !page.has_more {
            break;
        }
    }
    store.close().await;
    Ok(())
}

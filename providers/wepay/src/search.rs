//! Finding a checkout by our own reference (`wepay.md` questions 18 and 19).

use std::cmp::Reverse;

use lendport_core::{Attempt, ProviderError};

use crate::connection::Connection;
use crate::dialect::Stage;
use crate::error::Told;
use crate::text::Text;
use crate::verb::Verb;
use crate::wire::{Checkout, FindBody};

/// Rows on a page: WePay's own default; its maximum is not published.
const PAGE: u64 = 50;
/// Pages that are looked at. One reference has one checkout, or a few where numbers were made elsewhere.
const PAGES_MAX: u64 = 4;

/// Asks for one checkout of the account, whichever and whether there is one or not.
pub(crate) async fn any(to: &Connection<'_>) -> Result<(), ProviderError> {
    let body = FindBody { limit: Some(1), ..on_page(to, 0) };
    let _: Vec<Checkout> = to.call(&body, Told { verb: Verb::Find, order: None }, None).await?;
    Ok(())
}

/// A page of all checkouts of the account.
fn on_page(to: &Connection<'_>, page: u64) -> FindBody {
    FindBody {
        account_id: to.account_id,
        start: Some(page * PAGE),
        limit: Some(PAGE),
        reference_id: None,
        state: None,
        preapproval_id: None,
        start_time: None,
        end_time: None,
        sort_order: None,
        shipping_fee: None,
    }
}

/// The checkout with this attempt's reference: the one we know by number, else the newest that is not over; and how many
/// more there are.
pub(crate) async fn by_reference(
    to: &Connection<'_>,
    attempt: &Attempt,
) -> Result<Option<(Checkout, u32)>, ProviderError> {
    let mut hits: Vec<Checkout> = Vec::new();
    for page in 0..PAGES_MAX {
        let body = FindBody { reference_id: Text::new(attempt.merchant_reference.clone()), ..on_page(to, page) };
        let found: Vec<Checkout> = to.call(&body, Told { verb: Verb::Find, order: None }, None).await?;
        let full = u64::try_from(found.len()).is_ok_and(|rows| rows >= PAGE);
        let ours = |checkout: &Checkout| {
            checkout.account_id == to.account_id
                && checkout.reference_id.value().is_some_and(|known| *known == attempt.merchant_reference)
        };
        hits.extend(found.into_iter().filter(ours));
        if !full {
            break;
        }
    }
    if hits.len() > 1 {
        // Not unique at WePay: the operation's record says so.
        to.ctx.calls.note("checkouts_with_this_reference", &hits.len().to_string());
    }
    let others = u32::try_from(hits.len().saturating_sub(1)).unwrap_or(u32::MAX);
    Ok(choose(hits, to, attempt).map(|chosen| (chosen, others)))
}

fn choose(mut hits: Vec<Checkout>, to: &Connection<'_>, attempt: &Attempt) -> Option<Checkout> {
    let known = attempt.reference.as_ref().map(|reference| reference.0.as_str());
    let over = |checkout: &Checkout| {
        matches!(
            Stage::read(to.version.dialect(), &checkout.state),
            Some(Stage::Expired | Stage::Failed | Stage::Canceled)
        )
    };
    hits.sort_by_key(|checkout| {
        let ours = known == Some(checkout.checkout_id.to_string().as_str());
        let created = checkout.create_time.value().copied().unwrap_or(0);
        (!ours, over(checkout), Reverse((created, checkout.checkout_id)))
    });
    hits.into_iter().next()
}

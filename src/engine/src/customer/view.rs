//! A checkout as its customer may see it. No word of a financer, no reason of a decline, no other merchant, no secret.

use lendport_core::{
    AttemptId, CheckoutId, CheckoutRecord, Frames, Mode, Money, NextAction, ProviderId, ShopPage, url_origin,
};
use lendport_storage::Tenant;

use super::standing::{Ended, Moment, Standing};
use crate::engine::Engine;
use crate::error::EngineError;

/// A financer as a customer sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FinancerFace {
    /// Its short name.
    pub id: String,
    /// Its name for people.
    pub name: &'static str,
    /// What it offers: `loan`, `payment`, `lease_to_own`.
    pub product: &'static str,
    /// How far its page leads when it is shown in a frame.
    pub frames: Frames,
}

/// A line of the cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomerLine {
    /// Product name.
    pub name: String,
    /// Units.
    pub quantity: u32,
    /// Units times price, tax inside.
    pub total: Money,
}

/// What a customer may know of a checkout.
#[derive(Clone, Debug)]
pub struct CustomerView {
    /// Test or live.
    pub mode: Mode,
    /// Name of the shop.
    pub shop_name: String,
    /// How the shop looks, and which sites may show the page.
    pub shop: ShopPage,
    /// The merchant's own reference.
    pub reference: Option<String>,
    /// What is bought.
    pub lines: Vec<CustomerLine>,
    /// Shipping inside the total.
    pub shipping: Money,
    /// Discount already taken off the total.
    pub discount: Money,
    /// Tax inside the total.
    pub tax: Money,
    /// What the customer owes.
    pub total: Money,
    /// Where the customer stands.
    pub standing: Standing,
    /// The latest try.
    pub attempt: Option<AttemptId>,
    /// Its financer.
    pub financer: Option<FinancerFace>,
    /// How it ended, where another can be chosen.
    pub ended: Option<Ended>,
    /// The financer's page or script, as long as it may be used. Only `http` and `https`.
    pub next_action: Option<NextAction>,
    /// The next step is in the shop's own pages.
    pub in_shop: bool,
    /// Financers that may be chosen now.
    pub choices: Vec<FinancerFace>,
    /// Where the merchant wants the customer as things stand.
    pub return_url: Option<String>,
}

impl Engine {
    /// What the customer may know of a checkout now.
    pub async fn customer_view(&self, tenant: Tenant, id: CheckoutId) -> Result<CustomerView, EngineError> {
        let record = self.store.checkout(tenant, id).await?.ok_or(EngineError::NotFound)?;
        let accounts = self.accounts(tenant).await?;
        let merchant = self.store.merchant(tenant.merchant).await?.ok_or(EngineError::NotFound)?;
        let shop_name = merchant.page.display_name.clone().unwrap_or(merchant.name);
        let choices = self.shown_choices(tenant, &record, &accounts);
        let goes_on = !record.attempts.is_empty() && (!choices.is_empty() || self.follows(&record));
        let held = goes_on && self.is_held(tenant, &record).await?;
        let choices = if held { Vec::new() } else { choices };
        Ok(self.show_customer(&record, choices, held, (shop_name, merchant.page)))
    }

    /// How a merchant's shop looks, and its name.
    pub async fn shop(&self, tenant: Tenant) -> Result<(String, ShopPage), EngineError> {
        let merchant = self.store.merchant(tenant.merchant).await?.ok_or(EngineError::NotFound)?;
        Ok((merchant.page.display_name.clone().unwrap_or(merchant.name), merchant.page))
    }

    fn show_customer(
        &self,
        record: &CheckoutRecord,
        choices: Vec<&ProviderId>,
        held: bool,
        (shop_name, shop): (String, ShopPage),
    ) -> CustomerView {
        let checkout = &record.checkout;
        let passed = checkout.expires_at <= self.clock.now();
        let repeatable = self.repeatable(record).is_some();
        let standing = Standing::of(
            record,
            Moment { open: !choices.is_empty(), passed, repeatable, follows: self.follows(record), held },
        );
        let leading = record.leading_attempt();
        let open = leading.filter(|attempt| !attempt.state.is_over() && !attempt.state.is_committed());
        let urls = &checkout.return_urls;
        CustomerView {
            mode: checkout.mode,
            shop_name,
            shop,
            reference: checkout.reference.clone(),
            lines: checkout
                .cart
                .lines
                .iter()
                .map(|line| CustomerLine { name: line.name.clone(), quantity: line.quantity, total: line.total })
                .collect(),
            shipping: checkout.cart.shipping,
            discount: checkout.cart.discount,
            tax: checkout.cart.tax,
            total: checkout.cart.total,
            standing,
            attempt: record.attempts.last().map(|attempt| attempt.id),
            financer: leading.and_then(|attempt| self.face(&attempt.provider)),
            ended: leading.filter(|_| standing == Standing::Choose).and_then(|attempt| Ended::of(attempt.state)),
            next_action: open.and_then(|attempt| attempt.next_action.clone()).filter(|action| is_web(&action.url)),
            in_shop: open.and_then(|attempt| attempt.next_action.as_ref()).is_some_and(|action| action.kind.is_step()),
            choices: choices.into_iter().filter_map(|id| self.face(id)).collect(),
            return_url: if standing == Standing::Approved { urls.success.clone() } else { urls.failure.clone() },
        }
    }

    fn face(&self, id: &ProviderId) -> Option<FinancerFace> {
        let known = self.providers.get(id)?.descriptor();
        Some(FinancerFace { id: id.to_string(), name: known.name, product: known.product, frames: known.frames })
    }
}

/// A link that a browser may follow.
fn is_web(url: &str) -> bool {
    url_origin(url).is_some_and(|origin| origin.starts_with("https://") || origin.starts_with("http://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_handed_on() {
        assert!(is_web("https://financer.example/apply") && is_web("http://127.0.0.1:9/apply"));
        for wrong in ["javascript:alert(1)", "data:text/html,x", "httpx://a.example", "ftp://a.example", "nothing"] {
            assert!(!is_web(wrong), "{wrong}");
        }
    }
}

//! Who can serve a checkout, and everything that keeps the others from it. Nobody is asked.

use lendport_core::eligibility::judge;
use lendport_core::{AccountSettings, Checkout, Exclusion, LimitFacts, Pointer, Product, ProviderAccount, ProviderId};
use lendport_storage::Tenant;

use crate::engine::Engine;
use crate::health::ProviderHealth;

/// Why a financer is passed over that does not work now.
pub(crate) const UNHEALTHY: &str = "provider_unhealthy";

/// How much a financer is judged by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// What its adapter would refuse, and the kind of financing: who alone is named is asked, however it stands.
    Alone,
    /// The same, and how it stands at the moment: who is named by the merchant is taken at that word.
    Named,
    /// Also the countries and currencies that it says of itself, and its limits.
    Whole,
    /// The same without how it stands at the moment.
    WithoutHealth,
}

impl Engine {
    /// The account to serve a checkout with, or everything that is in the way.
    pub(crate) fn can_take(
        &self,
        tenant: Tenant,
        checkout: &Checkout,
        provider: &ProviderId,
        accounts: &[ProviderAccount],
        scope: Scope,
    ) -> Result<ProviderAccount, Vec<Exclusion>> {
        let Some(adapter) = self.providers.get(provider) else {
            return Err(vec![Exclusion::of_provider("not_switched_on", "is not switched on in this gateway")]);
        };
        let account = accounts.iter().find(|account| account.provider == *provider);
        let mut found = Vec::new();
        match account {
            None => found.push(Exclusion::of_provider("no_account", "there is no account at it in this mode")),
            Some(account) if matches!(scope, Scope::Named | Scope::Whole) => {
                if let ProviderHealth::Unhealthy { detail, .. } = self.health.health(tenant, account) {
                    found.push(Exclusion::of_provider(UNHEALTHY, detail));
                }
            }
            Some(_) => {}
        }
        // Without an account the rest is judged as for one without settings of its own.
        let none = AccountSettings::default();
        let settings = account.map_or(&none, |account| &account.settings);
        let (descriptor, product) = (adapter.descriptor(), checkout.route.product_type);
        let checked = adapter.check(checkout, settings);
        if matches!(scope, Scope::Alone | Scope::Named) {
            found.extend(product.and_then(|wanted| other_product(wanted, descriptor.product)));
            found.extend(checked.err().into_iter().flat_map(|invalid| invalid.0).map(Exclusion::from));
        } else {
            let limits = adapter.amount_limits(settings, checkout.cart.currency);
            found.extend(judge(descriptor, limits, checkout, product, checked));
        }
        match account {
            Some(account) if found.is_empty() => Ok(account.clone()),
            _ => Err(found),
        }
    }
}

/// What is in the way where another kind of financing is asked for.
fn other_product(wanted: Product, offered: &str) -> Option<Exclusion> {
    let at = Pointer::root().child("product_type");
    let limit = LimitFacts { one_of: vec![offered.to_owned()], ..LimitFacts::default() };
    let detail = format!("offers {offered}, not {}", wanted.as_str());
    (wanted.as_str() != offered).then(|| Exclusion::at(&at, "other_product", detail, limit))
}

//! Who is tried for a new checkout: those who are named, else those of the active profile, else whoever is set up. Who cannot
//! serve it is passed over and stays on the route with the reasons.

use std::sync::Arc;

use lendport_core::routing::{Case, customer_key};
use lendport_core::{
    Checkout, FieldError, Invalid, Pointer, ProviderAccount, ProviderId, Route, RouteProfile, Skipped,
};
use lendport_storage::Tenant;

use super::eligible::Scope;
use super::known_profiles::ActiveProfile;
use crate::engine::Engine;

/// Who is considered, before the cart is known.
pub(crate) struct Chosen {
    pub(crate) route: Route,
    /// Whose currency counts where the request names none.
    pub(crate) first: Option<ProviderAccount>,
    pub(crate) by: By,
}

/// Who decided on it.
pub(crate) enum By {
    /// One alone is asked for, or set up: what is in the way is the caller's to mend.
    One,
    /// Several are named, in order.
    Named,
    /// All that are set up, for the customer to choose among.
    Everybody,
    /// The active profile, as soon as the cart is known.
    Profile(Arc<ActiveProfile>),
}

impl Engine {
    /// Settles the route of a checkout that is complete otherwise. The account to start with; none where the customer has a
    /// choice. When nobody can serve it, everything that is in the way is named.
    pub(crate) fn settle_route(
        &self,
        tenant: Tenant,
        checkout: &mut Checkout,
        chosen: By,
        customer_chooses: bool,
        accounts: &[ProviderAccount],
    ) -> Result<Option<ProviderAccount>, Invalid> {
        let scope = match &chosen {
            By::One => Scope::Alone,
            By::Named => Scope::Named,
            By::Everybody | By::Profile(_) => Scope::Whole,
        };
        let alone = match chosen {
            By::One => true,
            By::Named | By::Everybody => false,
            By::Profile(profile) => {
                if follow(&profile, checkout) {
                    false
                } else {
                    // It says nothing of this cart: as without one.
                    let mut invalid = Invalid::none();
                    let chosen = self.unnamed(customer_chooses, accounts, &mut invalid).ok_or(invalid)?;
                    let product_type = checkout.route.product_type;
                    checkout.route = Route { product_type, ..chosen.route };
                    return self.settle_route(tenant, checkout, chosen.by, customer_chooses, accounts);
                }
            }
        };
        let candidates = std::mem::take(&mut checkout.route.providers);
        let (mut able, mut skipped): (Vec<ProviderAccount>, Vec<Skipped>) = (Vec::new(), Vec::new());
        for provider in &candidates {
            match self.can_take(tenant, checkout, provider, accounts, scope) {
                Ok(account) => able.push(account),
                Err(exclusions) => {
                    let reason = exclusions.first().map_or("refused", |one| one.code.as_str()).to_owned();
                    skipped.push(Skipped { provider: provider.clone(), reason, exclusions });
                }
            }
        }
        if able.is_empty() {
            return Err(everything(&skipped, alone));
        }
        checkout.route.providers = able.iter().map(|account| account.provider.clone()).collect();
        checkout.route.skipped = skipped;
        checkout.route.customer_chooses = customer_chooses;
        if !alone {
            checkout.route.candidates = candidates;
        }
        let several = able.len() > 1;
        Ok(able.into_iter().next().filter(|_| !(customer_chooses && several)))
    }
}

/// Puts on the route what a profile says. False where it says nothing of this cart.
fn follow(active: &ActiveProfile, checkout: &mut Checkout) -> bool {
    let customer = customer_key(Some(checkout.customer.email.expose()), checkout.reference.as_deref());
    let decided = active.router.decide(&Case::of(checkout, customer.as_deref()));
    if decided.providers.is_empty() {
        return false;
    }
    let (rule, providers): (String, Vec<ProviderId>) = (decided.word().to_owned(), decided.providers.to_vec());
    let arm = decided.arm.and_then(|arm| u32::try_from(arm).ok());
    checkout.route = Route {
        rule,
        providers,
        profile: Some(RouteProfile { id: active.id, version: active.version, arm }),
        policies: Some(active.router.policies()),
        product_type: checkout.route.product_type,
        ..Route::default()
    };
    true
}

/// Every reason why nobody can serve it. Where several were considered, each says whose it is.
fn everything(skipped: &[Skipped], alone: bool) -> Invalid {
    let mut wrong = Invalid::none();
    let unplaced = Pointer::root().child("provider");
    for one in skipped {
        for exclusion in &one.exclusions {
            let detail =
                if alone { exclusion.detail.clone() } else { format!("{}: {}", one.provider, exclusion.detail) };
            let pointer = exclusion.pointer.clone().unwrap_or_else(|| unplaced.as_str().to_owned());
            let error = FieldError { pointer, code: exclusion.code.clone(), detail };
            if !wrong.0.contains(&error) {
                wrong.0.push(error);
            }
        }
    }
    wrong
}

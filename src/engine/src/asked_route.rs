//! Which financers a merchant asks for: those it names, else those of its profile, else those that are set up.

use std::sync::Arc;

use lendport_core::{Invalid, Pointer, ProviderAccount, ProviderId, Route};

use crate::customer::CUSTOMER_CHOICE;
use crate::engine::Engine;
use crate::open_checkout::OpenCheckout;
use crate::routing::{ActiveProfile, By, Chosen};

/// The accounts whose provider is switched on here.
fn offered<'a>(engine: &'a Engine, accounts: &'a [ProviderAccount]) -> Vec<&'a ProviderAccount> {
    accounts.iter().filter(|account| engine.providers.contains_key(&account.provider)).collect()
}

fn names(offered: &[&ProviderAccount]) -> String {
    offered.iter().map(|account| account.provider.as_str()).collect::<Vec<_>>().join(", ")
}

impl Engine {
    /// Who is considered. Who is named wins; the profile decides later, when the cart is known.
    pub(crate) fn choose_route(
        &self,
        asked: &OpenCheckout,
        accounts: &[ProviderAccount],
        profile: Option<Arc<ActiveProfile>>,
        invalid: &mut Invalid,
    ) -> Option<Chosen> {
        let at = Pointer::root();
        let named: Vec<(Pointer, &String)> = match (&asked.provider, &asked.providers, profile) {
            (Some(_), Some(_), _) => {
                invalid.note(&at.child("providers"), "conflict", "name either provider or providers, not both");
                return None;
            }
            (Some(one), None, _) => vec![(at.child("provider"), one)],
            (None, Some(many), _) => {
                let list = at.child("providers");
                if many.is_empty() {
                    invalid.note(&list, "too_few", "name at least one provider, or leave the field out");
                    return None;
                }
                many.iter().enumerate().map(|(position, name)| (list.index(position), name)).collect()
            }
            (None, None, Some(profile)) => {
                let account = |id: &&ProviderId| accounts.iter().find(|account| account.provider == **id);
                let first = profile.router.providers().iter().find_map(account).cloned();
                return Some(Chosen { route: Route::default(), first, by: By::Profile(profile) });
            }
            (None, None, None) => return self.unnamed(asked.customer_chooses, accounts, invalid),
        };
        let offered = offered(self, accounts);
        let usable = |id: &ProviderId| offered.iter().find(|account| account.provider == *id).copied();
        let mut providers: Vec<ProviderId> = Vec::new();
        for (pointer, name) in &named {
            match ProviderId::parse(name).filter(|id| usable(id).is_some()) {
                Some(id) if providers.contains(&id) => invalid.note(pointer, "repeated", "is named twice"),
                Some(id) => providers.push(id),
                None => {
                    let detail =
                        format!("is not set up for this merchant in this mode; set up are: {}", names(&offered));
                    invalid.note(pointer, "unknown_provider", detail);
                }
            }
        }
        let first = providers.first().and_then(usable).cloned();
        let rule = if asked.customer_chooses { CUSTOMER_CHOICE } else { "explicit" };
        let by = if named.len() == 1 { By::One } else { By::Named };
        first.is_some().then(|| Chosen {
            route: Route { rule: rule.to_owned(), providers, ..Route::default() },
            first,
            by,
        })
    }

    /// Who is considered where nobody is named and no profile decides: the only one that is set up, or all of them where the
    /// customer chooses.
    pub(crate) fn unnamed(
        &self,
        customer_chooses: bool,
        accounts: &[ProviderAccount],
        invalid: &mut Invalid,
    ) -> Option<Chosen> {
        let at = Pointer::root().child("provider");
        let offered = offered(self, accounts);
        let providers: Vec<ProviderId> = offered.iter().map(|account| account.provider.clone()).collect();
        let first = offered.first().map(|account| (*account).clone());
        let (rule, by) = match offered.len() {
            0 => {
                invalid.note(&at, "no_account", "no provider account is set up in this mode");
                return None;
            }
            1 => ("only_provider", By::One),
            _ if customer_chooses => (CUSTOMER_CHOICE, By::Everybody),
            _ => {
                let detail = format!("no routing profile decides; name one of {}", names(&offered));
                invalid.note(&at, "missing", detail);
                return None;
            }
        };
        Some(Chosen { route: Route { rule: rule.to_owned(), providers, ..Route::default() }, first, by })
    }
}

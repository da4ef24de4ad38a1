//! Which financers a merchant asks for, and the account to start with.

use lendport_core::{Invalid, Pointer, ProviderAccount, ProviderId, Route};

use crate::customer::CUSTOMER_CHOICE;
use crate::engine::Engine;
use crate::open_checkout::OpenCheckout;

impl Engine {
    /// Who finances it: the named ones in their order, or the only one that is set up.
    pub(crate) fn choose_route(
        &self,
        asked: &OpenCheckout,
        accounts: &[ProviderAccount],
        invalid: &mut Invalid,
    ) -> Option<(Route, Option<ProviderAccount>)> {
        let at = Pointer::root();
        let usable = |id: &ProviderId| {
            accounts.iter().find(|account| account.provider == *id && self.providers.contains_key(id)).cloned()
        };
        let offered: Vec<&str> = accounts
            .iter()
            .filter(|account| self.providers.contains_key(&account.provider))
            .map(|a| a.provider.as_str())
            .collect();
        let named: Vec<(Pointer, &String)> = match (&asked.provider, &asked.providers) {
            (Some(_), Some(_)) => {
                invalid.note(&at.child("providers"), "conflict", "name either provider or providers, not both");
                return None;
            }
            (Some(one), None) => vec![(at.child("provider"), one)],
            (None, Some(many)) => {
                let list = at.child("providers");
                if many.is_empty() {
                    invalid.note(&list, "too_few", "name at least one provider, or leave the field out");
                    return None;
                }
                many.iter().enumerate().map(|(position, name)| (list.index(position), name)).collect()
            }
            (None, None) => {
                return match offered.as_slice() {
                    [only] => {
                        let id = ProviderId::parse(only)?;
                        let account = usable(&id);
                        Some((
                            Route {
                                rule: "only_provider".to_owned(),
                                providers: vec![id],
                                skipped: Vec::new(),
                                closed: false,
                            },
                            account,
                        ))
                    }
                    [] => {
                        invalid.note(&at.child("provider"), "no_account", "no provider account is set up in this mode");
                        None
                    }
                    all if asked.customer_chooses => {
                        let providers: Vec<_> = all.iter().filter_map(|name| ProviderId::parse(name)).collect();
                        let account = providers.first().and_then(usable);
                        Some((
                            Route { rule: CUSTOMER_CHOICE.to_owned(), providers, skipped: Vec::new(), closed: false },
                            account,
                        ))
                    }
                    several => {
                        let detail = format!("no routing profile is active; name one of {}", several.join(", "));
                        invalid.note(&at.child("provider"), "missing", detail);
                        None
                    }
                };
            }
        };
        let mut providers: Vec<ProviderId> = Vec::new();
        for (pointer, name) in named {
            match ProviderId::parse(name).filter(|id| usable(id).is_some()) {
                Some(id) if providers.contains(&id) => invalid.note(&pointer, "repeated", "is named twice"),
                Some(id) => providers.push(id),
                None => {
                    let detail =
                        format!("is not set up for this merchant in this mode; set up are: {}", offered.join(", "));
                    invalid.note(&pointer, "unknown_provider", detail);
                }
            }
        }
        let account = providers.first().and_then(usable);
        let rule = if asked.customer_chooses { CUSTOMER_CHOICE } else { "explicit" };
        Some((Route { rule: rule.to_owned(), providers, skipped: Vec::new(), closed: false }, account))
    }
}

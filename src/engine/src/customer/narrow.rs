//! Where the customer is to choose, those who cannot serve the cart are passed over first. One that is left alone goes
//! straight on.

use lendport_core::{Checkout, Invalid, ProviderAccount, Skipped};

use crate::engine::Engine;

impl Engine {
    /// Leaves on the route who can serve the checkout. The account to start with, where one alone is left; none where the
    /// customer has a choice. When nobody can, everything that is in the way is named.
    pub(crate) fn narrow(
        &self,
        checkout: &mut Checkout,
        accounts: &[ProviderAccount],
    ) -> Result<Option<ProviderAccount>, Invalid> {
        let (mut able, mut skipped, mut wrong) = (Vec::new(), Vec::new(), Invalid::none());
        for id in &checkout.route.providers {
            let account = accounts.iter().find(|account| account.provider == *id);
            let (Some(account), Some(adapter)) = (account, self.providers.get(id)) else { continue };
            match adapter.check(checkout, &account.settings) {
                Ok(()) => able.push(account.clone()),
                Err(invalid) => {
                    let reason = invalid.0.first().map_or("refused", |error| error.code.as_str()).to_owned();
                    skipped.push(Skipped { provider: id.clone(), reason });
                    for error in invalid.0 {
                        if !wrong.0.contains(&error) {
                            wrong.0.push(error);
                        }
                    }
                }
            }
        }
        checkout.route.providers = able.iter().map(|account| account.provider.clone()).collect();
        checkout.route.skipped = skipped;
        match <[ProviderAccount; 1]>::try_from(able) {
            Ok([only]) => Ok(Some(only)),
            Err(none) if none.is_empty() => Err(wrong),
            Err(_) => Ok(None),
        }
    }
}

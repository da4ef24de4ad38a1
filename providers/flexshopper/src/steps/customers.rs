//! Customers as FlexShopper knows them, with the tokens that were made for them.
//!
//! Tokens are in memory only, each with the mark of the key that made it: with another key another token is made, and one of
//! another key is refused before a call ([`CustomerToken`]). A process that starts anew makes them anew (question 15).

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lendport_core::{Attempt, Checkout, Personal, ProviderError, Secret};

use crate::credential::{CustomerToken, KeyMark};
use crate::error::{self, Failed, Refusal};
use crate::field::Opaque;
use crate::medusa::{Medusa, UserMade};
use crate::order::transaction_id;
use crate::person::NewUser;
use crate::wire::{Lease, User};

/// Orders whose customer's token is remembered; with more, all are made anew.
const REMEMBERED_MAX: usize = 10_000;

/// A customer who may be spoken for.
#[derive(Clone, Debug)]
pub(crate) struct Customer {
    user_id: String,
    pub(super) token: CustomerToken,
}

/// The tokens that were made, by key and order. Clones share them.
#[derive(Clone, Default)]
pub(crate) struct Customers(Arc<Mutex<BTreeMap<(KeyMark, String), Customer>>>);

impl fmt::Debug for Customers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Customers")
    }
}

impl Customers {
    /// The checkout's customer, where FlexShopper knows that e-mail address.
    pub(super) async fn known(
        &self,
        to: &Medusa<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Option<Customer>, ProviderError> {
        let remembered = self.all().get(&(to.mark(), transaction_id(attempt))).cloned();
        if remembered.is_some() {
            return Ok(remembered);
        }
        let Some(user_id) = to.user_exists(&secret(&checkout.customer.email)).await? else { return Ok(None) };
        self.authorized(to, attempt, user_id).await.map(Some)
    }

    /// The checkout's customer, who is made known where nobody knows the e-mail address.
    pub(super) async fn enrolled(
        &self,
        to: &Medusa<'_>,
        checkout: &Checkout,
        attempt: &Attempt,
    ) -> Result<Customer, ProviderError> {
        if let Some(known) = self.known(to, checkout, attempt).await? {
            return Ok(known);
        }
        let person = &checkout.customer;
        let user = NewUser {
            first_name: secret(&person.first_name),
            last_name: secret(&person.last_name),
            email: secret(&person.email),
            password: None,
            reset_password: None,
            locale: None,
        };
        match to.create_user(&user).await? {
            UserMade::Made { user_id, token } => Ok(self.remember(to, attempt, Customer { user_id, token })),
            // Somebody was quicker; or an earlier try was, whose answer was lost.
            UserMade::ThereAlready => match self.known(to, checkout, attempt).await? {
                Some(known) => Ok(known),
                None => Err(error::not_now("FlexShopper says that the customer exists and does not say who it is.")),
            },
        }
    }

    /// The customer with the decision. A token that has run out is made anew, once: this only reads.
    pub(super) async fn user(
        &self,
        to: &Medusa<'_>,
        attempt: &Attempt,
        customer: &mut Customer,
    ) -> Result<User, ProviderError> {
        match to.user(&customer.token).await {
            Err(failed) if self.ran_out(to, attempt, &failed) => {
                *customer = self.authorized(to, attempt, customer.user_id.clone()).await?;
                Ok(to.user(&customer.token).await?)
            }
            answered => Ok(answered?),
        }
    }

    /// A lease of the customer's; none where there is none.
    pub(super) async fn lease(
        &self,
        to: &Medusa<'_>,
        attempt: &Attempt,
        customer: &mut Customer,
        id: &Opaque,
    ) -> Result<Option<Lease>, ProviderError> {
        match to.lease(&customer.token, id).await {
            Err(failed) if self.ran_out(to, attempt, &failed) => {
                *customer = self.authorized(to, attempt, customer.user_id.clone()).await?;
                Ok(to.lease(&customer.token, id).await?)
            }
            answered => Ok(answered?),
        }
    }

    /// Forgets a token that was refused, so that no later call carries it.
    pub(super) fn ran_out(&self, to: &Medusa<'_>, attempt: &Attempt, failed: &Failed) -> bool {
        let refused = failed.refusal == Some(Refusal::Unauthorized);
        if refused {
            self.all().remove(&(to.mark(), transaction_id(attempt)));
        }
        refused
    }

    async fn authorized(&self, to: &Medusa<'_>, attempt: &Attempt, user_id: String) -> Result<Customer, ProviderError> {
        let token = to.authorize(&user_id).await?;
        Ok(self.remember(to, attempt, Customer { user_id, token }))
    }

    fn remember(&self, to: &Medusa<'_>, attempt: &Attempt, customer: Customer) -> Customer {
        let mut all = self.all();
        if all.len() >= REMEMBERED_MAX {
            all.clear();
        }
        all.insert((to.mark(), transaction_id(attempt)), customer.clone());
        customer
    }

    fn all(&self) -> MutexGuard<'_, BTreeMap<(KeyMark, String), Customer>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) fn secret(personal: &Personal<String>) -> Secret<String> {
    Secret::new(personal.expose().clone())
}

//! Cards and bank accounts (4.7 to 4.11).

use super::person_bodies::{AchCheckBody, MethodBody};
use super::{Call, Medusa};
use crate::credential::CustomerToken;
use crate::endpoint::Endpoint;
use crate::error::{self, Failed, Refusal};
use crate::field::Opaque;
use crate::person::{BankAccount, NewMethod};
use crate::wire::{self, AchVerdict, ChildKey, PaymentMethod};

/// What became of adding a payment method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MethodAdded {
    /// It is there; its id comes with the list only.
    Added,
    /// It cannot be the primary one.
    NotPrimary,
    /// The bank is not accepted.
    BankNotAccepted,
    /// The bank account has to be verified first.
    BankNeedsVerification,
}

impl Medusa<'_> {
    /// Adds a card or bank account (4.7).
    pub async fn add_payment_method(
        &self,
        token: &CustomerToken,
        method: &NewMethod,
        label: &str,
        primary: bool,
    ) -> Result<MethodAdded, Failed> {
        let endpoint = Endpoint::AddPaymentMethod;
        let body = MethodBody::of(method, label, primary);
        let answer = match self.post(Call::to(endpoint).of(token), &body).await {
            Ok(answer) => answer,
            Err(failed) => {
                return match failed.refusal {
                    Some(Refusal::NotPrimary) => Ok(MethodAdded::NotPrimary),
                    Some(Refusal::BankNotAccepted) => Ok(MethodAdded::BankNotAccepted),
                    Some(Refusal::BankNeedsVerification) => Ok(MethodAdded::BankNeedsVerification),
                    _ => Err(failed),
                };
            }
        };
        Self::done(&answer, endpoint).map(|()| MethodAdded::Added)
    }

    /// What is on file (4.8).
    pub async fn payment_methods(&self, token: &CustomerToken) -> Result<Vec<PaymentMethod>, Failed> {
        let endpoint = Endpoint::PaymentMethods;
        let answer = self.get(Call::to(endpoint).of(token)).await?;
        Self::read(&answer, endpoint, wire::list)
    }

    /// Whether a bank account is one (4.9).
    pub async fn verify_ach(&self, user_id: &str, account: &BankAccount) -> Result<AchVerdict, Failed> {
        let endpoint = Endpoint::VerifyAch;
        let answer = self.post(Call::on(endpoint, user_id), &AchCheckBody::from(account)).await?;
        let verdict: AchVerdict = Self::read(&answer, endpoint, wire::data)?;
        // Without its field nothing was said, and a yes is not assumed.
        if verdict.status.value().is_none() { Err(error::unreadable(&answer, endpoint)) } else { Ok(verdict) }
    }

    /// A key, used once, with which a browser turns a card into LoanPaymentPro's token (4.10). Never kept.
    pub async fn child_key(&self) -> Result<Opaque, Failed> {
        let endpoint = Endpoint::ChildKey;
        let answer = self.post(Call::to(endpoint), &super::bodies::Nothing {}).await?;
        let made: ChildKey = Self::read(&answer, endpoint, |body| wire::bare(body).or_else(|| wire::data(body)))?;
        let says_no = made.status.value().is_some_and(|word| !word.as_str().eq_ignore_ascii_case("success"));
        if says_no { Err(error::unreadable(&answer, endpoint)) } else { Ok(made.child_key) }
    }

    /// Clover's key for the same purpose (4.11).
    pub async fn pkms_key(&self) -> Result<Opaque, Failed> {
        let endpoint = Endpoint::PkmsKey;
        let answer = self.get(Call::to(endpoint)).await?;
        Self::read(&answer, endpoint, wire::data)
    }
}

//! Leases (4.13 to 4.15) and the merchant's settings for them (4.25).

use super::person_bodies::SignBody;
use super::{Call, LeaseFlags, LeaseOrder, Medusa};
use crate::credential::CustomerToken;
use crate::endpoint::Endpoint;
use crate::error::{self, Failed, Refusal};
use crate::field::Opaque;
use crate::money::Dollars;
use crate::person::Consent;
use crate::wire::{self, Lease, LeaseSettings};

/// A lease that was made.
#[derive(Clone, Debug)]
pub struct Contract {
    /// FlexShopper's id.
    pub lease_id: Opaque,
    /// The contract as HTML in base64.
    pub document: Opaque,
    /// Its terms.
    pub lease: Lease,
}

/// What became of asking for a lease.
#[derive(Debug)]
pub enum LeaseMade {
    /// It is there, to be shown and signed.
    Made(Box<Contract>),
    /// The order is too small.
    BelowMinimum,
    /// The order is above the spending limit.
    AboveLimit,
}

/// How a lease stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseNow {
    /// The customer signed.
    Signed,
    /// Not yet.
    Unsigned,
    /// Too late for it.
    Expired,
    /// In a word that no document has.
    Unknown,
}

impl LeaseNow {
    /// Reads 4.14. A lease that is signed does not expire any more.
    pub fn of(lease: &Lease) -> Self {
        match (lease.lease_status.value().map(|word| word.as_str()), lease.is_expired.value()) {
            (Some("signed"), _) => Self::Signed,
            (Some("unsigned" | "pending"), Some(true)) => Self::Expired,
            (Some("unsigned" | "pending"), _) => Self::Unsigned,
            (None, Some(true)) => Self::Expired,
            _ => Self::Unknown,
        }
    }
}

/// What became of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signed {
    /// The lease is signed.
    Signed,
    /// A payment has to be made first: add another payment method, then sign again.
    PaymentRequired,
    /// Make a new lease.
    Expired,
    /// There is no such lease.
    NotFound,
}

impl Medusa<'_> {
    /// Asks for a lease (4.13). After an unclear result read the transaction first (question 4).
    pub async fn create_lease(
        &self,
        token: &CustomerToken,
        order: &LeaseOrder,
        flags: LeaseFlags,
    ) -> Result<LeaseMade, Failed> {
        let endpoint = Endpoint::CreateLease;
        let wanted = [("asPdf", flags.as_pdf), ("sendLink", flags.send_link)];
        let query = wanted.into_iter().filter(|(_, on)| *on).map(|(name, _)| (name, "true".to_owned())).collect();
        let answer = match self.post(Call::to(endpoint).of(token).asking(query), order).await {
            Ok(answer) => answer,
            Err(failed) => {
                return match failed.refusal {
                    Some(Refusal::BelowMinimum) => Ok(LeaseMade::BelowMinimum),
                    Some(Refusal::AboveLimit) => Ok(LeaseMade::AboveLimit),
                    _ => Err(failed),
                };
            }
        };
        let lease: Lease = Self::read(&answer, endpoint, wire::data)?;
        match (lease.lease_id.value().cloned(), lease.contract.value().cloned()) {
            (Some(lease_id), Some(document)) => Ok(LeaseMade::Made(Box::new(Contract { lease_id, document, lease }))),
            _ => Err(error::unreadable(&answer, endpoint)),
        }
    }

    /// Reads a lease (4.14); none where there is none.
    pub async fn lease(&self, token: &CustomerToken, lease_id: &Opaque) -> Result<Option<Lease>, Failed> {
        let endpoint = Endpoint::Lease;
        let id = lease_id.expose();
        match self.get(Call::on(endpoint, id.expose()).of(token)).await {
            Err(failed) if failed.refusal == Some(Refusal::NotFound) => Ok(None),
            answered => Self::read(&answered?, endpoint, wire::data).map(Some),
        }
    }

    /// Tells of the customer's signature (4.15). It may take a payment: after an unclear result read the lease, and never
    /// send it again on a guess (question 6).
    pub async fn sign(&self, token: &CustomerToken, lease_id: &Opaque, consent: &Consent) -> Result<Signed, Failed> {
        let endpoint = Endpoint::Sign;
        let id = lease_id.expose();
        let answer = match self.post(Call::on(endpoint, id.expose()).of(token), &SignBody::from(consent)).await {
            Ok(answer) => answer,
            Err(failed) => {
                return match failed.refusal {
                    Some(Refusal::PaymentRequired) => Ok(Signed::PaymentRequired),
                    Some(Refusal::LeaseExpired) => Ok(Signed::Expired),
                    Some(Refusal::NotFound) => Ok(Signed::NotFound),
                    _ => Err(failed),
                };
            }
        };
        Self::done(&answer, endpoint).map(|()| Signed::Signed)
    }

    /// The merchant's smallest order (4.25), where FlexShopper says one.
    pub async fn minimum_order(&self) -> Result<Option<Dollars>, Failed> {
        let endpoint = Endpoint::LeaseSettings;
        let answer = self.get(Call::to(endpoint)).await?;
        let settings: LeaseSettings = Self::read(&answer, endpoint, wire::data)?;
        Ok(settings.minimum_order_value.into_value())
    }
}

//! Running agreements (4.23, 4.24).

use lendport_core::{CommitClass, ErrorKind, ProviderError};
use rust_decimal::Decimal;

use super::person_bodies::{Number, PaymentBody};
use super::{Call, Medusa};
use crate::credential::CustomerToken;
use crate::endpoint::Endpoint;
use crate::error::Failed;
use crate::wire::{self, Agreement, CollectedPayment};

impl Medusa<'_> {
    /// What the customer is paying (4.23).
    pub async fn agreements(&self, token: &CustomerToken) -> Result<Vec<Agreement>, Failed> {
        let endpoint = Endpoint::Agreements;
        let answer = self.get(Call::to(endpoint).of(token)).await?;
        Self::read(&answer, endpoint, wire::list)
    }

    /// Takes a payment (4.24). Refused here unless the configuration allows it: the unit of `amount` is not documented
    /// (question 12). A refused payment is an answer like another: ask each [`CollectedPayment::succeeded`].
    pub async fn collect_payment(
        &self,
        token: &CustomerToken,
        agreement_id: &str,
        payment_method_id: &str,
        amount: Decimal,
    ) -> Result<Vec<CollectedPayment>, Failed> {
        if !self.config.collect_payment {
            let message = "Taking payments is off: FlexShopper does not say whether amounts are dollars or cents.";
            return Err(ProviderError::new(ErrorKind::Configuration, message)
                .committed_as(CommitClass::NotSent)
                .into());
        }
        let endpoint = Endpoint::CollectPayment;
        let body = PaymentBody { payment_method_id, amount: Number(amount) };
        let answer = self.post(Call::on(endpoint, agreement_id).of(token), &body).await?;
        Self::read(&answer, endpoint, wire::list)
    }
}

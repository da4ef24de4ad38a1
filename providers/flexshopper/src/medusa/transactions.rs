//! Transactions (4.16 to 4.22).

use jiff::civil::Date;

use super::bodies::{Items, Nothing};
use super::{Call, Medusa, PageAsk, PickedUp, SentItem, SkuQuantity};
use crate::endpoint::Endpoint;
use crate::error::{self, Failed, Refusal};
use crate::wire::{self, Finalized, LineOutcomes, Page, SkuCount, Transaction};

/// Whether the customer signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeaseFilter {
    /// Signed.
    Signed,
    /// Not yet.
    Pending,
}

/// Which transactions are asked for. The time zone and what the days are compared with are not stated: ask for a day more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransactionsAsk {
    /// Which page.
    pub page: PageAsk,
    /// Of leases in this state only.
    pub lease: Option<LeaseFilter>,
    /// From this day.
    pub from: Option<Date>,
    /// To this day.
    pub to: Option<Date>,
}

impl TransactionsAsk {
    fn query(self) -> Vec<(&'static str, String)> {
        let lease = self.lease.map(|lease| match lease {
            LeaseFilter::Signed => "signed",
            LeaseFilter::Pending => "pending",
        });
        let mut query = self.page.query();
        query.extend(lease.map(|word| ("leaseStatus", word.to_owned())));
        query.extend(self.from.map(|day| ("fromDate", day.to_string())));
        query.extend(self.to.map(|day| ("toDate", day.to_string())));
        query
    }
}

/// What a cancel or return did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Booked {
    /// What was done, and what was not.
    Lists {
        /// Done.
        done: Vec<SkuCount>,
        /// Not done.
        failed: Vec<SkuCount>,
    },
    /// It was taken in, and the answer does not say what was done: read the transaction (question 8).
    NotSaid,
}

impl Medusa<'_> {
    /// Reads an order by our own id (4.16); none where Medusa says that there is none.
    pub async fn transaction(&self, transaction_id: &str) -> Result<Option<Transaction>, Failed> {
        let endpoint = Endpoint::Transaction;
        match self.get(Call::on(endpoint, transaction_id)).await {
            Err(failed) if failed.refusal == Some(Refusal::NotFound) => Ok(None),
            answered => Self::read(&answered?, endpoint, wire::data).map(Some),
        }
    }

    /// A page of orders (4.17).
    pub async fn transactions(&self, ask: TransactionsAsk) -> Result<Page<Transaction>, Failed> {
        let endpoint = Endpoint::Transactions;
        let answer = self.get(Call::to(endpoint).asking(ask.query())).await?;
        Self::read(&answer, endpoint, |body| wire::page(body, "transactions"))
    }

    /// Confirms an order (4.18): fulfilment and billing begin. Never sent again on a guess (question 6).
    pub async fn finalize(&self, transaction_id: &str) -> Result<Finalized, Failed> {
        let endpoint = Endpoint::Finalize;
        let answer = self.post(Call::on(endpoint, transaction_id), &Nothing {}).await?;
        let done: Finalized = Self::read(&answer, endpoint, wire::data)?;
        if done.transaction_id.value().is_none() && done.lease_number.value().is_none() {
            return Err(error::unreadable(&answer, endpoint));
        }
        Ok(done)
    }

    /// Stops items that are not delivered (4.19). No items mean all of them, which only the undoing of a lease that must
    /// not be confirmed asks for (question 8).
    pub async fn cancel(&self, transaction_id: &str, items: &[SkuQuantity]) -> Result<Booked, Failed> {
        self.lines(Endpoint::Cancel, transaction_id, items).await
    }

    /// Takes delivered items back (4.20). No items would mean all of them, so none are not sent.
    pub async fn take_back(&self, transaction_id: &str, items: &[SkuQuantity]) -> Result<Booked, Failed> {
        if items.is_empty() {
            return Err(error::not_now("A return names its items.").into());
        }
        self.lines(Endpoint::Return, transaction_id, items).await
    }

    async fn lines(&self, endpoint: Endpoint, transaction_id: &str, items: &[SkuQuantity]) -> Result<Booked, Failed> {
        let answer = self.post(Call::on(endpoint, transaction_id), &Items { items }).await?;
        let outcomes: LineOutcomes = Self::read(&answer, endpoint, wire::data)?;
        Ok(match outcomes.lists() {
            Some((done, failed)) => Booked::Lists { done: done.to_vec(), failed: failed.to_vec() },
            None => Booked::NotSaid,
        })
    }

    /// Tells that items were sent (4.21). May take the customer's first payment, and lets the merchant be paid.
    pub async fn confirm_shipment(&self, transaction_id: &str, items: &[SentItem]) -> Result<(), Failed> {
        if items.is_empty() {
            return Err(error::not_now("A shipment names its items.").into());
        }
        let endpoint = Endpoint::ConfirmShipment;
        let answer = self.post(Call::on(endpoint, transaction_id), &Items { items }).await?;
        Self::done(&answer, endpoint)
    }

    /// Tells that items were picked up (4.22).
    pub async fn confirm_receipt(&self, transaction_id: &str, items: &[PickedUp]) -> Result<(), Failed> {
        if items.is_empty() {
            return Err(error::not_now("A pickup names its items.").into());
        }
        let endpoint = Endpoint::ConfirmReceipt;
        let answer = self.post(Call::on(endpoint, transaction_id), &Items { items }).await?;
        Self::done(&answer, endpoint)
    }
}

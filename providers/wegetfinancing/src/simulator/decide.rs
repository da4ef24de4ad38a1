//! A decision of the lender: moves the application and prepares the postbacks that tell of it.

use super::dialect::{Dialect, News, Variant};
use super::magic;
use super::postback::{self, Message, Signing};
use super::state::Sim;

/// What is decided and how it is told.
pub(super) struct Decision {
    /// Told in this order.
    pub(super) statuses: Vec<String>,
    /// The text of `updates.amount`.
    pub(super) amount: Option<String>,
    /// Instead of the one chosen at creation.
    pub(super) dialect: Option<Dialect>,
    pub(super) variant: Variant,
    /// How many equal copies of each postback go out.
    pub(super) times: usize,
    pub(super) signing: Option<Signing>,
    pub(super) omit_merchant_transaction_id: bool,
    pub(super) timestamp: Option<String>,
}

impl Decision {
    pub(super) fn plain(statuses: Vec<String>) -> Self {
        Self {
            statuses,
            amount: None,
            dialect: None,
            variant: Variant::Current,
            times: 1,
            signing: None,
            omit_merchant_transaction_id: false,
            timestamp: None,
        }
    }
}

/// Why nothing was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Undecided {
    NoSuchRequest,
    /// No source says how the dialect puts this.
    NoForm,
    /// The request's list of postbacks is full.
    Full,
}

/// Decides and records the postbacks; the answer is their places in the request's list, to be delivered next.
pub(super) fn decide(sim: &Sim, inv_id: &str, decision: &Decision) -> Result<Vec<usize>, Undecided> {
    let messages = {
        let store = sim.store();
        let record = store.get(inv_id).ok_or(Undecided::NoSuchRequest)?;
        let order = &record.order;
        let dialect = decision.dialect.unwrap_or(order.dialect);
        let reference = order.merchant_transaction_id.as_deref().filter(|_| !decision.omit_merchant_transaction_id);
        let signed = if sim.settings.sign_postbacks { Signing::Valid } else { Signing::None };
        let signing = decision.signing.or_else(|| magic::signing(order)).unwrap_or(signed);
        let times = decision.times.max(magic::copies(order));
        let mut messages = Vec::new();
        for status in &decision.statuses {
            let news = News {
                inv_id,
                merchant_transaction_id: reference,
                status,
                amount: decision.amount.as_deref(),
                variant: decision.variant,
            };
            let body = news.body(dialect).ok_or(Undecided::NoForm)?;
            for _copy in 0..times {
                messages.push(Message {
                    content_type: dialect.content_type().to_owned(),
                    body: body.clone(),
                    signing,
                    timestamp: decision.timestamp.clone(),
                });
            }
        }
        messages
    };
    apply(sim, inv_id, decision);
    messages.into_iter().map(|message| postback::record(sim, inv_id, message).ok_or(Undecided::Full)).collect()
}

/// Moves the application without telling anybody.
pub(super) fn apply(sim: &Sim, inv_id: &str, decision: &Decision) {
    if let Some(record) = sim.store().get_mut(inv_id) {
        for status in &decision.statuses {
            record.apply(status, decision.amount.as_deref());
        }
    }
}

//! Items for a person as merchants see them, and the audit of how they were settled.

use jiff::Timestamp;
use lendport_core::{Attempt, Capability, CheckoutRecord, Choice, Ledger, MoneyError};
use lendport_storage::AttentionItem;
use serde::Serialize;
use utoipa::ToSchema;

/// Something a person must settle.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AttentionItem)]
pub struct AttentionView {
    /// Its id.
    #[schema(example = "atn_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub id: String,
    /// Always `attention_item`.
    #[schema(example = "attention_item")]
    pub object: &'static str,
    /// What is wrong, in a machine word.
    #[schema(example = "amount_mismatch")]
    pub kind: &'static str,
    /// What is wrong, in a sentence.
    pub detail: String,
    /// The checkout it is about.
    pub checkout: String,
    /// The attempt it is about.
    pub attempt: String,
    /// The sums of that attempt as they are now: what there is to compare with the financer's own record.
    pub amounts: Option<AttentionAmountsView>,
    /// When it was opened.
    #[schema(value_type = String, format = DateTime)]
    pub opened_at: Timestamp,
    /// Until when it should be settled; nothing happens by itself when it passes.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub deadline: Option<Timestamp>,
    /// `open` or `resolved`.
    #[schema(example = "open")]
    pub state: &'static str,
    /// The ways to settle it; empty once it is.
    pub choices: Vec<ChoiceView>,
    /// How an approval that is not wanted is undone at the financer; null for items about something else.
    pub unwind: Option<UnwindView>,
    /// How it was settled; null while it is open.
    pub resolution: Option<ResolutionView>,
}

/// The sums of the attempt that an item is about, decimal strings.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AttentionAmounts)]
pub struct AttentionAmountsView {
    /// ISO 4217 code.
    #[schema(example = "USD")]
    pub currency: String,
    /// What the financer was asked for.
    #[schema(example = "1420.00")]
    pub asked: String,
    /// What the financer said it was asked for, or what a person read there; null when nobody has said.
    #[schema(example = "1400.00")]
    pub echoed: Option<String>,
    /// Committed by the financer, as booked.
    #[schema(example = "1420.00")]
    pub authorized: String,
    /// Paid to the merchant, or owed, as booked.
    #[schema(example = "0.00")]
    pub captured: String,
    /// Given back, as booked.
    #[schema(example = "0.00")]
    pub refunded: String,
    /// Announced as given back and neither booked nor found to be none.
    #[schema(example = "0.00")]
    pub refund_announced: String,
}

/// How an approval that is not wanted is undone at the financer.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AttentionUnwind)]
pub struct UnwindView {
    /// `native` or `emulated`: the gateway cancels it there. `portal`: a person does it in the financer's back office.
    /// `none`: nothing ends it there.
    #[schema(example = "portal")]
    pub support: &'static str,
    /// What there is to know about it.
    pub note: &'static str,
}

/// A way to settle an item.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AttentionChoice)]
pub struct ChoiceView {
    /// The word to send.
    #[schema(example = "accept_amount")]
    pub choice: &'static str,
    /// What it means and brings about.
    pub meaning: &'static str,
    /// True when `amount` must be sent with it.
    pub needs_amount: bool,
    /// True when `lines` may be sent with it, where the item is about a cancel or return of lines: the units that the financer
    /// did it for. The others count as not done. Without them it did it for all.
    pub takes_lines: bool,
}

/// How an item was settled.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AttentionResolution)]
pub struct ResolutionView {
    /// The way that was chosen; `by_evidence` when the financer settled it.
    pub choice: String,
    /// The person's reason.
    pub reason: String,
    /// Id of the key it was settled with; null when evidence settled it.
    #[schema(example = "key_0190a5b0c1d27e3f8a4b5c6d7e8f9a0b")]
    pub by: Option<String>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
}

impl AttentionView {
    /// Shows an item, with the checkout it is about, the ways to settle it while it is open, and how it is undone.
    pub fn of(
        item: &AttentionItem,
        record: Option<&CheckoutRecord>,
        offered: &[Choice],
        unwind: Option<Capability>,
    ) -> Result<Self, MoneyError> {
        let about = record.and_then(|record| Some((record.attempt(item.attempt)?, &record.ledger)));
        let open = item.resolution.is_none();
        let offered = if open { offered } else { &[] };
        Ok(Self {
            id: item.id.to_string(),
            object: "attention_item",
            kind: item.kind.as_str(),
            detail: item.detail.clone(),
            checkout: item.checkout.to_string(),
            attempt: item.attempt.to_string(),
            amounts: about.map(|(attempt, ledger)| AttentionAmountsView::of(attempt, ledger)).transpose()?,
            opened_at: item.opened_at,
            deadline: item.deadline,
            state: if open { "open" } else { "resolved" },
            choices: offered
                .iter()
                .map(|choice| ChoiceView {
                    choice: choice.as_str(),
                    meaning: choice.meaning(),
                    needs_amount: choice.needs_amount(),
                    takes_lines: choice.takes_lines(),
                })
                .collect(),
            unwind: unwind.map(|way| UnwindView { support: way.support.as_str(), note: way.note }),
            resolution: item.resolution.as_ref().map(|resolution| ResolutionView {
                choice: resolution.choice.clone(),
                reason: resolution.reason.clone(),
                by: resolution.by.map(|key| key.to_string()),
                at: resolution.at,
            }),
        })
    }
}

impl AttentionAmountsView {
    fn of(attempt: &Attempt, ledger: &Ledger) -> Result<Self, MoneyError> {
        let currency = attempt.amount.currency();
        let booked = ledger.amounts_of(attempt.id, currency)?;
        Ok(Self {
            currency: currency.code().to_owned(),
            asked: attempt.amount.to_string(),
            echoed: attempt.amount_echoed.map(|echoed| echoed.to_string()),
            authorized: booked.authorized.to_string(),
            captured: booked.captured.to_string(),
            refunded: booked.refunded.to_string(),
            refund_announced: ledger.pending_refunds(attempt.id, currency)?.to_string(),
        })
    }
}

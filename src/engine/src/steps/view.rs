//! Offer and agreement as merchants see them.

use lendport_core::application::Terms;
use lendport_core::{Agreement, CheckoutRecord, Money, Offer};
use serde::Serialize;
use utoipa::ToSchema;

/// What the customer may spend.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Offer)]
pub struct OfferView {
    /// Always `offer`.
    #[schema(example = "offer")]
    pub object: &'static str,
    /// The checkout.
    pub checkout: String,
    /// Where the attempt stands.
    #[schema(example = "preapproved")]
    pub status: String,
    /// Why, when there is something to say, such as `limit_below_cart`.
    pub reason: Option<String>,
    /// What the financer is asked for.
    #[schema(example = "530.00")]
    pub asked: String,
    /// What the customer may spend in all; null where the financer does not say.
    #[schema(example = "1300.00")]
    pub limit: Option<String>,
    /// What is left of it.
    #[schema(example = "1200.00")]
    pub available: Option<String>,
    /// What is missing for this cart; null when nothing is. Offer a smaller cart.
    pub shortfall: Option<String>,
}

impl OfferView {
    pub(super) fn of(record: &CheckoutRecord, offer: Offer) -> Self {
        let leading = record.leading_attempt();
        Self {
            object: "offer",
            checkout: record.checkout.id.to_string(),
            status: leading.map(|attempt| attempt.state.as_str().to_owned()).unwrap_or_default(),
            reason: leading.and_then(|attempt| attempt.reason.as_ref()).map(|reason| reason.0.clone()),
            asked: leading.map(|attempt| text(attempt.amount)).unwrap_or_default(),
            limit: offer.limit.map(text),
            available: offer.available.map(text),
            shortfall: offer.shortfall.map(text),
        }
    }
}

/// What the customer has to sign.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Agreement)]
pub struct AgreementView {
    /// Always `agreement`.
    #[schema(example = "agreement")]
    pub object: &'static str,
    /// The checkout.
    pub checkout: String,
    /// Where the attempt stands.
    #[schema(example = "awaiting_customer")]
    pub status: String,
    /// SHA-256 (hex) of the document's bytes. The signature names it.
    pub document_sha256: String,
    /// The document's kind, such as `text/html`. Show it in a frame that runs no scripts.
    #[schema(example = "text/html")]
    pub media_type: &'static str,
    /// The document in base64; only where it is read, for it names the customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub document: Option<String>,
    /// What it says in numbers.
    pub terms: TermsView,
}

/// The numbers of an agreement, as far as the financer says them.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AgreementTerms)]
pub struct TermsView {
    /// How often is paid, in the financer's word.
    #[schema(example = "weekly")]
    pub frequency: Option<String>,
    /// Number of payments.
    #[schema(example = 52)]
    pub payments: Option<u32>,
    /// One payment, with tax.
    #[schema(example = "17.28")]
    pub payment: Option<String>,
    /// Price when paid at once.
    #[schema(example = "400.00")]
    pub cash_price: Option<String>,
    /// What financing costs on top.
    #[schema(example = "440.00")]
    pub cost: Option<String>,
}

impl AgreementView {
    pub(super) fn of(record: &CheckoutRecord, agreement: &Agreement) -> Self {
        let leading = record.leading_attempt();
        let Terms { frequency, payments, payment, cash_price, cost } = agreement.terms.clone();
        Self {
            object: "agreement",
            checkout: record.checkout.id.to_string(),
            status: leading.map(|attempt| attempt.state.as_str().to_owned()).unwrap_or_default(),
            document_sha256: agreement.document_sha256.clone(),
            media_type: agreement.media_type,
            document: Some(agreement.document.expose().clone()),
            terms: TermsView {
                frequency,
                payments,
                payment: payment.map(text),
                cash_price: cash_price.map(text),
                cost: cost.map(text),
            },
        }
    }

    pub(super) fn without_document(self) -> Self {
        Self { document: None, ..self }
    }
}

fn text(money: Money) -> String {
    money.to_string()
}

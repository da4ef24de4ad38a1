//! A lease's contract as an agreement: the document with its digest, and what it says in numbers.

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use lendport_core::application::Terms;
use lendport_core::{Agreement, Money, Personal, hex};
use sha2::{Digest as _, Sha256};

use crate::field::{Field, Opaque, Word};
use crate::money::Dollars;
use crate::wire::Lease;

/// Some write base64 without its padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// None where the contract is not in base64.
pub(super) fn agreement_of(document: &Opaque, lease: &Lease) -> Option<Agreement> {
    let text = document.expose().expose();
    let bytes = BASE64.decode(text.trim()).ok().filter(|bytes| !bytes.is_empty())?;
    let money = |field: &Field<Dollars>| -> Option<Money> { field.value().and_then(|dollars| dollars.money().ok()) };
    Some(Agreement {
        document: Personal::new(text.clone()),
        media_type: "text/html",
        document_sha256: hex(&Sha256::digest(&bytes)),
        terms: Terms {
            frequency: lease.frequency.value().map(Word::as_str).map(str::to_owned),
            payments: lease.term.value().map(|count| count.0),
            payment: money(&lease.payment),
            cash_price: money(&lease.cash_price),
            cost: money(&lease.cost_of_rental),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contract_is_known_by_its_bytes() {
        let lease: Lease = serde_json::from_str(
            r#"{"frequency":"weekly","term":52,"payment":17.28,"cashPrice":400,"costOfRental":440}"#,
        )
        .unwrap();
        let agreement = agreement_of(&Opaque::from("PGI+aGk8L2I+"), &lease).unwrap();
        // SHA-256 of <b>hi</b>.
        assert_eq!(agreement.document_sha256, hex(&Sha256::digest(b"<b>hi</b>")));
        let terms = &agreement.terms;
        assert_eq!((terms.payments, terms.frequency.as_deref()), (Some(52), Some("weekly")));
        assert_eq!(terms.payment.map(|sum| sum.to_string()).as_deref(), Some("17.28"));
        assert!(agreement_of(&Opaque::from("<html>"), &lease).is_none());
        assert!(!format!("{agreement:?}").contains("PGI"));
    }
}

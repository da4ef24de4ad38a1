//! Exact amounts, and who pays which fee (wepay.md 5.1 and 5.2).

use rust_decimal::{Decimal, RoundingStrategy};

/// Larger numbers than this are refused as amounts, so that sums cannot overflow.
const AMOUNT_MAX: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);
/// WePay's share of what the payer is asked for, as a fraction.
const RATE: Decimal = Decimal::from_parts(29, 0, 0, false, 3);
/// WePay's share of each payment.
const FIXED: Decimal = Decimal::from_parts(30, 0, 0, false, 2);
/// The largest app fee as a fraction of the amount.
pub(super) const APP_FEE_MAX: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

/// Reads the text of an amount. No separators, no blanks, no `+`; an exponent is understood.
pub(super) fn parse(text: &str) -> Option<Decimal> {
    let plain = text.len() <= 40
        && text.bytes().all(|b| b.is_ascii_digit() || b".-eE+".contains(&b))
        && text.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    if !plain {
        return None;
    }
    let read = if text.contains(['e', 'E']) { Decimal::from_scientific(text) } else { Decimal::from_str_exact(text) };
    let amount = read.ok()?.normalize();
    (amount.abs() <= AMOUNT_MAX).then_some(amount)
}

/// Who pays app fee and processing fee.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeePayer {
    Payer,
    Payee,
    PayerFromApp,
    PayeeFromApp,
}

impl FeePayer {
    pub(super) const ALL: [Self; 4] = [Self::Payer, Self::Payee, Self::PayerFromApp, Self::PayeeFromApp];

    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Payer => "payer",
            Self::Payee => "payee",
            Self::PayerFromApp => "payer_from_app",
            Self::PayeeFromApp => "payee_from_app",
        }
    }

    pub(super) fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// The sums of one payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sums {
    /// WePay's share.
    pub(super) processing_fee: Decimal,
    /// What the payer pays.
    pub(super) gross: Decimal,
    /// What reaches the payee.
    pub(super) net: Decimal,
}

/// What a payment comes to. The processing fee is 2.9 % + 0.30 of what the payer is asked for before it, cut to cents.
pub(super) fn sums(amount: Decimal, shipping: Decimal, app_fee: Decimal, payer: FeePayer) -> Sums {
    let asked = match payer {
        FeePayer::Payer | FeePayer::PayerFromApp => amount + shipping + app_fee,
        FeePayer::Payee | FeePayer::PayeeFromApp => amount + shipping,
    };
    let processing_fee = (asked * RATE + FIXED).round_dp_with_strategy(2, RoundingStrategy::ToZero);
    let gross = if payer == FeePayer::Payer { asked + processing_fee } else { asked };
    let net = match payer {
        FeePayer::Payer | FeePayer::PayerFromApp => amount + shipping,
        FeePayer::Payee => amount + shipping - app_fee - processing_fee,
        FeePayer::PayeeFromApp => amount + shipping - app_fee,
    };
    Sums { processing_fee, gross, net }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        parse(text).unwrap()
    }

    #[test]
    fn the_published_sums() {
        let table = [
            // Seed, find, first and second; Active Merchant; Omnipay.
            ("20", "2", "1", FeePayer::Payer, "0.96", "23.96", "22"),
            ("20", "0", "1", FeePayer::Payer, "0.90", "21.9", "20"),
            ("20", "0", "0", FeePayer::Payer, "0.88", "20.88", "20"),
            ("25.5", "0", "0", FeePayer::Payee, "1.03", "25.5", "24.47"),
            ("100", "0", "10", FeePayer::Payee, "3.2", "100", "86.8"),
            ("100", "0", "10", FeePayer::PayerFromApp, "3.49", "110", "100"),
            ("100", "0", "10", FeePayer::PayeeFromApp, "3.2", "100", "90"),
        ];
        for (amount, shipping, app_fee, payer, processing_fee, gross, net) in table {
            let expected = Sums { processing_fee: d(processing_fee), gross: d(gross), net: d(net) };
            assert_eq!(sums(d(amount), d(shipping), d(app_fee), payer), expected, "{amount} {payer:?}");
        }
    }

    #[test]
    fn amounts_are_plain_numbers() {
        for (text, read) in [("20", Some("20")), ("20.00", Some("20")), ("1e2", Some("100")), ("-1", Some("-1"))] {
            assert_eq!(parse(text), read.map(d), "{text}");
        }
        for text in ["", " 1", "+1", "1,000", "NaN", "0x1", "1e30", "1000000001", ".5", "1.2.3"] {
            assert_eq!(parse(text), None, "{text}");
        }
        assert_eq!(FeePayer::parse("payee"), Some(FeePayer::Payee));
        assert_eq!(FeePayer::parse("Payee"), None);
    }
}

//! The closed lists of words that requests are made of. Lower case in this API (`wepay.md` 4.3, 5).

use serde::{Deserialize, Serialize};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        pub(crate) enum $name {
            $($(#[$variant_doc])* #[serde(rename = $word)] $variant,)+
        }

        impl $name {
            /// Every word.
            pub(crate) const WORDS: &'static [&'static str] = &[$($word),+];

            /// Reads a word exactly.
            pub(crate) fn parse(word: &str) -> Option<Self> {
                match word {
                    $($word => Some(Self::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

words! {
    /// What is paid for.
    CheckoutType {
        /// Things.
        Goods = "goods",
        /// Work.
        Service = "service",
        /// A gift.
        Donation = "donation",
        /// Tickets.
        Event = "event",
        /// Between people.
        Personal = "personal",
    }
}

words! {
    /// How the payer gets it.
    DeliveryType {
        /// Nothing is delivered.
        None = "none",
        /// Delivered before the payment.
        FullyDelivered = "fully_delivered",
        /// Handed over at the counter.
        PointOfSale = "point_of_sale",
        /// Sent.
        Shipping = "shipping",
        /// A gift.
        Donation = "donation",
        /// Again and again.
        Subscription = "subscription",
        /// Paid in part before delivery.
        PartialPrepayment = "partial_prepayment",
        /// Paid before delivery.
        FullPrepayment = "full_prepayment",
    }
}

words! {
    /// Who pays the fees (`wepay.md` 5.1).
    FeePayer {
        /// All on top of the amount.
        Payer = "payer",
        /// All out of the amount.
        Payee = "payee",
        /// The app's fee on top, WePay's out of the app's account.
        PayerFromApp = "payer_from_app",
        /// The app's fee out of the amount, WePay's out of the app's account.
        PayeeFromApp = "payee_from_app",
    }
}

words! {
    /// How the hosted page is shown.
    PageMode {
        /// The browser goes there.
        Regular = "regular",
        /// Within the shop's page.
        Iframe = "iframe",
    }
}

words! {
    /// What the payer may pay with on the hosted page. The words for banks are in doubt (question 23): none is sent.
    FundingSource {
        /// Cards.
        CreditCard = "credit_card",
    }
}

words! {
    /// What a tokenised payment is taken from.
    MethodType {
        /// A stored card.
        CreditCard = "credit_card",
        /// A standing permission.
        Preapproval = "preapproval",
        /// A bank account, from 2016-06-22 on.
        PaymentBank = "payment_bank",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_exactly_and_written_back() {
        for word in DeliveryType::WORDS {
            let read = DeliveryType::parse(word).unwrap();
            assert_eq!(serde_json::to_string(&read).unwrap(), format!("\"{word}\""));
        }
        assert_eq!(CheckoutType::WORDS, ["goods", "service", "donation", "event", "personal"]);
        assert_eq!(FeePayer::parse("payee"), Some(FeePayer::Payee));
        assert_eq!((CheckoutType::parse("GOODS"), PageMode::parse(" iframe")), (None, None));
        assert_eq!(MethodType::parse("bank_account"), None);
        assert_eq!(FundingSource::WORDS, ["credit_card"]);
    }
}

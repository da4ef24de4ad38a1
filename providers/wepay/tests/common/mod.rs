//! What the tests of this adapter share.

use std::path::PathBuf;

use lendport_core::{
    AccountSettings, Attempt, CallContext, CallLog, CascadeHints, Checkout, CreateRequest, Created, ProviderError,
    Secret,
};
use lendport_core::{FinancingProvider, Mode};
use lendport_testkit::clock::START;
use lendport_testkit::{PlaybackGuard, Sample, SeededIds, play, samples};
use provider_wepay::{ProviderConfig, WePay};

/// The account of the cassettes.
pub(crate) const ACCOUNT: &[(&str, &str)] = &[("account_id", "1548718026"), ("access_token", "STAGE_example")];
/// Dialect B.
pub(crate) const LATER: &[(&str, &str)] = &[("api_version", "2018-08-29")];
/// The checkout of the seed's examples.
pub(crate) const ID: &str = "649945633";

/// The sample order with options.
pub(crate) fn with_options(text: &str) -> Sample {
    let mut sample = Sample::usa();
    sample.provider_options.insert("wepay".to_owned(), text.to_owned());
    sample
}

/// Paid with a stored card.
pub(crate) fn card() -> Sample {
    with_options(r#"{ "payment_method": { "type": "credit_card", "credit_card": { "id": "2291714459" } } }"#)
}

/// The same, with what WePay's risk scoring is told of the browser.
pub(crate) fn card_with_browser() -> Sample {
    with_options(
        r#"{ "payment_method": { "type": "credit_card", "credit_card": { "id": 2291714459 } },
             "client_ip": "100.166.99.123", "risk_token": "123e4567-e89b-12d3-a456-426614174000" }"#,
    )
}

/// Everything that the seed's example of a create says, as far as a merchant may say it.
pub(crate) fn every_option() -> Sample {
    let mut sample = with_options(
        r#"{ "type": "donation", "short_description": "test payment", "long_description": "This is a test payment",
             "email_message": { "to_payer": "Please contact us at 555-555-555 if you need assistance.",
                                "to_payee": "Please note that we cover all shipping costs." },
             "delivery_type": "point_of_sale", "fee": { "app_fee": "1.00", "fee_payer": "payer" },
             "mode": "iframe", "fallback_uri": "http://www.example.com", "require_shipping": true,
             "funding_sources": ["credit_card"],
             "theme": { "name": "test", "primary_color": "ffffff", "background_color": "ffffff",
                        "button_color": "000000", "secondary_color": "000000" } }"#,
    );
    sample.return_urls.success = Some("http://www.example.com".to_owned());
    sample
}

/// An adapter with a checkout and an attempt to act on.
pub(crate) struct Stage {
    pub(crate) provider: WePay,
    pub(crate) checkout: Checkout,
    pub(crate) attempt: Attempt,
    pub(crate) account: AccountSettings,
    pub(crate) callback_url: Secret<String>,
    pub(crate) calls: CallLog,
}

impl Stage {
    /// Plays a cassette for an order. Keep the guard until the calls are made.
    pub(crate) fn play(cassette: &str, sample: &Sample, account: &[(&str, &str)]) -> (Self, PlaybackGuard) {
        let name = format!("{cassette}.json");
        let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "cassettes", &name].iter().collect();
        let (outbound, guard) = play(path).unwrap();
        let ids = SeededIds::default();
        let checkout = sample.checkout(&ids);
        let attempt = samples::attempt(&checkout, "wepay", &ids);
        let stage = Self {
            provider: WePay::new(ProviderConfig::default(), outbound),
            checkout,
            attempt,
            account: samples::account(&[ACCOUNT, account].concat()),
            callback_url: Secret::from("https://gateway.example/callbacks/wepay/callback-token"),
            calls: CallLog::new(),
        };
        (stage, guard)
    }

    /// On the checkout of the seed's examples.
    pub(crate) fn known(mut self) -> Self {
        self.attempt = samples::created(self.attempt, ID);
        self
    }

    pub(crate) fn context(&self) -> CallContext<'_> {
        CallContext { account: &self.account, mode: Mode::Test, now: START, calls: &self.calls }
    }

    pub(crate) async fn create(&self) -> Result<Created, ProviderError> {
        let Self { checkout, attempt, callback_url, .. } = self;
        self.provider
            .create(self.context(), CreateRequest { checkout, attempt, callback_url, hints: CascadeHints::FIRST })
            .await
    }
}

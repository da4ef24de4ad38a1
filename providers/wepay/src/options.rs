//! `provider_options.wepay`: what only this provider understands (`wepay.md` 4.3 and 5).

use std::net::IpAddr;

use lendport_core::public_address::not_public;
use lendport_core::{CaptureMode, Invalid, Money, Pointer, parse_decimal};
use rust_decimal::Decimal;

use crate::amount::{Amount, Flag};
use crate::color::Color;
use crate::dialect::ApiVersion;
use crate::members::Members;
use crate::payment_method;
use crate::text::Text;
use crate::wire::{EmailMessage, MethodBody, Theme};
use crate::words::{CheckoutType, DeliveryType, FeePayer, FundingSource, PageMode};

/// The options of one checkout.
#[derive(Clone, Default)]
pub(crate) struct Options {
    pub(crate) kind: Option<CheckoutType>,
    pub(crate) short_description: Option<Text<255>>,
    pub(crate) long_description: Option<Text<2047>>,
    pub(crate) email_message: Option<EmailMessage>,
    pub(crate) app_fee: Option<Decimal>,
    pub(crate) fee_payer: Option<FeePayer>,
    pub(crate) delivery_type: Option<DeliveryType>,
    pub(crate) mode: Option<PageMode>,
    pub(crate) fallback_uri: Option<Text<2083>>,
    pub(crate) require_shipping: Option<Flag>,
    pub(crate) prefill: Option<bool>,
    pub(crate) funding_sources: Option<Vec<FundingSource>>,
    pub(crate) theme: Option<Theme>,
    pub(crate) payment_method: Option<MethodBody>,
    pub(crate) client_ip: Option<IpAddr>,
    pub(crate) risk_token: Option<String>,
}

impl Options {
    /// Reads JSON object text, naming everything that is wrong below `at`.
    pub(crate) fn read(text: &str, at: &Pointer) -> Result<Self, Invalid> {
        let mut members = Members::parse(text, at)?;
        let mut options = Self {
            kind: members.choice("type", CheckoutType::WORDS, CheckoutType::parse),
            short_description: members.text("short_description"),
            long_description: members.text("long_description"),
            delivery_type: members.choice("delivery_type", DeliveryType::WORDS, DeliveryType::parse),
            mode: members.choice("mode", PageMode::WORDS, PageMode::parse),
            fallback_uri: members.web_address("fallback_uri"),
            require_shipping: members.flag("require_shipping").map(Flag::from),
            prefill: members.flag("prefill"),
            funding_sources: members.choices("funding_sources", FundingSource::WORDS, FundingSource::parse),
            client_ip: members.told("client_ip", "must be the customer's public address, such as 100.166.99.123", ip),
            risk_token: members.told("risk_token", "must be the UUID that WePay's script made in the browser", uuid),
            ..Self::default()
        };
        if let Some(mut fee) = members.object("fee") {
            options.app_fee = fee.told("app_fee", "must be an amount as text, such as \"1.00\"", amount);
            options.fee_payer = fee.choice("fee_payer", FeePayer::WORDS, FeePayer::parse);
            members.take_in(fee);
        }
        if let Some(mut mail) = members.object("email_message") {
            let message = EmailMessage { to_payer: mail.text("to_payer"), to_payee: mail.text("to_payee") };
            options.email_message = Some(message);
            members.take_in(mail);
        }
        if let Some(mut theme) = members.object("theme") {
            let mut color = |name| theme.told(name, "must be six hex digits without #", Color::parse);
            let [primary, secondary, background, button] =
                ["primary_color", "secondary_color", "background_color", "button_color"].map(&mut color);
            options.theme = Some(Theme {
                name: theme.text("name"),
                primary_color: primary,
                secondary_color: secondary,
                background_color: background,
                button_color: button,
            });
            members.take_in(theme);
        }
        if let Some(mut method) = members.object("payment_method") {
            options.payment_method = payment_method::read(&mut method);
            members.take_in(method);
        }
        options.page_or_method(&mut members);
        members.finish()?;
        Ok(options)
    }

    /// A hosted page or a stored method, never both (question 20).
    fn page_or_method(&self, members: &mut Members) {
        let of_the_page = [
            ("mode", self.mode.is_some()),
            ("fallback_uri", self.fallback_uri.is_some()),
            ("require_shipping", self.require_shipping.is_some()),
            ("prefill", self.prefill.is_some()),
            ("funding_sources", self.funding_sources.is_some()),
            ("theme", self.theme.is_some()),
        ];
        if self.payment_method.is_some() {
            for (name, _) in of_the_page.iter().filter(|(_, given)| *given) {
                members.note(
                    name,
                    "not_allowed",
                    "belongs to the hosted page, which a payment_method takes the place of",
                );
            }
        }
    }

    /// What can only be judged with the order and the account's API version.
    pub(crate) fn check(
        &self,
        total: Money,
        capture: CaptureMode,
        version: ApiVersion,
        percent: u8,
        at: &Pointer,
    ) -> Result<(), Invalid> {
        let mut invalid = Invalid::none();
        if let Some(app_fee) = self.app_fee {
            let at = at.child("fee").child("app_fee");
            let most = total.amount() * Decimal::from(percent) / Decimal::ONE_HUNDRED;
            match Money::new(app_fee, total.currency()) {
                Err(error) => invalid.note(&at, error.code(), error.to_string()),
                Ok(_) if app_fee > most => {
                    invalid.note(&at, "too_large", format!("must be at most {percent} percent of the total"));
                }
                Ok(_) => {}
            }
        }
        if let Some(method) = &self.payment_method {
            invalid.keep(payment_method::check(method, version, capture, &at.child("payment_method")));
        }
        invalid.finish()
    }

    /// True for a card that is only authorised now, and charged by the capture.
    pub(crate) fn only_authorises(&self) -> bool {
        self.payment_method.as_ref().is_some_and(payment_method::only_authorises)
    }

    /// The app's fee as it is sent.
    pub(crate) fn wire_fee(&self) -> Option<Amount> {
        self.app_fee.map(Amount::new)
    }
}

fn amount(text: &str) -> Option<Decimal> {
    parse_decimal(text).ok().filter(|amount| !amount.is_sign_negative())
}

fn ip(text: &str) -> Option<IpAddr> {
    text.parse().ok().filter(|ip| not_public(*ip).is_none())
}

fn uuid(text: &str) -> Option<String> {
    let groups: Vec<usize> = text.split('-').map(str::len).collect();
    let fits = groups == [8, 4, 4, 4, 12] && text.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-');
    fits.then(|| text.to_owned())
}

//! The fields of a FlexShopper account, and their values as the adapter reads them.

use lendport_core::{
    AccountField, AccountSettings, CommitClass, Currency, ErrorKind, FieldKind, Money, ProviderError, Secret,
};

/// The fields of an account (`flexshopper.md` 1.2, section 8 and questions 3, 11, 13).
pub(crate) const FIELDS: &[AccountField] = &[
    AccountField::credential(
        "api_key",
        "API token for every call to Medusa; different in the sandbox and in production",
    ),
    AccountField::setting(
        "auth_key",
        FieldKind::Text,
        "authorization key of the Payment Plugin; the customer's browser sees it",
    )
    .needed(),
    AccountField::setting(
        "mode",
        FieldKind::Choice(&["plugin", "medusa"]),
        "who takes the customer's application: FlexShopper's plugin, or medusa: the merchant's own pages, through the API; \
         plugin when empty",
    ),
    AccountField::setting(
        "channel",
        FieldKind::Word { without: ":" },
        "channel of the vendor; sent as x-consumer-custom-id, together with vendor_id",
    ),
    AccountField::setting(
        "vendor_id",
        FieldKind::Word { without: ":" },
        "number of the vendor; sent together with channel",
    ),
    AccountField::setting(
        "item_cost_includes_tax",
        FieldKind::Boolean,
        "whether prices are sent with sales tax; false when empty, as FlexShopper buys exempt from it",
    ),
    AccountField::setting(
        "minimum_order",
        FieldKind::Decimal { digits: 2 },
        "smallest order in dollars, such as 500.00; FlexShopper's own when empty",
    ),
    AccountField::setting(
        "customer_check",
        FieldKind::Choice(&["email_or_name", "off"]),
        "what of the lease's customer has to be the checkout's before it is confirmed; email_or_name when empty",
    ),
    AccountField::setting(
        "version_override",
        FieldKind::Text,
        "value of x-version-override; not sent when empty, which is right unless told",
    ),
];

/// Reads an account's values. Choices were checked when they went in; an absent one has its default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a>(pub(crate) &'a AccountSettings);

impl<'a> Account<'a> {
    pub(crate) fn api_key(self) -> Result<&'a Secret<String>, ProviderError> {
        let key = self.0.get("api_key").filter(|key| !key.expose().trim().is_empty());
        key.ok_or_else(|| setup("The account has no api_key."))
    }

    pub(crate) fn auth_key(self) -> Result<&'a str, ProviderError> {
        self.text("auth_key").ok_or_else(|| setup("The account has no auth_key."))
    }

    /// `channel:vendorId`, where both are known. Never made of what a request says (question 3).
    pub(crate) fn consumer(self) -> Result<Option<String>, ProviderError> {
        let (Some(channel), Some(vendor)) = (self.text("channel"), self.text("vendor_id")) else { return Ok(None) };
        let plain = |part: &str| part.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
        if plain(channel) && plain(vendor) {
            Ok(Some(format!("{channel}:{vendor}")))
        } else {
            Err(setup("The account's channel and vendor_id may hold no colon, blank or control character."))
        }
    }

    /// True where the merchant's own pages take the application.
    pub(crate) fn carries_steps(self) -> bool {
        self.text("mode") == Some("medusa")
    }

    pub(crate) fn item_cost_includes_tax(self) -> bool {
        self.text("item_cost_includes_tax") == Some("true")
    }

    pub(crate) fn minimum_order(self) -> Result<Option<Money>, ProviderError> {
        let Some(text) = self.text("minimum_order") else { return Ok(None) };
        let read = Money::parse(text, Currency::USD);
        read.map(Some).map_err(|_| setup("The account's minimum_order is no amount in dollars, such as 500.00."))
    }

    pub(crate) fn checks_customer(self) -> bool {
        self.text("customer_check") != Some("off")
    }

    pub(crate) fn version_override(self) -> Option<&'a str> {
        self.text("version_override")
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.expose().trim()).filter(|value| !value.is_empty())
    }
}

/// The account or the gateway is set up wrongly; nothing was sent.
pub(crate) fn setup(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Configuration, message).committed_as(CommitClass::NotSent)
}

#[cfg(test)]
mod tests {
    use lendport_testkit::samples;

    use super::*;

    #[test]
    fn what_is_not_set_has_its_default() {
        let settings = samples::account(&[("api_key", "key"), ("auth_key", "public")]);
        let account = Account(&settings);
        assert_eq!((account.api_key().unwrap().expose().as_str(), account.auth_key().unwrap()), ("key", "public"));
        assert_eq!((account.consumer().unwrap(), account.minimum_order().unwrap()), (None, None));
        assert!(!account.item_cost_includes_tax() && account.checks_customer());
    }

    #[test]
    fn the_consumer_header_takes_two_plain_parts() {
        let consumer = |channel: &str, vendor: &str| {
            let settings = samples::account(&[("channel", channel), ("vendor_id", vendor)]);
            Account(&settings).consumer()
        };
        assert_eq!(consumer("web", "77").unwrap().as_deref(), Some("web:77"));
        assert_eq!(consumer("web", "").unwrap(), None);
        for (channel, vendor) in [("a:b", "77"), ("web", "7\n7"), ("w b", "77"), ("wéb", "77")] {
            assert!(consumer(channel, vendor).is_err(), "{channel} {vendor}");
        }
        let settings = samples::account(&[("api_key", " "), ("minimum_order", "5.001")]);
        assert!(Account(&settings).api_key().is_err() && Account(&settings).minimum_order().is_err());
    }
}

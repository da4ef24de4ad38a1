//! The fields of a WePay account, and their values as the adapter reads them.

use lendport_core::{
    AccountField, AccountSettings, CommitClass, Currency, ErrorKind, FieldKind, ProviderError, Secret,
};

use crate::amount::Id;
use crate::dialect::ApiVersion;
use crate::words::{CheckoutType, FeePayer, PageMode};

/// The fields of an account (`wepay.md` sections 2, 3 and questions 2, 14, 25).
pub(crate) const FIELDS: &[AccountField] = &[
    AccountField::setting(
        "account_id",
        FieldKind::Integer { min: 1, max: u64::MAX },
        "number of the account that is paid; different on stage and in production",
    )
    .needed(),
    AccountField::credential(
        "access_token",
        "token of the merchant with the scope collect_payments; begins with STAGE_ on stage",
    ),
    AccountField::setting(
        "client_id",
        FieldKind::Integer { min: 1, max: u64::MAX },
        "number of the app; accounts that name the same one share its limit of calls",
    ),
    AccountField::setting(
        "api_version",
        FieldKind::Choice(ApiVersion::ALL),
        "version set in the app's dashboard; it decides what captured means; 2015-11-18 when empty",
    ),
    AccountField::setting(
        "api_version_header",
        FieldKind::Choice(&["send", "omit"]),
        "whether calls name the version; send when empty. omit where the app may not name one",
    ),
    AccountField::setting(
        "page",
        FieldKind::Choice(PageMode::WORDS),
        "how the hosted page is shown unless a checkout says otherwise; regular when empty",
    ),
    AccountField::setting(
        "type",
        FieldKind::Choice(CheckoutType::WORDS),
        "what is paid for unless a checkout says otherwise; goods when empty",
    ),
    AccountField::setting(
        "fee_payer",
        FieldKind::Choice(FeePayer::WORDS),
        "who pays the fees unless a checkout says otherwise; left to WePay when empty, which takes the payer",
    ),
    AccountField::setting(
        "currencies",
        FieldKind::Currencies,
        "currencies the account takes, such as USD,CAD, which it is when empty",
    ),
    AccountField::setting(
        "unique_id",
        FieldKind::Choice(&["always", "tokens_only"]),
        "when creates carry unique_id, without which none is sent again; always when empty",
    ),
];

/// Reads an account's values. Choices were checked when they went in; an absent one has its default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a>(pub(crate) &'a AccountSettings);

impl<'a> Account<'a> {
    pub(crate) fn account_id(self) -> Result<Id, ProviderError> {
        let text = self.text("account_id").ok_or_else(|| setup("The account has no account_id."))?;
        Id::parse(text).ok_or_else(|| setup("The account's account_id is not a number."))
    }

    pub(crate) fn access_token(self) -> Result<&'a Secret<String>, ProviderError> {
        let token = self.0.get("access_token").filter(|token| !token.expose().trim().is_empty());
        token.ok_or_else(|| setup("The account has no access_token."))
    }

    /// Whose limit of calls counts: the app's, or the account's own where no app is named.
    pub(crate) fn limited_as(self) -> Result<String, ProviderError> {
        match self.text("client_id") {
            Some(app) => Ok(format!("app {app}")),
            None => Ok(format!("account {}", self.account_id()?)),
        }
    }

    pub(crate) fn version(self) -> Result<ApiVersion, ProviderError> {
        match self.text("api_version") {
            None => Ok(ApiVersion::DEFAULT),
            Some(text) => ApiVersion::parse(text).ok_or_else(|| setup("The account's api_version is not known.")),
        }
    }

    pub(crate) fn names_the_version(self) -> bool {
        self.text("api_version_header") != Some("omit")
    }

    pub(crate) fn page(self) -> PageMode {
        self.text("page").and_then(PageMode::parse).unwrap_or(PageMode::Regular)
    }

    pub(crate) fn kind(self) -> CheckoutType {
        self.text("type").and_then(CheckoutType::parse).unwrap_or(CheckoutType::Goods)
    }

    pub(crate) fn fee_payer(self) -> Option<FeePayer> {
        self.text("fee_payer").and_then(FeePayer::parse)
    }

    pub(crate) fn takes(self, currency: Currency) -> bool {
        match self.text("currencies") {
            None => matches!(currency.code(), "USD" | "CAD"),
            Some(list) => list.split(',').any(|code| code.trim().eq_ignore_ascii_case(currency.code())),
        }
    }

    /// True when a create of this kind carries `unique_id` (question 14).
    pub(crate) fn names_creates(self, tokenised: bool) -> bool {
        tokenised || self.text("unique_id") != Some("tokens_only")
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
        let settings = samples::account(&[("account_id", "1548718026"), ("access_token", "STAGE_example")]);
        let account = Account(&settings);
        assert_eq!(account.version().unwrap(), ApiVersion::DEFAULT);
        assert_eq!((account.page(), account.kind()), (PageMode::Regular, CheckoutType::Goods));
        assert_eq!(account.limited_as().unwrap(), "account 1548718026");
        assert!(account.takes(Currency::USD) && account.takes(Currency::CAD));
        assert!(!account.takes(Currency::parse("GBP").unwrap()));
        assert!(account.names_the_version() && account.names_creates(false));
    }

    #[test]
    fn what_is_set_counts() {
        let settings = samples::account(&[
            ("account_id", "abc"),
            ("access_token", " "),
            ("client_id", "77"),
            ("api_version", "2014-01-08"),
            ("currencies", "usd, GBP"),
            ("unique_id", "tokens_only"),
        ]);
        let account = Account(&settings);
        assert!(account.account_id().is_err() && account.access_token().is_err() && account.version().is_err());
        assert_eq!(account.limited_as().unwrap(), "app 77");
        assert!(account.takes(Currency::parse("GBP").unwrap()) && !account.takes(Currency::CAD));
        assert!(account.names_creates(true) && !account.names_creates(false));
    }
}

//! The fields of a WeGetFinancing account, and their values as the adapter reads them.

use lendport_core::{AccountField, AccountSettings, ErrorKind, FieldKind, ProviderError, Secret};

/// The fields of an account (`wegetfinancing.md` 2, 6.2, 7.3 and Q1, Q3, Q14, Q18).
pub(crate) const FIELDS: &[AccountField] = &[
    AccountField::setting(
        "merchant_id",
        FieldKind::Word { without: "/?#\\" },
        "merchant id used in the API's address, such as 2836; in the mail received at sign-up",
    )
    .needed(),
    AccountField::setting(
        "username",
        FieldKind::Text,
        "API user name; in the back office under Integration, API Integration",
    )
    .needed(),
    AccountField::credential("password", "API password; beside the user name, different in the sandbox and live"),
    AccountField::setting(
        "signature_mode",
        FieldKind::Choice(&["if_present", "required", "off"]),
        "whether postbacks must be signed; if_present when empty, required is advised for live",
    ),
    AccountField::setting(
        "timestamp_tolerance_s",
        FieldKind::Integer { min: 0, max: TOLERANCE_MAX_S },
        "seconds by which a signed postback's Unix timestamp may differ from our clock; not checked when empty",
    ),
    AccountField::setting(
        "shipping_api",
        FieldKind::Choice(&["v1", "v3"]),
        "which shipping call to use; v1 (documented) when empty, v3 is what the provider's plugins use",
    ),
    AccountField::setting(
        "amount_mismatch",
        FieldKind::Choice(&["stop", "warn"]),
        "what to do when the provider computes another amount; stop when empty. warn hands the link out all the same, and shipping stays blocked",
    ),
    AccountField::setting(
        "send_country_and_currency",
        FieldKind::Choice(&["always", "canada_only"]),
        "canada_only leaves both out of US requests, for servers older than the 2026-05 release; always when empty",
    ),
];

/// The largest tolerance that the adapter reads.
const TOLERANCE_MAX_S: u64 = 4_294_967_295;

/// What a postback's signature is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SignatureMode {
    /// Without one a postback is refused.
    Required,
    /// A good one raises the grade, none is accepted.
    IfPresent,
    /// None is expected; a good one raises nothing.
    Off,
}

/// Which shipping call is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShippingApi {
    /// Documented.
    V1,
    /// Used by the provider's plugins.
    V3,
}

/// The credentials of an account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Credentials<'a> {
    pub(crate) username: &'a str,
    pub(crate) password: &'a Secret<String>,
}

/// Reads an account's values. Choices were checked when they went in; an absent one has its default.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Account<'a>(pub(crate) &'a AccountSettings);

impl<'a> Account<'a> {
    pub(crate) fn merchant_id(self) -> Result<&'a str, ProviderError> {
        let id = self.needed("merchant_id")?.expose().as_str();
        // As path segments these two would mean "here" and "one up", in whatever way they are written.
        if matches!(id, "." | "..") {
            return Err(setup("The account's merchant_id cannot be part of an address."));
        }
        Ok(id)
    }

    pub(crate) fn credentials(self) -> Result<Credentials<'a>, ProviderError> {
        Ok(Credentials { username: self.needed("username")?.expose(), password: self.needed("password")? })
    }

    pub(crate) fn signature_mode(self) -> SignatureMode {
        match self.text("signature_mode") {
            Some("required") => SignatureMode::Required,
            Some("off") => SignatureMode::Off,
            _ => SignatureMode::IfPresent,
        }
    }

    /// `None` when no tolerance is set; an error when it is no number.
    pub(crate) fn timestamp_tolerance_s(self) -> Result<Option<i64>, ()> {
        let Some(text) = self.text("timestamp_tolerance_s") else { return Ok(None) };
        text.parse::<u32>().map(|seconds| Some(i64::from(seconds))).map_err(|_| ())
    }

    pub(crate) fn shipping_api(self) -> ShippingApi {
        if self.text("shipping_api") == Some("v3") { ShippingApi::V3 } else { ShippingApi::V1 }
    }

    pub(crate) fn mismatch_stops(self) -> bool {
        self.text("amount_mismatch") != Some("warn")
    }

    pub(crate) fn always_sends_country(self) -> bool {
        self.text("send_country_and_currency") != Some("canada_only")
    }

    fn text(self, name: &str) -> Option<&'a str> {
        self.0.get(name).map(|value| value.expose().trim()).filter(|value| !value.is_empty())
    }

    fn needed(self, name: &'static str) -> Result<&'a Secret<String>, ProviderError> {
        let value = self.0.get(name).filter(|value| !value.expose().is_empty());
        value.ok_or_else(|| setup(&format!("The account has no {name}.")))
    }
}

/// The account is set up wrongly; nothing was sent.
pub(crate) fn setup(message: &str) -> ProviderError {
    ProviderError::new(ErrorKind::Configuration, message).committed_as(lendport_core::CommitClass::NotSent)
}

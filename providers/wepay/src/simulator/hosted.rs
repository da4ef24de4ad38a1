//! The page that a create call asks for (wepay.md 5.3, 5.6 and 5.7).

use rust_decimal::Decimal;

use super::dialect::Version;
use super::errors::Refusal;
use super::fields::Fields;

/// A page of WePay's.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosted {
    pub(super) iframe: bool,
    pub(super) redirect_uri: Option<String>,
    pub(super) shipping_fee: Decimal,
    pub(super) require_shipping: bool,
    pub(super) name: Option<String>,
    pub(super) email: Option<String>,
    pub(super) theme: Option<Theme>,
    /// Empty: all.
    pub(super) funding_sources: Vec<String>,
}

/// The looks of the page.
#[derive(Clone, Debug)]
pub(super) struct Theme {
    pub(super) name: Option<String>,
    /// Primary, secondary, background, button.
    pub(super) colors: [Option<String>; 4],
}

pub(super) const COLORS: [&str; 4] = ["primary_color", "secondary_color", "background_color", "button_color"];

/// Reads `hosted_checkout`; names that no document knows go into `unknown`.
pub(super) fn read(fields: &Fields<'_>, version: Version, unknown: &mut Vec<String>) -> Result<Hosted, Refusal> {
    let known = [
        "redirect_uri",
        "mode",
        "fallback_uri",
        "shipping_fee",
        "require_shipping",
        "prefill_info",
        "funding_sources",
        "theme_object",
    ];
    fields.unknown(&known, unknown);
    let iframe = fields.word("mode", &["regular", "iframe"])?.is_some_and(|mode| mode == "iframe");
    fields.uri("fallback_uri")?;
    let (mut name, mut email) = (None, None);
    if let Some(prefill) = fields.inner("prefill_info")? {
        name = prefill.text("name", 255)?;
        email = prefill.text("email", 255)?;
        prefill.text("phone_number", 15)?;
        // A street line first, an object from about October 2016 on.
        if version.since("2016-12-07") {
            prefill.unknown(&["name", "email", "phone_number", "address"], unknown);
            if let Some(address) = prefill.inner("address")? {
                address.unknown(&["address1", "address2", "city", "region", "postal_code", "country"], unknown);
                place(&address)?;
            }
        } else {
            prefill.unknown(
                &[
                    "name",
                    "email",
                    "phone_number",
                    "address",
                    "city",
                    "state",
                    "region",
                    "zip",
                    "postcode",
                    "postal_code",
                    "country",
                ],
                unknown,
            );
            prefill.text("address", 255)?;
            place(&prefill)?;
        }
    }
    let bank = if version.since("2016-06-22") { "payment_bank" } else { "bank_account" };
    let funding_sources = fields.texts("funding_sources")?.unwrap_or_default();
    if let Some(other) = funding_sources.iter().find(|source| source.as_str() != "credit_card" && *source != bank) {
        return Err(fields.bad("funding_sources", &format!("credit_card or {bank}, not {other}")));
    }
    let theme = match fields.inner("theme_object")? {
        Some(theme) => Some(read_theme(&theme, unknown)?),
        None => None,
    };
    Ok(Hosted {
        iframe,
        redirect_uri: fields.uri("redirect_uri")?,
        shipping_fee: fields.amount("shipping_fee")?.unwrap_or_default(),
        require_shipping: fields.flag("require_shipping")?.unwrap_or(false),
        name,
        email,
        theme,
        funding_sources,
    })
}

/// The lengths of an address, wherever its parts lie.
fn place(fields: &Fields<'_>) -> Result<(), Refusal> {
    let limits = [
        ("address1", 60),
        ("address2", 60),
        ("city", 30),
        ("state", 2),
        ("region", 30),
        ("zip", 10),
        ("postcode", 14),
        ("postal_code", 14),
        ("country", 2),
    ];
    for (name, limit) in limits {
        fields.text(name, limit)?;
    }
    Ok(())
}

fn read_theme(fields: &Fields<'_>, unknown: &mut Vec<String>) -> Result<Theme, Refusal> {
    let mut known = COLORS.to_vec();
    known.extend(["name", "theme_id"]);
    fields.unknown(&known, unknown);
    let color = |name: &str| {
        let color = fields.text(name, 6)?;
        let fits = color.as_ref().is_none_or(|hex| hex.len() == 6 && hex.bytes().all(|b| b.is_ascii_hexdigit()));
        if fits { Ok(color) } else { Err(fields.bad(name, "6 hexadecimal digits")) }
    };
    let [primary, secondary, background, button] = COLORS.map(color);
    Ok(Theme { name: fields.text("name", 64)?, colors: [primary?, secondary?, background?, button?] })
}

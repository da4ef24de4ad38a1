//! How a merchant's shop looks on the pages that its customers see, and which sites may show those pages.

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::invalid::{Invalid, Pointer};
use crate::limits::{SHOP_ORIGINS_MAX, URL_MAX_CHARS};
use crate::public_address::is_loopback;

/// Characters of the name that customers see.
const NAME_MAX_CHARS: usize = 80;
/// Languages that pages are written in.
const LOCALES: [&str; 3] = ["en", "es", "fr-CA"];

/// What a merchant says of its shop; an empty text means "not set".
#[derive(Clone, Copy, Debug, Default)]
pub struct ShopPageInput<'a> {
    /// Name that customers see.
    pub display_name: &'a str,
    /// Address of the logo.
    pub logo_url: &'a str,
    /// Colour of buttons and links.
    pub accent: &'a str,
    /// Sites that may embed the script and frame the page, with blanks between them.
    pub allowed_origins: &'a str,
    /// Language of the page.
    pub locale: &'a str,
}

/// The same, checked. What is not set is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct ShopPage {
    /// Name that customers see; the merchant's own name when absent.
    pub display_name: Option<String>,
    /// Address of the logo, `https` unless it is on this machine.
    pub logo_url: Option<String>,
    /// Colour of buttons and links, `#rrggbb` in lower case.
    pub accent: Option<String>,
    /// Sites that may embed the script and frame the page, as browsers write an origin.
    pub allowed_origins: Vec<String>,
    /// Language of the page; the browser's when absent.
    pub locale: Option<String>,
}

impl ShopPage {
    /// Checks all of it; pointers are the fields' names.
    pub fn new(input: &ShopPageInput<'_>) -> Result<Self, Invalid> {
        let (mut invalid, root) = (Invalid::none(), Pointer::root());
        let at = |name: &str| root.child(name);
        let page = Self {
            display_name: set(input.display_name).and_then(|text| invalid.keep(name(text, &at("display_name")))),
            logo_url: set(input.logo_url).and_then(|text| invalid.keep(logo(text, &at("logo_url")))),
            accent: set(input.accent).and_then(|text| invalid.keep(color(text, &at("accent")))),
            allowed_origins: origins(input.allowed_origins, &at("allowed_origins"), &mut invalid),
            locale: set(input.locale).and_then(|text| invalid.keep(locale(text, &at("locale")))),
        };
        invalid.finish()?;
        Ok(page)
    }
}

fn set(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

fn name(text: &str, at: &Pointer) -> Result<String, Invalid> {
    if text.chars().count() > NAME_MAX_CHARS || text.chars().any(char::is_control) {
        let detail = format!("has more than {NAME_MAX_CHARS} characters, or a control character");
        return Err(Invalid::one(at, "invalid_name", detail));
    }
    Ok(text.to_owned())
}

fn logo(text: &str, at: &Pointer) -> Result<String, Invalid> {
    let wrong = |detail: &str| Err(Invalid::one(at, "invalid_url", detail));
    let Ok(url) = Url::parse(text) else { return wrong("is not a full address such as https://shop.example/logo.svg") };
    if text.chars().count() > URL_MAX_CHARS || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return wrong("is too long, or holds a blank");
    }
    if !is_safe(&url) {
        return wrong("does not start with https://");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return wrong("holds a user name or a password");
    }
    Ok(url.to_string())
}

fn color(text: &str, at: &Pointer) -> Result<String, Invalid> {
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.chars().all(|c| c.is_ascii_hexdigit()) {
        return Err(Invalid::one(at, "invalid_color", "is not a colour such as #0b57d0"));
    }
    Ok(text.to_ascii_lowercase())
}

fn origins(text: &str, at: &Pointer, invalid: &mut Invalid) -> Vec<String> {
    // One more than may be there is enough to say that there are too many.
    let named: Vec<&str> = text.split_whitespace().take(SHOP_ORIGINS_MAX + 1).collect();
    if named.len() > SHOP_ORIGINS_MAX {
        invalid.note(at, "too_many", format!("names more than {SHOP_ORIGINS_MAX} sites"));
        return Vec::new();
    }
    let mut known = Vec::new();
    for one in named {
        match origin(one) {
            Ok(origin) if known.contains(&origin) => {}
            Ok(origin) => known.push(origin),
            Err(problem) => invalid.note(at, "invalid_origin", format!("`{one}` {problem}")),
        }
    }
    known
}

/// A site as a browser writes it in `Origin`: scheme, host, and a port that is not the usual one.
fn origin(text: &str) -> Result<String, &'static str> {
    // A wildcard would let whoever holds a neighbouring name frame the page.
    if text.contains('*') {
        return Err("holds a wildcard; name each site");
    }
    let url = Url::parse(text).map_err(|_| "is not a site such as https://shop.example")?;
    if !is_safe(&url) {
        return Err("does not start with https://");
    }
    let bare = matches!(url.path(), "" | "/") && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err("holds more than scheme, host and port");
    }
    Ok(url.origin().ascii_serialization())
}

fn locale(text: &str, at: &Pointer) -> Result<String, Invalid> {
    let known = LOCALES.into_iter().find(|known| known.eq_ignore_ascii_case(text));
    let detail = || format!("is none of {}", LOCALES.join(", "));
    known.map(str::to_owned).ok_or_else(|| Invalid::one(at, "unknown_locale", detail()))
}

/// Https; plain http to this machine only.
fn is_safe(url: &Url) -> bool {
    let here = match url.host() {
        Some(Host::Ipv4(address)) => is_loopback(address.into()),
        Some(Host::Ipv6(address)) => is_loopback(address.into()),
        // Means this machine wherever it is looked up (RFC 6761, 6.3).
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => return false,
    };
    url.scheme() == "https" || url.scheme() == "http" && here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_set_is_brought_to_one_form() {
        let input = ShopPageInput {
            display_name: " Example TV ",
            logo_url: "https://Shop.Example/logo.svg",
            accent: "#0B57D0",
            allowed_origins: "https://Shop.Example:443/  http://127.0.0.1:8081 https://shop.example http://a.localhost:1",
            locale: "FR-ca",
        };
        let page = ShopPage::new(&input).unwrap();
        assert_eq!(page.display_name.as_deref(), Some("Example TV"));
        assert_eq!(page.logo_url.as_deref(), Some("https://shop.example/logo.svg"));
        assert_eq!(page.accent.as_deref(), Some("#0b57d0"));
        assert_eq!(page.allowed_origins, ["https://shop.example", "http://127.0.0.1:8081", "http://a.localhost:1"]);
        assert_eq!(page.locale.as_deref(), Some("fr-CA"));
        assert_eq!(ShopPage::new(&ShopPageInput::default()), Ok(ShopPage::default()));
    }

    #[test]
    fn everything_wrong_is_named_at_once() {
        let long = "x".repeat(81);
        let many = (0..21).map(|number| format!("https://s{number}.example")).collect::<Vec<_>>().join(" ");
        for (input, wrong) in [
            (ShopPageInput { display_name: &long, accent: "blue", ..Default::default() }, "/display_name /accent"),
            (
                ShopPageInput { logo_url: "http://shop.example/l.svg", locale: "de", ..Default::default() },
                "/logo_url /locale",
            ),
            (ShopPageInput { logo_url: "javascript:alert(1)", ..Default::default() }, "/logo_url"),
            (ShopPageInput { logo_url: "https://a:b@shop.example/", ..Default::default() }, "/logo_url"),
            (ShopPageInput { accent: "#12345g", ..Default::default() }, "/accent"),
            (ShopPageInput { accent: "#0b57d0;x", ..Default::default() }, "/accent"),
            (ShopPageInput { allowed_origins: &many, ..Default::default() }, "/allowed_origins"),
        ] {
            let named: Vec<_> = ShopPage::new(&input).unwrap_err().0.into_iter().map(|error| error.pointer).collect();
            assert_eq!(named.join(" "), wrong);
        }
        for site in [
            "*",
            "https://*.shop.example",
            "shop.example",
            "http://shop.example",
            "https://shop.example/cart",
            "null",
            "https://",
        ] {
            let input = ShopPageInput { allowed_origins: site, ..Default::default() };
            assert!(ShopPage::new(&input).is_err(), "{site}");
        }
    }

    /// Neither a note for each nor a comparison of each with all: a body holds a hundred thousand of them.
    #[test]
    fn too_many_sites_are_one_mistake_whatever_they_are() {
        for (site, times, codes) in [("x", 100_000, vec!["too_many"]), ("x", 20, vec!["invalid_origin"; 20])] {
            let sites = format!("{site} ").repeat(times);
            let input = ShopPageInput { allowed_origins: &sites, ..Default::default() };
            let found: Vec<_> = ShopPage::new(&input).unwrap_err().0.into_iter().map(|error| error.code).collect();
            assert_eq!(found, codes);
        }
    }

    #[test]
    fn rows_of_an_earlier_version_are_read() {
        assert_eq!(serde_json::from_str::<ShopPage>("{}").unwrap(), ShopPage::default());
    }
}

//! The bodies of merchants, keys and provider accounts.

use lendport_core::customer::plain_text;
use lendport_core::{Invalid, Pointer, Quotas, Scope, Scopes, Secret, ShopPage, ShopPageInput, limits};
use lendport_engine::{AccountFields, KeyAsk, MerchantAsk, MerchantPatch, PagePatch};

use super::fields::{Fields, unknown, wrong_type};
use super::node::{Node, shown};

pub(crate) const MERCHANT: &[&str] = &["name", "page"];
pub(crate) const PAGE: &[&str] = &["display_name", "logo_url", "accent", "allowed_origins", "locale"];
pub(crate) const KEY: &[&str] = &["label", "scopes", "expires_at"];
pub(crate) const ROTATE_KEY: &[&str] = &["overlap_s"];
pub(crate) const ACCOUNT: &[&str] = &["fields"];
pub(crate) const QUOTAS: &[&str] = &["open_checkouts", "checkouts_per_day", "webhook_endpoints"];
/// Fields of an account that are read at most; no financer has as many.
const ACCOUNT_FIELDS_MAX: usize = 100;

/// The scopes, as they are written.
pub(crate) fn scope_words() -> [&'static str; Scope::ALL.len()] {
    Scope::ALL.map(Scope::as_str)
}

/// Reads a merchant to make.
pub(crate) fn merchant(node: &Node<'_>, notes: &mut Invalid) -> MerchantAsk {
    let body = Fields::open(node, Pointer::root(), MERCHANT, notes);
    if body.node("name").is_none() && matches!(node, Node::Object(_)) {
        notes.note(&body.pointer("name"), "missing", "is required; unique among merchants");
    }
    MerchantAsk { name: body.text("name", notes), page: page(&body, notes) }
}

/// Reads a merchant's own quotas.
pub(crate) fn quotas(node: &Node<'_>, notes: &mut Invalid) -> Quotas {
    let body = Fields::open(node, Pointer::root(), QUOTAS, notes);
    Quotas {
        open_checkouts: body.count("open_checkouts", notes),
        checkouts_per_day: body.count("checkouts_per_day", notes),
        webhook_endpoints: body.count("webhook_endpoints", notes),
    }
}

/// Reads a change of a merchant. What is left out stays; `null` takes a setting of the page away.
pub(crate) fn merchant_change(node: &Node<'_>, notes: &mut Invalid) -> MerchantPatch {
    let body = Fields::open(node, Pointer::root(), MERCHANT, notes);
    for name in MERCHANT.iter().filter(|name| body.is_null(name)) {
        notes.note(&body.pointer(name), "missing", "must not be null; leave it out to keep what is there");
    }
    MerchantPatch { name: body.text("name", notes), page: page(&body, notes) }
}

fn page(body: &Fields<'_, '_>, notes: &mut Invalid) -> PagePatch {
    let Some(node) = body.node("page") else { return PagePatch::default() };
    let at = body.pointer("page");
    let page = Fields::open(node, at.clone(), PAGE, notes);
    let [display_name, logo_url, accent, locale] =
        ["display_name", "logo_url", "accent", "locale"].map(|name| page.text(name, notes).unwrap_or_default());
    let allowed_origins = sites(&page, notes);
    let input = ShopPageInput {
        display_name: &display_name,
        logo_url: &logo_url,
        accent: &accent,
        allowed_origins: &allowed_origins,
        locale: &locale,
    };
    let given = PAGE.iter().copied().filter(|name| page.is_null(name) || page.node(name).is_some()).collect();
    match ShopPage::new(&input) {
        Ok(values) => PagePatch { given, values },
        Err(invalid) => {
            for error in invalid.0 {
                notes.note(&at.child(error.pointer.trim_start_matches('/')), &error.code, error.detail);
            }
            PagePatch::default()
        }
    }
}

/// Sites with blanks between, as the configuration writes them.
fn sites(page: &Fields<'_, '_>, notes: &mut Invalid) -> String {
    let (at, nodes) = (page.pointer("allowed_origins"), page.list("allowed_origins", notes).unwrap_or_default());
    if nodes.len() > limits::SHOP_ORIGINS_MAX {
        notes.note(&at, "too_many", format!("may have at most {} sites", limits::SHOP_ORIGINS_MAX));
        return String::new();
    }
    let mut sites = Vec::new();
    for (position, node) in nodes.iter().enumerate() {
        let here = at.index(position);
        match node {
            Node::Text(text) if text.contains(char::is_whitespace) => {
                notes.note(&here, "invalid_origin", "holds a blank; name one site in each");
            }
            Node::Text(text) => sites.push(text.as_str()),
            other => wrong_type(&here, "a string", other, notes),
        }
    }
    sites.join(" ")
}

/// Reads a key to make.
pub(crate) fn key(node: &Node<'_>, notes: &mut Invalid) -> KeyAsk {
    let body = Fields::open(node, Pointer::root(), KEY, notes);
    let label = body.text("label", notes).filter(|label| !label.trim().is_empty());
    let at = body.pointer("label");
    let label = label.and_then(|label| notes.keep(plain_text(&label, &at, limits::TEXT_MAX_CHARS)));
    KeyAsk { label, scopes: scopes(&body, notes), expires_at: body.moment("expires_at", notes) }
}

fn scopes(body: &Fields<'_, '_>, notes: &mut Invalid) -> Scopes {
    if body.node("scopes").is_none() {
        return Scopes::of_merchant();
    }
    let (at, nodes) = (body.pointer("scopes"), body.list("scopes", notes).unwrap_or_default());
    if nodes.is_empty() || nodes.len() > Scope::ALL.len() {
        notes.note(&at, "out_of_range", format!("name each scope once; known are {}", scope_words().join(", ")));
        return Scopes::default();
    }
    let mut read = Vec::new();
    for (position, node) in nodes.iter().enumerate() {
        let here = at.index(position);
        match node {
            Node::Text(text) => match Scope::parse(text) {
                Some(scope) if read.contains(&scope) => notes.note(&here, "repeated", "is named twice"),
                Some(scope) => read.push(scope),
                None => notes.note(&here, "unknown_choice", unknown(text, &scope_words())),
            },
            other => wrong_type(&here, "a string", other, notes),
        }
    }
    read.into_iter().collect()
}

/// Reads for how many seconds a replaced key goes on working.
pub(crate) fn rotate_key(node: &Node<'_>, notes: &mut Invalid) -> Option<u32> {
    let body = Fields::open(node, Pointer::root(), ROTATE_KEY, notes);
    let seconds = body.count("overlap_s", notes)?;
    if seconds > limits::KEY_OVERLAP_MAX_S {
        let detail = format!("must be a whole number from 0 to {}", limits::KEY_OVERLAP_MAX_S);
        notes.note(&body.pointer("overlap_s"), "out_of_range", detail);
    }
    Some(seconds)
}

/// Reads the fields of an account. Numbers and flags are taken as they are written; what a field may hold is judged by
/// whoever knows the financer.
pub(crate) fn account(node: &Node<'_>, notes: &mut Invalid) -> AccountFields {
    let body = Fields::open(node, Pointer::root(), ACCOUNT, notes);
    let at = body.pointer("fields");
    if body.node("fields").is_none() && matches!(node, Node::Object(_)) {
        notes.note(&at, "missing", "is required; GET /v1/providers/{id} lists the fields");
    }
    let entries = body.map("fields", notes).unwrap_or_default();
    if entries.len() > ACCOUNT_FIELDS_MAX {
        notes.note(&at, "too_many", format!("may have at most {ACCOUNT_FIELDS_MAX} fields"));
        return AccountFields::new();
    }
    let mut fields = AccountFields::new();
    for (name, node) in entries {
        let value = match node {
            Node::Null => None,
            Node::Text(text) => Some(Secret::new(text.clone())),
            Node::Number(digits) => Some(Secret::from(*digits)),
            Node::Bool(flag) => Some(Secret::from(if *flag { "true" } else { "false" })),
            other => {
                wrong_type(&at.child(&shown(name)), "a string, a number or a boolean", other, notes);
                continue;
            }
        };
        fields.insert(shown(name), value);
    }
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noted<T>(body: &str, read: impl Fn(&Node<'_>, &mut Invalid) -> T) -> (T, Vec<String>) {
        let mut notes = Invalid::none();
        let node = super::super::node::parse(body.as_bytes(), &mut notes).unwrap();
        let value = read(&node, &mut notes);
        (value, notes.0.iter().map(|error| format!("{} {}", error.pointer, error.code)).collect())
    }

    #[test]
    fn a_key_asks_for_scopes_by_name() {
        let (asked, wrong) = noted("{}", key);
        assert_eq!((asked.scopes, asked.label, wrong), (Scopes::of_merchant(), None, vec![]));
        let (asked, wrong) = noted(r#"{"scopes":["checkouts:read"],"label":" till ","expires_at":null}"#, key);
        assert_eq!((asked.scopes.to_text().as_str(), asked.label.as_deref()), ("checkouts:read", Some("till")));
        assert_eq!(wrong, [""; 0]);
        for (body, expected) in [
            (r#"{"scopes":[]}"#, "/scopes out_of_range"),
            (r#"{"scopes":["checkouts:read","checkouts:read"]}"#, "/scopes/1 repeated"),
            (r#"{"scopes":["admin"]}"#, "/scopes/0 unknown_choice"),
            (r#"{"scopes":"checkouts:read"}"#, "/scopes wrong_type"),
            (r#"{"expires_at":"soon"}"#, "/expires_at invalid_time"),
            (r#"{"mode":"live"}"#, "/mode unknown_field"),
            (r#"{"label":"a\nb"}"#, "/label control_character"),
        ] {
            assert!(noted(body, key).1.contains(&expected.to_owned()), "{body}: {:?}", noted(body, key).1);
        }
    }

    #[test]
    fn a_page_is_judged_where_it_was_written() {
        let body = r##"{"page":{"accent":"#0B57D0","logo_url":null,"allowed_origins":["https://shop.example"]}}"##;
        let (patch, wrong) = noted(body, merchant_change);
        assert_eq!((patch.page.given, wrong), (vec!["logo_url", "accent", "allowed_origins"], vec![]));
        assert_eq!(patch.page.values.accent.as_deref(), Some("#0b57d0"));
        let body =
            r#"{"page":{"accent":"red","allowed_origins":["https://a.example https://b.example",7]},"name":null}"#;
        let wrong = noted(body, merchant_change).1;
        let expected = [
            "/name missing",
            "/page/allowed_origins/0 invalid_origin",
            "/page/allowed_origins/1 wrong_type",
            "/page/accent invalid_color",
        ];
        assert_eq!(wrong, expected);
        assert_eq!(noted("{}", merchant).1, ["/name missing"]);
        // Each of these would be a mistake of its own.
        for site in ["7", "\"a b\"", "\"x\""] {
            let body = format!(r#"{{"page":{{"allowed_origins":[{}]}}}}"#, vec![site; 100_000].join(","));
            assert_eq!(noted(&body, merchant_change).1, ["/page/allowed_origins too_many"]);
        }
    }

    #[test]
    fn fields_of_an_account_are_taken_as_they_are_written() {
        let (fields, wrong) = noted(r#"{"fields":{"a":"x","b":12.50,"c":true,"d":null,"e":[]}}"#, account);
        let text = |name: &str| fields.get(name).map(|value| value.as_ref().map(|value| value.expose().clone()));
        assert_eq!(text("b"), Some(Some("12.50".to_owned())));
        assert_eq!((text("c"), text("d"), text("e")), (Some(Some("true".to_owned())), Some(None), None));
        assert_eq!(wrong, ["/fields/e wrong_type"]);
        assert_eq!(noted("{}", account).1, ["/fields missing"]);
    }
}

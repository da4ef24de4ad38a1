//! The looks of the payer's page: one column, labels on every field, visible focus, dark and light.

use std::fmt::Write as _;

use super::checkout::Checkout;
use super::dialect::State;
use super::hosted::Hosted;
use lendport_simulation::escape;

/// Everything that pages may load; who may frame them is added.
pub(super) const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; base-uri 'none'; form-action *";

/// What a payer is told of a state.
pub(super) fn plain(state: State) -> &'static str {
    match state {
        State::New => "waiting for you",
        State::Authorized => "paid, under review",
        State::Held => "paid, held",
        State::Credited => "paid",
        State::Cancelled => "cancelled",
        State::Refunded => "refunded",
        State::ChargedBack => "charged back",
        State::Failed => "failed",
        State::Expired => "expired",
    }
}

/// The form that pays, declines or leaves.
pub(super) fn form(body: &mut String, checkout: &Checkout, hosted: &Hosted, action: &str) {
    let _ok = write!(body, "<form method=post action=\"{action}\"><fieldset><legend>Payer</legend>");
    let name = hosted.name.as_deref().unwrap_or_default();
    let email = hosted.email.as_deref().unwrap_or_default();
    field(body, "name", "Name", name, "name", "text");
    field(body, "email", "E-mail", email, "email", "email");
    if hosted.funding_sources.len() != 1 {
        body.push_str(
            "<label for=funding_source>Pay with</label><select id=funding_source name=funding_source>\
             <option value=card>Card</option><option value=bank>Bank account</option></select>",
        );
    }
    body.push_str("</fieldset>");
    if hosted.require_shipping {
        body.push_str("<fieldset><legend>Shipping address</legend>");
        for (id, label, hint) in [
            ("street", "Street", "address-line1"),
            ("city", "City", "address-level2"),
            ("region", "State or region", "address-level1"),
            ("postcode", "Postal code", "postal-code"),
            ("country", "Country, two letters", "country"),
        ] {
            field(body, id, label, "", hint, "text");
        }
        body.push_str("</fieldset>");
    }
    let _ok = write!(
        body,
        "<p>No card number is needed: nobody is charged.</p><div class=buttons>\
         <button name=decision value=pay>Pay {} {}</button>\
         <button name=decision value=decline formnovalidate>Let the card be declined</button>\
         <button name=decision value=leave formnovalidate>Leave without paying</button></div></form>",
        checkout.sums().gross,
        checkout.order.currency,
    );
}

fn field(body: &mut String, id: &str, label: &str, value: &str, hint: &str, kind: &str) {
    let _ok = write!(
        body,
        "<label for={id}>{label}</label><input id={id} name={id} type={kind} autocomplete={hint} value=\"{}\">",
        escape(value),
    );
}

/// A whole page.
pub(super) fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title} (simulator)</title><style>{STYLE}</style></head><body>\
         <p class=banner><strong>SIMULATOR</strong> of WePay. No money moves. <a href=\"/_sim/\">Control API</a></p>\
         <main>{body}</main></body></html>"
    )
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#1a1a1a}\
main{max-width:34rem;margin:0 auto;padding:1rem}.banner{margin:0;padding:.5rem 1rem;background:#3b2a00;color:#fff}\
.banner a{color:#ffe08a}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}\
dd{margin:0}code{overflow-wrap:anywhere}fieldset{display:grid;gap:.3rem;margin:0 0 1rem;border:1px solid #555}\
.buttons{display:flex;flex-wrap:wrap;gap:.6rem}\
button{font:inherit;padding:.5rem 1rem;border:2px solid #1b4d8f;border-radius:.3rem;background:#fff;color:#1b4d8f}\
button:hover{background:#e8f0fb}input,select{font:inherit;padding:.45rem;border:2px solid #555;border-radius:.3rem}\
:focus-visible{outline:3px solid #c2410c;outline-offset:2px}.problem{padding:.6rem;border:2px solid #a40000;color:#a40000}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}button{background:#161616;color:#9cc3ff;\
border-color:#9cc3ff}button:hover{background:#24344d}.problem{color:#ff9d9d;border-color:#ff9d9d}}";

//! The looks of the plugin's pages: one column, labels on every field, visible focus, dark and light.

use std::fmt::Write as _;

use lendport_simulation::escape;

/// Everything that the pages may load. Any shop may frame them.
pub(super) const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; script-src 'self'; connect-src 'self'; \
     frame-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors *";

/// A whole page.
pub(super) fn frame(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title} (simulator)</title><style>{STYLE}</style></head><body>\
         <header class=banner><strong>SIMULATOR</strong> of FlexShopper. Nobody leases anything. \
         <a href=\"/_sim/\" target=_blank rel=noopener>Control API</a></header><main>{body}</main></body></html>"
    )
}

/// One labelled field.
pub(super) fn field(body: &mut String, id: &str, label: &str, value: &str, kind: &str, hint: &str) {
    let _ok = write!(
        body,
        "<label for={id}>{label}</label>\
         <input id={id} name={id} type={kind} autocomplete={hint} value=\"{}\" required>",
        escape(value),
    );
}

const STYLE: &str = "body{font:1rem/1.5 system-ui,sans-serif;margin:0;background:#fff;color:#1a1a1a}\
main{max-width:34rem;margin:0 auto;padding:1rem}.banner{margin:0;padding:.5rem 1rem;background:#3b2a00;color:#fff}\
.banner a{color:#ffe08a}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}\
dd{margin:0}fieldset{display:grid;gap:.3rem;margin:0 0 1rem;border:1px solid #555}\
.check{display:flex;gap:.5rem;align-items:center}.buttons{display:flex;flex-wrap:wrap;gap:.6rem;margin:1rem 0}\
button{font:inherit;padding:.5rem 1rem;border:2px solid #1b4d8f;border-radius:.3rem;background:#fff;color:#1b4d8f}\
button:hover{background:#e8f0fb}input,select{font:inherit;padding:.45rem;border:2px solid #555;border-radius:.3rem}\
:focus-visible{outline:3px solid #c2410c;outline-offset:2px}.problem{padding:.6rem;border:2px solid #a40000;color:#a40000}\
.contract{border:1px solid #555;padding:0 1rem;margin:0 0 1rem}\
@media(prefers-color-scheme:dark){body{background:#161616;color:#eee}a{color:#9cc3ff}\
button{background:#161616;color:#9cc3ff;border-color:#9cc3ff}button:hover{background:#24344d}\
.problem{color:#ff9d9d;border-color:#ff9d9d}}";

//! The pages of the plugin's window. They work without scripts, but for handing the order in and telling of the end.

use std::fmt::Write as _;

use super::html;
use super::money::TERM_WEEKS;
use super::session::{Person, Session, Stage, signed_number};
use super::state::Sim;
use super::transaction::Transaction;
use lendport_simulation::escape;

/// What a customer reads when the first payment does not go through.
pub(super) const PAYMENT_DUE: &str = "Your first payment did not go through. Tick the other card and sign again.";

/// The empty window: a script asks the page around it for the order.
pub(super) fn waiting() -> String {
    html::frame(
        "Lease to own",
        "<h1>Lease to own</h1><p role=status id=status>Waiting for your cart.</p><script src=\"/sdk/frame.js\"></script>",
    )
}

/// A window that is not there.
pub(super) fn lost(why: &str) -> String {
    html::frame("Lease to own", &format!("<h1>Lease to own</h1><p class=problem role=alert>{}</p>", escape(why)))
}

/// What a window shows.
pub(super) fn of_stage(sim: &Sim, session: &Session, stage: &Stage, problem: Option<&str>) -> String {
    let mut body = String::from("<h1>Lease to own</h1>");
    if let Some(problem) = problem {
        let _ok = write!(body, "<p class=problem role=alert>{}</p>", escape(problem));
    }
    cart(&mut body, session);
    let to = |step: &str| format!("/sdk/session/{}/{step}", session.id);
    match stage {
        Stage::Apply => application(&mut body, &to("apply")),
        Stage::Deciding => {
            let _ok = write!(
                body,
                "<p role=status>We are looking at your application. This can take a few minutes.</p>\
                 <p><a href=\"/sdk/session/{}\">Look again</a></p>",
                session.id
            );
        }
        Stage::Declined => {
            body.push_str("<p role=status>We cannot offer you a lease at this time.</p>");
            leave(&mut body, "Back to the shop");
        }
        Stage::NotThisCart(why) => {
            let _ok = write!(body, "<p role=status>We cannot lease this cart to you: {}.</p>", escape(why));
            leave(&mut body, "Back to the shop to change the cart");
        }
        Stage::Contract(serial) => {
            if let Some(transaction) = sim.store().get(*serial) {
                contract(&mut body, transaction, &to("sign"));
            }
        }
        Stage::Expired => {
            let _ok = write!(
                body,
                "<p role=status>This lease ended before it was signed.</p><form method=post action=\"{}\">\
                 <div class=buttons><button>Make a new lease</button></div></form>",
                to("renew")
            );
        }
        Stage::Signed(_) => {
            let number = signed_number(&sim.store(), stage).unwrap_or_default();
            let _ok = write!(
                body,
                "<p role=status>Signed. Your lease number is {number}.</p>\
                 <script src=\"/sdk/done.js\" data-event=signed data-lease-number=\"{number}\" \
                 data-transaction-id=\"{}\"></script>",
                escape(&session.cart.transaction_id)
            );
        }
    }
    html::frame("Lease to own", &body)
}

fn cart(body: &mut String, session: &Session) {
    body.push_str("<h2>Your cart</h2><ul>");
    for line in &session.cart.lines {
        let _ok = write!(
            body,
            "<li>{} x {}, {} dollars each</li>",
            line.quantity,
            escape(&line.description),
            line.cost.normalize()
        );
    }
    let _ok = write!(body, "</ul><p>With shipping {} dollars.</p>", session.cart.cash_price().normalize());
}

fn application(body: &mut String, action: &str) {
    let usual = Person::usual(None);
    let _ok = write!(
        body,
        "<h2>Apply</h2><p>Type in nothing true: this is a simulator. A word in the e-mail address asks for an outcome, \
         as in <code>ada+deny@example.com</code>. Name or e-mail address have to be those of the shop's checkout: a lease that \
         somebody else signs is undone.</p><form method=post action=\"{action}\">\
         <fieldset><legend>Who you are</legend>"
    );
    html::field(body, "first_name", "First name", &usual.first_name, "text", "given-name");
    html::field(body, "last_name", "Last name", &usual.last_name, "text", "family-name");
    html::field(body, "email", "E-mail", &usual.email, "email", "email");
    html::field(body, "phone", "Mobile phone", "6514447773", "tel", "tel");
    html::field(body, "street1", "Street", "1 Main Street", "text", "address-line1");
    html::field(body, "city", "City", "Boca Raton", "text", "address-level2");
    html::field(body, "region", "State", "FL", "text", "address-level1");
    html::field(body, "postal_code", "ZIP code", "33431", "text", "postal-code");
    html::field(body, "date_of_birth", "Date of birth", &usual.date_of_birth, "date", "bday");
    html::field(body, "ssn", "Social Security number (made up; thrown away)", "000000000", "text", "off");
    html::field(body, "income", "Monthly income in dollars (thrown away)", "3000", "text", "off");
    body.push_str(
        "</fieldset><fieldset><legend>First payment</legend><label for=card>Pay with</label>\
         <select id=card name=card><option value=good>A card that works</option>\
         <option value=declined>A card that is declined</option></select></fieldset>\
         <div class=buttons><button>Apply</button></div></form>",
    );
    leave(body, "Leave");
}

fn contract(body: &mut String, transaction: &Transaction, action: &str) {
    let terms = &transaction.terms;
    let _ok = write!(
        body,
        "<h2>Your lease</h2><div class=contract><dl><dt>Lease number</dt><dd>{}</dd><dt>Payments</dt>\
         <dd>{TERM_WEEKS} weekly payments of {} dollars, tax included</dd><dt>Cash price</dt><dd>{} dollars</dd>\
         <dt>Cost of rental</dt><dd>{} dollars</dd></dl><p>This lease is simulated and binds nobody.</p></div>\
         <form method=post action=\"{action}\">\
         <p class=check><input type=checkbox id=agreed name=agreed value=yes required>\
         <label for=agreed>I have read the lease and accept it</label></p>\
         <p class=check><input type=checkbox id=other_card name=other_card value=yes>\
         <label for=other_card>Take the first payment from another card, one that works</label></p>\
         <div class=buttons><button>Sign the lease</button></div></form>",
        transaction.number,
        terms.payment.normalize(),
        terms.cash_price.normalize(),
        terms.rental.normalize(),
    );
    leave(body, "Leave without signing");
}

/// A button that asks the page around to close the window. Alone in a tab it does nothing.
fn leave(body: &mut String, label: &str) {
    let _ok = write!(
        body,
        "<div class=buttons><button type=button id=leave>{label}</button></div>\
         <script src=\"/sdk/done.js\" data-event=left></script>"
    );
}

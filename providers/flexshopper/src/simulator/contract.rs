//! The contract of a lease as a document (flexshopper.md 4.13): HTML or a PDF of one page, base64-encoded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::money::TERM_WEEKS;
use super::money::Terms;
use super::transaction::{Cart, Transaction};
use lendport_simulation::escape;

/// The contract in HTML. It holds nothing that was made up by somebody else without escaping.
pub(super) fn html(cart: &Cart, terms: &Terms, number: &str) -> String {
    let lines: String = cart
        .lines
        .iter()
        .map(|line| format!("<li>{} x {} ({})</li>", line.quantity, escape(&line.description), escape(&line.sku)))
        .collect();
    format!(
        "<!doctype html><html lang=en><title>Lease {number}</title><h1>Lease agreement {number}</h1>\
         <p>This lease is simulated and binds nobody.</p><ul>{lines}</ul>\
         <p>{TERM_WEEKS} weekly payments of {} dollars, tax included. Cash price {} dollars, cost of rental {} \
         dollars.</p></html>",
        terms.payment.normalize(),
        terms.cash_price.normalize(),
        terms.rental.normalize(),
    )
}

/// What an answer holds.
pub(super) fn encoded(transaction: &Transaction, pdf: bool) -> String {
    if pdf {
        return STANDARD.encode(one_page(&transaction.number));
    }
    STANDARD.encode(html(&transaction.cart, &transaction.terms, &transaction.number))
}

/// A page with one line of text.
fn one_page(number: &str) -> String {
    let text = format!("BT /F1 14 Tf 40 750 Td (Lease {number}. Simulated, binds nobody.) Tj ET");
    let parts = [
        "<</Type/Catalog/Pages 2 0 R>>".to_owned(),
        "<</Type/Pages/Kids[3 0 R]/Count 1>>".to_owned(),
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>".to_owned(),
        format!("<</Length {}>>stream\n{text}\nendstream", text.len()),
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>".to_owned(),
    ];
    let mut page = String::from("%PDF-1.4\n");
    let mut places = Vec::new();
    for (place, part) in parts.iter().enumerate() {
        places.push(page.len());
        page.push_str(&format!("{} 0 obj{part}endobj\n", place + 1));
    }
    let table = page.len();
    page.push_str(&format!("xref\n0 {}\n0000000000 65535 f \n", parts.len() + 1));
    places.iter().for_each(|place| page.push_str(&format!("{place:010} 00000 n \n")));
    page.push_str(&format!("trailer<</Size {}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n", parts.len() + 1));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_the_page_points_at_its_parts() {
        let page = one_page("1234567");
        let from = |place: usize| page.get(place..).unwrap();
        let table: usize = page.lines().rev().nth(1).unwrap().parse().unwrap();
        assert!(from(table).starts_with("xref\n"));
        for (place, line) in from(table).lines().skip(3).take(5).enumerate() {
            let at: usize = line.split(' ').next().unwrap().parse().unwrap();
            assert!(from(at).starts_with(&format!("{} 0 obj", place + 1)));
        }
    }
}

//! The body of `POST /v1/checkouts/{id}/shipments`.

use jiff::civil::Date;
use lendport_core::operation::ShippedLine;
use lendport_core::{Invalid, Pointer, Shipment, ShipmentStatus, customer, limits};

use super::command::lines;
use super::fields::Fields;
use super::node::Node;
use super::text::{message, web_address};

pub(crate) const SHIPMENT: &[&str] = &[
    "status",
    "carrier",
    "service",
    "tracking_number",
    "tracking_url",
    "shipped_on",
    "expected_on",
    "message",
    "lines",
];

/// The words of `status`.
pub(crate) const STATUSES: &[&str] =
    &["confirmed", "partially_shipped", "shipped", "delivered", "recalled", "out_of_stock"];

/// Reads the body; nothing when `status` is missing or wrong, which is then noted.
pub(crate) fn read(node: &Node<'_>, notes: &mut Invalid) -> Option<Shipment> {
    let body = Fields::open(node, Pointer::root(), SHIPMENT, notes);
    if body.node("status").is_none() && matches!(node, Node::Object(_)) {
        notes.note(&body.pointer("status"), "missing", format!("is required; use one of {}", STATUSES.join(", ")));
    }
    let status = body.word("status", STATUSES, ShipmentStatus::parse, notes);
    let carrier = plain(&body, "carrier", notes);
    let service = plain(&body, "service", notes);
    let tracking_number = plain(&body, "tracking_number", notes);
    let tracking_url = web_address(&body, "tracking_url", notes);
    let shipped_on = day(&body, "shipped_on", notes);
    let expected_on = day(&body, "expected_on", notes);
    if let (Some(shipped), Some(expected)) = (shipped_on, expected_on)
        && expected < shipped
    {
        notes.note(&body.pointer("expected_on"), "out_of_order", "must not be before shipped_on");
    }
    let message = message(&body, "message", notes);
    let lines = lines(&body, notes).into_iter().map(|(line, quantity)| ShippedLine { line, quantity }).collect();
    Some(Shipment {
        status: status?,
        carrier,
        service,
        tracking_number,
        tracking_url,
        shipped_on,
        expected_on,
        message,
        lines,
    })
}

fn plain(body: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<String> {
    let text = body.text(name, notes)?;
    notes.keep(customer::plain_text(&text, &body.pointer(name), limits::TEXT_MAX_CHARS))
}

fn day(body: &Fields<'_, '_>, name: &str, notes: &mut Invalid) -> Option<Date> {
    let text = body.text(name, notes)?;
    // Strictly YYYY-MM-DD: a moment with a time zone would name different days in different places.
    let plain = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let day = plain.then(|| text.parse::<Date>().ok()).flatten();
    if day.is_none() {
        notes.note(&body.pointer(name), "invalid_date", "use a date such as 2026-11-21");
    }
    day
}

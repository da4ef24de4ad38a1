//! What happened to the goods, as v1 (E2) or v3 (E5) tells it (`wegetfinancing.md` section 7).

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use lendport_core::{Ability, Cart, ProviderError, ProviderRef, Shipment, ShipmentStatus};

use crate::cart_lines::sku_of;
use crate::wire::{ShippingBody, ShippingEvent, ShippingStatusBody};

/// What plugins send where they know nothing (7.2).
const NOTHING: &str = "-";

/// Body of E2. The date is the day the goods were sent, else today (UTC).
pub(crate) fn v1<'a>(
    reference: &'a ProviderRef,
    cart: &Cart,
    shipment: &'a Shipment,
    now: Timestamp,
) -> ShippingBody<'a> {
    let message = match shipment.status {
        ShipmentStatus::OutOfStock => Some(shipment.message.as_deref().unwrap_or("out of stock")),
        _ => shipment.message.as_deref(),
    };
    ShippingBody {
        loan_id: &reference.0,
        shipping_event: ShippingEvent {
            date: shipment.shipped_on.unwrap_or_else(|| today(now)).to_string(),
            state: v1_state(shipment.status),
            items: items(cart, shipment),
            message,
            expected_delivery_date: shipment.expected_on.map(|day| day.to_string()),
            service_type: shipment.service.as_deref(),
            shipment_company: shipment.carrier.as_deref(),
            tracking_number: shipment.tracking_number.as_deref(),
        },
    }
}

/// Body of E5, where all four fields are demanded. It has no word for goods called back.
pub(crate) fn v3(shipment: &Shipment, now: Timestamp) -> Result<ShippingStatusBody<'_>, ProviderError> {
    let status = v3_status(shipment.status).ok_or_else(|| {
        ProviderError::unsupported(
            Ability::ConfirmShipment,
            "version 3 of the shipping call cannot say that goods were called back; set the account's shipping_api to \
             v1, or tell WeGetFinancing in its portal",
        )
    })?;
    let tomorrow = || today(now).checked_add(1.day()).unwrap_or(Date::MAX);
    Ok(ShippingStatusBody {
        shipping_status: status,
        tracking_id: shipment.tracking_number.as_deref().unwrap_or(NOTHING),
        tracking_company: shipment.carrier.as_deref().unwrap_or(NOTHING),
        delivery_date: shipment.expected_on.unwrap_or_else(tomorrow).to_string(),
    })
}

fn v1_state(status: ShipmentStatus) -> &'static str {
    match status {
        ShipmentStatus::Confirmed => "accepted",
        ShipmentStatus::PartiallyShipped => "partial",
        ShipmentStatus::Shipped => "dispatched",
        ShipmentStatus::Delivered => "delivered",
        ShipmentStatus::Recalled => "recalled",
        ShipmentStatus::OutOfStock => "other",
    }
}

fn v3_status(status: ShipmentStatus) -> Option<&'static str> {
    match status {
        ShipmentStatus::Confirmed => Some("stocked"),
        ShipmentStatus::PartiallyShipped | ShipmentStatus::Shipped => Some("shipped"),
        ShipmentStatus::Delivered => Some("delivered"),
        ShipmentStatus::Recalled => None,
        ShipmentStatus::OutOfStock => Some("shortage"),
    }
}

/// Product codes of the lines in a shipment, each once; all of the cart's when none is named.
fn items(cart: &Cart, shipment: &Shipment) -> Vec<String> {
    let named = |id| shipment.lines.is_empty() || shipment.lines.iter().any(|line| line.line == id);
    let mut skus: Vec<String> = Vec::new();
    for sku in cart.lines.iter().filter(|line| named(line.id)).map(sku_of) {
        if !skus.contains(&sku) {
            skus.push(sku);
        }
    }
    skus
}

fn today(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use lendport_core::operation::ShippedLine;
    use lendport_testkit::SeededIds;
    use lendport_testkit::clock::START;
    use lendport_testkit::samples::{self, Sample};

    use super::*;

    fn shipment(status: ShipmentStatus) -> Shipment {
        Shipment {
            status,
            carrier: None,
            service: None,
            tracking_number: None,
            tracking_url: None,
            shipped_on: None,
            expected_on: None,
            message: None,
            lines: Vec::new(),
        }
    }

    #[test]
    fn every_status_in_both_versions() {
        let cart = Sample::usa().checkout(&SeededIds::default()).cart;
        let reference = ProviderRef("r".into());
        for (status, first, third) in [
            (ShipmentStatus::Confirmed, "accepted", Some("stocked")),
            (ShipmentStatus::PartiallyShipped, "partial", Some("shipped")),
            (ShipmentStatus::Shipped, "dispatched", Some("shipped")),
            (ShipmentStatus::Delivered, "delivered", Some("delivered")),
            (ShipmentStatus::Recalled, "recalled", None),
            (ShipmentStatus::OutOfStock, "other", Some("shortage")),
        ] {
            let shipment = shipment(status);
            assert_eq!(v1(&reference, &cart, &shipment, START).shipping_event.state, first);
            assert_eq!(v3(&shipment, START).ok().map(|body| body.shipping_status), third);
        }
    }

    #[test]
    fn what_is_not_known_gets_a_default_or_is_left_out() {
        let cart = Sample::usa().checkout(&SeededIds::default()).cart;
        let reference = ProviderRef("r".into());
        let shipment = shipment(ShipmentStatus::OutOfStock);
        let body = serde_json::to_value(v1(&reference, &cart, &shipment, START)).unwrap();
        let sku = cart.lines[0].id.to_string();
        let expected = serde_json::json!({ "loan_id": "r", "shipping_event":
            { "date": "2026-11-21", "state": "other", "items": [sku], "message": "out of stock" } });
        assert_eq!(body, expected);
        let body = serde_json::to_value(v3(&shipment, START).unwrap()).unwrap();
        let expected = serde_json::json!({ "shipping_status": "shortage", "tracking_id": "-",
            "tracking_company": "-", "delivery_date": "2026-11-22" });
        assert_eq!(body, expected);
    }

    #[test]
    fn only_the_lines_sent_are_named_and_each_code_once() {
        let mut sample = Sample::usa();
        let item = |sku| samples::item(Some(sku), "Thing", 2, "1", "0");
        sample.cart.items = vec![item("A"), item("B"), item("A")];
        let cart = sample.checkout(&SeededIds::default()).cart;
        let mut shipment = shipment(ShipmentStatus::PartiallyShipped);
        assert_eq!(items(&cart, &shipment), ["A", "B"]);
        shipment.lines = vec![ShippedLine { line: cart.lines[1].id, quantity: 1 }];
        assert_eq!(items(&cart, &shipment), ["B"]);
    }
}

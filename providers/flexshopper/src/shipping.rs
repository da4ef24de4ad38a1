//! What was sent or picked up. Telling it lets the merchant be paid, and may take the customer's first payment (4.21), so it
//! is told once: a look first refuses what FlexShopper holds for sent already.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use lendport_core::{
    Ability, Attempt, Checkout, CommitClass, ErrorKind, Invalid, LineUnits, Pointer, ProviderError, Shipment,
    ShipmentStatus,
};

use crate::error;
use crate::lines::shipped;
use crate::medusa::{Medusa, PickedUp, SentItem};
use crate::order::{Order, OrderLine, transaction_id};

const NO_ARRIVAL: &str = "FlexShopper is told of parcels when they are sent; say delivered only for goods that were picked \
                          up, without carrier and tracking";
const NO_WORD: &str = "FlexShopper is told of goods that were sent or picked up; cancel or return what is not sent";

/// Tells of a shipment, or of a pickup. Answers the units that are paid for by it: all of them, or it is an error.
pub(crate) async fn confirm(
    to: &Medusa<'_>,
    checkout: &Checkout,
    attempt: &Attempt,
    shipment: &Shipment,
) -> Result<Vec<LineUnits>, ProviderError> {
    let order = Order::of(checkout, to.account)?;
    let units = units(&order, shipment);
    let id = transaction_id(attempt);
    match shipment.status {
        ShipmentStatus::Shipped | ShipmentStatus::PartiallyShipped => {
            let carrier = carrier(shipment)?;
            let items: Vec<SentItem> = units.iter().map(|unit| sent(unit, carrier, shipment, today(to))).collect();
            look(to, &id, &units).await?;
            to.confirm_shipment(&id, &items).await?;
        }
        ShipmentStatus::Delivered if shipment.carrier.is_none() && shipment.tracking_number.is_none() => {
            let day = shipment.shipped_on.unwrap_or_else(|| today(to));
            let picked_up = |(line, quantity): &(&OrderLine<'_>, u32)| PickedUp {
                sku: line.sku.clone(),
                quantity: *quantity,
                receipt_date: day,
            };
            let items: Vec<PickedUp> = units.iter().map(picked_up).collect();
            look(to, &id, &units).await?;
            to.confirm_receipt(&id, &items).await?;
        }
        ShipmentStatus::Delivered => return Err(ProviderError::unsupported(Ability::ConfirmDelivery, NO_ARRIVAL)),
        ShipmentStatus::Confirmed | ShipmentStatus::OutOfStock | ShipmentStatus::Recalled => {
            return Err(ProviderError::unsupported(Ability::ConfirmShipment, NO_WORD));
        }
    }
    Ok(units.iter().map(|(line, quantity)| LineUnits { line: line.line.id, quantity: *quantity }).collect())
}

type Unit<'o> = (&'o OrderLine<'o>, u32);

/// The lines with their units, all of the order's when none is named: FlexShopper is never left to guess (question 8).
fn units<'o>(order: &'o Order<'o>, shipment: &Shipment) -> Vec<Unit<'o>> {
    if shipment.lines.is_empty() {
        return order.lines.iter().map(|line| (line, line.line.quantity)).collect();
    }
    shipment.lines.iter().filter_map(|shipped| order.by_id(shipped.line).map(|line| (line, shipped.quantity))).collect()
}

fn carrier(shipment: &Shipment) -> Result<&str, ProviderError> {
    shipment.carrier.as_deref().map(str::trim).filter(|carrier| !carrier.is_empty()).ok_or_else(|| {
        let at = Pointer::root().child("carrier");
        ProviderError::new(ErrorKind::Invalid, "FlexShopper needs the carrier of a shipment.")
            .committed_as(CommitClass::NotSent)
            .with_fields(Invalid::one(&at, "missing", "name the carrier, such as UPS").0)
    })
}

fn sent((line, quantity): &Unit<'_>, carrier: &str, shipment: &Shipment, today: Date) -> SentItem {
    SentItem {
        sku: line.sku.clone(),
        carrier: carrier.to_owned(),
        ship_date: shipment.shipped_on.unwrap_or(today),
        tracking_number: shipment.tracking_number.clone(),
        tracking_link: shipment.tracking_url.clone(),
        delivery_date: shipment.expected_on,
        quantity: *quantity,
    }
}

/// Refuses what was told already, as far as FlexShopper says what was: its counts are not exclusive, and an open set.
async fn look(to: &Medusa<'_>, id: &str, units: &[Unit<'_>]) -> Result<(), ProviderError> {
    let Some(known) = to.transaction(id).await? else {
        return Err(error::not_now("FlexShopper knows no such order, so nothing can be shipped."));
    };
    if known.lease_status() != Some("signed") {
        return Err(error::not_now("The lease is not signed, so nothing can be shipped."));
    }
    if units
        .iter()
        .any(|(line, quantity)| shipped(&known, &line.sku).unwrap_or(0).saturating_add(*quantity) > line.line.quantity)
    {
        return Err(error::not_now("FlexShopper holds these units for shipped already; it is not told of them twice."));
    }
    Ok(())
}

fn today(to: &Medusa<'_>) -> Date {
    to.ctx.now.to_zoned(TimeZone::UTC).date()
}

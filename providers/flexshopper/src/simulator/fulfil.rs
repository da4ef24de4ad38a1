//! What happens to the goods: cancel, return, shipment, pick-up (flexshopper.md 4.19 to 4.22).

use jiff::Timestamp;

use super::api::Call;
use super::errors::{Refusal, data};
use super::fields::Fields;
use super::goods::{Asked, Back, Counts, Parcel};
use super::object;
use super::state::Sim;
use super::transactions::find;
use lendport_simulation::{Json, Reply, later};

/// POST `/v3/transactions/{transactionId}/cancel`
pub(super) fn cancel(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    take_back(sim, call, Back::Cancel)
}

/// POST `/v3/transactions/{transactionId}/return`
pub(super) fn take_return(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    take_back(sim, call, Back::Return)
}

fn take_back(sim: &Sim, call: &Call<'_>, way: Back) -> Result<Reply, Refusal> {
    let fields = call.fields(sim, &["items"])?;
    let mut asked = Asked::new();
    let mut strange = Vec::new();
    for entry in fields.list("items")?.unwrap_or_default() {
        entry.unknown(&["sku", "quantity"], &mut strange);
        asked.push((entry.required_text("sku")?, entry.quantity("quantity")?));
    }
    call.strange(sim, strange)?;
    let mut store = sim.store();
    let serial = find(&store, call)?;
    let over = store.rules.over_quantity;
    let transaction = store.get_mut(serial, call.now).ok_or(Refusal::NO_LEASE)?;
    *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    let everything = asked.is_empty();
    let (done, failed) = transaction.goods.take_back(way, asked, over);
    let word = if way == Back::Cancel { "canceled" } else { "returned" };
    if !done.is_empty() {
        transaction.note(call.now, format!("{word} {}", written(&done)));
    }
    // Nobody can sign what is canceled as a whole.
    transaction.void |= everything && way == Back::Cancel && transaction.goods.gone();
    Ok(data(Json::object([(word, shown(&done)), ("failed", shown(&failed))])))
}

fn shown(counts: &Counts) -> Json {
    let entry =
        |(sku, count): &(String, u32)| Json::object([("sku", sku.as_str().into()), ("quantity", (*count).into())]);
    counts.iter().map(entry).collect()
}

fn written(counts: &Counts) -> String {
    counts.iter().map(|(sku, count)| format!("{count} x {sku}")).collect::<Vec<_>>().join(", ")
}

/// One entry of a shipment or pick-up.
struct Leaving {
    sku: String,
    quantity: Option<u32>,
    carrier: Option<String>,
    date: String,
    tracking_number: Option<String>,
    tracking_link: Option<String>,
}

/// POST `/v3/transactions/{transactionId}/confirm-shipment`
pub(super) fn ship(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let known = ["sku", "carrier", "shipDate", "deliveryDate", "quantity", "trackingNumber", "trackingLink"];
    let leaving = read(sim, call, &known, |entry| {
        let date = entry.required_text("shipDate")?;
        entry.text("deliveryDate")?;
        Ok(Leaving {
            sku: entry.text("sku")?.unwrap_or_default(),
            quantity: entry.quantity("quantity")?,
            carrier: Some(entry.required_text("carrier")?),
            date,
            tracking_number: entry.text("trackingNumber")?,
            tracking_link: entry.text("trackingLink")?,
        })
    })?;
    let due = later(call.now, sim.store().rules.delivery_ms);
    leave(sim, call, leaving, due)
}

/// POST `/v3/transactions/{transactionId}/confirm-receipt`: what was picked up is delivered.
pub(super) fn receive(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let leaving = read(sim, call, &["sku", "quantity", "receiptDate"], |entry| {
        Ok(Leaving {
            sku: entry.required_text("sku")?,
            quantity: entry.quantity("quantity")?,
            carrier: None,
            date: entry.text("receiptDate")?.unwrap_or_else(|| object::date(call.now)),
            tracking_number: None,
            tracking_link: None,
        })
    })?;
    leave(sim, call, leaving, call.now)
}

fn read(
    sim: &Sim,
    call: &Call<'_>,
    known: &[&str],
    entry: impl Fn(&Fields<'_>) -> Result<Leaving, Refusal>,
) -> Result<Vec<Leaving>, Refusal> {
    let fields = call.fields(sim, &["items"])?;
    let mut strange = Vec::new();
    let mut leaving = Vec::new();
    for given in fields.list("items")?.unwrap_or_default() {
        given.unknown(known, &mut strange);
        leaving.push(entry(&given)?);
    }
    call.strange(sim, strange)?;
    Ok(leaving)
}

/// Lets goods leave, all that was asked for or nothing.
fn leave(sim: &Sim, call: &Call<'_>, leaving: Vec<Leaving>, due: Timestamp) -> Result<Reply, Refusal> {
    let mut store = sim.store();
    let serial = find(&store, call)?;
    let collects = store.rules.pre_authorization;
    let payer = store.get(serial).map(|transaction| transaction.user.clone()).unwrap_or_default();
    let pays = store.people.get(&payer).is_some_and(super::person::User::can_pay);
    let transaction = store.get_mut(serial, call.now).ok_or(Refusal::NO_LEASE)?;
    *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    if transaction.finalized.is_none() {
        return Err(Refusal::rejected("it is not finalized"));
    }
    let asked: Asked = leaving.iter().map(|entry| (entry.sku.clone(), entry.quantity)).collect();
    let counts = transaction.goods.fits(asked).ok_or_else(|| Refusal::rejected("not all of that is left to send"))?;
    if collects && !pays && transaction.goods.parcels.is_empty() {
        return Err(Refusal::PAYMENT_DUE);
    }
    for (sku, quantity) in &counts {
        let told = leaving.iter().find(|entry| entry.sku == *sku);
        transaction.goods.send(Parcel {
            sku: sku.clone(),
            quantity: *quantity,
            carrier: told.and_then(|entry| entry.carrier.clone()),
            date: told.map_or_else(|| object::date(call.now), |entry| entry.date.clone()),
            tracking_number: told.and_then(|entry| entry.tracking_number.clone()),
            tracking_link: told.and_then(|entry| entry.tracking_link.clone()),
            due,
            delivered: false,
        });
    }
    let word = if due <= call.now { "picked up" } else { "shipped" };
    transaction.note(call.now, format!("{word} {}", written(&counts)));
    transaction.goods.settle(call.now);
    Ok(data(Json::object([])))
}

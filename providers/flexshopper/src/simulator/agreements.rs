//! Leases that are billed: list them, collect a payment (flexshopper.md 4.23 and 4.24).

use rust_decimal::Decimal;

use super::api::{self, Call};
use super::errors::Refusal;
use super::money;
use super::object::moment;
use super::payment_methods::bare;
use super::state::Sim;
use super::transaction::Transaction;
use lendport_simulation::{Json, Reply, later};

/// From finalization to the first bill.
const FIRST_BILL_MS: u64 = 7 * 24 * 60 * 60 * 1000;

/// GET `/v3/customers/me/agreements`: every lease of the customer that is finalized.
pub(super) fn list(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let mut store = sim.store();
    store.settle_all(call.now);
    let own = |transaction: &&Transaction| transaction.account == call.account && transaction.finalized.is_some();
    let agreements: Json = store.of_user(&user).filter(own).map(shown).collect();
    Ok(bare(agreements, store.rules.enveloped_lists))
}

fn shown(transaction: &Transaction) -> Json {
    let begins = later(transaction.finalized.unwrap_or(transaction.created), FIRST_BILL_MS);
    let goods = transaction.goods.lines.iter();
    let items: Json = goods
        .map(|line| {
            let parcel = transaction.goods.parcels.iter().find(|parcel| parcel.sku == line.sku);
            let mut item = Json::object([("description", line.description.as_str().into())]);
            if let Some(parcel) = parcel.filter(|parcel| parcel.carrier.is_some()) {
                item.push("trackingCarrierName", parcel.carrier.as_deref().unwrap_or_default().into());
                item.push("trackingNumber", parcel.tracking_number.as_deref().unwrap_or_default().into());
                item.push("trackingStatus", if parcel.delivered { "delivered" } else { "in_transit" }.into());
            }
            item
        })
        .collect();
    let terms = &transaction.terms;
    Json::object([
        ("id", transaction.agreement_id.as_str().into()),
        ("referenceId", transaction.reference_id.as_str().into()),
        ("pastDue", money::cents(transaction.past_due).into()),
        ("leaseStartDate", moment(begins)),
        ("estimatedOwnership", Decimal::ZERO.into()),
        ("earlyPayoff", (terms.cash_price + terms.rental).into()),
        ("items", items),
    ])
}

/// POST `/v3/customers/me/agreements/{agreementId}/transactions/payment`: a declined payment is a 200 too.
pub(super) fn collect(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let fields = call.fields(sim, &["paymentMethodId", "amount", "collectorId"])?;
    let method = fields.required_text("paymentMethodId")?;
    let amount = fields.required_amount("amount")?;
    let mut store = sim.store();
    let agreement = |transaction: &&Transaction| {
        transaction.account == call.account && transaction.finalized.is_some() && transaction.agreement_id == call.id
    };
    let serial = store.of_user(&user).find(agreement).map(|transaction| transaction.serial);
    let serial = serial.ok_or_else(|| Refusal::rejected("there is no such agreement"))?;
    let methods = store.people.get(&user).map(|user| user.methods.clone()).unwrap_or_default();
    let method = methods.iter().find(|known| known.id == method);
    let declines = method.ok_or_else(|| Refusal::rejected("there is no such payment method"))?.declines;
    let (split, enveloped) = (store.rules.split_payments, store.rules.enveloped_lists);
    let transaction = store.get_mut(serial, call.now).ok_or(Refusal::NO_LEASE)?;
    *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    if !declines {
        transaction.past_due = (transaction.past_due - amount).max(Decimal::ZERO);
        transaction.note(call.now, format!("collected {amount}"));
    }
    let first = if split { money::to_cents(amount / Decimal::TWO) } else { amount };
    let parts = [first, amount - first].into_iter().filter(|part| !part.is_zero());
    let payments: Json = parts.map(|part| payment(sim, part, declines)).collect();
    Ok(bare(payments, enveloped))
}

fn payment(sim: &Sim, amount: Decimal, declines: bool) -> Json {
    let mut payment = Json::object([("paymentId", sim.hex(24).into()), ("amount", amount.into())]);
    if declines {
        payment.push("failureReason", "DECLINE CHECK CHECK LIMIT EXCEEDED".into());
        payment.push("failureCode", "123".into());
    } else {
        payment.push("outcome", "success".into());
    }
    payment
}

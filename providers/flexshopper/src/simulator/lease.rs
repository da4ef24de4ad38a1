//! Leases: create, read, sign (flexshopper.md 4.13 to 4.15).

use jiff::Timestamp;

use super::api::{self, Call};
use super::cart;
use super::contract;
use super::errors::{Refusal, data};
use super::money::{self, TERM_WEEKS};
use super::object;
use super::rules::{self, Again, Identity, Rules, Second, Verdict};
use super::state::{Sim, Store};
use super::transaction::{Cart, Signature, Transaction, Way};
use lendport_simulation::{Json, Reply, later};

/// POST `/v3/leases`
pub(super) fn create(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let (pdf, link, with_token) = (call.flag("asPdf")?, call.flag("sendLink")?, call.flag("withToken")?);
    let mut strange = Vec::new();
    let cart = cart::of_lease(&call.fields(sim, &cart::LEASE)?, &mut strange)?;
    call.strange(sim, strange)?;
    let consumer = call.header("x-consumer-custom-id").map(str::to_owned);
    let serial = make(sim, call.account, &user, cart, Way::Api)?;
    let mut store = sim.store();
    let transaction = store.get_mut(serial, call.now).ok_or(Refusal::NO_LEASE)?;
    transaction.consumer = consumer.or(transaction.consumer.take());
    *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    if link {
        transaction.note(call.now, "link sent");
    }
    let transaction = store.get(serial).ok_or(Refusal::NO_LEASE)?;
    let mut shown = Json::object([
        ("leaseId", object::printed(&transaction.lease_id, &store.rules)),
        ("contract", contract::encoded(transaction, pdf).into()),
    ]);
    push_terms(&mut shown, transaction);
    if let Some(tax) = transaction.cart.pay_tomorrow_tax {
        shown.push("payTomorrowTaxTotal", tax.into());
    }
    if with_token {
        shown.push("agreementToken", sim.opaque(&user, "agreement").into());
    }
    Ok(data(shown))
}

fn push_terms(shown: &mut Json, transaction: &Transaction) {
    shown.push("frequency", "weekly".into());
    shown.push("term", TERM_WEEKS.into());
    shown.push("payment", transaction.terms.payment.into());
    shown.push("cashPrice", transaction.terms.cash_price.into());
    shown.push("costOfRental", transaction.terms.rental.into());
}

/// Makes a lease for a customer and answers its number here. The same goods under the same id are the same lease, as
/// long as nobody signed it and it has not ended.
pub(super) fn make(sim: &Sim, account: usize, user: &str, cart: Cart, way: Way) -> Result<u64, Refusal> {
    let now = sim.clock.now();
    let mut store = sim.store();
    may_lease(&store, user, &cart, now)?;
    if let Some(serial) = store.serial(account, &cart.transaction_id)
        && let Some(earlier) = store.get(serial)
    {
        let same = earlier.user == user && earlier.cart.same_goods(&cart) && earlier.signed.is_none();
        match store.rules.repeated_transaction {
            Second::Refuse => return Err(Refusal::rejected("there is a lease for this transactionId")),
            Second::Replace if earlier.signed.is_some() => {
                return Err(Refusal::rejected("the lease for this transactionId is signed"));
            }
            Second::Replace if same && !earlier.expired(now) => return Ok(serial),
            Second::Replace => store.remove(serial),
            Second::Duplicate => {}
        }
    }
    if let Some(user) = store.people.get_mut(user)
        && !user.accounts.contains(&account)
    {
        user.accounts.push(account);
    }
    let (serial, number) = store.next_serial();
    let terms = money::terms(cart.cash_price(), rules::amount(&store.rules.lease_tax_percent));
    let transaction = Transaction {
        serial,
        account,
        user: user.to_owned(),
        way,
        goods: super::goods::Goods { lines: cart.lines.clone(), ..Default::default() },
        cart,
        terms,
        lease_id: sim.opaque(user, "lease"),
        encoded_id: sim.opaque(user, "transaction"),
        number,
        agreement_id: sim.hex(24),
        reference_id: sim.hex(12).to_uppercase(),
        created: now,
        until: later(now, store.rules.lease_ms),
        signed: None,
        finalized: None,
        void: false,
        said: None,
        shown: Vec::new(),
        consumer: None,
        past_due: rust_decimal::Decimal::ZERO,
        calls: std::collections::BTreeMap::new(),
        moves: vec![(now, "created".to_owned())],
    };
    store.insert(transaction);
    Ok(serial)
}

/// Whether a customer may have a lease for these goods.
pub(super) fn may_lease(store: &Store, user: &str, cart: &Cart, now: Timestamp) -> Result<(), Refusal> {
    let user = store.people.get(user).ok_or(Refusal::NO_USER)?;
    if user.verdict(now) != Some(Verdict::Approve) {
        return Err(Refusal::rejected("the customer is not approved"));
    }
    if user.hold {
        return Err(Refusal::rejected("the customer is on a spending hold"));
    }
    if user.identity != Identity::Succeeded {
        return Err(Refusal::rejected("the customer's identity is not verified"));
    }
    let price = cart.cash_price();
    if price < rules::amount(&store.rules.minimum_order) {
        return Err(Refusal::TOO_LITTLE);
    }
    if price > object::balance(store, user, now) {
        return Err(Refusal::TOO_MUCH);
    }
    Ok(())
}

/// The lease of a path, when it is this customer's and was made with this key.
fn own(store: &Store, call: &Call<'_>, user: &str) -> Result<u64, Refusal> {
    let serial = store.serial_of_lease(&call.id).ok_or(Refusal::NO_LEASE)?;
    let mine = |transaction: &&Transaction| transaction.user == user && transaction.account == call.account;
    store.get(serial).filter(mine).map(|transaction| transaction.serial).ok_or(Refusal::NO_LEASE)
}

/// GET `/v3/leases/{leaseId}`
pub(super) fn show(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let store = sim.store();
    let transaction = store.get(own(&store, call, &user)?).ok_or(Refusal::NO_LEASE)?;
    let mut shown = Json::object([
        ("leaseId", object::printed(&transaction.lease_id, &store.rules)),
        ("contract", contract::encoded(transaction, false).into()),
        ("leaseStatus", transaction.lease_status().into()),
    ]);
    push_terms(&mut shown, transaction);
    shown.push("isExpired", transaction.expired(call.now).into());
    Ok(data(shown))
}

/// POST `/v3/leases/{leaseId}/sign`
pub(super) fn sign(sim: &Sim, call: &Call<'_>) -> Result<Reply, Refusal> {
    let user = api::customer(sim, call)?;
    let fields = call.fields(sim, &["ipAddress", "timestamp", "signed"])?;
    let signature = Signature {
        at: call.now,
        ip_address: Some(fields.required_text("ipAddress")?),
        timestamp: Some(fields.required_text("timestamp")?),
    };
    if !fields.flag("signed")?.ok_or_else(|| fields.missing("signed"))? {
        return Err(Refusal::Invalid("\"signed\" must be one of [true]".to_owned()));
    }
    let mut store = sim.store();
    let serial = own(&store, call, &user)?;
    if let Some(transaction) = store.get_mut(serial, call.now) {
        *transaction.calls.entry(call.endpoint.word()).or_default() += 1;
    }
    put_signature(&mut store, serial, signature)?;
    Ok(data(Json::object([])))
}

/// Signs a lease, which takes the first payment.
pub(super) fn put_signature(store: &mut Store, serial: u64, signature: Signature) -> Result<(), Refusal> {
    let now = signature.at;
    let rules: Rules = store.rules.clone();
    let transaction = store.get(serial).ok_or(Refusal::NO_LEASE)?;
    if transaction.signed.is_some() {
        return match rules.repeated_sign {
            Again::Answer => Ok(()),
            Again::Refuse => Err(Refusal::rejected("the lease is signed already")),
        };
    }
    if transaction.expired(now) {
        return Err(Refusal::LEASE_EXPIRED);
    }
    may_lease(store, &transaction.user, &transaction.cart, now)?;
    let user = store.people.get(&transaction.user).ok_or(Refusal::NO_USER)?;
    let pays = user.can_pay();
    if rules.first_payment && !pays {
        return Err(Refusal::PAYMENT_DUE);
    }
    let transaction = store.get_mut(serial, now).ok_or(Refusal::NO_LEASE)?;
    transaction.signed = Some(signature);
    transaction.note(now, "signed");
    Ok(())
}

//! Customers and transactions as answers show them, members in the order of the printed examples.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::magic;
use super::money;
use super::person::{Decision, User};
use super::rules::{Rules, TransactionIds, Verdict};
use super::state::Store;
use super::transaction::Transaction;
use lendport_simulation::Json;

/// A moment with milliseconds, as printed.
pub(super) fn moment(at: Timestamp) -> Json {
    at.strftime("%Y-%m-%dT%H:%M:%S.%3fZ").to_string().into()
}

/// A bare date, as transactions inside a customer have it.
pub(super) fn date(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// `text` with the quote that some printed ids and tokens begin with.
pub(super) fn printed(text: &str, rules: &Rules) -> Json {
    let quote = if rules.stray_quotes { "\"" } else { "" };
    format!("{quote}{text}").into()
}

/// A customer as one account sees it (flexshopper.md 4.5). `private` adds what only `/v3/users/me` shows.
pub(super) fn user(store: &Store, id: &str, account: usize, now: Timestamp, private: bool) -> Json {
    let Some(user) = store.people.get(id) else { return Json::object([]) };
    let own = |transaction: &&Transaction| transaction.account == account;
    let transactions: Json = store.of_user(id).filter(own).map(short).collect();
    let mut shown = Json::object([
        ("userId", user.id.as_str().into()),
        ("firstName", user.first_name.as_str().into()),
        ("lastName", user.last_name.as_str().into()),
        ("email", user.email.as_str().into()),
        ("createdAt", moment(user.created)),
        ("transactions", transactions),
    ]);
    if let Some(made) = &user.decision {
        shown.push("decision", decision(store, user, made, now));
    }
    shown.push("verificationStatus", user.identity.word().into());
    if private {
        if let Some(born) = &user.date_of_birth {
            shown.push("dateOfBirth", born.as_str().into());
        }
        shown.push("spendingHold", user.hold.into());
    }
    shown
}

/// A transaction inside a customer: the merchant's own id and a bare date.
fn short(transaction: &Transaction) -> Json {
    Json::object([
        ("id", transaction.id().into()),
        ("createdAt", date(transaction.created).into()),
        ("lease", lease(transaction)),
    ])
}

fn lease(transaction: &Transaction) -> Json {
    Json::object([("id", transaction.lease_id.as_str().into()), ("status", transaction.status().into())])
}

/// What a customer may still spend.
pub(super) fn balance(store: &Store, user: &User, now: Timestamp) -> Decimal {
    let used: Decimal = store.of_user(&user.id).map(Transaction::uses).sum();
    (user.limit(now) - used).max(Decimal::ZERO)
}

fn decision(store: &Store, user: &User, made: &Decision, now: Timestamp) -> Json {
    let verdict = made.verdict(now);
    let approved = verdict == Verdict::Approve;
    let word = match verdict {
        Verdict::Approve => "approved",
        Verdict::Pending => "pending",
        Verdict::Deny if store.rules.older_words => "denied",
        Verdict::Deny => "failed",
        Verdict::Error => "error",
    };
    let balance = balance(store, user, now);
    Json::object([
        ("applicationId", made.application_id.as_str().into()),
        ("prequalId", made.prequal_id.as_str().into()),
        ("approved", approved.into()),
        ("status", word.into()),
        ("spendingLimit", user.limit(now).into()),
        ("availableBalance", balance.into()),
        // A tenth a week, as in the printed example.
        ("availableWeeklySpending", money::to_cents(balance / Decimal::TEN).into()),
        ("createdAt", moment(made.created)),
        (
            "waterfallSuppressionFlags",
            Json::object([("suppressWaterfallToUOwn", magic::suppressed(&user.email).into())]),
        ),
        ("vantageHighScore", true.into()),
        ("funnel", store.rules.funnel.as_str().into()),
    ])
}

/// A transaction (flexshopper.md 4.16): dollars and cents in one answer.
pub(super) fn transaction(store: &Store, transaction: &Transaction) -> Json {
    let id = match store.rules.transaction_ids {
        TransactionIds::Encoded => transaction.encoded_id.as_str(),
        TransactionIds::Own => transaction.id(),
    };
    let mut shown = Json::object([("id", id.into())]);
    if let Some(order_id) = &transaction.cart.order_id {
        shown.push("orderId", order_id.as_str().into());
    }
    if let Some(user) = store.people.get(&transaction.user) {
        let customer = Json::object([
            ("id", user.id.as_str().into()),
            ("firstName", user.first_name.as_str().into()),
            ("lastName", user.last_name.as_str().into()),
            ("email", user.email.as_str().into()),
        ]);
        shown.push("customer", customer);
    }
    let (total, tax) = transaction.purchase(&store.rules);
    shown.push("shippingCost", transaction.cart.shipping.into());
    shown.push("createdAt", moment(transaction.created));
    shown.push("lease", lease(transaction));
    shown.push("items", items(transaction, &store.rules));
    shown.push("purchaseTotal", total.into());
    shown.push("purchaseSalesTax", tax.into());
    for (pointer, value) in &transaction.shown {
        shown.set_at(pointer, value.clone());
    }
    shown
}

fn items(transaction: &Transaction, rules: &Rules) -> Json {
    let lines = transaction.goods.lines.iter();
    lines
        .map(|line| {
            let mut statuses = Json::object([("ordered", line.quantity.into())]);
            let counts = [
                ("shipped", line.left, true),
                ("delivered", line.delivered, rules.extra_quantities),
                ("canceled", line.canceled, rules.extra_quantities),
                ("returned", line.returned, rules.extra_quantities),
            ];
            for (word, count, _) in counts.into_iter().filter(|(_, count, shown)| *shown && *count > 0) {
                statuses.push(word, count.into());
            }
            Json::object([
                ("description", line.description.as_str().into()),
                ("sku", line.sku.as_str().into()),
                ("brand", line.brand.as_str().into()),
                ("cost", line.cost.into()),
                ("quantity", line.quantity.into()),
                ("quantityByStatus", statuses),
            ])
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_as_printed() {
        let at: Timestamp = "2018-03-19T15:51:27.080Z".parse().unwrap();
        assert_eq!(moment(at), "2018-03-19T15:51:27.080Z".into());
        assert_eq!(date(at), "2018-03-19");
    }
}

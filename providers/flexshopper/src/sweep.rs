//! The list of signed leases (4.17): one call shows a thousand orders, so that not every open one has to be asked for.
//!
//! A row is a hint to look at an order by our own id. It may be known by that id, but whether FlexShopper shows it is not
//! stated (question 5), and the plugin is told no `orderId`: so it is also known by the customer, by just what is compared
//! before a lease is confirmed.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use lendport_core::{Attempt, Checkout, ProviderError, SweepAsk, Swept, SweptRow};

use crate::error;
use crate::field::{Field, Private};
use crate::medusa::{LeaseFilter, Medusa, PageAsk, TransactionsAsk};
use crate::order::transaction_id;
use crate::wire::Transaction;

/// Days may begin elsewhere than in UTC.
const DAYS_DIFFER: SignedDuration = SignedDuration::from_hours(24);

/// What an order may be known by in the list.
pub(crate) fn marks_of(checkout: &Checkout, attempt: &Attempt) -> Vec<String> {
    let customer = &checkout.customer;
    let email = email_mark(customer.email.expose());
    let name = name_mark(customer.first_name.expose(), customer.last_name.expose());
    [Some(id_mark(&transaction_id(attempt))), email, name].into_iter().flatten().collect()
}

/// Reads a page.
pub(crate) async fn page(to: &Medusa<'_>, ask: SweepAsk<'_>) -> Result<Swept, ProviderError> {
    let number = ask.cursor.map_or(Some(1), |cursor| cursor.parse().ok());
    let number: u32 = number.ok_or_else(|| error::not_now("The place in FlexShopper's list cannot be read."))?;
    let from = ask.since.saturating_sub(DAYS_DIFFER).unwrap_or(Timestamp::MIN).to_zoned(TimeZone::UTC).date();
    let asked = TransactionsAsk {
        page: PageAsk { page: number, limit: PageAsk::MAX },
        lease: Some(LeaseFilter::Signed),
        from: Some(from),
        to: None,
    };
    let page = to.transactions(asked).await?;
    // How many pages there are is said, or not: a full one may not be the last.
    let full = u32::try_from(page.rows.len()).is_ok_and(|rows| rows >= PageAsk::MAX);
    let more = page.meta.total_pages.value().map_or(full, |pages| pages.0 > number) && !page.rows.is_empty();
    let next = (more && number < PageAsk::MAX).then(|| (number + 1).to_string());
    Ok(Swept { rows: page.rows.iter().map(row).collect(), next })
}

fn row(order: &Transaction) -> SweptRow {
    let id = order.id.value().map(|id| id.expose().expose().as_str());
    let own = order.order_id.value().map(|id| id.as_str());
    let made = order.created_at.value().map(|at| at.as_str());
    let person = order.customer.value();
    let email = person.and_then(|person| text(&person.email));
    let name = person.and_then(|person| Some((text(&person.first_name)?, text(&person.last_name)?)));
    let marks = [
        id.map(id_mark),
        own.map(id_mark),
        email.and_then(email_mark),
        name.and_then(|(first, last)| name_mark(first, last)),
    ];
    // Where there is no id, whatever there is.
    let parts = [id, own, made, email, order.lease_status()];
    SweptRow {
        version: parts.map(|part| part.unwrap_or_default()).join("\n"),
        marks: marks.into_iter().flatten().collect(),
        made_at: made.and_then(|at| at.parse().ok()),
    }
}

fn text(field: &Field<Private>) -> Option<&str> {
    field.value().map(Private::expose)
}

fn id_mark(id: &str) -> String {
    // Some printed ids begin with a quote.
    format!("id:{}", id.trim_start_matches('"'))
}

fn email_mark(email: &str) -> Option<String> {
    let email = email.trim().to_lowercase();
    (!email.is_empty()).then(|| format!("email:{email}"))
}

fn name_mark(first: &str, last: &str) -> Option<String> {
    let (first, last) = (first.trim().to_lowercase(), last.trim().to_lowercase());
    (!first.is_empty() && !last.is_empty()).then(|| format!("name:{first}\n{last}"))
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};

    use super::*;
    use crate::field::Wire as _;

    #[test]
    fn an_order_is_known_by_its_id_or_by_its_customer() {
        let ids = SeededIds::new(1);
        let checkout = Sample::usa().checkout(&ids);
        let attempt = samples::attempt(&checkout, "flexshopper", &ids);
        let ours = marks_of(&checkout, &attempt);
        assert_eq!(ours.len(), 3);
        let shown = |json: String| {
            let row = row(&Transaction::read(&json).unwrap());
            (row.marks.iter().filter(|mark| ours.contains(mark)).count(), row.made_at.is_some())
        };
        let id = transaction_id(&attempt);
        let (first, last) = (checkout.customer.first_name.expose(), checkout.customer.last_name.expose());
        let email = checkout.customer.email.expose().to_uppercase();
        assert_eq!(shown(format!(r#"{{"id": "\"{id}", "createdAt": "2018-03-19T15:51:27.080Z"}}"#)), (1, true));
        assert_eq!(shown(format!(r#"{{"id": "eyJ", "orderId": "{id}", "createdAt": "2018-03-19"}}"#)), (1, false));
        assert_eq!(shown(format!(r#"{{"customer": {{"email": " {email}"}}}}"#)), (1, false));
        assert_eq!(shown(format!(r#"{{"customer": {{"firstName": "{first}", "lastName": "{last}"}}}}"#)), (1, false));
        assert_eq!(shown(format!(r#"{{"customer": {{"firstName": "{first}", "lastName": "Other"}}}}"#)), (0, false));
        assert_eq!(
            shown(r#"{"id": "eyJ", "customer": {"email": "", "firstName": "", "lastName": ""}}"#.to_owned()).0,
            0
        );
        assert_eq!(shown("{}".to_owned()), (0, false));
    }

    #[test]
    fn a_row_is_another_one_when_its_state_is() {
        let version = |json: &str| row(&Transaction::read(json).unwrap()).version;
        let pending = version(r#"{"id": "a", "lease": {"status": "pending"}}"#);
        assert_eq!(pending, version(r#"{"id": "a", "lease": {"status": "pending"}, "purchaseTotal": 1}"#));
        for other in [r#"{"id": "a", "lease": {"status": "signed"}}"#, r#"{"id": "b", "lease": {"status": "pending"}}"#]
        {
            assert_ne!(pending, version(other));
        }
    }
}

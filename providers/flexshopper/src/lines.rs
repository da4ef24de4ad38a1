//! Cancels and returns by line. FlexShopper knows lines by their code, so codes become lines here and nowhere else, and only
//! what its lists say counts (question 8).

use std::collections::BTreeMap;

use lendport_core::{
    Attempt, Checkout, CommitClass, FieldError, Invalid, LineId, LineReport, LineStanding, LineUnits, Pointer,
    ProviderError, RetryClass,
};

use crate::account::Account;
use crate::endpoint::Endpoint;
use crate::error::{self, Failed};
use crate::medusa::{Booked, Medusa, SkuQuantity};
use crate::order::{Order, OrderLine, transaction_id};
use crate::wire::{SkuCount, Transaction};

/// Every line with what FlexShopper finances of it.
pub(crate) fn financed(checkout: &Checkout, account: Account<'_>) -> Option<Vec<LineStanding>> {
    let order = Order::of(checkout, account).ok()?;
    Some(order.lines.iter().map(standing).collect())
}

/// Every line with how many units FlexShopper says were shipped. Its counts are an open set: what is not said is not known.
pub(crate) fn told(order: &Order<'_>, known: &Transaction) -> Vec<LineStanding> {
    let line = |line: &OrderLine<'_>| LineStanding { shipped: shipped(known, &line.sku), ..standing(line) };
    order.lines.iter().map(line).collect()
}

fn standing(line: &OrderLine<'_>) -> LineStanding {
    LineStanding::of(line.line.id, line.line.quantity, line.cost)
}

/// Units of a product that FlexShopper says were shipped; none where it says nothing of it.
pub(crate) fn shipped(known: &Transaction, sku: &str) -> Option<u32> {
    let of_sku = known.items().iter().filter(|item| item.sku.value().is_some_and(|word| word.as_str() == sku));
    of_sku.filter_map(|item| item.in_status("shipped")).reduce(u32::saturating_add)
}

/// Stops lines that are not delivered.
pub(crate) async fn cancel(
    to: &Medusa<'_>,
    checkout: &Checkout,
    attempt: &Attempt,
    lines: &[LineUnits],
) -> Result<LineReport, ProviderError> {
    let order = Order::of(checkout, to.account)?;
    let items = items(&order, lines)?;
    report(Endpoint::Cancel, &order, lines, to.cancel(&transaction_id(attempt), &items).await)
}

/// Takes lines back that were delivered.
pub(crate) async fn take_back(
    to: &Medusa<'_>,
    checkout: &Checkout,
    attempt: &Attempt,
    lines: &[LineUnits],
) -> Result<LineReport, ProviderError> {
    let order = Order::of(checkout, to.account)?;
    let items = items(&order, lines)?;
    report(Endpoint::Return, &order, lines, to.take_back(&transaction_id(attempt), &items).await)
}

/// The codes of the lines, each with its quantity. An empty list would mean everything, so it never gets here.
fn items(order: &Order<'_>, lines: &[LineUnits]) -> Result<Vec<SkuQuantity>, ProviderError> {
    let at = Pointer::root().child("lines");
    let mut invalid = Invalid::none();
    if lines.is_empty() {
        invalid.note(&at, "too_few", "name at least one line");
    }
    let mut items = Vec::new();
    for (position, units) in lines.iter().enumerate() {
        let at = at.index(position);
        let repeated = lines.iter().take(position).any(|earlier| earlier.line == units.line);
        match order.by_id(units.line) {
            None => invalid.note(&at.child("line_id"), "unknown_line", "is not a line of this checkout"),
            Some(_) if repeated => invalid.note(&at.child("line_id"), "repeated", "is named twice"),
            Some(known) if units.quantity == 0 || units.quantity > known.line.quantity => {
                let detail = format!("must be from 1 to {}", known.line.quantity);
                invalid.note(&at.child("quantity"), "out_of_range", detail);
            }
            Some(known) => items.push(SkuQuantity { sku: known.sku.clone(), quantity: units.quantity }),
        }
    }
    invalid.finish().map_err(|invalid| refused_here(invalid.0)).map(|()| items)
}

fn refused_here(fields: Vec<FieldError>) -> ProviderError {
    let message = "FlexShopper cannot be asked for these lines.";
    ProviderError::new(lendport_core::ErrorKind::Invalid, message)
        .committed_as(CommitClass::NotSent)
        .with_fields(fields)
}

/// FlexShopper's lists as lines. Lists that name what was not asked for are not believed, and nobody knows what was done.
fn report(
    endpoint: Endpoint,
    order: &Order<'_>,
    asked: &[LineUnits],
    answered: Result<Booked, Failed>,
) -> Result<LineReport, ProviderError> {
    let (done, failed) = match answered? {
        Booked::Lists { done, failed } => (done, failed),
        Booked::NotSaid => return Ok(LineReport { not_said: asked.to_vec(), ..LineReport::default() }),
    };
    let doubt = || error::foreign(endpoint, "lines that were not asked for").retried_as(RetryClass::AfterLookup);
    let done = by_line(order, &done).ok_or_else(doubt)?;
    let failed = by_line(order, &failed).ok_or_else(doubt)?;
    let named = |line: &LineId| asked.iter().any(|units| units.line == *line);
    if !done.keys().chain(failed.keys()).all(named) {
        return Err(doubt());
    }
    let mut report = LineReport::default();
    for units in asked {
        let of = |counts: &BTreeMap<LineId, u32>| counts.get(&units.line).copied().unwrap_or(0);
        let (did, did_not) = (of(&done), of(&failed));
        let rest = units.quantity.checked_sub(did).and_then(|rest| rest.checked_sub(did_not)).ok_or_else(doubt)?;
        for (list, quantity) in [(&mut report.done, did), (&mut report.failed, did_not), (&mut report.not_said, rest)] {
            if quantity > 0 {
                list.push(LineUnits { line: units.line, quantity });
            }
        }
    }
    Ok(report)
}

fn by_line(order: &Order<'_>, counts: &[SkuCount]) -> Option<BTreeMap<LineId, u32>> {
    let mut lines: BTreeMap<LineId, u32> = BTreeMap::new();
    for count in counts {
        let line = order.by_sku(count.sku.as_str())?.line.id;
        let sum = lines.entry(line).or_default();
        *sum = sum.checked_add(count.quantity.0)?;
    }
    Some(lines)
}

#[cfg(test)]
mod tests {
    use lendport_testkit::{Sample, SeededIds, samples};
    use proptest::prelude::*;

    use super::*;
    use crate::field::Word;
    use crate::money::Count;

    fn checkout() -> Checkout {
        let mut sample = Sample::usa();
        sample.cart.items =
            vec![samples::item(Some("A"), "TV", 2, "400", "0"), samples::item(Some("B"), "Cable", 5, "10", "0")];
        sample.checkout(&SeededIds::default())
    }

    fn counts(list: &[(&str, u32)]) -> Vec<SkuCount> {
        list.iter().map(|(sku, count)| SkuCount { sku: Word((*sku).to_owned()), quantity: Count(*count) }).collect()
    }

    fn reported(
        asked: &[(usize, u32)],
        done: &[(&str, u32)],
        failed: &[(&str, u32)],
    ) -> Result<[Vec<u32>; 3], ProviderError> {
        let checkout = checkout();
        let settings = samples::account(&[]);
        let order = Order::of(&checkout, Account(&settings)).unwrap();
        let asked: Vec<LineUnits> = asked
            .iter()
            .map(|(at, quantity)| LineUnits { line: checkout.cart.lines[*at].id, quantity: *quantity })
            .collect();
        let booked = Booked::Lists { done: counts(done), failed: counts(failed) };
        let report = report(Endpoint::Return, &order, &asked, Ok(booked))?;
        let units = |list: Vec<LineUnits>| list.iter().map(|units| units.quantity).collect();
        Ok([units(report.done), units(report.failed), units(report.not_said)])
    }

    #[test]
    fn partial_success_is_told_line_by_line() {
        assert_eq!(reported(&[(0, 2), (1, 3)], &[("A", 2)], &[("B", 3)]).unwrap(), [vec![2], vec![3], vec![]]);
        assert_eq!(
            reported(&[(0, 2), (1, 3)], &[("B", 1), ("A", 1)], &[("B", 1)]).unwrap(),
            [vec![1, 1], vec![1], vec![1, 1]]
        );
        assert_eq!(reported(&[(1, 5)], &[("B", 2), ("B", 3)], &[]).unwrap(), [vec![5], vec![], vec![]]);
    }

    #[test]
    fn lists_that_do_not_fit_leave_the_outcome_open() {
        for (done, failed) in [
            (vec![("C", 1)], vec![]),
            (vec![("A", 3)], vec![]),
            (vec![("A", 2)], vec![("A", 1)]),
            (vec![("B", 1)], vec![]),
        ] {
            let error = reported(&[(0, 2)], &done, &failed).unwrap_err();
            assert_eq!((error.commit, error.retry), (CommitClass::Unknown, RetryClass::AfterLookup), "{done:?}");
        }
        assert!(reported(&[(0, 2)], &[("A", u32::MAX), ("A", 1)], &[]).is_err());
    }

    #[test]
    fn nothing_is_asked_that_could_mean_everything() {
        let checkout = checkout();
        let settings = samples::account(&[]);
        let order = Order::of(&checkout, Account(&settings)).unwrap();
        let first = checkout.cart.lines[0].id;
        let units = |line, quantity| LineUnits { line, quantity };
        let stranger: LineId = "lin_0190000000007000800000000000ffff".parse().unwrap();
        let codes = |lines: &[LineUnits]| {
            let error = items(&order, lines).unwrap_err();
            assert_eq!(error.commit, CommitClass::NotSent);
            error.fields.into_iter().map(|field| field.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(&[]), ["too_few"]);
        let wrong = [units(first, 0), units(first, 1), units(stranger, 1)];
        assert_eq!(codes(&wrong), ["out_of_range", "repeated", "unknown_line"]);
        assert_eq!(codes(&[units(first, 3)]), ["out_of_range"]);
        let fits = items(&order, &[units(first, 2)]).unwrap();
        assert_eq!(fits, [SkuQuantity { sku: "A".to_owned(), quantity: 2 }]);
    }

    proptest! {
        #[test]
        fn whatever_the_lists_say_no_unit_is_counted_twice(
            asked in (1_u32..=2, 1_u32..=5),
            done in proptest::collection::vec((0_usize..3, 0_u32..4), 0..4),
            failed in proptest::collection::vec((0_usize..3, 0_u32..4), 0..4),
        ) {
            let named = |list: &[(usize, u32)]| list.iter().map(|(at, count)| (["A", "B", "C"][*at], *count)).collect::<Vec<_>>();
            if let Ok(lists) = reported(&[(0, asked.0), (1, asked.1)], &named(&done), &named(&failed)) {
                let sum: u32 = lists.iter().flatten().sum();
                prop_assert_eq!(sum, asked.0 + asked.1);
            }
        }
    }
}

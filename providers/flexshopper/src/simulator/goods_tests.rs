use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

use super::goods::{Back, Goods, Line, Parcel};
use super::rules::Over;

fn goods(lines: &[(&str, u32)]) -> Goods {
    let line = |(sku, quantity): &(&str, u32)| {
        Line::new("Thing".into(), (*sku).to_owned(), "Acme".into(), Decimal::TEN, *quantity)
    };
    Goods { lines: lines.iter().map(line).collect(), ..Goods::default() }
}

fn parcel(sku: &str, quantity: u32, due: i64) -> Parcel {
    Parcel {
        sku: sku.to_owned(),
        quantity,
        carrier: Some("UPS".into()),
        date: "2026-11-21".into(),
        tracking_number: None,
        tracking_link: None,
        due: Timestamp::from_second(due).unwrap(),
        delivered: false,
    }
}

fn counts(list: &[(&str, u32)]) -> Vec<(String, u32)> {
    list.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect()
}

fn asked(list: &[(&str, Option<u32>)]) -> Vec<(String, Option<u32>)> {
    list.iter().map(|(sku, count)| ((*sku).to_owned(), *count)).collect()
}

#[test]
fn an_empty_list_and_a_missing_quantity_mean_all() {
    let mut all = goods(&[("A", 2), ("B", 1), ("A", 1)]);
    assert_eq!(all.fits(Vec::new()), Some(counts(&[("A", 3), ("B", 1)])));
    assert_eq!(all.fits(asked(&[("A", None)])), Some(counts(&[("A", 3)])));
    assert_eq!(all.fits(asked(&[("A", Some(1)), ("A", Some(2))])), Some(counts(&[("A", 3)])));
    assert_eq!((all.fits(asked(&[("A", Some(4))])), all.fits(asked(&[("C", None)]))), (None, None));
    assert_eq!(all.take_back(Back::Cancel, Vec::new(), Over::Split), (counts(&[("A", 3), ("B", 1)]), Vec::new()));
    assert!(all.gone() && all.fits(Vec::new()).is_none());
    assert_eq!(all.take_back(Back::Cancel, Vec::new(), Over::Split), (Vec::new(), Vec::new()));
    assert_eq!(all.take_back(Back::Cancel, asked(&[("B", None)]), Over::Split), (Vec::new(), counts(&[("B", 1)])));
}

#[test]
fn cancel_before_delivery_and_return_after_leaving() {
    let mut goods = goods(&[("A", 4)]);
    assert_eq!(goods.take_back(Back::Return, asked(&[("A", Some(1))]), Over::Split), (Vec::new(), counts(&[("A", 1)])));
    goods.send(parcel("A", 1, 10));
    goods.send(parcel("A", 1, 20));
    goods.settle(Timestamp::from_second(10).unwrap());
    let line = goods.lines.first().unwrap().clone();
    assert_eq!((line.left, line.delivered), (2, 1));
    // One is delivered, one on its way, two at home.
    assert_eq!(goods.take_back(Back::Cancel, Vec::new(), Over::Split), (counts(&[("A", 3)]), counts(&[("A", 1)])));
    assert_eq!(goods.fits(Vec::new()), None);
    assert_eq!(
        goods.take_back(Back::Return, asked(&[("A", Some(2))]), Over::Split),
        (counts(&[("A", 1)]), counts(&[("A", 1)]))
    );
    assert!(goods.gone());
}

#[test]
fn lines_that_fail() {
    let mut goods = goods(&[("A", 2), ("B", 2)]);
    goods.stuck.push("B".into());
    let both = asked(&[("A", Some(1)), ("B", Some(1))]);
    assert_eq!(goods.take_back(Back::Cancel, both, Over::Split), (counts(&[("A", 1)]), counts(&[("B", 1)])));
    let over = asked(&[("A", Some(2))]);
    assert_eq!(goods.take_back(Back::Cancel, over.clone(), Over::Fail), (Vec::new(), counts(&[("A", 2)])));
    assert_eq!(goods.take_back(Back::Cancel, over, Over::Split), (counts(&[("A", 1)]), counts(&[("A", 1)])));
    assert_eq!(goods.value(Line::kept), Decimal::from(20));
}

#[test]
fn everything_that_left_can_arrive_at_once() {
    let mut goods = goods(&[("A", 2)]);
    goods.send(parcel("A", 2, 1_000));
    goods.deliver(Timestamp::from_second(5).unwrap());
    assert_eq!(goods.lines.first().unwrap().delivered, 2);
    assert!(goods.parcels.iter().all(|parcel| parcel.delivered));
}

/// One thing that happens to the goods.
#[derive(Clone, Debug)]
enum Step {
    Send(Vec<(String, Option<u32>)>, i64),
    Arrive(i64),
    Back(Back, Vec<(String, Option<u32>)>, Over),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let sku = prop::sample::select(vec!["A".to_owned(), "B".to_owned(), "C".to_owned()]);
    let asked = prop::collection::vec((sku, prop::option::of(1_u32..5)), 0..3);
    let way = prop::sample::select(vec![Back::Cancel, Back::Return]);
    let over = prop::sample::select(vec![Over::Split, Over::Fail]);
    let step = prop_oneof![
        (asked.clone(), 0_i64..100).prop_map(|(asked, due)| Step::Send(asked, due)),
        (0_i64..100).prop_map(Step::Arrive),
        (way, asked, over).prop_map(|(way, asked, over)| Step::Back(way, asked, over)),
    ];
    prop::collection::vec(step, 0..20)
}

fn total(counts: &[(String, u32)]) -> u32 {
    counts.iter().map(|(_, count)| *count).sum()
}

proptest! {
    /// Whatever happens in whatever order, no item is counted twice and none is lost.
    #[test]
    fn every_item_is_somewhere_once(steps in steps()) {
        let mut goods = goods(&[("A", 3), ("B", 1), ("A", 2)]);
        for step in steps {
            let before = goods.clone();
            match step {
                Step::Send(asked, due) => {
                    if let Some(counts) = goods.fits(asked) {
                        for (sku, count) in &counts {
                            goods.send(parcel(sku, *count, due));
                        }
                        let left = |goods: &Goods| goods.lines.iter().map(|line| line.left).sum::<u32>();
                        prop_assert_eq!(left(&goods) - left(&before), total(&counts));
                    }
                }
                Step::Arrive(at) => goods.settle(Timestamp::from_second(at).unwrap()),
                Step::Back(way, asked, over) => {
                    let named: Option<u32> = asked.iter().map(|(_, count)| *count).sum();
                    let empty = asked.is_empty();
                    let (done, failed) = goods.take_back(way, asked, over);
                    if !empty && let Some(named) = named {
                        prop_assert_eq!(total(&done) + total(&failed), named);
                    }
                    let back = |goods: &Goods| goods.lines.iter().map(|line| line.canceled + line.returned).sum::<u32>();
                    prop_assert_eq!(back(&goods) - back(&before), total(&done));
                }
            }
            for line in &goods.lines {
                prop_assert!(line.canceled + line.returned <= line.quantity, "{:?}", line);
                prop_assert!(line.delivered <= line.left && line.left <= line.quantity, "{:?}", line);
                // What never left and was not canceled can still leave; nothing else can.
                prop_assert!(line.returned <= line.left, "{:?}", line);
            }
            let sent: u32 = goods.parcels.iter().map(|parcel| parcel.quantity).sum();
            prop_assert_eq!(sent, goods.lines.iter().map(|line| line.left).sum::<u32>());
        }
    }
}

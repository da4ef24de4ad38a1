//! Orders, in memory, each with everything that shop and gateway told each other about it.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde::Serialize;
use serde_json::Value;
use tokio::sync::watch;

/// Orders that are remembered; the oldest makes room.
const ORDERS_MAX: usize = 200;
/// Cards of one order.
const CARDS_MAX: usize = 500;

/// One message, as the page shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Card {
    /// Position among the order's cards, from 1.
    pub(crate) n: usize,
    pub(crate) at: String,
    /// `shop` or `gateway`: whose message it is.
    pub(crate) who: &'static str,
    /// `request`, `answer`, `webhook` or `decision`.
    pub(crate) kind: &'static str,
    pub(crate) title: String,
    /// HTTP status of an answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) status: Option<u16>,
    /// Whether a webhook's signature was right.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) verified: Option<bool>,
    /// A webhook's type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub(crate) event: Option<String>,
    pub(crate) body: Value,
}

impl Card {
    pub(crate) fn new(who: &'static str, kind: &'static str, title: impl Into<String>, body: Value) -> Self {
        let (n, at) = (0, String::new());
        Self { n, at, who, kind, title: title.into(), status: None, verified: None, event: None, body }
    }
}

/// What the shop knows of an order.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Order {
    pub(crate) order: String,
    pub(crate) checkout: String,
    pub(crate) client_token: String,
    pub(crate) checkout_url: String,
    /// The checkout's status, as the latest webhook said it.
    pub(crate) status: String,
    /// True once the goods may go out.
    pub(crate) shipped: bool,
    /// Sequence of the latest event that was heard.
    #[serde(skip)]
    pub(crate) sequence: u64,
}

struct Kept {
    order: Option<Order>,
    cards: Vec<Card>,
    grown: watch::Sender<usize>,
}

#[derive(Default)]
struct All {
    kept: HashMap<String, Kept>,
    oldest: VecDeque<String>,
}

/// All orders.
#[derive(Default)]
pub(crate) struct Orders(Mutex<All>);

impl Orders {
    /// Begins an order that the gateway does not know yet.
    pub(crate) fn begin(&self, order: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.oldest.len() >= ORDERS_MAX
            && let Some(oldest) = all.oldest.pop_front()
        {
            all.kept.remove(&oldest);
        }
        all.oldest.push_back(order.to_owned());
        all.kept.insert(order.to_owned(), Kept { order: None, cards: Vec::new(), grown: watch::channel(0).0 });
    }

    /// Adds a card, with its number and the time.
    pub(crate) fn tell(&self, order: &str, at: String, card: Card) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kept) = all.kept.get_mut(order).filter(|kept| kept.cards.len() < CARDS_MAX) else { return };
        kept.cards.push(Card { n: kept.cards.len() + 1, at, ..card });
        kept.grown.send_replace(kept.cards.len());
    }

    /// What is known of an order.
    pub(crate) fn read(&self, order: &str) -> Option<Order> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.kept.get(order)?.order.clone()
    }

    /// Keeps what is known of an order.
    pub(crate) fn keep(&self, known: Order) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(kept) = all.kept.get_mut(&known.order) {
            kept.order = Some(known);
        }
    }

    /// Changes an order; none when there is no such order.
    pub(crate) fn change<T>(&self, order: &str, change: impl FnOnce(&mut Order) -> T) -> Option<T> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.kept.get_mut(order)?.order.as_mut().map(change)
    }

    /// Cards after the first `seen`, and what tells of further ones.
    pub(crate) fn cards(&self, order: &str, seen: usize) -> Option<(Vec<Card>, watch::Receiver<usize>)> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.kept.get(order)?;
        let heard = kept.grown.subscribe();
        Some((kept.cards.iter().skip(seen).cloned().collect(), heard))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cards_are_numbered_and_the_oldest_order_makes_room() {
        let orders = Orders::default();
        orders.begin("first");
        for title in ["a", "b"] {
            orders.tell("first", "now".to_owned(), Card::new("shop", "request", title, Value::Null));
        }
        let (cards, heard) = orders.cards("first", 1).unwrap();
        assert_eq!((cards.len(), cards[0].n, cards[0].title.as_str(), *heard.borrow()), (1, 2, "b", 2));
        for number in 0..ORDERS_MAX {
            orders.begin(&number.to_string());
        }
        assert!(orders.cards("first", 0).is_none() && orders.cards("0", 0).is_some());
    }
}

//! The lines of a lease and what becomes of each: shipped, picked up, delivered, canceled, returned
//! (flexshopper.md 4.19 to 4.22 and Q8).

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::rules::Over;

/// Items of one line of the order.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) description: String,
    pub(super) sku: String,
    pub(super) brand: String,
    /// Of one, discounts taken off.
    pub(super) cost: Decimal,
    pub(super) quantity: u32,
    /// Handed to a carrier or picked up.
    pub(super) left: u32,
    /// The part of `left` that has arrived.
    pub(super) delivered: u32,
    pub(super) canceled: u32,
    pub(super) returned: u32,
}

impl Line {
    pub(super) fn new(description: String, sku: String, brand: String, cost: Decimal, quantity: u32) -> Self {
        Self { description, sku, brand, cost, quantity, left: 0, delivered: 0, canceled: 0, returned: 0 }
    }

    /// What the customer has or will get.
    pub(super) fn kept(&self) -> u32 {
        self.quantity - self.canceled - self.returned
    }

    /// What can still leave.
    fn to_ship(&self) -> u32 {
        // What was canceled had not left, as far as there was anything that had not.
        let at_home = self.quantity - self.left;
        at_home.saturating_sub(self.canceled)
    }

    /// What can be canceled: everything that is not delivered.
    fn to_cancel(&self) -> u32 {
        (self.quantity - self.delivered).saturating_sub(self.canceled).min(self.kept())
    }

    /// What can be sent back: what has left and was neither canceled on the way nor sent back.
    fn to_return(&self) -> u32 {
        let canceled_on_the_way = self.canceled.saturating_sub(self.quantity - self.left);
        self.left.saturating_sub(canceled_on_the_way).saturating_sub(self.returned)
    }
}

/// A parcel, or a pick-up.
#[derive(Clone, Debug)]
pub(super) struct Parcel {
    pub(super) sku: String,
    pub(super) quantity: u32,
    /// `None`: picked up in a store.
    pub(super) carrier: Option<String>,
    pub(super) date: String,
    pub(super) tracking_number: Option<String>,
    pub(super) tracking_link: Option<String>,
    /// When it arrives by itself.
    pub(super) due: Timestamp,
    pub(super) delivered: bool,
}

/// Quantities by SKU, in the order asked for.
pub(super) type Counts = Vec<(String, u32)>;

/// What somebody asks for: SKU and, when it was said, how many.
pub(super) type Asked = Vec<(String, Option<u32>)>;

/// Which of the two ways back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Back {
    Cancel,
    Return,
}

/// All goods of one lease.
#[derive(Clone, Debug, Default)]
pub(super) struct Goods {
    pub(super) lines: Vec<Line>,
    pub(super) parcels: Vec<Parcel>,
    /// SKUs that fail whenever they shall be canceled or returned.
    pub(super) stuck: Vec<String>,
}

impl Goods {
    fn sum(&self, sku: &str, of: impl Fn(&Line) -> u32) -> u32 {
        self.lines.iter().filter(|line| line.sku == sku).map(of).sum()
    }

    /// Every SKU once, in the order of the lines.
    fn skus(&self) -> Vec<String> {
        let mut skus: Vec<String> = Vec::new();
        for line in &self.lines {
            if !skus.contains(&line.sku) {
                skus.push(line.sku.clone());
            }
        }
        skus
    }

    /// Asked-for quantities with gaps filled and equal SKUs merged. Nothing asked: all that `of` counts.
    fn filled(&self, asked: Asked, of: impl Fn(&Line) -> u32) -> Counts {
        let mut counts: Counts = Vec::new();
        if asked.is_empty() {
            let all = self.skus().into_iter().map(|sku| (self.sum(&sku, &of), sku));
            return all.filter(|(count, _)| *count > 0).map(|(count, sku)| (sku, count)).collect();
        }
        for (sku, count) in asked {
            let count = count.unwrap_or_else(|| self.sum(&sku, |line| line.quantity));
            match counts.iter_mut().find(|(known, _)| *known == sku) {
                Some((_, sum)) => *sum += count,
                None => counts.push((sku, count)),
            }
        }
        counts
    }

    /// Takes `count` off the lines of a SKU, at most what `of` says of each.
    fn spread(&mut self, sku: &str, mut count: u32, of: impl Fn(&Line) -> u32, put: impl Fn(&mut Line, u32)) {
        for line in self.lines.iter_mut().filter(|line| line.sku == sku) {
            let part = count.min(of(line));
            put(line, part);
            count -= part;
        }
    }

    /// What a shipment or pick-up would take; `None` when something of it is not there.
    pub(super) fn fits(&self, asked: Asked) -> Option<Counts> {
        let counts = self.filled(asked, Line::to_ship);
        let there = |(sku, count): &(String, u32)| *count > 0 && *count <= self.sum(sku, Line::to_ship);
        (!counts.is_empty() && counts.iter().all(there)).then_some(counts)
    }

    /// Lets a parcel leave. The caller has asked [`Goods::fits`].
    pub(super) fn send(&mut self, parcel: Parcel) {
        self.spread(&parcel.sku, parcel.quantity, Line::to_ship, |line, part| line.left += part);
        self.parcels.push(parcel);
    }

    /// Lets everything arrive that is due.
    pub(super) fn settle(&mut self, now: Timestamp) {
        let mut arrived: Counts = Vec::new();
        for parcel in self.parcels.iter_mut().filter(|parcel| !parcel.delivered && parcel.due <= now) {
            parcel.delivered = true;
            arrived.push((parcel.sku.clone(), parcel.quantity));
        }
        for (sku, count) in arrived {
            self.spread(&sku, count, |line| line.left - line.delivered, |line, part| line.delivered += part);
        }
    }

    /// Lets everything arrive that has left.
    pub(super) fn deliver(&mut self, now: Timestamp) {
        self.parcels.iter_mut().for_each(|parcel| parcel.due = parcel.due.min(now));
        self.settle(now);
    }

    /// Cancels or returns what was asked for, everything when nothing was named: what succeeded and what failed.
    pub(super) fn take_back(&mut self, way: Back, asked: Asked, over: Over) -> (Counts, Counts) {
        let open = |line: &Line| match way {
            Back::Cancel => line.to_cancel(),
            Back::Return => line.to_return(),
        };
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for (sku, count) in self.filled(asked, Line::kept) {
            let there = if self.stuck.contains(&sku) { 0 } else { self.sum(&sku, open) };
            let part = if over == Over::Fail && there < count { 0 } else { there.min(count) };
            self.spread(&sku, part, open, |line, part| match way {
                Back::Cancel => line.canceled += part,
                Back::Return => line.returned += part,
            });
            if part > 0 {
                done.push((sku.clone(), part));
            }
            if part < count {
                failed.push((sku, count - part));
            }
        }
        (done, failed)
    }

    /// Price of what `of` counts.
    pub(super) fn value(&self, of: impl Fn(&Line) -> u32) -> Decimal {
        self.lines.iter().map(|line| line.cost * Decimal::from(of(line))).sum()
    }

    /// Whether nothing of it is left to the customer.
    pub(super) fn gone(&self) -> bool {
        self.lines.iter().all(|line| line.kept() == 0)
    }
}

//! Applications that are paid for by shipment: units are shipped, cancelled and returned, and the state follows.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::api::{Answer, error, json_reply, read, sign_in};
use super::state::{Application, Sim};

/// Totals whose cents make it so.
const BY_SHIPMENT: u64 = 38;

/// A line of the cart, and what became of its units.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Line {
    quantity: u32,
    unit_cents: u64,
    #[serde(skip)]
    shipped: u32,
    #[serde(skip)]
    canceled: u32,
    #[serde(skip)]
    returned: u32,
}

impl Line {
    fn open(&self) -> u32 {
        self.quantity - self.shipped - self.canceled
    }
}

/// Units of a line, which is named by its place in the cart.
#[derive(Deserialize)]
pub(super) struct Units {
    line: usize,
    quantity: u32,
    #[serde(default)]
    sku: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    lines: Vec<Units>,
}

/// What is done with units.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Ship,
    Cancel,
    Return,
}

impl Application {
    /// True where shipments pay for it.
    pub(super) fn is_paid_by_shipment(&self) -> bool {
        self.amount_cents % 100 == BY_SHIPMENT
    }

    /// Units that were sent and are paid for, all of them or none.
    pub(super) fn ship(&mut self, units: &[Units]) -> Option<Vec<Value>> {
        if !self.is_paid_by_shipment() {
            return Some(Vec::new());
        }
        let fits = |units: &Units| self.line(units.line).is_some_and(|line| units.quantity <= line.open());
        if self.status != "approved" || !units.iter().all(fits) {
            return None;
        }
        Some(self.each(Way::Ship, units).0)
    }

    fn line(&self, place: usize) -> Option<&Line> {
        self.lines.get(place.checked_sub(1)?)
    }

    /// What was done and what was not, line by line. Products that begin with `FAIL` fail.
    fn each(&mut self, way: Way, asked: &[Units]) -> (Vec<Value>, Vec<Value>) {
        let (mut done, mut failed) = (Vec::new(), Vec::new());
        for units in asked {
            let stuck = way != Way::Ship && units.sku.as_deref().is_some_and(|sku| sku.starts_with("FAIL"));
            let line = units.line.checked_sub(1).and_then(|place| self.lines.get_mut(place));
            let (part, cents) = match line.filter(|_| !stuck) {
                None => (0, 0),
                Some(line) => {
                    let (counter, left) = match way {
                        Way::Ship => (&mut line.shipped, line.quantity - line.canceled),
                        Way::Cancel => (&mut line.canceled, line.quantity - line.shipped),
                        Way::Return => (&mut line.returned, line.shipped),
                    };
                    let part = units.quantity.min(left - *counter);
                    *counter += part;
                    (part, u64::from(part) * line.unit_cents)
                }
            };
            if way == Way::Return {
                self.refunded_cents += cents;
            }
            for (list, quantity) in [(&mut done, part), (&mut failed, units.quantity - part)] {
                if quantity > 0 {
                    list.push(json!({ "line": units.line, "quantity": quantity }));
                }
            }
        }
        self.follow();
        (done, failed)
    }

    /// Once nothing is open the state follows from the units.
    fn follow(&mut self) {
        let sum = |of: fn(&Line) -> u32| self.lines.iter().map(of).sum::<u32>();
        let (open, shipped, returned) = (sum(Line::open), sum(|line| line.shipped), sum(|line| line.returned));
        let canceled: u64 = self.lines.iter().map(|line| u64::from(line.canceled) * line.unit_cents).sum();
        self.status = match (open, shipped) {
            (1.., _) => return,
            (0, 0) => "cancelled",
            (0, _) if returned == shipped => {
                self.refunded_cents = self.amount_cents - canceled;
                "refunded"
            }
            (0, _) => "captured",
        };
    }

    /// The lines of an application that is paid by shipment, once something became of one.
    pub(super) fn shown_lines(&self) -> Option<Value> {
        let line = |(place, line): (usize, &Line)| json!({ "line": place, "shipped": line.shipped, "canceled": line.canceled, "returned": line.returned });
        let touched = self.lines.iter().any(|line| line.shipped + line.canceled > 0);
        (self.is_paid_by_shipment() && touched).then(|| (1..).zip(&self.lines).map(line).collect())
    }
}

pub(super) async fn cancel(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    act(&sim, &headers, &id, &body, Way::Cancel)
}

pub(super) async fn take_back(
    State(sim): State<Arc<Sim>>,
    headers: HeaderMap,
    Path(id): Path<String>,
    body: Bytes,
) -> Answer {
    act(&sim, &headers, &id, &body, Way::Return)
}

fn act(sim: &Sim, headers: &HeaderMap, id: &str, body: &[u8], way: Way) -> Answer {
    sign_in(sim, headers)?;
    let asked: Asked = read(body)?;
    let mut applications = sim.applications();
    let application = applications.get_mut(id).ok_or_else(|| error(StatusCode::NOT_FOUND, "not_found", &[]))?;
    if !application.is_paid_by_shipment() || !matches!(application.status, "approved" | "captured") {
        return Err(error(StatusCode::CONFLICT, "not_possible_now", &[]));
    }
    let (done, failed) = application.each(way, &asked.lines);
    Ok(json_reply(StatusCode::OK, &json!({ "done": done, "failed": failed })))
}

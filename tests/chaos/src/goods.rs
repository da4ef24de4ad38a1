//! What the merchant does with the goods of a lease, line by line: a part is sent, a part is not sent any more, the rest is
//! sent, and a part comes back. Every command is asked for under its own key until it is answered for good.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::dice::Dice;
use crate::merchant::{rows_at, text_at};
use crate::story::Story;
use crate::wire::Message;
use crate::world::World;
use crate::{Fault, clerk};

/// What every lease is of: product code, units, and the price of one in whole dollars.
pub(crate) const LINES: [(&str, u64, u64); 2] = [("TV-1", 2, 500), ("CABLE", 3, 100)];
/// Belongs to no unit, and so goes with the last.
pub(crate) const SHIPPING: u64 = 120;
/// The product that FlexShopper refuses to take back where the story says so.
const STUCK: &str = "CABLE";

const PAUSE: Duration = Duration::from_millis(200);
/// Longer than a call of a gateway that was killed is on its way, and than the gateway takes to look by itself.
const GATEWAY_S_OWN: Duration = Duration::from_secs(10);

/// Units of both lines.
pub(crate) type Units = [u64; 2];

/// One command of the merchant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Act {
    /// A parcel with these units; none named are all that are left.
    Ship(Option<Units>),
    /// Nothing of it is sent.
    CancelAll,
    /// These are not sent any more.
    Cancel(Units),
    /// These came back.
    Return(Units),
}

/// What becomes of the goods.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Goods {
    pub(crate) acts: Vec<Act>,
    /// FlexShopper refuses every return of one product.
    pub(crate) stuck: bool,
    /// What happens to the next shipment and the next return, whosever they are.
    pub(crate) disturbed: Option<&'static str>,
}

/// What was done with the units of both lines, as the merchant heard it: shipped, canceled, returned.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) shipped: Units,
    pub(crate) canceled: Units,
    pub(crate) returned: Units,
}

impl Goods {
    /// Draws what becomes of the goods; nothing, where nobody touches them.
    pub(crate) fn draw(dice: &mut Dice) -> Self {
        if !dice.percent(70) {
            return Self::default();
        }
        let stuck = dice.percent(25);
        let kinds =
            [(4, None), (2, Some("lose_reply")), (1, Some("reset")), (1, Some("half_body")), (1, Some("status"))];
        let disturbed = dice.weighted(&kinds, None);
        if dice.percent(15) {
            return Self { acts: vec![Act::CancelAll], stuck, disturbed };
        }
        let mut acts = Vec::new();
        let mut some = |of: Units, act: fn(Units) -> Act| {
            let drawn = of.map(|most| dice.between(0, most));
            acts.extend((drawn != [0, 0]).then(|| act(drawn)));
            drawn
        };
        let all = LINES.map(|(_, units, _)| units);
        let first = some(all, |units| Act::Ship(Some(units)));
        let left = minus(all, first);
        let canceled = some(left, Act::Cancel);
        let rest = minus(left, canceled);
        let returned = some(first, Act::Return);
        if rest != [0, 0] && dice.percent(80) {
            acts.push(Act::Ship(None));
            let kept = minus(minus(all, canceled), if stuck { [returned[0], 0] } else { returned });
            let again = kept.map(|most| dice.between(0, most));
            acts.extend((again != [0, 0]).then_some(Act::Return(again)));
        }
        Self { acts, stuck, disturbed }
    }
}

impl Tally {
    /// Units that are neither sent nor stopped.
    pub(crate) fn open(&self) -> Units {
        minus(minus(LINES.map(|(_, units, _)| units), self.shipped), self.canceled)
    }

    fn add(&mut self, act: Act, done: Units) {
        let counts = match act {
            Act::Ship(_) => &mut self.shipped,
            Act::Cancel(_) | Act::CancelAll => &mut self.canceled,
            Act::Return(_) => &mut self.returned,
        };
        *counts = [0, 1].map(|at| of(*counts, at) + of(done, at));
    }
}

/// Does it all, one command after the other.
pub(crate) async fn play(world: &World, story: &Story, request: &str) -> Result<(), Fault> {
    let id = world.book.of_story(story.number).and_then(|promise| promise.checkout).unwrap_or_default();
    let checkout = world.merchant.get(&format!("/v1/checkouts/{id}")).await?;
    let lines: Vec<String> = rows_at(&checkout, "/items").map(|line| text_at(line, "/id").to_owned()).collect();
    for (number, act) in story.goods.acts.iter().enumerate() {
        let on = match act {
            Act::Ship(_) => Some("confirm_shipment"),
            Act::Return(_) => Some("return"),
            // A lease that nobody wants is canceled by the gateway, too.
            Act::Cancel(_) | Act::CancelAll => None,
        };
        if story.goods.stuck && matches!(act, Act::Return(_)) {
            world.financer.decide(request, &json!({ "stuck": [STUCK] })).await?;
        }
        if let (Some(on), Some(kind)) = (on, story.goods.disturbed) {
            world.financer.disturb_on(on, kind).await?;
        }
        let asked = Asked { story, id: &id, request, lines: &lines, number, act: *act };
        let done = asked.until_definite(world).await?;
        world.book.note(story.number, format!("{act:?}: done {done:?}"), |promise| promise.tally.add(*act, done));
        world.book.count(&format!("goods: {}", asked.path()));
    }
    Ok(())
}

/// One command under one key.
struct Asked<'a> {
    story: &'a Story,
    /// The checkout.
    id: &'a str,
    /// Its order at FlexShopper.
    request: &'a str,
    /// Ids of the lines.
    lines: &'a [String],
    number: usize,
    act: Act,
}

impl Asked<'_> {
    fn path(&self) -> &'static str {
        match self.act {
            Act::Ship(_) => "shipments",
            Act::CancelAll | Act::Cancel(_) => "cancel",
            Act::Return(_) => "refunds",
        }
    }

    fn body(&self) -> Value {
        let named = |units: &Units| -> Value {
            let lines = self.lines.iter().zip(units).filter(|(_, units)| **units > 0);
            lines.map(|(line, units)| json!({ "line_id": line, "quantity": units })).collect()
        };
        // The number tells one parcel from another at FlexShopper.
        let parcel = format!("{}-{}", self.story.reference(), self.number);
        match &self.act {
            Act::Ship(None) => json!({ "status": "shipped", "carrier": "UPS", "tracking_number": parcel }),
            Act::Ship(Some(units)) => {
                json!({ "status": "partially_shipped", "carrier": "UPS", "tracking_number": parcel, "lines": named(units) })
            }
            Act::CancelAll => json!({}),
            Act::Cancel(units) | Act::Return(units) => json!({ "lines": named(units) }),
        }
    }

    /// Asks until it is answered for good; the units that were done.
    async fn until_definite(&self, world: &World) -> Result<Units, Fault> {
        let (path, body) = (format!("/v1/checkouts/{}/{}", self.id, self.path()), self.body());
        let key = format!("{}-goods-{}", self.story.reference(), self.number);
        let mut unknown_since = None;
        loop {
            match world.merchant.post(&path, &key, &body).await {
                Ok(answer) => {
                    if let Some(done) = self.hear(world, &answer)? {
                        return Ok(done);
                    }
                    if text_at(&answer.json(), "/code") == "invalid_state" {
                        let since = *unknown_since.get_or_insert_with(Instant::now);
                        if since.elapsed() > GATEWAY_S_OWN {
                            clerk::settle_goods(world, self.story.number, self.id, self.request, self.lines, self.act)
                                .await?;
                            unknown_since = None;
                        }
                    }
                }
                Err(_) => world.book.missed(self.story.number),
            }
            sleep(PAUSE).await;
        }
    }

    /// The units that were done, where this is the last word.
    fn hear(&self, world: &World, answer: &Message) -> Result<Option<Units>, Fault> {
        let (status, body) = (answer.status(), answer.json());
        let code = text_at(&body, "/code");
        world.book.count(&format!("{}: {status} {code}", self.path()));
        if status == 200 || status == 201 {
            if self.act == Act::CancelAll {
                return Ok(Some(LINES.map(|(_, units, _)| units)));
            }
            let count = if matches!(self.act, Act::Ship(_)) { "/quantity" } else { "/done" };
            let done = |line: &String| {
                let told = rows_at(&body, "/lines").filter(|told| text_at(told, "/line_id") == line);
                told.filter_map(|told| told.pointer(count)?.as_u64()).sum()
            };
            let mut units = self.lines.iter().map(done);
            return Ok(Some([units.next().unwrap_or(0), units.next().unwrap_or(0)]));
        }
        let stuck = self.story.goods.stuck && matches!(self.act, Act::Return(_));
        if stuck && status == 422 && code == "provider_refused" {
            return Ok(Some([0, 0]));
        }
        let asked_again = ["idempotency_key_in_flight", "request_timeout", "invalid_state"].contains(&code);
        if status >= 500 || status == 429 || asked_again {
            return Ok(None);
        }
        Err(format!("{:?} was refused: {status} {body}", self.act).into())
    }
}

fn of(units: Units, at: usize) -> u64 {
    units.get(at).copied().unwrap_or(0)
}

/// Never below nothing.
pub(crate) fn minus(from: Units, what: Units) -> Units {
    [0, 1].map(|at| of(from, at).saturating_sub(of(what, at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_asked_for_than_there_is_and_every_act_is_played() {
        let mut seen = [0; 5];
        for number in 0..2_000 {
            let goods = Goods::draw(&mut Dice::new(5, "goods", number));
            let mut tally = Tally::default();
            for act in &goods.acts {
                let (done, place) = match act {
                    Act::Ship(None) => (tally.open(), 0),
                    Act::Ship(Some(units)) => (*units, 1),
                    Act::CancelAll => (tally.open(), 2),
                    Act::Cancel(units) => (*units, 3),
                    Act::Return(units) if goods.stuck => ([units[0], 0], 4),
                    Act::Return(units) => (*units, 4),
                };
                tally.add(*act, done);
                seen[place] += 1;
                for (at, (_, units, _)) in LINES.iter().enumerate() {
                    assert!(tally.shipped[at] + tally.canceled[at] <= *units, "{goods:?}");
                    assert!(tally.returned[at] <= tally.shipped[at], "{goods:?}");
                }
            }
        }
        assert!(seen.iter().all(|times| *times > 50), "{seen:?}");
    }
}

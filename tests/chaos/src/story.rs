//! What happens to one checkout: who finances it, what goes wrong on the way, what the lender says, and how it must end.

use serde_json::{Value, json};

use crate::arguments::Played;
use crate::dice::Dice;
use crate::goods::{self, Goods};
use crate::plot::{Ending, Plot};

/// Who is asked for the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Financer {
    /// Its lender is played step by step through the simulator's control API.
    Wegetfinancing,
    /// Its payers, banks and reviewers likewise.
    Wepay,
    /// Its customers are played in its plugin.
    Flexshopper,
    /// Decides by itself, by the cents of the total.
    Sandbox,
}

/// Everything that was decided about one checkout before it began.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    pub(crate) number: u64,
    pub(crate) financer: Financer,
    /// The made-up provider says no before; the financer follows by itself.
    pub(crate) follows: bool,
    pub(crate) plot: Plot,
    /// What the merchant does with the goods of a lease that was signed.
    pub(crate) goods: Goods,
    /// What the simulator is told to do with the next create call, whosever it is.
    pub(crate) disturbance: Option<&'static str>,
    /// Equal copies of each push.
    pub(crate) copies: u64,
    /// Whether copies are sent all at once.
    pub(crate) parallel: bool,
    /// Whether the shop asks twice at the same moment with one key.
    pub(crate) twice: bool,
    /// Milliseconds that the shopper thinks.
    pub(crate) pause_ms: u64,
}

impl Story {
    /// Draws the `number`-th story of a seed.
    pub(crate) fn draw(seed: u64, number: u64, provider: Played) -> Self {
        let mut dice = Dice::new(seed, "story", number);
        let played = match provider {
            Played::Wegetfinancing | Played::Cascade => Financer::Wegetfinancing,
            Played::Wepay => Financer::Wepay,
            Played::Flexshopper => Financer::Flexshopper,
        };
        let financer = if dice.percent(15) { Financer::Sandbox } else { played };
        let follows = provider == Played::Cascade && financer == played;
        let plot = match financer {
            Financer::Sandbox => {
                dice.weighted(&[(6, Plot::Approve), (2, Plot::Reject), (2, Plot::PreapproveOnly)], Plot::Approve)
            }
            Financer::Wegetfinancing => dice.weighted(
                &[
                    (6, Plot::Approve),
                    (4, Plot::PreapproveThenApprove),
                    (2, Plot::PreapprovalComesLate),
                    (1, Plot::PreapproveOnly),
                    (2, Plot::Reject),
                    (1, Plot::RejectThenApprove),
                    (1, Plot::ApproveThenWithdraw),
                    (1, Plot::RefundPart),
                    (1, Plot::RefundAll),
                    (1, Plot::Silence),
                ],
                Plot::Approve,
            ),
            Financer::Wepay => dice.weighted(
                &[
                    (8, Plot::Pay),
                    (3, Plot::PayThenReviewed),
                    (1, Plot::PayUnreviewed),
                    (2, Plot::CardDeclined),
                    (2, Plot::PayThenRefundPart),
                    (1, Plot::PayThenRefundAll),
                    (1, Plot::PayThenChargeback),
                    (1, Plot::Silence),
                ],
                Plot::Pay,
            ),
            Financer::Flexshopper => dice.weighted(
                &[
                    (10, Plot::Sign),
                    (3, Plot::SignUnheard),
                    (4, Plot::SignOther),
                    (1, Plot::ApplyOnly),
                    (1, Plot::Silence),
                ],
                Plot::Sign,
            ),
        };
        let disturbance = dice.weighted(
            &[
                (70, None),
                (8, Some("lose_reply")),
                (8, Some("late")),
                (4, Some("half_body")),
                (4, Some("reset")),
                (3, Some("status")),
                (3, Some("silence")),
            ],
            None,
        );
        let signs = financer == Financer::Flexshopper && matches!(plot, Plot::Sign | Plot::SignUnheard);
        Self {
            number,
            financer,
            follows,
            // Its total has the cents that the made-up provider refuses.
            plot: if follows && plot == Plot::RefundAll { Plot::RefundPart } else { plot },
            disturbance: disturbance.filter(|_| financer != Financer::Sandbox),
            copies: dice.weighted(&[(7, 1), (2, 2), (1, 3)], 1),
            parallel: dice.percent(50),
            twice: dice.percent(10),
            pause_ms: dice.between(0, 120),
            goods: if signs { Goods::draw(&mut dice) } else { Goods::default() },
        }
    }

    /// How it must end. The made-up provider captures by itself what it approves.
    pub(crate) fn ending(&self) -> Ending {
        match self.plot.ending() {
            ending if self.financer == Financer::Sandbox && ending.ready => Ending { status: "captured", ..ending },
            ending => ending,
        }
    }

    /// The customer's e-mail address: FlexShopper's customers are people of their own.
    pub(crate) fn email(&self) -> String {
        match self.financer {
            Financer::Flexshopper => format!("john-{}@example.com", self.number),
            _ => "john@example.com".to_owned(),
        }
    }

    /// The merchant's own reference.
    pub(crate) fn reference(&self) -> String {
        format!("chaos-{}", self.number)
    }

    /// The create body.
    pub(crate) fn cart(&self) -> Value {
        let (provider, shipping) = match (self.financer, self.plot) {
            // A no by push, and one that answers the create.
            (Financer::Wegetfinancing, _) if self.follows && self.twice => (None, "50.21"),
            (Financer::Wegetfinancing, _) if self.follows => (None, "50.11"),
            (Financer::Wegetfinancing, _) => (Some("wegetfinancing"), "50.00"),
            (Financer::Wepay, _) => (Some("wepay"), "50.00"),
            (Financer::Flexshopper, _) => (Some("flexshopper"), "120.00"),
            // The cents decide; see the README of the made-up provider.
            (Financer::Sandbox, Plot::Reject) => (Some("sandbox"), "50.11"),
            (Financer::Sandbox, Plot::PreapproveOnly) => (Some("sandbox"), "50.14"),
            (Financer::Sandbox, _) if self.copies > 1 => (Some("sandbox"), "50.13"),
            (Financer::Sandbox, _) => (Some("sandbox"), "50.10"),
        };
        // FlexShopper buys exempt from tax: what it finances is the whole cart where there is none.
        let leased = goods::LINES.map(|(sku, units, price)| json!({ "sku": sku, "name": sku, "quantity": units, "unit_price": format!("{price}.00") }));
        let items = match self.financer {
            Financer::Flexshopper => json!(leased),
            _ => json!([{ "sku": "TV-1", "name": "TV", "quantity": 1, "unit_price": "1370.00", "unit_tax": "52.69" }]),
        };
        let mut cart = json!({
            "reference": self.reference(),
            "customer": {
                "first_name": "John", "last_name": "Doe", "email": self.email(), "phone": "2222222222"
            },
            "billing_address": {
                "line1": "6 West End Court 1", "city": "Long Branch", "state": "NJ", "postal_code": "07740", "country": "US"
            },
            "items": items,
            "shipping_amount": shipping
        });
        // Where nobody is named the profile decides.
        if let (Some(provider), Some(members)) = (provider, cart.as_object_mut()) {
            members.insert("provider".to_owned(), provider.into());
        }
        cart
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_tells_the_same_stories_and_leaves_no_plot_out() {
        for (provider, plots) in [
            (
                Played::Wegetfinancing,
                ["RejectThenApprove", "ApproveThenWithdraw", "RefundPart", "RefundAll", "Silence"],
            ),
            (
                Played::Wepay,
                ["PayThenReviewed", "PayUnreviewed", "CardDeclined", "PayThenRefundAll", "PayThenChargeback"],
            ),
            (Played::Cascade, ["follows: true", "follows: false", "RejectThenApprove", "RefundPart", "50.21"]),
            (Played::Flexshopper, ["Sign,", "SignUnheard", "SignOther", "CancelAll", "Return"]),
        ] {
            let tell = |seed| {
                let draw = |number| Story::draw(seed, number, provider);
                (0..400).map(|number| format!("{:?} {}", draw(number), draw(number).cart())).collect::<Vec<_>>()
            };
            assert_eq!(tell(3), tell(3));
            assert_ne!(tell(3), tell(4));
            let all = tell(3).join("\n");
            for plot in plots.into_iter().chain(["Sandbox"]) {
                assert!(all.contains(plot), "{plot}");
            }
        }
    }
}

//! What payer, bank, WePay's reviewers and the merchant's back office do: moves a checkout and tells of it.

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::checkout::{Address, Checkout, Payer, Review};
use super::dialect::{Dialect, State};
use super::notice::Telling;
use super::order::Method;
use super::rules::Rules;
use super::state::Sim;

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// The payer pays; the review takes its usual time.
    Pay,
    /// The payer pays; the review stays open.
    PayUnreviewed,
    /// The review ends well.
    Reviewed,
    /// The payer's card is declined, or the review ends badly.
    Decline,
    /// The money is held, whatever was ordered.
    Hold,
    /// Held money goes to the payee.
    Credit,
    /// The payment is undone by payer or payee.
    Cancel,
    /// The page was left too long.
    Expire,
    /// A refund from the merchant's back office.
    Refund,
    ChargeBack,
    DisputeWon,
    DisputeLost,
}

impl Act {
    /// The word of the control API; the names of the states they lead to are understood too.
    pub(super) fn parse(word: &str) -> Option<Self> {
        Some(match word {
            "pay" | "approve" | "approved" => Self::Pay,
            "preapprove" | "preapproved" | "authorized" => Self::PayUnreviewed,
            "reviewed" => Self::Reviewed,
            "decline" | "reject" | "rejected" | "failed" => Self::Decline,
            "hold" | "held" => Self::Hold,
            "credit" | "credited" => Self::Credit,
            "cancel" | "cancelled" => Self::Cancel,
            "expire" | "expired" => Self::Expire,
            "refund" => Self::Refund,
            "chargeback" => Self::ChargeBack,
            "chargeback_won" => Self::DisputeWon,
            "chargeback_lost" => Self::DisputeLost,
            _ => return None,
        })
    }
}

/// Why nothing happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Undone {
    NoSuchCheckout,
    /// It cannot happen as things stand.
    NotNow(String),
}

/// Lets one thing happen; the answer is the places of the new notices.
pub(super) fn act(
    sim: &Sim,
    id: u64,
    act: Act,
    amount: Option<Decimal>,
    telling: Telling,
) -> Result<Vec<usize>, Undone> {
    change(sim, id, telling, |checkout, rules, now| apply(checkout, act, amount, rules, now))
}

/// The payer pays with what he typed in.
pub(super) fn pay(sim: &Sim, id: u64, payer: Payer, review: bool) -> Result<Vec<usize>, Undone> {
    change(sim, id, Telling::Merged, |checkout, rules, now| {
        let open = checkout.state == State::New;
        if open {
            checkout.pay(payer, review.then_some(rules.review_ms), now);
        }
        open
    })
}

fn change(
    sim: &Sim,
    id: u64,
    telling: Telling,
    act: impl FnOnce(&mut Checkout, &Rules, Timestamp) -> bool,
) -> Result<Vec<usize>, Undone> {
    let now = sim.clock.now();
    let mut store = sim.store();
    let done = store.change(id, now, telling, |checkout, rules| act(checkout, rules, now));
    let (done, places) = done.ok_or(Undone::NoSuchCheckout)?;
    if done {
        return Ok(places);
    }
    let state = store.get(id).map_or("gone", |checkout| checkout.word(Dialect::A));
    Err(Undone::NotNow(format!("that can not happen to a checkout that is {state}")))
}

/// The payer as prefilled, or somebody made up.
pub(super) fn usual_payer(checkout: &Checkout) -> Payer {
    let hosted = match &checkout.order.method {
        Method::Hosted(hosted) => Some(hosted),
        _ => None,
    };
    let name = hosted.and_then(|hosted| hosted.name.clone()).unwrap_or_else(|| "Test Smith".to_owned());
    let address = hosted.is_some_and(|hosted| hosted.require_shipping).then(|| Address {
        name: name.clone(),
        street: "Main Street".to_owned(),
        city: "Sunnyvale".to_owned(),
        region: "CA".to_owned(),
        postcode: "94085".to_owned(),
        country: "US".to_owned(),
    });
    let email = hosted.and_then(|hosted| hosted.email.clone()).unwrap_or_else(|| "test@test.com".to_owned());
    Payer { name, email, address, bank: false }
}

fn apply(checkout: &mut Checkout, act: Act, amount: Option<Decimal>, rules: &Rules, now: Timestamp) -> bool {
    let reviewing = checkout.state == State::Authorized && checkout.review != Review::Done;
    let state = checkout.state;
    let possible = match act {
        Act::Pay | Act::PayUnreviewed | Act::Expire => state == State::New,
        Act::Reviewed => reviewing,
        Act::Decline => matches!(state, State::New | State::Authorized),
        Act::Hold => matches!(state, State::New | State::Authorized),
        Act::Credit => matches!(state, State::Authorized | State::Held),
        Act::Cancel => matches!(state, State::Authorized | State::Held),
        Act::Refund | Act::ChargeBack => state == State::Credited,
        Act::DisputeWon | Act::DisputeLost => true,
    };
    if !possible {
        return false;
    }
    match act {
        Act::Pay => checkout.pay(usual_payer(checkout), Some(rules.review_ms), now),
        Act::PayUnreviewed => checkout.pay(usual_payer(checkout), None, now),
        Act::Reviewed => checkout.reviewed(now),
        Act::Decline => checkout.enter(State::Failed, now),
        Act::Hold | Act::Credit => {
            if state == State::New {
                checkout.pay(usual_payer(checkout), None, now);
            }
            checkout.review = Review::Done;
            checkout.charged = true;
            checkout.enter(if act == Act::Hold { State::Held } else { State::Credited }, now);
        }
        Act::Cancel => checkout.enter(State::Cancelled, now),
        Act::Expire => checkout.enter(State::Expired, now),
        Act::Refund => {
            let reason = "Refunded from the dashboard";
            return checkout.refund(amount, None, reason, rules, now, Dialect::A).is_ok();
        }
        Act::ChargeBack => return checkout.charge_back(amount, now),
        Act::DisputeWon => return checkout.settle_dispute(true, now),
        Act::DisputeLost => return checkout.settle_dispute(false, now),
    }
    true
}

//! Money that goes back: refunds in whole and in part, and charge-backs (wepay.md 4.5 and 6.4).

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::checkout::{Checkout, Dispute};
use super::dialect::{Dialect, State};
use super::errors::Refusal;
use super::rules::{RefundLimit, Rules};
use lendport_simulation::later;

const TOO_MUCH: &str = "You may not refund more than the non-refunded balance of the payment";
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

impl Checkout {
    /// What the payer has not got back yet.
    pub(super) fn left(&self) -> Decimal {
        self.paid.map_or(Decimal::ZERO, |(_, sums)| sums.gross - self.refunded - self.charged_back)
    }

    /// `/checkout/refund`; without an amount everything that is left.
    pub(super) fn refund(
        &mut self,
        amount: Option<Decimal>,
        app_fee: Option<Decimal>,
        reason: &str,
        rules: &Rules,
        now: Timestamp,
        dialect: Dialect,
    ) -> Result<(), Refusal> {
        if self.state != State::Credited {
            return Err(self.not_in(State::Credited.word(dialect), dialect));
        }
        let open = self.credited_at.is_some_and(|at| now <= later(at, rules.refund_days.saturating_mul(DAY_MS)));
        if !open {
            return Err(Refusal::new(4004, "this payment can no longer be refunded"));
        }
        let app_fee = app_fee.unwrap_or_default();
        let rest_of_app_fee = self.order.app_fee - self.refunded_app_fee;
        match amount {
            None if self.refunded > Decimal::ZERO && !rules.refund_rest => return Err(Refusal::new(1008, TOO_MUCH)),
            None => self.refunded += self.left(),
            Some(amount) => {
                self.check_part(amount, app_fee, rest_of_app_fee, rules)?;
                self.refunded += amount;
                self.refunded_app_fee += app_fee;
            }
        }
        self.refund_reason = Some(reason.to_owned());
        if self.left() <= Decimal::ZERO {
            self.enter(State::Refunded, now);
        }
        Ok(())
    }

    /// A part has to fit into the net; after an earlier part it may also be exactly all that is left.
    fn check_part(
        &self,
        amount: Decimal,
        app_fee: Decimal,
        rest_of_app_fee: Decimal,
        rules: &Rules,
    ) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Err(Refusal::bad("amount", "greater than zero"));
        }
        if !app_fee.is_zero() && (app_fee >= rest_of_app_fee || app_fee > amount) {
            return Err(Refusal::bad("app_fee", "less than the remaining balance of the app fee"));
        }
        let net = self.sums().net;
        let first = self.refunded.is_zero();
        if first && amount >= net && amount <= self.left() {
            return Err(Refusal::bad("amount", "less than the net of the payment; leave it out for a full refund"));
        }
        let from_net = self.refunded - self.refunded_app_fee + amount - app_fee;
        let all_the_rest = rules.refund_limit == RefundLimit::Balance && !first && amount == self.left();
        if from_net > net && !all_the_rest || amount > self.left() {
            return Err(Refusal::new(1008, TOO_MUCH));
        }
        Ok(())
    }

    /// The payer's bank takes money back; without an amount all that is left. False: nothing to take.
    pub(super) fn charge_back(&mut self, amount: Option<Decimal>, now: Timestamp) -> bool {
        let left = self.left();
        let amount = amount.unwrap_or(left);
        if self.state != State::Credited || amount <= Decimal::ZERO || amount > left {
            return false;
        }
        self.charged_back += amount;
        self.dispute = Dispute::Open;
        if self.left() <= Decimal::ZERO {
            self.enter(State::ChargedBack, now);
        }
        true
    }

    /// The merchant wins the dispute and has his money again, or loses it. False: there is no open dispute.
    pub(super) fn settle_dispute(&mut self, won: bool, now: Timestamp) -> bool {
        if self.dispute != Dispute::Open {
            return false;
        }
        if !won {
            self.dispute = Dispute::Lost;
            return true;
        }
        self.dispute = Dispute::Won;
        self.charged_back = Decimal::ZERO;
        self.enter(if self.left() > Decimal::ZERO { State::Credited } else { State::Refunded }, now);
        true
    }
}

//! One checkout and its life: payment, review, hold, capture, cancellation, and the timers between (wepay.md 6 and 9.4).

use jiff::Timestamp;
use rust_decimal::Decimal;

use super::dialect::{Dialect, State, Version};
use super::errors::Refusal;
use super::money::{self, Sums};
use super::notice::Notice;
use super::order::{Method, Order};
use super::rules::{HoldEnds, Rules};
use lendport_simulation::later;

/// Milliseconds without activity after which a new checkout expires.
const IDLE_MS: u64 = 30 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Days from payment in which held money has to be captured.
const HOLD_DAYS: u64 = 14;
/// Days in which a card that is only authorised has to be captured.
const AUTHORIZATION_DAYS: u64 = 7;

/// Where the review of a payment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Review {
    Until(Timestamp),
    /// Goes on until somebody ends it.
    Open,
    Done,
}

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dispute {
    None,
    Open,
    Won,
    Lost,
}

/// Who paid and, where asked for, whereto goods go.
#[derive(Clone, Debug)]
pub(super) struct Payer {
    pub(super) name: String,
    pub(super) email: String,
    pub(super) address: Option<Address>,
    /// From a bank account.
    pub(super) bank: bool,
}

/// An address as typed in on the page.
#[derive(Clone, Debug)]
pub(super) struct Address {
    pub(super) name: String,
    pub(super) street: String,
    pub(super) city: String,
    pub(super) region: String,
    pub(super) postcode: String,
    pub(super) country: String,
}

/// One payment.
pub(super) struct Checkout {
    pub(super) id: u64,
    /// What makes the address of the page hard to guess.
    pub(super) token: String,
    pub(super) version: Version,
    pub(super) created: Timestamp,
    pub(super) order: Order,
    /// The create body as received, cut.
    pub(super) body: String,
    pub(super) state: State,
    /// A state that lookups show instead, for what no document knows.
    pub(super) said: Option<String>,
    pub(super) active: Timestamp,
    pub(super) paid: Option<(Timestamp, Sums)>,
    pub(super) payer: Option<Payer>,
    pub(super) review: Review,
    /// False while a card is only authorised.
    pub(super) charged: bool,
    /// When an accepted capture or release shows.
    pub(super) capture_at: Option<Timestamp>,
    pub(super) credited_at: Option<Timestamp>,
    pub(super) refunded: Decimal,
    /// The part of `refunded` that came out of the app fee.
    pub(super) refunded_app_fee: Decimal,
    pub(super) refund_reason: Option<String>,
    pub(super) charged_back: Decimal,
    pub(super) dispute: Dispute,
    pub(super) callback_uri: Option<String>,
    pub(super) notices: Vec<Notice>,
    /// Every state it was in.
    pub(super) moves: Vec<(Timestamp, State)>,
}

impl Checkout {
    pub(super) fn new(id: u64, token: String, version: Version, now: Timestamp, order: Order, body: String) -> Self {
        let charged = !matches!(order.method, Method::Card { charged: false, .. });
        Self {
            id,
            token,
            version,
            created: now,
            callback_uri: order.callback_uri.clone(),
            order,
            body,
            state: State::New,
            said: None,
            active: now,
            paid: None,
            payer: None,
            review: Review::Done,
            charged,
            capture_at: None,
            credited_at: None,
            refunded: Decimal::ZERO,
            refunded_app_fee: Decimal::ZERO,
            refund_reason: None,
            charged_back: Decimal::ZERO,
            dispute: Dispute::None,
            notices: Vec::new(),
            moves: vec![(now, State::New)],
        }
    }

    pub(super) fn enter(&mut self, state: State, now: Timestamp) {
        if self.state == state {
            return;
        }
        self.state = state;
        self.moves.push((now, state));
        if state == State::Credited && self.credited_at.is_none() {
            self.credited_at = Some(now);
        }
        if state != State::Held && state != State::Authorized {
            self.capture_at = None;
        }
    }

    /// What the payment comes to; the same before and after it is paid.
    pub(super) fn sums(&self) -> Sums {
        let shipping = match &self.order.method {
            Method::Hosted(hosted) => hosted.shipping_fee,
            _ => Decimal::ZERO,
        };
        money::sums(self.order.amount, shipping, self.order.app_fee, self.order.fee_payer)
    }

    /// The `state` of an answer.
    pub(super) fn word(&self, dialect: Dialect) -> &str {
        self.said.as_deref().unwrap_or_else(|| self.state.word(dialect))
    }

    /// The payer confirms. The review then takes `review_ms`; `None`: until somebody ends it.
    pub(super) fn pay(&mut self, payer: Payer, review_ms: Option<u64>, now: Timestamp) {
        self.paid = Some((now, self.sums()));
        self.payer = Some(payer);
        self.review = review_ms.map_or(Review::Open, |ms| Review::Until(later(now, ms)));
        self.enter(State::Authorized, now);
    }

    /// The review ends well.
    pub(super) fn reviewed(&mut self, now: Timestamp) {
        self.review = Review::Done;
        if self.charged {
            self.secured(now);
        }
    }

    /// The money is WePay's now: it is held, or goes on to the payee at once.
    fn secured(&mut self, now: Timestamp) {
        self.charged = true;
        self.enter(if self.order.automatic { State::Credited } else { State::Held }, now);
    }

    /// When something happens by itself next.
    pub(super) fn due(&self) -> Option<Timestamp> {
        let since_payment = |days: u64| self.paid.map(|(at, _)| later(at, days * DAY_MS));
        match (self.state, self.review) {
            (State::New, _) => Some(later(self.active, IDLE_MS)),
            (State::Authorized, Review::Until(at)) => Some(at),
            (State::Authorized, Review::Open) => None,
            (State::Authorized, Review::Done) => self.capture_at.or_else(|| since_payment(AUTHORIZATION_DAYS)),
            (State::Held, _) => self.capture_at.or_else(|| since_payment(HOLD_DAYS)),
            _ => None,
        }
    }

    /// Does what is due.
    pub(super) fn settle(&mut self, now: Timestamp, rules: &Rules) {
        while let Some(due) = self.due().filter(|due| *due <= now) {
            match (self.state, self.review) {
                (State::New, _) => self.enter(State::Expired, due),
                (State::Authorized, Review::Until(_)) => self.reviewed(due),
                (State::Authorized, _) if self.capture_at.take().is_some() => self.secured(due),
                (State::Held, _) if self.capture_at.take().is_some() => self.enter(State::Credited, due),
                (State::Held, _) if rules.hold_ends == HoldEnds::Refunded => {
                    self.refunded = self.sums().gross;
                    self.refund_reason = Some("The payment was not captured in time.".to_owned());
                    self.enter(State::Refunded, due);
                }
                _ => self.enter(State::Cancelled, due),
            }
        }
    }

    /// `/checkout/capture`. In dialect A it lets held money go, in B it charges a card that is only authorised.
    pub(super) fn capture(&mut self, dialect: Dialect, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
        let ready = match dialect {
            Dialect::A => self.state == State::Held,
            Dialect::B => self.state == State::Authorized && !self.charged && self.review == Review::Done,
        };
        if !ready {
            let wanted = if dialect == Dialect::A { "Reserved" } else { "Authorized" };
            return Err(self.not_in(&format!("'{wanted}' to capture"), dialect));
        }
        self.let_go(rules, now);
        Ok(())
    }

    /// `/checkout/release`, dialect B.
    pub(super) fn release(&mut self, rules: &Rules, now: Timestamp) -> Result<(), Refusal> {
        if self.state != State::Held {
            return Err(self.not_in("'Captured' to release", Dialect::B));
        }
        self.let_go(rules, now);
        Ok(())
    }

    fn let_go(&mut self, rules: &Rules, now: Timestamp) {
        if self.capture_at.is_none() {
            self.capture_at = Some(later(now, rules.capture_lag_ms));
        }
        self.settle(now, rules);
    }

    /// `/checkout/cancel`.
    pub(super) fn cancel(&mut self, dialect: Dialect, now: Timestamp) -> Result<(), Refusal> {
        if self.state == State::Cancelled {
            return Err(Refusal::new(4004, "this checkout has already been cancelled"));
        }
        // Between an accepted capture and its effect nothing can be taken back.
        let open = matches!(self.state, State::Authorized | State::Held) && self.capture_at.is_none();
        if !open {
            let held = if dialect == Dialect::A { "Reserved" } else { "Captured" };
            return Err(self.not_in(&format!("'Authorized' or '{held}' to cancel"), dialect));
        }
        if dialect == Dialect::B && self.by_bank() {
            return Err(Refusal::new(4004, "payments from a bank account can not be cancelled"));
        }
        self.enter(State::Cancelled, now);
        Ok(())
    }

    fn by_bank(&self) -> bool {
        matches!(self.order.method, Method::Bank { .. }) || self.payer.as_ref().is_some_and(|payer| payer.bank)
    }

    pub(super) fn not_in(&self, wanted: &str, dialect: Dialect) -> Refusal {
        let text =
            format!("Checkout object must be in state {wanted}. Currently it is in state {}", self.word(dialect));
        Refusal::new(4004, text)
    }
}

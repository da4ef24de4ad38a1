//! What is odd about applications whose amount has certain cents, as it is with some providers.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::state::Application;

/// Nobody but the customer can end the page before there is a decision.
const CUSTOMERS_END_IT: u64 = 30;
/// Pushes say nothing but "look".
const BARE_PUSHES: u64 = 31;
/// The page ends by itself, and an approval has to be captured in time.
const DEADLINES: u64 = 32;
/// A capture shows only at the second look after it.
const LATE_CAPTURE: u64 = 33;

/// An approval is a signature that the merchant has to confirm.
const SIGNED: u64 = 34;
/// So it is, and the customer signed for a cent less.
const SIGNED_FOR_LESS: u64 = 35;
/// The page of the gateway's shows it, with a script.
const PLUGIN: u64 = 36;
/// The merchant's own pages carry the application.
const CARRIED: u64 = 39;

const PAGE_LIVES_S: i64 = 30 * 60;
const CAPTURE_WITHIN_S: i64 = 14 * 86_400;
const LOOKS_UNTIL_CAPTURED: u32 = 2;

/// What an application remembers for that.
#[derive(Clone, Debug, Default)]
pub(super) struct Oddities {
    /// Seconds since 1970.
    made_at: i64,
    /// The merchant's reason for a cancel.
    pub(super) cancel_reason: Option<String>,
    /// Looks until a capture shows.
    captured_after: u32,
}

impl Oddities {
    pub(super) fn made_at(now: Timestamp) -> Self {
        Self { made_at: now.as_second(), ..Self::default() }
    }
}

impl Application {
    /// Seconds since 1970.
    pub(super) fn made_at(&self) -> i64 {
        self.odd.made_at
    }

    fn is_odd_by(&self, cents: u64) -> bool {
        self.amount_cents % 100 == cents
    }

    /// True where a cancel has to wait for the customer.
    pub(super) fn only_customers_end_it(&self) -> bool {
        self.is_odd_by(CUSTOMERS_END_IT) && matches!(self.status, "applying" | "reviewing" | "preapproved")
    }

    /// True where a push names the application and nothing else.
    pub(super) fn pushes_are_bare(&self) -> bool {
        self.is_odd_by(BARE_PUSHES)
    }

    /// True where the customer signs and the merchant confirms.
    pub(super) fn is_signed_first(&self) -> bool {
        self.is_odd_by(SIGNED) || self.is_odd_by(SIGNED_FOR_LESS) || self.is_odd_by(CARRIED)
    }

    /// What the customer signed for, while the merchant has to confirm it.
    pub(super) fn signed_for(&self) -> Option<u64> {
        (self.status == "signed").then(|| self.amount_cents.saturating_sub(u64::from(self.is_odd_by(SIGNED_FOR_LESS))))
    }

    /// What the merchant's own pages do next.
    pub(super) fn next_step(&self) -> Option<&'static str> {
        match self.status {
            _ if !self.is_odd_by(CARRIED) => None,
            "applying" => Some("apply"),
            "preapproved" | "agreed" => Some("sign"),
            _ => None,
        }
    }

    /// Takes a capture in. False where it shows at once.
    pub(super) fn captures_late(&mut self) -> bool {
        let late = self.is_odd_by(LATE_CAPTURE);
        if late {
            self.odd.captured_after = LOOKS_UNTIL_CAPTURED;
        }
        late
    }

    /// True between a capture and the look at which it shows.
    pub(super) fn is_capturing(&self) -> bool {
        self.odd.captured_after > 0
    }

    /// Somebody looks: what is late comes nearer.
    pub(super) fn looked_at(&mut self) {
        if self.is_capturing() {
            self.odd.captured_after -= 1;
            if !self.is_capturing() {
                self.status = "captured";
            }
        }
    }

    /// True where a page of the merchant's loads a script that shows the application.
    pub(super) fn is_shown_by_a_script(&self) -> bool {
        self.is_odd_by(PLUGIN)
    }

    /// Fields that only odd applications have.
    pub(super) fn odd_fields(&self) -> impl Iterator<Item = (String, Value)> {
        let lasts = |status, seconds: i64| {
            (self.is_odd_by(DEADLINES) && self.status == status)
                .then(|| json!(self.odd.made_at.saturating_add(seconds)))
        };
        let fields = [
            ("next_step", self.next_step().map(|step| json!(step))),
            // There is no page.
            ("apply_url", self.is_odd_by(CARRIED).then(|| Value::Null)),
            ("shown_by", self.is_shown_by_a_script().then(|| json!("plugin"))),
            ("expires_at", lasts("applying", PAGE_LIVES_S)),
            ("capture_by", lasts("approved", CAPTURE_WITHIN_S)),
            ("lines", self.shown_lines()),
            ("cancel_reason", self.odd.cancel_reason.as_ref().map(|reason| json!(reason))),
        ];
        fields.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)))
    }
}

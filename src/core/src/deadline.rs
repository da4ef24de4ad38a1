//! Deadlines that are a provider's: which one runs, and from when on the merchant is told that it comes.

use jiff::{SignedDuration, Timestamp};

use crate::attempt::{Attempt, AttemptState};
use crate::event::EventType;

/// The merchant is told at most so long before: days in which money can still be taken.
const TOLD_BEFORE_MAX: SignedDuration = SignedDuration::from_hours(4 * 24);
/// Of the time that a deadline leaves, so many parts are over before the merchant is told, the last one is left.
const PARTS: i32 = 3;

/// A moment by which something must happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadline {
    /// What tells of it.
    pub event: EventType,
    /// When it passes.
    pub at: Timestamp,
    /// From when on the merchant is told: when a third of the time is left, and four days at most.
    pub told_from: Timestamp,
}

impl Attempt {
    /// The deadline that runs: the end of the provider's page while the customer or the provider decides, the last moment
    /// to capture once it is authorized.
    pub fn deadline(&self) -> Option<Deadline> {
        let (event, at) = match self.state {
            AttemptState::Authorized => (EventType::CheckoutCaptureDue, self.capture_by?),
            state if state.may_expire() || state == AttemptState::AwaitingMerchant => {
                (EventType::CheckoutExpiring, self.expires_at?)
            }
            _ => return None,
        };
        let before = (at.duration_since(self.created_at) / PARTS).min(TOLD_BEFORE_MAX);
        Some(Deadline { event, at, told_from: at.saturating_sub(before).unwrap_or(at) })
    }

    /// The deadline that runs, unless the merchant was told of it. One that was put off by less than it is told of
    /// before is the same one.
    pub fn untold_deadline(&self) -> Option<Deadline> {
        self.deadline().filter(|deadline| self.deadline_told.is_none_or(|told| told < deadline.told_from))
    }
}

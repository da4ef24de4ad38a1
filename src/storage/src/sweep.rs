//! Lists of providers that are read instead of asking for every attempt: whose turn it is, and which attempts a row of a list
//! may be about.

use jiff::Timestamp;
use lendport_core::{AttemptId, CheckoutId, ProviderId};

use crate::store::Located;
use crate::tenant::Tenant;

/// What a list may show an attempt by: a keyed digest, for it may be about a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SweepMark(pub [u8; 32]);

/// An attempt that a list may show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepEntry {
    /// Whose.
    pub tenant: Tenant,
    /// The provider whose list it is.
    pub provider: ProviderId,
    /// Which checkout.
    pub checkout: CheckoutId,
    /// Which attempt.
    pub attempt: AttemptId,
    /// What the list may show it by.
    pub marks: Vec<SweepMark>,
    /// The current moment.
    pub now: Timestamp,
    /// The account's list is read at least until then.
    pub until: Timestamp,
}

/// One page's turn at the list of an account. Nobody else has it before its lease ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepTurn {
    /// Whose account.
    pub tenant: Tenant,
    /// At which provider.
    pub provider: ProviderId,
    /// What the reading that is under way asks for; none where one begins.
    pub since: Option<Timestamp>,
    /// Where its last page ended.
    pub cursor: Option<String>,
    /// When the lease ends; tells this turn from a later one.
    pub taken_until: Timestamp,
}

/// How a reading goes on after a turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SweepNext {
    /// When the next turn comes.
    pub at: Timestamp,
    /// Of a reading that is not at its end: what it asks for, and where the next page begins.
    pub going_on: Option<(Timestamp, Option<String>)>,
}

/// An attempt that waits for a customer and has one of the marks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marked {
    /// Which of them.
    pub mark: SweepMark,
    /// The attempt.
    pub found: Located,
    /// When it was started.
    pub created_at: Timestamp,
}

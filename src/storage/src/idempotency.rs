//! Replays are answered from the database, and the row that allows it is written with the effect.

use jiff::Timestamp;
use lendport_core::{CheckoutId, OperationId};

/// A request that wants to be the only one with its key. Scope: tenant, route and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Method and route pattern, such as `POST /v1/checkouts`; includes the resource id where the path has one.
    pub route: String,
    /// The caller's key.
    pub key: String,
    /// SHA-256 (hex) of method, path and body.
    pub fingerprint: String,
    /// Which process works on it; another process never waits for it.
    pub owner: String,
    /// Until when it may be at work; past it the request counts as interrupted.
    pub locked_until: Timestamp,
    /// When it was made.
    pub now: Timestamp,
}

/// Where a request with a key stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClaimState {
    /// Being worked on.
    InFlight {
        /// By which process.
        owner: String,
        /// Until when.
        locked_until: Timestamp,
    },
    /// Answered; the answer is stored.
    Completed {
        /// HTTP status.
        status: u16,
        /// The answer as whoever gave it wants it kept: the body, JSON text, and what belongs to it.
        body: String,
    },
    /// Ended without a lasting answer (outcome unknown, or provider not reached): a repeat goes on where it stopped.
    Resumable,
}

/// The row of a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRow {
    /// SHA-256 (hex) of the request that claimed it.
    pub fingerprint: String,
    /// Where it stands.
    pub state: ClaimState,
    /// The checkout it made or changed.
    pub checkout: Option<CheckoutId>,
    /// The operation it started.
    pub operation: Option<OperationId>,
}

/// What becomes of a claim, written with the rest of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimWrite {
    /// As in [`Claim`].
    pub route: String,
    /// As in [`Claim`].
    pub key: String,
    /// Who writes it. A claim that another process has taken over since stays as that one left it.
    pub owner: String,
    /// The new state.
    pub state: ClaimState,
}

//! The commit fence: at most one live commitment per checkout.

use crate::id::AttemptId;

/// Whether an attempt may become committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fence {
    /// No other attempt is committed.
    Free,
    /// Another attempt is.
    HeldBy(AttemptId),
}

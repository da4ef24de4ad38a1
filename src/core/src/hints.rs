//! What a financer may be told of those who were asked before it. Adapters use what their provider understands.

use crate::attempt::{Attempt, AttemptState};

/// What happened before this try. Says nothing of who was asked, nor of why anybody said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CascadeHints {
    /// True when no other financer has had the customer before.
    pub first_glance: bool,
    /// How many have said no.
    pub declines: u32,
}

impl CascadeHints {
    /// Nobody was asked before.
    pub const FIRST: Self = Self { first_glance: true, declines: 0 };

    /// Those of one of a checkout's attempts. One that never came to a financer, because it could not be reached or its call
    /// was not taken in, does not count; nor does an earlier one at the same financer.
    pub fn of(attempts: &[Attempt], attempt: &Attempt) -> Self {
        let before = |one: &&Attempt| one.number < attempt.number && one.provider != attempt.provider;
        let had_it = |one: &&Attempt| one.reference.is_some() || one.state == AttemptState::Declined;
        let declined = attempts.iter().filter(before).filter(|one| one.state == AttemptState::Declined).count();
        Self {
            first_glance: !attempts.iter().filter(before).any(|one| had_it(&one)),
            declines: u32::try_from(declined).unwrap_or(u32::MAX),
        }
    }
}

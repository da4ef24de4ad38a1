//! What never happened to a checkout that was opened in this process's life, so that nobody has to look for it in rows.
//!
//! It only ever says that something is not there: rows that were deleted meanwhile make it careful, never wrong.

use std::sync::Arc;

use lendport_core::AttemptId;

use super::observation_rows;
use crate::change::Change;
use crate::packed::short_key;

/// Facts whose keys are kept; of a checkout with more it is not known what it never had.
const FACTS: usize = 64;

/// See above.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    facts: Vec<(AttemptId, Box<[u8]>)>,
    idle: bool,
    items: bool,
}

impl History {
    /// With what a change adds; none where that is too much.
    pub(crate) fn with(&self, change: &Change) -> Option<Arc<Self>> {
        let mut after = self.clone();
        for row in &change.observations {
            let observation = &row.observation;
            after.facts.push((observation.attempt, short_key(&observation.dedupe_key).into()));
            after.idle |= observation_rows::is_idle(&row.outcome);
        }
        after.items |= !change.attention.is_empty();
        (after.facts.len() <= FACTS).then(|| Arc::new(after))
    }

    /// False when no fact of this attempt ever had this key.
    pub(crate) fn may_have_seen(&self, attempt: AttemptId, key: &str) -> bool {
        let key = short_key(key);
        self.facts.iter().any(|(of, known)| *of == attempt && **known == *key)
    }

    /// False when every fact moved something.
    pub(crate) fn may_have_idle_facts(&self) -> bool {
        self.idle
    }

    /// False when nothing was ever put to a person.
    pub(crate) fn may_have_items(&self) -> bool {
        self.items
    }

    /// About how many bytes it takes.
    pub(crate) fn bytes(&self) -> usize {
        self.facts.len() * 100
    }
}

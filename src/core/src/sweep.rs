//! A list of a provider's that shows the changes of many requests in one call, so that not each of them is asked for.

use jiff::Timestamp;

/// How often a provider's list is read, and how far back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepPlan {
    /// Seconds between the end of one reading and the beginning of the next.
    pub every_s: u32,
    /// How many seconds back the list is asked for. What changed earlier is found by looks at single requests.
    pub back_s: u32,
}

/// Which part of the list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SweepAsk<'a> {
    /// What happened since; the same on every page of one reading.
    pub since: Timestamp,
    /// Where the page before ended, in the adapter's own words; none for the first one.
    pub cursor: Option<&'a str>,
}

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// What it shows.
    pub rows: Vec<SweptRow>,
    /// Where the next page begins; none at the end.
    pub next: Option<String>,
}

/// One request in the list. It is a hint to look at ours that have one of its marks, and no evidence of anything.
#[derive(Clone, PartialEq, Eq)]
pub struct SweptRow {
    /// Tells this row from all others, and from itself once its state changed.
    pub version: String,
    /// By which of our requests it may be, as
    /// [`FinancingProvider::sweep_marks`](crate::FinancingProvider::sweep_marks) names them.
    pub marks: Vec<String>,
    /// When the request was made there, where the list says so.
    pub made_at: Option<Timestamp>,
}

/// Marks may be about a person.
impl std::fmt::Debug for SweptRow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SweptRow").field("marks", &self.marks.len()).field("made_at", &self.made_at).finish()
    }
}

//! What a run says in the end.

use crate::say;
use crate::verdict::Verdict;

/// Violations that are shown in full.
const SHOWN: usize = 20;

/// Prints the summary, then what was wrong with all that is known of it.
pub(crate) fn print(verdict: &Verdict) {
    let width = verdict.summary.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    for (name, value) in &verdict.summary {
        say(&format!("  {name:width$}  {value}"));
    }
    for violation in verdict.violations.iter().take(SHOWN) {
        say(&format!("\nVIOLATION {}", violation.what));
        for (at_ms, what) in &violation.timeline {
            say(&format!("  {at_ms:>7} ms  {what}"));
        }
    }
    let hidden = verdict.violations.len().saturating_sub(SHOWN);
    if hidden > 0 {
        say(&format!("\nand {hidden} more"));
    }
}

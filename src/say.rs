//! What the command line says: standard output in one place. Everything else goes to the log on standard error.

use std::io::Write as _;

/// Prints a line. A closed pipe is the reader's business, not a failure of ours.
pub(crate) fn line(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{text}");
    let _ = out.flush();
}

//! Open files: five thousand requests in flight need more of them than a shell allows.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::process::Command;

use crate::Fault;

/// Five thousand connections to a server and as many of the upstream, in one process; and room.
const WANTED: u64 = 16_384;

/// Starts this program again with as many open files as it needs and may have, and does not return; or returns at once
/// where it has them.
pub(crate) fn raise() -> Result<(), Fault> {
    let limits = fs::read_to_string("/proc/self/limits")?;
    let (soft, hard) = open_files(&limits).ok_or("/proc/self/limits says nothing of open files")?;
    let wanted = WANTED.min(hard);
    if soft >= wanted {
        return Ok(());
    }
    let mut shell = Command::new("sh");
    shell.args(["-c", r#"ulimit -n "$0" && exec "$@""#, &wanted.to_string()]).arg(std::env::current_exe()?);
    Err(shell.args(std::env::args_os().skip(1)).exec().into())
}

/// What a process may have open, and what it may ask for.
fn open_files(limits: &str) -> Option<(u64, u64)> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    let number = |text: &str| if text == "unlimited" { Some(u64::MAX) } else { text.parse().ok() };
    let mut fields = line.split_whitespace();
    Some((number(fields.next()?)?, number(fields.next()?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_limits_are_read() {
        let text = "Max processes    63304    63304    processes\nMax open files            1024                 unlimited  files\n";
        assert_eq!(open_files(text), Some((1_024, u64::MAX)));
        assert_eq!(open_files("Max processes 1 1"), None);
        assert!(open_files(&fs::read_to_string("/proc/self/limits").unwrap()).is_some());
    }
}

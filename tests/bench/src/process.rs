//! What the kernel knows of a process: processor time and memory, from `/proc`.

use std::fs;

use crate::Fault;

/// Microseconds of one clock tick in `/proc`: 100 in a second on every Linux that Rust runs on.
const TICK_US: u64 = 10_000;
/// Written to `clear_refs`, it sets the peak of the resident set back to what it is now (`man 5 proc`).
const RESET_PEAK: &str = "5";

/// A process, by its id.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Process(pub(crate) u32);

impl Process {
    /// Processor time so far, of all threads, in user and kernel, in microseconds.
    pub(crate) fn cpu_us(self) -> Result<u64, Fault> {
        let [user, system, ..] = self.times()?;
        Ok((user + system) * TICK_US)
    }

    /// The same with that of its children, alive or over, and not of theirs.
    pub(crate) fn family_cpu_us(self) -> Result<u64, Fault> {
        let mut ticks: u64 = self.times()?.iter().sum();
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.0))?;
        for child in children.split_whitespace().filter_map(|id| id.parse().ok()) {
            // One that ended since is counted with its parent at the next look.
            if let Ok([user, system, ..]) = Self(child).times() {
                ticks += user + system;
            }
        }
        Ok(ticks * TICK_US)
    }

    /// Ticks in user and kernel, and those of children that are over.
    fn times(self) -> Result<[u64; 4], Fault> {
        times_of(&fs::read_to_string(format!("/proc/{}/stat", self.0))?)
            .ok_or_else(|| "/proc/PID/stat is too short".into())
    }

    /// A line of `/proc/PID/status` in kB: `VmRSS` now, `VmHWM` at its highest.
    pub(crate) fn memory_kb(self, name: &str) -> Result<u64, Fault> {
        let text = fs::read_to_string(format!("/proc/{}/status", self.0))?;
        let value = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.split_whitespace().next());
        Ok(value.ok_or("/proc/PID/status lacks a line")?.parse()?)
    }

    /// Forgets the peak so far.
    pub(crate) fn reset_peak(self) -> Result<(), Fault> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.0), RESET_PEAK)?)
    }
}

/// Processor time of this process's threads of a name, in microseconds.
pub(crate) fn thread_cpu_us(name: &str) -> Result<u64, Fault> {
    let mut ticks = 0;
    for thread in fs::read_dir("/proc/self/task")? {
        let folder = thread?.path();
        let own = fs::read_to_string(folder.join("comm")).unwrap_or_default();
        if own.trim_end() == name {
            let [user, system, ..] =
                times_of(&fs::read_to_string(folder.join("stat"))?).ok_or("/proc/self/task/ID/stat is too short")?;
            ticks += user + system;
        }
    }
    Ok(ticks * TICK_US)
}

/// The 14th to 17th field of `/proc/PID/stat`. The second may hold blanks and ends with the last parenthesis.
fn times_of(stat: &str) -> Option<[u64; 4]> {
    let (_, rest) = stat.rsplit_once(')')?;
    let mut fields = rest.split_whitespace().skip(11).map_while(|field| field.parse().ok());
    Some([fields.next()?, fields.next()?, fields.next()?, fields.next()?])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_after_the_name() {
        let line = "7 (a ) b) S 1 7 7 0 -1 4194560 100 0 0 0 11 22 33 44 20 0 1 0 5 6 7";
        assert_eq!(times_of(line), Some([11, 22, 33, 44]));
        assert_eq!(times_of("7 (a) S 1"), None);
    }

    #[test]
    fn this_process_can_be_looked_at() {
        let own = Process(std::process::id());
        // Read first: time goes on between two looks, and the later one may only be larger.
        let alone_us = own.cpu_us().unwrap();
        assert!(own.family_cpu_us().unwrap() >= alone_us);
        // In the same order: other tests of this process take memory meanwhile.
        let now_kb = own.memory_kb("VmRSS").unwrap();
        assert!(own.memory_kb("VmHWM").unwrap() >= now_kb / 2);
    }
}

//! The machine, as far as it matters and names nobody.

use std::fs;
use std::path::Path;

fn read(path: &str) -> String {
    fs::read_to_string(path).unwrap_or_default()
}

/// The three load averages.
pub(crate) fn load_average() -> String {
    read("/proc/loadavg").split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}

/// Lines for the head of a result. `before` is the load average at the beginning, `postgres` the server's version.
pub(crate) fn describe(folder: &Path, before: &str, postgres: Option<&str>) -> Vec<String> {
    let info = read("/proc/cpuinfo");
    let value = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).map(str::to_owned);
        line.and_then(|line| line.split_once(':').map(|(_, value)| value.trim().to_owned())).unwrap_or("?".to_owned())
    };
    let processors = info.lines().filter(|line| line.starts_with("processor")).count();
    let mut lines = vec![
        format!("{processors} processors, {}", value(&info, "model name")),
        format!("memory {}", value(&read("/proc/meminfo"), "MemTotal")),
        format!("Linux {}", read("/proc/sys/kernel/osrelease").trim()),
        format!("databases on {}", file_system(folder).unwrap_or("?".to_owned())),
        format!("load average before {before}; after {}", load_average()),
    ];
    lines.extend(postgres.map(|version| format!("PostgreSQL {version}, on the same machine, fsync on")));
    lines
}

/// The type of the file system that holds a folder: that of the longest mount point above it.
fn file_system(folder: &Path) -> Option<String> {
    let folder = folder.canonicalize().ok()?;
    let mounts = read("/proc/self/mounts");
    let above = mounts.lines().filter_map(|line| {
        let mut fields = line.split_whitespace().skip(1);
        let (point, kind) = (fields.next()?, fields.next()?);
        folder.starts_with(point).then(|| (point.len(), kind.to_owned()))
    });
    above.max_by_key(|(length, _)| *length).map(|(_, kind)| kind)
}

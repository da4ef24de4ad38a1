//! The result as a page: targets, tables, the machine, and how it was measured.

use std::fmt::Write as _;
use std::path::Path;

use lendport::gateway::Ambient;

use crate::compare::{Cell, Figure, Key, Results};
use crate::goal::Target;
use crate::part::Load;
use crate::plan::Plan;
use crate::statistics::{ms, ratio};
use crate::subject::Subject;
use crate::targets;
use crate::{Fault, plot, say};

/// Prints the tables; with a name they become a page with its plot.
pub(crate) fn publish(plan: &Plan, results: &Results, machine: &[String]) -> Result<(), Fault> {
    let date = Ambient::system().clock.now().strftime("%Y-%m-%d").to_string();
    let targets = targets::all(plan, results);
    let mut page = head(plan, &date, machine);
    page.push_str(&faults(results));
    page.push_str(&goals(&targets));
    page.push_str(&cells(results));
    page.push_str(&figures(results));
    page.push_str(&disk(results));
    page.push_str(&ratios(plan, results));
    say(&page);
    let Some(name) = &plan.name else { return Ok(()) };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::create_dir_all(&folder)?;
    let file = format!("{date}-{name}");
    std::fs::write(folder.join(format!("{file}.svg")), plot::draw(plan, results, &targets))?;
    std::fs::write(folder.join(format!("{file}.md")), format!("{page}\n![Ratios and rates]({file}.svg)\n"))?;
    say(&format!("written: results/{file}.md and results/{file}.svg"));
    Ok(())
}

fn head(plan: &Plan, date: &str, machine: &[String]) -> String {
    let mut text = format!("# {date}, {}\n\n", plan.name.as_deref().unwrap_or("a quick look"));
    if let Some(note) = &plan.note {
        _ = writeln!(text, "{note}\n");
    }
    for line in machine {
        _ = writeln!(text, "- {line}");
    }
    let log = if plan.quiet { "without its log" } else { "with its log as shipped" };
    let cell = plan.cell.as_millis();
    _ = writeln!(text, "- {} alternated rounds, {cell} ms a cell, gateway {log}, loopback", plan.rounds);
    if cfg!(debug_assertions) {
        text.push_str("- **not optimised: these numbers mean nothing**\n");
    }
    text.push_str("\nNumbers are medians over the rounds. How to read them: `tests/bench/README.md`.\n");
    text
}

fn faults(results: &Results) -> String {
    if results.faults.is_empty() {
        return String::new();
    }
    let list: String = results.faults.iter().map(|fault| format!("- {fault}\n")).collect();
    format!("\n## What failed, and is missing below\n\n{list}")
}

fn goals(targets: &[Target]) -> String {
    let mut text = "\n## Targets\n\nRatios are medians of the ratios inside each round.\n\n".to_owned();
    text.push_str("| what | database | value | target | |\n|---|---|---:|---:|---|\n");
    for target in targets {
        _ = writeln!(text, "{}", target.row());
    }
    text
}

fn cells(results: &Results) -> String {
    let mut text = String::new();
    for load in Load::ALL {
        let keys: Vec<&Key> = results.keys().filter(|key| key.load == load).collect();
        if keys.is_empty() {
            continue;
        }
        let unit = if load == Load::EndToEnd { "events/s" } else { "connections" };
        _ = writeln!(text, "\n## {}\n", load.name());
        _ = writeln!(
            text,
            "| {unit} | server | requests/s | p50 ms | p99 ms | CPU us/request | peak MB | requests | wrong |"
        );
        text.push_str("|---:|---|---:|---:|---:|---:|---:|---:|---:|\n");
        for key in keys {
            let Some(cell) = results.median(key) else { continue };
            let Cell { requests, wrong, per_second, p50_us, p99_us, cpu_us, peak_kb, .. } = cell;
            // The upstream shares its process with the load client, so its own part is unknown.
            let own = key.subject != Subject::Direct;
            let (cpu, peak) = if own { (cpu_us.to_string(), mb(peak_kb)) } else { ("-".to_owned(), "-".to_owned()) };
            let (p50, p99) = (ms(p50_us), ms(p99_us));
            let (connections, name) = (key.connections, key.subject.name());
            _ = writeln!(
                text,
                "| {connections} | {name} | {per_second} | {p50} | {p99} | {cpu} | {peak} | {requests} | {wrong} |"
            );
        }
    }
    text
}

fn mb(kb: u64) -> String {
    ratio(Some(kb * 1_024 / 1_000))
}

fn figures(results: &Results) -> String {
    let all = results.figured();
    if all.is_empty() {
        return String::new();
    }
    let mut text = "\n## At rest, and after kill -9\n\n".to_owned();
    text.push_str("| server | idle MB | first answer ms | bytes/checkout | ready again ms | first webhook ms | last webhook ms |\n");
    text.push_str("|---|---:|---:|---:|---:|---:|---:|\n");
    for subject in all {
        let of = |figure, write: fn(u64) -> String| results.figure(subject, figure).map_or("-".to_owned(), write);
        _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} |",
            subject.name(),
            of(Figure::IdleKb, mb),
            of(Figure::StartUs, ms),
            of(Figure::BytesPerCheckout, |bytes| bytes.to_string()),
            of(Figure::ReadyAfterKillUs, ms),
            of(Figure::ResumedAfterKillUs, ms),
            of(Figure::DrainedAfterKillUs, ms),
        );
    }
    text
}

/// Tables that hold at least one byte of each checkout.
fn disk(results: &Results) -> String {
    let mut rows = String::new();
    for (subject, table, bytes) in results.tables().into_iter().filter(|(_, _, bytes)| *bytes > 0) {
        _ = writeln!(rows, "| {} | {table} | {bytes} |", subject.name());
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n## Where a checkout's bytes are\n\n| server | table with its indexes | bytes/checkout |\n|---|---|---:|\n{rows}"
    )
}

/// Every gateway against both floors and against the smallest size, cell by cell.
fn ratios(plan: &Plan, results: &Results) -> String {
    let mut rows = String::new();
    let smallest = plan.smallest();
    for key in results.keys() {
        let Subject::Gateway(database, stored) = key.subject else { continue };
        let mut others = vec![Subject::DurableFloor(database), Subject::Floor];
        others.extend((stored != smallest).then_some(Subject::Gateway(database, smallest)));
        for subject in others {
            let other = Key { subject, ..*key };
            let of = |number: fn(&Cell) -> u64| ratio(results.ratio(key, &other, number));
            let rate = of(|cell| cell.per_second);
            if rate == "-" {
                continue;
            }
            _ = writeln!(
                rows,
                "| {} | {} | {} | {} | {rate} | {} | {} | {} |",
                key.subject.name(),
                key.load.name(),
                key.connections,
                subject.name(),
                of(|cell| cell.cpu_us),
                of(|cell| cell.p50_us),
                of(|cell| cell.p99_us),
            );
        }
    }
    if rows.is_empty() {
        return rows;
    }
    format!(
        "\n## All ratios\n\nMedian of the ratios inside each round. High is good for the rate, low for the rest.\n\n\
         | server | load | connections | against | rate | CPU | p50 | p99 |\n|---|---|---:|---|---:|---:|---:|---:|\n{rows}"
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;
    use crate::subject::Database;

    #[test]
    fn the_page_names_every_server_once_a_cell() {
        let plan = Plan::of(&Arguments::try_parse_from(["bench", "--quick", "--sizes", "10"]).unwrap()).unwrap();
        let mut results = Results::default();
        let cell = Cell { requests: 4, per_second: 50, p50_us: 1_500, p99_us: 2_500, cpu_us: 70, ..Cell::default() };
        let key = |subject| Key { load: Load::Create, connections: 64, subject };
        for subject in
            [Subject::Direct, Subject::DurableFloor(Database::Sqlite), Subject::Gateway(Database::Sqlite, 10)]
        {
            results.add(key(subject), cell);
        }
        results.note(Subject::Gateway(Database::Sqlite, 10), Figure::StartUs, 12_345);
        let page = cells(&results) + &figures(&results) + &ratios(&plan, &results);
        for row in [
            "| 64 | upstream alone | 50 | 1.50 | 2.50 | - | - | 4 | 0 |",
            "| 64 | gateway, SQLite, 10 stored | 50 | 1.50 | 2.50 | 70 | 0.00 | 4 | 0 |",
            "| gateway, SQLite, 10 stored | - | 12.35 | - | - | - | - |",
            "| gateway, SQLite, 10 stored | create | 64 | floor, SQLite | 1.00 | 1.00 | 1.00 | 1.00 |",
        ] {
            assert_eq!(page.matches(row).count(), 1, "{row}\n{page}");
        }
        assert!(!page.contains("## callback"), "{page}");
    }
}

//! The result as a page: tables, the machine, and how it was measured.

use std::fmt::Write as _;
use std::path::Path;

use lendport::gateway::Ambient;

use crate::compare::{Cell, Key, Results};
use crate::plan::{Load, Plan, Subject};
use crate::statistics::{median, ms, ratio};
use crate::{Fault, plot, say};

/// Prints the tables; with a name they become a page with its plot.
pub(crate) fn publish(plan: &Plan, results: &Results, machine: &[String]) -> Result<(), Fault> {
    let date = Ambient::system().clock.now().strftime("%Y-%m-%d").to_string();
    let mut page = head(plan, &date, machine);
    page.push_str(&cells(results));
    page.push_str(&ratios(plan, results));
    page.push_str(&processes(results));
    say(&page);
    let Some(name) = &plan.name else { return Ok(()) };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("results");
    std::fs::create_dir_all(&folder)?;
    let file = format!("{date}-{name}");
    std::fs::write(folder.join(format!("{file}.svg")), plot::draw(plan, results))?;
    std::fs::write(folder.join(format!("{file}.md")), format!("{page}\n![Requests in a second]({file}.svg)\n"))?;
    say(&format!("written: results/{file}.md and results/{file}.svg"));
    Ok(())
}

fn head(plan: &Plan, date: &str, machine: &[String]) -> String {
    let mut text = format!("# {date}, {}\n\n", plan.name.as_deref().unwrap_or("a quick look"));
    if let Some(note) = &plan.note {
        text.push_str(&format!("{note}\n\n"));
    }
    for line in machine {
        text.push_str(&format!("- {line}\n"));
    }
    let log = if plan.quiet { "without its log" } else { "with its log as shipped" };
    text.push_str(&format!(
        "- {} alternated rounds, {} ms a cell, upstream waits {} ms, gateway {log}, SQLite, loopback\n",
        plan.rounds,
        plan.cell.as_millis(),
        plan.upstream_delay.as_millis()
    ));
    text.push_str("\nNumbers are medians over the rounds. How to read them: `tests/bench/README.md`.\n");
    text
}

fn cells(results: &Results) -> String {
    let mut text = String::new();
    for load in Load::ALL {
        text.push_str(&format!("\n## {}\n\n", load.name()));
        text.push_str(
            "| connections | server | requests/s | p50 ms | p99 ms | server CPU us/request | requests | wrong |\n",
        );
        text.push_str("|---:|---|---:|---:|---:|---:|---:|---:|\n");
        for key in results.keys().filter(|key| key.load == load) {
            let Some(cell) = results.median(key) else { continue };
            let Cell { requests, wrong, per_second, p50_us, p99_us, cpu_us } = cell;
            // The upstream shares its process with the load client, so its own part is unknown.
            let cpu = if key.subject == Subject::Direct { "-".to_owned() } else { cpu_us.to_string() };
            _ = writeln!(
                text,
                "| {} | {} | {per_second} | {} | {} | {cpu} | {requests} | {wrong} |",
                key.connections,
                key.subject.name(),
                ms(p50_us),
                ms(p99_us),
            );
        }
    }
    text
}

fn ratios(plan: &Plan, results: &Results) -> String {
    let mut text = "\n## Ratios\n\nMedian of the ratios inside each round.\n\n".to_owned();
    text.push_str(
        "| gateway | load | connections | against | rate | CPU | p50 | p99 |\n|---|---|---:|---|---:|---:|---:|---:|\n",
    );
    let smallest = plan.stored.iter().min().copied().unwrap_or(0);
    for key in results.keys() {
        let Subject::Gateway(stored) = key.subject else { continue };
        let mut others = vec![Subject::DurableFloor, Subject::Floor];
        others.extend((stored != smallest).then_some(Subject::Gateway(smallest)));
        for subject in others {
            let other = Key { subject, ..*key };
            let of = |number: fn(&Cell) -> u64| ratio(results.ratio(key, &other, number));
            let rate = of(|cell| cell.per_second);
            if rate == "-" {
                continue;
            }
            _ = writeln!(
                text,
                "| {stored} stored | {} | {} | {} | {rate} | {} | {} | {} |",
                key.load.name(),
                key.connections,
                subject.name(),
                of(|cell| cell.cpu_us),
                of(|cell| cell.p50_us),
                of(|cell| cell.p99_us),
            );
        }
    }
    text.push_str(&added(plan, results));
    text
}

/// What lies between merchant and provider: latency over the direct call, gateway against floor.
fn added(plan: &Plan, results: &Results) -> String {
    let mut text =
        "\nTime added to a direct call of the upstream at 1 connection, gateway against durable floor:\n\n".to_owned();
    for &stored in &plan.stored {
        let key = |subject| Key { load: Load::Create, connections: 1, subject };
        let (gateway, floor, direct) =
            (key(Subject::Gateway(stored)), key(Subject::DurableFloor), key(Subject::Direct));
        let of = |number: fn(&Cell) -> u64| ratio(results.added(&gateway, &floor, &direct, number));
        _ = writeln!(text, "- {stored} stored: p50 {}, p99 {}", of(|cell| cell.p50_us), of(|cell| cell.p99_us));
    }
    text
}

fn processes(results: &Results) -> String {
    let mut text = "\n## Processes\n\n| server | idle MB | peak MB | start ms | file bytes/checkout |\n".to_owned();
    text.push_str("|---|---:|---:|---:|---:|\n");
    for (subject, rounds) in &results.memory {
        let mb = |kb: Option<u64>| ratio(kb.map(|kb| kb * 1_000 / 1_024));
        let disk = match subject {
            Subject::Gateway(stored) => results.bytes_per_checkout.get(stored).map(ToString::to_string),
            _ => None,
        };
        _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} |",
            subject.name(),
            mb(median(rounds.iter().map(|memory| memory.idle_kb))),
            mb(median(rounds.iter().map(|memory| memory.peak_kb))),
            median(rounds.iter().map(|memory| memory.start_ms)).unwrap_or(0),
            disk.unwrap_or("-".to_owned()),
        );
    }
    text
}

//! The picture of a run: each ratio beside its target, then requests in a second, each load on a scale of its own.

use std::fmt::Write as _;

use crate::compare::{Key, Results};
use crate::goal::{Goal, Target, Unit};
use crate::part::Load;
use crate::plan::Plan;
use crate::subject::Subject;

const WIDTH: u64 = 980;
const LABEL: u64 = 500;
const BAR: u64 = 380;
const ROW: u64 = 22;
/// A ratio of one ends here; what is more than double is cut off.
const WHOLE: u64 = BAR / 2;
const REACHED: &str = "#2a6f97";
const MISSED: &str = "#b3541e";
const FLOOR: &str = "#a9a9a9";

struct Sheet {
    shapes: String,
    y: u64,
}

impl Sheet {
    fn text(&mut self, x: u64, text: &str, style: &str) {
        let text = text.replace('&', "&amp;").replace('<', "&lt;");
        _ = writeln!(self.shapes, r#"<text x="{x}" y="{}"{style}>{text}</text>"#, self.y + 14);
    }

    fn bar(&mut self, width: u64, colour: &str) {
        _ = writeln!(
            self.shapes,
            r#"<rect x="{LABEL}" y="{}" width="{width}" height="16" fill="{colour}"/>"#,
            self.y + 2
        );
    }

    fn heading(&mut self, text: &str) {
        self.y += ROW / 2;
        self.text(8, text, r#" font-weight="bold""#);
        self.y += ROW;
    }
}

/// The plot as SVG.
pub(crate) fn draw(plan: &Plan, results: &Results, targets: &[Target]) -> String {
    let mut sheet = Sheet { shapes: String::new(), y: 8 };
    ratios(&mut sheet, targets);
    rates(&mut sheet, plan, results);
    let Sheet { shapes, y } = sheet;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n{shapes}</svg>\n",
        y + ROW
    )
}

fn ratios(sheet: &mut Sheet, targets: &[Target]) {
    sheet.heading("Ratios; the line is the target");
    for target in targets.iter().filter(|target| target.unit == Unit::Ratio) {
        let reach = match target.goal {
            Goal::AtLeast { reach, .. } | Goal::AtMost { reach, .. } => reach,
        };
        let length = |value: u64| (value * WHOLE / 1_000).min(BAR);
        sheet.text(8, &format!("{}, {}", target.what, target.database.name()), r#" font-size="11""#);
        let colour = if target.goal.verdict(target.value) == "not reached" { MISSED } else { REACHED };
        sheet.bar(length(target.value), colour);
        let (x, top) = (LABEL + length(reach), sheet.y);
        let line = format!("<path d=\"M{x} {top}v20\" stroke=\"#000000\" stroke-width=\"2\"/>\n");
        sheet.shapes.push_str(&line);
        sheet.text(LABEL + BAR + 12, &target.unit.text(target.value), "");
        sheet.y += ROW;
    }
}

/// At 64 connections, or the most there were below.
fn rates(sheet: &mut Sheet, plan: &Plan, results: &Results) {
    for load in [Load::Create, Load::Callback, Load::CallbackTwice, Load::Read, Load::List] {
        let connections = plan.connections(load).into_iter().filter(|count| *count <= 64).max().unwrap_or(1);
        let bars: Vec<(Subject, u64)> = results
            .keys()
            .filter(|key| key.load == load && key.connections == connections && key.subject != Subject::Direct)
            .filter_map(|key: &Key| Some((key.subject, results.median(key)?.per_second)))
            .collect();
        let Some(highest) = bars.iter().map(|(_, rate)| *rate).max() else { continue };
        sheet.heading(&format!("{}: requests in a second, {connections} connections", load.name()));
        for (subject, rate) in bars {
            sheet.text(8, &subject.name(), "");
            sheet.bar(rate * BAR / highest.max(1), if subject.stored().is_some() { REACHED } else { FLOOR });
            sheet.text(LABEL + BAR + 12, &rate.to_string(), "");
            sheet.y += ROW;
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::arguments::Arguments;
    use crate::compare::Cell;
    use crate::subject::Database;

    #[test]
    fn a_missed_target_shows() {
        let plan = Plan::of(&Arguments::try_parse_from(["bench"]).unwrap()).unwrap();
        let target = |value| Target {
            what: "a < b".to_owned(),
            database: Database::Sqlite,
            unit: Unit::Ratio,
            value,
            goal: Goal::AtLeast { reach: 600, beyond: None },
        };
        let mut results = Results::default();
        let key = Key { load: Load::Create, connections: 64, subject: Subject::Floor };
        results.add(key, Cell { requests: 1, per_second: 1_234, ..Cell::default() });
        let plot = draw(&plan, &results, &[target(500), target(5_000)]);
        assert_eq!(plot.matches(MISSED).count(), 1);
        assert!(plot.contains("a &lt; b, SQLite") && plot.contains("1234</text>"), "{plot}");
        assert!(plot.contains(&format!("width=\"{BAR}\"")), "cut off at its end: {plot}");
    }
}

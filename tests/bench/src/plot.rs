//! Bars of requests in a second at the most connections, each load on a scale of its own.

use std::fmt::Write as _;

use crate::compare::{Key, Results};
use crate::plan::{Load, Plan, Subject};

const WIDTH: u64 = 760;
const LABEL: u64 = 220;
const BAR: u64 = 420;
const ROW: u64 = 22;

/// The plot as SVG.
pub(crate) fn draw(plan: &Plan, results: &Results) -> String {
    let connections = plan.connections.iter().max().copied().unwrap_or(1);
    let mut shapes = String::new();
    let mut y = 30;
    for load in Load::ALL {
        let bars: Vec<(Subject, u64)> = results
            .keys()
            .filter(|key| key.load == load && key.connections == connections && key.subject != Subject::Direct)
            .filter_map(|key: &Key| Some((key.subject, results.median(key)?.per_second)))
            .collect();
        let highest = bars.iter().map(|(_, rate)| *rate).max().unwrap_or(0).max(1);
        _ = writeln!(shapes, r#"<text x="8" y="{}" font-weight="bold">{}</text>"#, y + 14, load.name());
        y += ROW;
        for (subject, rate) in bars {
            let colour = if matches!(subject, Subject::Gateway(_)) { "#2a6f97" } else { "#a9a9a9" };
            let width = rate * BAR / highest;
            _ = writeln!(shapes, r#"<text x="8" y="{}">{}</text>"#, y + 14, subject.name());
            _ = writeln!(shapes, r#"<rect x="{LABEL}" y="{}" width="{width}" height="16" fill="{colour}"/>"#, y + 2);
            _ = writeln!(shapes, r#"<text x="{}" y="{}">{rate}</text>"#, LABEL + width + 6, y + 14);
            y += ROW;
        }
        y += ROW / 2;
    }
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{y}\" font-family=\"sans-serif\" \
         font-size=\"13\">\n<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n\
         <text x=\"8\" y=\"20\">Requests in a second, {connections} connections, median of {} rounds</text>\n{shapes}</svg>\n",
        plan.rounds
    )
}

//! What became of lines, and what is asked for them, as JSON in rows. Names and counts only: nothing of it is personal.

use lendport_core::{LineId, LineReport, LineStanding, LineUnits, LineWay, LineWork};
use serde::{Deserialize, Serialize};

use crate::codec::{json, money, parse_money};
use crate::fault::Done;

/// A line with its counts.
#[derive(Deserialize, Serialize)]
pub(crate) struct StoredLine {
    line: LineId,
    ordered: u32,
    price: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    shipped: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    canceled: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    returned: Option<u32>,
}

#[derive(Deserialize, Serialize)]
struct StoredWork {
    way: LineWay,
    lines: Vec<StoredLine>,
    asked: Vec<LineUnits>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    report: Option<LineReport>,
}

/// Lines, to be written.
pub(crate) fn stored(lines: &[LineStanding]) -> Vec<StoredLine> {
    let line = |line: &LineStanding| {
        let LineStanding { line, ordered, price, shipped, canceled, returned } = *line;
        StoredLine { line, ordered, price: money(price), shipped, canceled, returned }
    };
    lines.iter().map(line).collect()
}

/// Lines that were read; `None` for a price that is none.
pub(crate) fn lines(stored: Vec<StoredLine>) -> Option<Vec<LineStanding>> {
    let line = |stored: StoredLine| {
        let StoredLine { line, ordered, price, shipped, canceled, returned } = stored;
        Some(LineStanding { line, ordered, price: parse_money(&price)?, shipped, canceled, returned })
    };
    stored.into_iter().map(line).collect()
}

/// What an operation asks for lines, as text; none where it is about none.
pub(crate) fn write(work: Option<&LineWork>) -> Done<Option<String>> {
    let Some(LineWork { way, lines, asked, report }) = work else { return Ok(None) };
    let (way, lines, asked, report) = (*way, stored(lines), asked.clone(), report.clone());
    json(&StoredWork { way, lines, asked, report }).map(Some)
}

/// Reads it back; `None` for what [`write`] never wrote.
pub(crate) fn read(text: &str) -> Option<LineWork> {
    let StoredWork { way, lines: stored, asked, report } = serde_json::from_str(text).ok()?;
    Some(LineWork { way, lines: lines(stored)?, asked, report })
}

#[cfg(test)]
mod tests {
    use lendport_core::{Currency, Money};

    use super::*;

    #[test]
    fn what_is_asked_and_what_came_of_it_come_back() {
        let line: LineId = "lin_0190000000007000800000000000ffff".parse().unwrap();
        let price = Money::parse("50", Currency::USD).unwrap();
        let standing = LineStanding { shipped: Some(1), ..LineStanding::of(line, 3, price) };
        let asked = vec![LineUnits { line, quantity: 2 }];
        let mut work = LineWork { way: LineWay::Cancel, lines: vec![standing], asked: asked.clone(), report: None };
        assert_eq!(read(&write(Some(&work)).unwrap().unwrap()), Some(work.clone()));
        work.report = Some(LineReport { failed: asked, ..LineReport::default() });
        assert_eq!(read(&write(Some(&work)).unwrap().unwrap()), Some(work));
        assert_eq!(write(None).unwrap(), None);
        let text = r#"{"way":"ship","lines":[{"line":"lin_0190000000007000800000000000ffff","ordered":1,"price":"1"}],"asked":[]}"#;
        assert_eq!((read(""), read(text)), (None, None), "a price without its currency");
    }
}

//! What was told beside a state, as JSON text in a row. Fields that this version does not know are ignored, so that an
//! older one reads on.

use lendport_core::{Details, Dispute};
use serde::{Deserialize, Serialize};

use crate::codec::{json, money, parse_money};
use crate::fault::Done;
use crate::lines_json::{self, StoredLine};

#[derive(Deserialize, Serialize)]
struct Stored {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    review_open: Option<bool>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refunded: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    charged_back: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    dispute: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    lines: Vec<StoredLine>,
}

/// The text; none where nothing was told.
pub(crate) fn write(details: &Details) -> Done<Option<String>> {
    if details.is_empty() {
        return Ok(None);
    }
    let stored = Stored {
        review_open: details.review_open,
        refunded: details.refunded.map(money),
        charged_back: details.charged_back.map(money),
        dispute: details.dispute.map(|dispute| dispute.as_str().to_owned()),
        lines: lines_json::stored(&details.lines),
    };
    json(&stored).map(Some)
}

/// Reads it back; `None` for what [`write`] never wrote.
pub(crate) fn read(text: &str) -> Option<Details> {
    let Stored { review_open, refunded, charged_back, dispute, lines } = serde_json::from_str(text).ok()?;
    let sum = |text: Option<String>| match text {
        Some(text) => parse_money(&text).map(Some),
        None => Some(None),
    };
    let dispute = match dispute {
        Some(word) => Some(Dispute::parse(&word)?),
        None => None,
    };
    let lines = lines_json::lines(lines)?;
    Some(Details { review_open, refunded: sum(refunded)?, charged_back: sum(charged_back)?, dispute, lines })
}

#[cfg(test)]
mod tests {
    use lendport_core::{Currency, Money};

    use super::*;

    #[test]
    fn what_was_told_comes_back_and_nothing_takes_no_room() {
        let details = Details {
            review_open: Some(false),
            refunded: Some(Money::parse("20", Currency::USD).unwrap()),
            charged_back: None,
            dispute: Some(Dispute::Lost),
            lines: Vec::new(),
        };
        let text = write(&details).unwrap().unwrap();
        assert_eq!(text, r#"{"review_open":false,"refunded":"USD 20.00","dispute":"lost"}"#);
        assert_eq!(read(&text), Some(details));
        assert_eq!(write(&Details::default()).unwrap(), None);
        assert_eq!(read(r#"{"later":1}"#), Some(Details::default()));
        for wrong in ["", "1", r#"{"refunded":"20"}"#, r#"{"dispute":"perhaps"}"#] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }
}

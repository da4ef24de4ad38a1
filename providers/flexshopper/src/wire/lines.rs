//! What became of each product of a cancel or return (4.19, 4.20): success can be partial.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::{Field, Word};
use crate::money::Count;

/// Units of one product.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct SkuCount {
    /// Its code.
    pub sku: Word,
    /// How many.
    pub quantity: Count,
}

/// The two lists. An older sample has neither (4.19).
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LineOutcomes {
    #[serde(default)]
    canceled: Field<Vec<SkuCount>>,
    #[serde(default)]
    returned: Field<Vec<SkuCount>>,
    #[serde(default)]
    failed: Field<Vec<SkuCount>>,
}

impl LineOutcomes {
    /// What was done and what was not; none when the answer has neither list, or one that cannot be read.
    pub fn lists(&self) -> Option<(&[SkuCount], &[SkuCount])> {
        let done = if self.canceled == Field::Absent { &self.returned } else { &self.canceled };
        let (done, failed) = match (done, &self.failed) {
            (Field::Unreadable, _) | (_, Field::Unreadable) | (Field::Absent, Field::Absent) => return None,
            lists => lists,
        };
        fn rows(field: &Field<Vec<SkuCount>>) -> &[SkuCount] {
            field.value().map(Vec::as_slice).unwrap_or_default()
        }
        Some((rows(done), rows(failed)))
    }
}

/// Units by code: a code may be listed in parts.
pub(crate) fn by_code(rows: &[SkuCount]) -> BTreeMap<&str, u64> {
    let mut units = BTreeMap::new();
    for row in rows {
        *units.entry(row.sku.as_str()).or_default() += u64::from(row.quantity.0);
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_lists_are_wanted_and_none_is_not_taken_for_success() {
        let lists = |json: &str| {
            let read: LineOutcomes = serde_json::from_str(json).unwrap();
            read.lists().map(|(done, failed)| (done.len(), failed.len()))
        };
        assert_eq!(lists(r#"{"canceled": [{"sku": "A", "quantity": 1}], "failed": []}"#), Some((1, 0)));
        assert_eq!(lists(r#"{"returned": [{"sku": 7, "quantity": 1.0}]}"#), Some((1, 0)));
        assert_eq!(lists(r#"{"failed": [{"sku": "A", "quantity": 2}]}"#), Some((0, 1)));
        for json in
            ["{}", r#"{"leaseId": "x", "payment": 17.28}"#, r#"{"canceled": "all"}"#, r#"{"canceled": [{"sku": "A"}]}"#]
        {
            assert_eq!(lists(json), None, "{json}");
        }
    }
}

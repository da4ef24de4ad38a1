//! Order statistics and ratios in whole numbers.

/// The value below which `per_mille` of the sorted values lie, by nearest rank; 0 without values.
pub(crate) fn percentile(sorted: &[u64], per_mille: usize) -> u64 {
    let rank = (sorted.len() * per_mille).div_ceil(1_000).max(1);
    sorted.get(rank - 1).copied().unwrap_or(0)
}

/// The middle value, the lower one of two.
pub(crate) fn median(values: impl IntoIterator<Item = u64>) -> Option<u64> {
    let mut sorted: Vec<u64> = values.into_iter().collect();
    sorted.sort_unstable();
    sorted.get(sorted.len().checked_sub(1)? / 2).copied()
}

/// `part / whole` in thousandths.
pub(crate) fn per_mille(part: u64, whole: u64) -> Option<u64> {
    (part * 1_000).checked_div(whole)
}

/// Thousandths as people read them: `0.47`.
pub(crate) fn ratio(per_mille: Option<u64>) -> String {
    let Some(value) = per_mille else { return "-".to_owned() };
    let hundredths = (value + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

/// Microseconds as milliseconds with two places.
pub(crate) fn ms(us: u64) -> String {
    let hundredths = (us + 5) / 10;
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest_ones() {
        let hundred: Vec<u64> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 500), percentile(&hundred, 990), percentile(&hundred, 1_000)), (50, 99, 100));
        assert_eq!((percentile(&[7], 500), percentile(&[7], 990), percentile(&[], 500)), (7, 7, 0));
        assert_eq!((median([3, 1, 2]), median([4, 1]), median([])), (Some(2), Some(1), None));
    }

    #[test]
    fn numbers_are_rounded_for_people() {
        assert_eq!(
            (ratio(per_mille(1, 3)), ratio(per_mille(5, 2)), ratio(per_mille(1, 0))),
            ("0.33".into(), "2.50".into(), "-".into())
        );
        assert_eq!((ms(1_234), ms(999_996), ms(4)), ("1.23".into(), "1000.00".into(), "0.00".into()));
    }
}

//! Medians and quantiles.

/// The summary of several rounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// Returns `None` if there are no rounds.
    pub(crate) fn of(rounds: &[f64]) -> Option<Self> {
        let mut sorted = rounds.to_vec();
        sorted.sort_by(f64::total_cmp);
        let (min, max) = (*sorted.first()?, *sorted.last()?);
        let middle = sorted.len() / 2;
        let below = if sorted.len().is_multiple_of(2) { middle - 1 } else { middle };
        Some(Self { median: (sorted[below] + sorted[middle]) / 2.0, min, max })
    }
}

/// The quantile of the sorted values: the smallest one that at least this share of them does not
/// exceed.
pub(crate) fn quantile<T: Copy>(sorted: &[T], share: f64) -> Option<T> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "an index")]
    let rank = (share * sorted.len() as f64).ceil() as usize;
    Some(sorted[rank.saturating_sub(1).min(last)])
}

/// The ratio of the medians, or `None` if one of them is missing.
pub(crate) fn ratio(ours: Option<Summary>, theirs: Option<Summary>) -> Option<f64> {
    let (ours, theirs) = (ours?.median, theirs?.median);
    (theirs > 0.0).then(|| ours / theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(median: f64, min: f64, max: f64) -> Option<Summary> {
        Some(Summary { median, min, max })
    }

    #[test]
    fn median_is_the_middle_value() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[7.0]), summary(7.0, 7.0, 7.0));
        assert_eq!(Summary::of(&[9.0, 1.0, 2.0]), summary(2.0, 1.0, 9.0));
        assert_eq!(Summary::of(&[4.0, 1.0, 2.0, 100.0]), summary(3.0, 1.0, 100.0));
    }

    #[test]
    fn quantile_is_one_of_the_values() {
        let values: Vec<u32> = (1..=1000).collect();
        assert_eq!(quantile(&values, 0.5), Some(500));
        assert_eq!(quantile(&values, 0.99), Some(990));
        assert_eq!(quantile(&values, 0.999), Some(999));
        assert_eq!(quantile(&values, 1.0), Some(1000));
        assert_eq!(quantile(&[3], 0.5), Some(3));
        assert_eq!(quantile::<u32>(&[], 0.5), None);
    }

    #[test]
    fn ratio_compares_medians() {
        assert_eq!(ratio(summary(6.0, 1.0, 9.0), summary(2.0, 2.0, 2.0)), Some(3.0));
        assert_eq!(ratio(summary(6.0, 1.0, 9.0), summary(0.0, 0.0, 0.0)), None);
        assert_eq!(ratio(None, summary(2.0, 2.0, 2.0)), None);
    }
}

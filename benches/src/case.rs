//! Cases, their groups and metrics, and their results.

use std::collections::BTreeMap;

use crate::contestant::Contestant;
use crate::line::Sample;
use crate::process::Failure;
use crate::statistics::{Summary, ratio};

/// One comparison: a row of a table.
pub(crate) struct Case {
    pub(crate) group: &'static Group,
    /// The table of the group that has this row.
    pub(crate) table: &'static str,
    pub(crate) row: String,
    /// The point in the plot, for groups that are plotted as lines.
    pub(crate) point: Option<Point>,
    /// The contestants that support the case.
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) trial: Trial,
}

/// Runs one trial of a contestant.
pub(crate) type Trial = Box<dyn Fn(&Contestant) -> Result<Sample, Failure>>;

/// A position in a plot: the line and the x coordinate.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Point {
    pub(crate) line: &'static str,
    pub(crate) x: f64,
}

/// Cases with the same metrics.
#[derive(Debug, PartialEq)]
pub(crate) struct Group {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// A description of the workload for the report.
    pub(crate) about: &'static str,
    /// The metrics, the most important first.
    pub(crate) metrics: &'static [Metric],
}

/// A figure that each trial measures.
#[derive(Debug, PartialEq)]
pub(crate) struct Metric {
    /// The key in a sample.
    pub(crate) key: &'static str,
    pub(crate) title: &'static str,
    pub(crate) unit: Unit,
    pub(crate) better: Better,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    PerSecond,
    Nanoseconds,
    Bytes,
    /// A share of a mean.
    Share,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    More,
    Less,
}

/// A case with its measurements.
pub(crate) struct Outcome {
    pub(crate) case: Case,
    pub(crate) played: BTreeMap<Contestant, Vec<Result<Sample, Failure>>>,
}

impl Case {
    /// `group/table/row` without spaces, for `--cases`.
    pub(crate) fn id(&self) -> String {
        format!("{}/{}/{}", self.group.name, self.table, self.row)
            .replace(", ", "-")
            .replace(' ', "-")
    }
}

impl Outcome {
    /// The summary of all rounds of a contestant for one metric.
    pub(crate) fn summary(&self, contestant: &Contestant, metric: &Metric) -> Option<Summary> {
        Summary::of(&self.rounds(contestant, metric))
    }

    /// The figure of each successful round.
    pub(crate) fn rounds(&self, contestant: &Contestant, metric: &Metric) -> Vec<f64> {
        let rounds = self.played.get(contestant).into_iter().flatten().flatten();
        rounds.filter_map(|sample| sample.get(metric.key).copied()).collect()
    }

    /// The median of this library divided by the median of another contestant.
    pub(crate) fn ratio(&self, theirs: &Contestant, metric: &Metric) -> Option<f64> {
        ratio(self.summary(&Contestant::Ours, metric), self.summary(theirs, metric))
    }

    pub(crate) fn failures(&self, contestant: &Contestant) -> impl Iterator<Item = &Failure> {
        self.played.get(contestant).into_iter().flatten().filter_map(|played| played.as_ref().err())
    }
}

impl Metric {
    /// Whether this ratio of medians means that this library is behind.
    pub(crate) fn is_behind(&self, ratio: f64) -> bool {
        match self.better {
            Better::More => ratio < 1.0,
            Better::Less => ratio > 1.0,
        }
    }
}

impl Unit {
    /// Formats a value with three digits and a unit prefix.
    pub(crate) fn show(self, value: f64) -> String {
        let (step, name) = self.step(value);
        format!("{}{name}", three_digits(value / step))
    }

    /// Formats the median, with the minimum and maximum in brackets.
    pub(crate) fn show_summary(self, summary: Summary) -> String {
        let Summary { median, min, max } = summary;
        let from = match self.step(min) == self.step(max) {
            true => three_digits(min / self.step(min).0),
            false => self.show(min),
        };
        format!("{} ({from}–{})", self.show(median), self.show(max))
    }

    /// The largest multiple of the unit up to the value, and its name.
    fn step(self, value: f64) -> (f64, &'static str) {
        let steps: &[(f64, &str)] = match self {
            Self::PerSecond => &[(1e6, " M"), (1e3, " k"), (1.0, "")],
            Self::Nanoseconds => &[(1e9, " s"), (1e6, " ms"), (1e3, " µs"), (1.0, " ns")],
            Self::Bytes => &[(1024.0 * 1024.0, " MiB"), (1024.0, " KiB"), (1.0, " B")],
            Self::Share => &[(0.01, " %")],
        };
        let last = steps.last().copied().unwrap_or((1.0, ""));
        steps.iter().copied().find(|(step, _)| value >= *step).unwrap_or(last)
    }
}

fn three_digits(number: f64) -> String {
    let digits = match number {
        100.0.. => 0,
        10.0.. => 1,
        _ => 2,
    };
    format!("{number:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_show_three_digits() {
        assert_eq!(Unit::PerSecond.show(12_345_678.0), "12.3 M");
        assert_eq!(Unit::PerSecond.show(99_900.0), "99.9 k");
        assert_eq!(Unit::PerSecond.show(7.0), "7.00");
        assert_eq!(Unit::Nanoseconds.show(26_140.0), "26.1 µs");
        assert_eq!(Unit::Nanoseconds.show(0.5), "0.50 ns");
        assert_eq!(Unit::Bytes.show(2252.8), "2.20 KiB");
        assert_eq!(Unit::Share.show(0.97), "97.0 %");
    }

    #[test]
    fn summary_repeats_unit_only_if_it_changes() {
        let show = |median, min, max| Unit::PerSecond.show_summary(Summary { median, min, max });
        assert_eq!(show(2e6, 1e6, 3e6), "2.00 M (1.00–3.00 M)");
        assert_eq!(show(2e6, 1e3, 3e6), "2.00 M (1.00 k–3.00 M)");
    }
}

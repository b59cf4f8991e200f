//! Finds growth in the resources of a process.

use crate::Sample;

/// A resource that grows.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// The name of the resource.
    pub what: &'static str,
    /// The minimum in the middle third of the samples.
    pub before: u64,
    /// The minimum in the last third.
    pub after: u64,
}

/// The growth of memory between two thirds that is not a leak, in KiB. Allocators do not return all
/// memory to the system.
const MEMORY_SLACK: u64 = 2 * 1024;

type Amount = fn(&Sample) -> u64;

/// Compares the middle third of the samples with the last third. The first third is the warm-up.
///
/// It compares minimums, because resources that are held only for a moment are not leaked.
pub fn find_growth(samples: &[Sample]) -> Vec<Growth> {
    let third = samples.len() / 3;
    let (middle, last) = (&samples[third..2 * third], &samples[2 * third..]);
    let kinds: [(&'static str, Amount, u64); 3] = [
        ("memory in KiB", |sample| sample.memory, MEMORY_SLACK),
        ("descriptors", |sample| sample.descriptors, 8),
        ("tasks", |sample| sample.tasks, 8),
    ];
    let grown = kinds.into_iter().filter_map(|(what, of, slack)| {
        let least = |samples: &[Sample]| samples.iter().map(of).min().unwrap_or(0);
        let (before, after) = (least(middle), least(last));
        (after > before + slack + before / 20).then_some(Growth { what, before, after })
    });
    grown.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples(of: impl Fn(u64) -> Sample) -> Vec<Sample> {
        (0..90).map(of).collect()
    }

    #[test]
    fn steady_or_varying_usage_is_no_growth() {
        let steady = samples(|at| Sample {
            memory: 50_000 + 20_000 * (at % 5),
            descriptors: 20 + 100 * (at % 3),
            tasks: 40 + at % 7,
        });
        assert_eq!(find_growth(&steady), []);
        let warming_up =
            samples(|at| Sample { memory: 10_000 + 1000 * at.min(25), descriptors: 30, tasks: 30 });
        assert_eq!(find_growth(&warming_up), []);
    }

    #[test]
    fn each_kind_of_leak_is_named() {
        let leaking = samples(|at| Sample {
            memory: 50_000 + 300 * at,
            descriptors: 20 + at,
            tasks: 40 + at,
        });
        let grown: Vec<_> = find_growth(&leaking).iter().map(|growth| growth.what).collect();
        assert_eq!(grown, ["memory in KiB", "descriptors", "tasks"]);
    }
}

//! Whether a process holds ever more.

use crate::Sample;

/// Something of which there is more and more.
#[derive(Debug, Clone, PartialEq)]
pub struct Growth {
    /// What grows.
    pub what: &'static str,
    /// The least there was of it in the middle third of the time.
    pub before: u64,
    /// The least there was of it in the last third.
    pub after: u64,
}

/// Memory that may be added between two thirds without being called a leak, in KiB: allocators do
/// not give back all.
const MEMORY_SLACK: u64 = 2 * 1024;

type Amount = fn(&Sample) -> u64;

/// Compares the middle third of the samples with the last one: the first third warms up.
///
/// Of each third the least counts, for what was held for a moment is held by no leak.
pub fn judge(samples: &[Sample]) -> Vec<Growth> {
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
    fn what_is_steady_or_goes_up_and_down_does_not_grow() {
        let steady = samples(|at| Sample {
            memory: 50_000 + 20_000 * (at % 5),
            descriptors: 20 + 100 * (at % 3),
            tasks: 40 + at % 7,
        });
        assert_eq!(judge(&steady), []);
        let warming_up =
            samples(|at| Sample { memory: 10_000 + 1000 * at.min(25), descriptors: 30, tasks: 30 });
        assert_eq!(judge(&warming_up), []);
    }

    #[test]
    fn a_leak_of_each_kind_is_told_by_its_name() {
        let leaking = samples(|at| Sample {
            memory: 50_000 + 300 * at,
            descriptors: 20 + at,
            tasks: 40 + at,
        });
        let grown: Vec<_> = judge(&leaking).iter().map(|growth| growth.what).collect();
        assert_eq!(grown, ["memory in KiB", "descriptors", "tasks"]);
    }
}

//! Opens, uses and closes sockets repeatedly, and checks the resources of the process.
//!
//! * [`workload`]: the repeated operations.
//! * [`Sample`]: the resources of the process at one moment.
//! * [`find_growth`]: finds growth in the samples.

mod sample;
mod verdict;
pub mod workload;

pub use sample::Sample;
pub use verdict::{Growth, find_growth};

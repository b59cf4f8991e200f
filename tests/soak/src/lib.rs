//! Sockets that come, talk and go, and what the process holds meanwhile.
//!
//! * [`workload`]: what is done, over and over.
//! * [`Sample`]: what the process holds at a moment.
//! * [`judge`]: whether it holds ever more.

mod sample;
mod verdict;
pub mod workload;

pub use sample::Sample;
pub use verdict::{Growth, judge};

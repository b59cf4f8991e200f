//! Sockets on hosts of a simulated network that delays, loses and crashes, as a seed has it. Time is
//! simulated too: a minute takes milliseconds, and a seed that fails fails again.
//!
//! `SIMULATION_SEEDS=2000 cargo test --release -p zeromq-async --test simulation` is the long run.

mod network;
mod pipeline;
mod publish;
mod request;
mod silence;

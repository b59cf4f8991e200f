//! Sockets on hosts of a simulated network with delays, losses and crashes from a seed. Time is
//! simulated too: a minute takes milliseconds, and a failing seed fails again.
//!
//! `SIMULATION_SEEDS=2000 cargo test --release -p zeromq-async --test simulation` is the long run.

mod network;
mod pipeline;
mod publish;
mod request;
mod silence;

//! Benchmarks of `zeromq-async` against libzmq, bare sockets and other implementations.
//!
//! The program `versus` runs *cases*. Each *contestant* runs each case in turn, for several rounds.
//! Each run is a *trial*. It starts fresh processes, which get their *role* on the command line and
//! answer in lines on the standard output:
//!
//! ```text
//! versus role zeromq-async pull endpoint=tcp://127.0.0.1:* size=64 …   → bound tcp://127.0.0.1:4242
//! versus role zeromq-async push endpoint=tcp://127.0.0.1:4242 size=64 … → begin, result …
//! ```
//!
//! * `order`, `line`: the command line of a process, and its answers.
//! * `keys`, `topics`: the keys and subscriptions of all contestants.
//! * `counters`, `round_trips`: the measurements, shared by the contestants.
//! * `ours`, `libzmq`, `floor`: the contestants, one function per role.
//! * `holder`: peers that only hold connections, the same for every contestant.
//! * `processes`, `trial`: starting processes and reading their answers.
//! * `cases`: the cases, one file for each group.
//! * `statistics`, `machine`, `report`: medians, facts about the machine, and the report as JSON,
//!   Markdown and SVG.
//!
//! The public items are for the contestants of `benches/rivals`, which are separate programs.
#![cfg(target_os = "linux")]

mod arguments;
mod case;
mod cases;
mod certificates;
mod contestant;
mod counters;
mod floor;
mod holder;
mod keys;
mod libzmq;
mod line;
mod machine;
mod order;
mod ours;
mod process;
mod processes;
mod report;
mod round_trips;
mod statistics;
mod topics;
mod trial;
mod versus;

pub use counters::{Counter, Counters};
pub use line::{Line, Sample};
pub use order::{IN_FLIGHT, Mechanism, Order, Payload, Role};
pub use process::Failure;
pub use round_trips::RoundTrips;
pub use versus::{main, rival};

//! How fast `zeromq-async` is, beside libzmq, bare sockets and other implementations.
//!
//! The program `versus` plays *cases*. A case is played by each *contestant* in turn, for several
//! rounds; each time is a *trial*, in fresh processes that are told their *role* on the command
//! line and answer in lines on the standard output:
//!
//! ```text
//! versus role zeromq-async pull endpoint=tcp://127.0.0.1:* size=64 …   → bound tcp://127.0.0.1:4242
//! versus role zeromq-async push endpoint=tcp://127.0.0.1:4242 size=64 … → begin, result …
//! ```
//!
//! * `order`, `line`: what a process is told, and what it answers.
//! * `keys`, `topics`: what all contestants encrypt with, and subscribe to.
//! * `counters`, `round_trips`: what is measured, for whoever plays.
//! * `ours`, `libzmq`, `floor`: the contestants, role by role. `holder`: peers that only hold
//!   connections, the same against every contestant.
//! * `processes`, `trial`: the side that starts them and listens.
//! * `cases`: what is compared, a file for each kind.
//! * `statistics`, `machine`, `report`: medians, where it ran, and JSON, Markdown and SVG.
//!
//! What is public here is for the contestants of `benches/rivals`, which are programs of their own.
#![cfg(target_os = "linux")]

mod arguments;
mod case;
mod cases;
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

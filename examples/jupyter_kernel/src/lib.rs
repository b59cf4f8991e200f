//! A kernel for version 5.3 of Jupyter's messaging protocol.
//!
//! * [`ConnectionFile`]: the endpoints of the five sockets, and the signing key.
//! * `message`: encoding and decoding of signed messages.
//! * [`Kernel`]: the sockets and their messages.
//! * `calculator`: the language of the kernel.
//!
//! | socket | type | messages |
//! |---|---|---|
//! | shell | ROUTER | requests to run code, and their replies |
//! | control | ROUTER | interrupt and shutdown requests, which must not wait for running code |
//! | iopub | PUB | output and results, to every frontend |
//! | stdin | ROUTER | a request for input, to the frontend that ran the code |
//! | heartbeat | REP | echoes of received messages |

mod calculator;
mod connection;
mod kernel;
mod message;

pub use connection::{ConnectionError, ConnectionFile};
pub use kernel::{Kernel, KernelError};

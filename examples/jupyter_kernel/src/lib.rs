//! A kernel as Jupyter's messaging protocol 5.3 wants it, in its parts.
//!
//! * [`ConnectionFile`]: where the frontend wants the five sockets, and the key that signs.
//! * `message`: a signed message in its frames, and back.
//! * [`Kernel`]: the sockets, and what is said on which of them.
//! * `calculator`: the language that it runs.
//!
//! | socket | type | what passes |
//! |---|---|---|
//! | shell | ROUTER | requests to run code, and their replies |
//! | control | ROUTER | interrupt and shutdown, which must not wait behind the code |
//! | iopub | PUB | what the code prints and results in, to every frontend |
//! | stdin | ROUTER | a question to the one frontend that ran the code |
//! | heartbeat | REP | whatever was sent, back |

mod calculator;
mod connection;
mod kernel;
mod message;

pub use connection::{ConnectionError, ConnectionFile};
pub use kernel::{Kernel, KernelError};

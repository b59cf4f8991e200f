//! ZMTP, the ZeroMQ wire protocol, sans-io: bytes in, bytes out.

#![forbid(unsafe_code)]

mod batch;
mod message;
pub mod wire;

pub use batch::{Batch, Run, RunIter};
pub use message::{Frame, FrameCountError, Message};

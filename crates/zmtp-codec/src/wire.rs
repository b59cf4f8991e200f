//! The octets of ZMTP: encoding and decoding, and nothing that has a state, a limit or a time.

mod frame;

pub use frame::{FrameError, FrameHeader};

//! The bytes of ZMTP: encoding and decoding, and nothing that has a state, a limit or a time.
//!
//! | module | what | 37/ZMTP |
//! |---|---|---|
//! | `greeting` | the 64 bytes each side starts with | "Greeting" |
//! | `frame` | the header of a frame | "Framing" |
//! | `command` | the body of a command frame | "Commands" |
//! | `v3_0` | subscriptions as ZMTP 3.0 peers write them | 23/ZMTP |
//! | `v2_0` | the greeting and identity of ZMTP 2.0 peers | 15/ZMTP |

mod command;
mod frame;
mod greeting;
mod reader;
pub(crate) mod v2_0;
mod v3_0;

pub use command::{Command, CommandError, Ttl};
pub use frame::{FrameError, FrameHeader};
pub use greeting::{Greeting, MechanismName, UnsupportedVersion};
pub(crate) use reader::Reader;

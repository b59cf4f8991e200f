//! The bytes of ZMTP: stateless encoding and decoding.
//!
//! | module | content | RFC |
//! |---|---|---|
//! | `greeting` | the 64 bytes each side starts with | 37/ZMTP, "Greeting" |
//! | `frame` | the header of a frame | 37/ZMTP, "Framing" |
//! | `command` | the body of a command frame | 37/ZMTP, "Commands" |
//! | `group_datagram` | a message of a RADIO over UDP | 48/RADIO-DISH |
//! | `v3_0` | subscriptions of ZMTP 3.0 peers | 23/ZMTP |
//! | `v2_0` | the greeting and identity of ZMTP 2.0 peers | 15/ZMTP |

mod command;
mod frame;
mod greeting;
mod group_datagram;
mod reader;
pub(crate) mod v2_0;
mod v3_0;

pub use command::{Command, CommandError, Ttl};
pub use frame::{FrameError, FrameHeader};
pub use greeting::{Greeting, MechanismName, UnsupportedVersion};
pub use group_datagram::{DatagramError, GroupDatagram};
pub(crate) use reader::Reader;

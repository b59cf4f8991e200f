//! The C++ libzmq 4.3.5, with DRAFT and CURVE, as the peer in interop tests.
//!
//! libzmq and libsodium are built from the sources in the crates `zeromq-src` and
//! `libsodium-sys-stable`. A machine needs only a C compiler, a C++ compiler and make.
//!
//! This crate needs `unsafe`: `ffi` declares the C functions, and the other modules wrap them.
//!
//! - [`Peer`]: a socket on its own thread, for async tests. Most tests use this.
//! - [`Context`], [`Socket`], [`Monitor`], [`Msg`]: thin wrappers, for blocking tests.
//! - [`Opt`], [`ContextOpt`], [`SocketKind`], [`EventKind`], [`errno`]: its numbers.
//!
//! ```
//! use libzmq_peer::{Error, Opt, Peer, SocketKind};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Error> {
//! let rep = Peer::spawn(SocketKind::Rep, |socket| socket.bind("tcp://127.0.0.1:*"))?;
//! let endpoint = rep.endpoint().to_owned();
//! let req = Peer::spawn(SocketKind::Req, move |socket| {
//!     socket.set_bytes(Opt::ROUTING_ID, b"asker")?;
//!     socket.connect(&endpoint)
//! })?;
//! req.send(["how", "are you?"]).await?;
//! assert_eq!(rep.recv().await?, [&b"how"[..], b"are you?"]);
//! # Ok(())
//! # }
//! ```

mod context;
mod curve;
mod error;
mod ffi;
#[cfg(target_os = "linux")]
mod kernel;
mod message;
mod monitor;
mod opt;
mod peer;
mod proxy;
mod socket;

pub use context::Context;
pub use curve::{curve_keypair, curve_public, z85_decode, z85_encode};
pub use error::{Error, errno};
#[cfg(target_os = "linux")]
pub use kernel::{TcpEnd, tcp_backlog, tcp_option};
pub use message::Msg;
pub use monitor::{EventKind, Monitor, MonitorEvent};
pub use opt::{ContextOpt, Opt};
pub use peer::{Peer, Reply};
pub use proxy::proxy_steerable;
pub use socket::{Socket, SocketKind};

/// The version of libzmq: major, minor, patch.
pub fn version() -> (i32, i32, i32) {
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: writes three ints.
    unsafe { ffi::zmq_version(&mut major, &mut minor, &mut patch) };
    (major, minor, patch)
}

/// Whether this libzmq has a capability, such as "curve", "draft", "ipc" or "WS".
pub fn has(capability: &str) -> bool {
    message::c_string("zmq_has", capability).is_ok_and(|capability| {
        // SAFETY: the string is read before this returns.
        unsafe { ffi::zmq_has(capability.as_ptr()) == 1 }
    })
}

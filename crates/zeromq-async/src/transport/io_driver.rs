//! Whether a runtime drives the sockets of the system.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};

use tokio::runtime::Handle;

/// Registers a socket to find out: Tokio has no other question. It answers no with a panic, whose
/// message is printed.
pub(crate) fn has_io_driver(runtime: &Handle) -> bool {
    let _entered = runtime.enter();
    // A system that lacks a descriptor now has said nothing about the driver.
    catch_unwind(AssertUnwindSafe(|| drop(register()))).is_ok()
}

#[cfg(unix)]
fn register() -> io::Result<tokio::net::UnixDatagram> {
    tokio::net::UnixDatagram::unbound()
}

#[cfg(not(unix))]
fn register() -> io::Result<tokio::net::UdpSocket> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

//! What the kernel was told of the TCP sockets of this process, whoever made them.

use std::mem::{size_of, zeroed};

use libc::{c_int, sockaddr_in, socklen_t};

/// Which end of a connection over IPv4 a socket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpEnd {
    /// It was accepted at this port.
    Accepted(u16),
    /// It has connected to this port.
    Connected(u16),
    /// It listens at this port.
    Listening(u16),
}

/// An option, by its level and number, of the first socket of this process that is this end.
pub fn tcp_option(end: TcpEnd, level: c_int, option: c_int) -> Option<c_int> {
    let descriptor = find(end)?;
    let (mut value, mut len) = (0, len_of::<c_int>()?);
    // SAFETY: the kernel writes no more than an int, and how long that is.
    let rc =
        unsafe { libc::getsockopt(descriptor, level, option, (&raw mut value).cast(), &mut len) };
    (rc == 0).then_some(value)
}

/// How many connections may wait to be accepted at this port, as the kernel was told (Linux).
pub fn tcp_backlog(port: u16) -> Option<u32> {
    // The beginning of `struct tcp_info`; of a listener, its last number here is the backlog.
    let (mut info, mut len) = ([0_u32; 8], len_of::<[u32; 8]>()?);
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_INFO);
    let descriptor = find(TcpEnd::Listening(port))?;
    // SAFETY: the kernel writes no more than eight numbers, and how long that is.
    let rc =
        unsafe { libc::getsockopt(descriptor, level, option, (&raw mut info).cast(), &mut len) };
    (rc == 0 && len == len_of::<[u32; 8]>()?).then_some(info[7])
}

fn find(end: TcpEnd) -> Option<c_int> {
    (3..1024).find(|&descriptor| is_end(descriptor, end))
}

fn is_end(descriptor: c_int, end: TcpEnd) -> bool {
    let (local, peer) = (port(descriptor, libc::getsockname), port(descriptor, libc::getpeername));
    match end {
        TcpEnd::Accepted(at) => local == Some(at) && peer.is_some(),
        TcpEnd::Connected(to) => peer == Some(to),
        TcpEnd::Listening(at) => local == Some(at) && peer.is_none(),
    }
}

type Name = unsafe extern "C" fn(c_int, *mut libc::sockaddr, *mut socklen_t) -> c_int;

fn port(descriptor: c_int, name: Name) -> Option<u16> {
    // SAFETY: an address of zeros is one.
    let mut address: sockaddr_in = unsafe { zeroed() };
    let mut len = len_of::<sockaddr_in>()?;
    // SAFETY: the kernel writes no more than an address, and how long that is; what is no socket
    // is an error.
    let rc = unsafe { name(descriptor, (&raw mut address).cast(), &mut len) };
    let is_ipv4 = rc == 0 && c_int::from(address.sin_family) == libc::AF_INET;
    is_ipv4.then(|| u16::from_be(address.sin_port))
}

/// How long a value is, in the kernel's words.
fn len_of<T>() -> Option<socklen_t> {
    size_of::<T>().try_into().ok()
}

//! The kernel's options of all TCP sockets in this process, including those of libzmq.

use std::mem::{size_of, zeroed};

use libc::{c_int, sockaddr_in, socklen_t};

/// One end of a TCP connection over IPv4.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TcpEnd {
    /// Accepted at this port.
    Accepted(u16),
    /// Connected to this port.
    Connected(u16),
    /// Listening at this port.
    Listening(u16),
}

/// Reads an option of the first socket in this process that is this end.
pub fn tcp_option(end: TcpEnd, level: c_int, option: c_int) -> Option<c_int> {
    let descriptor = find(end)?;
    let (mut value, mut len) = (0, len_of::<c_int>()?);
    // SAFETY: the kernel writes at most an int, and its length.
    let rc =
        unsafe { libc::getsockopt(descriptor, level, option, (&raw mut value).cast(), &mut len) };
    (rc == 0).then_some(value)
}

/// The listen backlog at this port (Linux).
pub fn tcp_backlog(port: u16) -> Option<u32> {
    // The start of `struct tcp_info`. For a listener, the last of these numbers is the backlog.
    let (mut info, mut len) = ([0_u32; 8], len_of::<[u32; 8]>()?);
    let (level, option) = (libc::IPPROTO_TCP, libc::TCP_INFO);
    let descriptor = find(TcpEnd::Listening(port))?;
    // SAFETY: the kernel writes at most eight numbers, and their length.
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
    // SAFETY: all zeros are a valid address.
    let mut address: sockaddr_in = unsafe { zeroed() };
    let mut len = len_of::<sockaddr_in>()?;
    // SAFETY: the kernel writes at most an address, and its length. It returns an error for a
    // descriptor that is not a socket.
    let rc = unsafe { name(descriptor, (&raw mut address).cast(), &mut len) };
    let is_ipv4 = rc == 0 && c_int::from(address.sin_family) == libc::AF_INET;
    is_ipv4.then(|| u16::from_be(address.sin_port))
}

/// The size of a type as `socklen_t`.
fn len_of<T>() -> Option<socklen_t> {
    size_of::<T>().try_into().ok()
}

//! The proxy of libzmq.

use std::ffi::c_void;
use std::ptr;

use crate::error::{Error, check};
use crate::ffi;
use crate::socket::Socket;

/// `zmq_proxy_steerable`: forwards between two sockets on this thread, until `control` receives
/// `TERMINATE`.
///
/// # Errors
///
/// The error of libzmq, usually because its context was shut down.
pub fn proxy_steerable(
    front: &Socket,
    back: &Socket,
    capture: Option<&Socket>,
    control: Option<&Socket>,
) -> Result<(), Error> {
    let raw = |socket: Option<&Socket>| socket.map_or(ptr::null_mut::<c_void>(), Socket::raw);
    // SAFETY: the sockets outlive this call, and `Socket` is not `Sync`, so no other thread uses
    // them. The last two arguments may be null.
    check("zmq_proxy_steerable", unsafe {
        ffi::zmq_proxy_steerable(front.raw(), back.raw(), raw(capture), raw(control))
    })
}

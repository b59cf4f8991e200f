//! libzmq's own proxy.

use std::ffi::c_void;
use std::ptr;

use crate::error::{Error, check};
use crate::ffi;
use crate::socket::Socket;

/// `zmq_proxy_steerable`: forwards between two sockets on this thread, until an order on `control`
/// says `TERMINATE`.
///
/// # Errors
///
/// libzmq's own; its context was shut down, most often.
pub fn proxy_steerable(
    front: &Socket,
    back: &Socket,
    capture: Option<&Socket>,
    control: Option<&Socket>,
) -> Result<(), Error> {
    let raw = |socket: Option<&Socket>| socket.map_or(ptr::null_mut::<c_void>(), Socket::raw);
    // SAFETY: the sockets are alive as long as this runs, and `Socket` is not `Sync`: nobody else
    // uses them meanwhile. Null is allowed for the last two.
    check("zmq_proxy_steerable", unsafe {
        ffi::zmq_proxy_steerable(front.raw(), back.raw(), raw(capture), raw(control))
    })
}

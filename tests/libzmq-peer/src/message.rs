//! `Msg`: one frame with what travels beside its octets, for the socket types that need it.

use std::ffi::{CStr, CString, c_char};

use crate::error::{Error, check};
use crate::ffi;

/// One `zmq_msg_t`: a frame, its routing id (SERVER, PEER) or group (RADIO, DISH), and its
/// metadata.
pub struct Msg(ffi::Msg);

// SAFETY: a zmq_msg_t belongs to no thread; its shared content is counted atomically.
unsafe impl Send for Msg {}

impl Msg {
    /// A frame with a copy of `octets`.
    ///
    /// # Errors
    ///
    /// When there is no memory for it.
    pub fn new(octets: &[u8]) -> Result<Self, Error> {
        let mut raw = ffi::Msg::zeroed();
        // SAFETY: `raw` is ours, and holds nothing that would have to be closed first.
        check("zmq_msg_init_size", unsafe { ffi::zmq_msg_init_size(&mut raw, octets.len()) })?;
        let mut msg = Self(raw);
        // SAFETY: an initialised message has data.
        let data = unsafe { ffi::zmq_msg_data(&mut msg.0) }.cast::<u8>();
        // SAFETY: it is `octets.len()` long, and nobody else has seen it.
        unsafe { data.copy_from_nonoverlapping(octets.as_ptr(), octets.len()) };
        Ok(msg)
    }

    /// An empty frame, to receive into.
    pub(crate) fn empty() -> Self {
        let mut raw = ffi::Msg::zeroed();
        // SAFETY: as in `new`; it cannot fail.
        unsafe { ffi::zmq_msg_init(&mut raw) };
        Self(raw)
    }

    /// The octets.
    pub fn to_vec(&mut self) -> Vec<u8> {
        // SAFETY: every `Msg` is initialised.
        let len = unsafe { ffi::zmq_msg_size(&self.0) };
        // SAFETY: as above.
        let data = unsafe { ffi::zmq_msg_data(&mut self.0) }.cast::<u8>();
        if len == 0 {
            return Vec::new();
        }
        // SAFETY: `data` is `len` octets long, and nothing writes to it while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(data, len) }.to_vec()
    }

    /// Whether another frame of the same message follows.
    pub fn more(&self) -> bool {
        // SAFETY: every `Msg` is initialised.
        unsafe { ffi::zmq_msg_more(&self.0) != 0 }
    }

    /// The peer that it came from; 0 when the socket's type does not say.
    pub fn routing_id(&mut self) -> u32 {
        // SAFETY: every `Msg` is initialised.
        unsafe { ffi::zmq_msg_routing_id(&mut self.0) }
    }

    /// Says to which peer it goes.
    ///
    /// # Errors
    ///
    /// For 0.
    pub fn set_routing_id(&mut self, routing_id: u32) -> Result<(), Error> {
        // SAFETY: every `Msg` is initialised.
        check("zmq_msg_set_routing_id", unsafe {
            ffi::zmq_msg_set_routing_id(&mut self.0, routing_id)
        })
    }

    /// The group that it was sent to.
    pub fn group(&mut self) -> Option<String> {
        // SAFETY: every `Msg` is initialised.
        let group = unsafe { ffi::zmq_msg_group(&mut self.0) };
        // SAFETY: NULL, or a string within the message.
        unsafe { text(group) }
    }

    /// Says to which group it goes.
    ///
    /// # Errors
    ///
    /// For a group longer than 255 octets.
    pub fn set_group(&mut self, group: &str) -> Result<(), Error> {
        let group = c_string("zmq_msg_set_group", group)?;
        // SAFETY: every `Msg` is initialised, and the string is read before this returns.
        check("zmq_msg_set_group", unsafe { ffi::zmq_msg_set_group(&mut self.0, group.as_ptr()) })
    }

    /// A property of the connection that it came by: "Socket-Type", "Peer-Address", "User-Id",
    /// "X-.." and so on.
    pub fn property(&self, name: &str) -> Option<String> {
        let name = CString::new(name).ok()?;
        // SAFETY: every `Msg` is initialised, and the string is read before this returns.
        let value = unsafe { ffi::zmq_msg_gets(&self.0, name.as_ptr()) };
        // SAFETY: NULL, or a string that the message keeps.
        unsafe { text(value) }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut ffi::Msg {
        &mut self.0
    }
}

impl Drop for Msg {
    fn drop(&mut self) {
        // SAFETY: every `Msg` is initialised; sending one leaves it empty, and initialised.
        unsafe { ffi::zmq_msg_close(&mut self.0) };
    }
}

/// A copy of a C string.
///
/// # Safety
///
/// `text` is NULL or NUL-terminated.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by this function's own contract.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// `text` for C.
pub(crate) fn c_string(function: &'static str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::of(function, libc::EINVAL))
}

//! `Msg`: one frame with its routing id, group and metadata.

use std::ffi::{CStr, CString, c_char};

use crate::error::{Error, check};
use crate::ffi;

/// One `zmq_msg_t`: a frame, its routing id (SERVER, PEER) or group (RADIO, DISH), and its
/// metadata.
pub struct Msg(ffi::Msg);

// SAFETY: a zmq_msg_t belongs to no thread, and its shared content has an atomic reference count.
unsafe impl Send for Msg {}

impl Msg {
    /// Creates a frame with a copy of `bytes`.
    ///
    /// # Errors
    ///
    /// There is not enough memory.
    pub fn new(bytes: &[u8]) -> Result<Self, Error> {
        let mut raw = ffi::Msg::zeroed();
        // SAFETY: `raw` is owned and not yet initialised.
        check("zmq_msg_init_size", unsafe { ffi::zmq_msg_init_size(&mut raw, bytes.len()) })?;
        let mut msg = Self(raw);
        // SAFETY: an initialised message has data.
        let data = unsafe { ffi::zmq_msg_data(&mut msg.0) }.cast::<u8>();
        // SAFETY: the data is `bytes.len()` long, and no other reference to it exists.
        unsafe { data.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
        Ok(msg)
    }

    /// Creates an empty frame to receive into.
    pub(crate) fn empty() -> Self {
        let mut raw = ffi::Msg::zeroed();
        // SAFETY: as in `new`. The call cannot fail.
        unsafe { ffi::zmq_msg_init(&mut raw) };
        Self(raw)
    }

    /// Copies the bytes of the frame.
    pub fn to_vec(&mut self) -> Vec<u8> {
        // SAFETY: every `Msg` is initialised.
        let len = unsafe { ffi::zmq_msg_size(&self.0) };
        // SAFETY: as above.
        let data = unsafe { ffi::zmq_msg_data(&mut self.0) }.cast::<u8>();
        if len == 0 {
            return Vec::new();
        }
        // SAFETY: `data` is `len` bytes long, and not written while `self` is borrowed.
        unsafe { std::slice::from_raw_parts(data, len) }.to_vec()
    }

    /// Whether another frame of the same message follows.
    pub fn more(&self) -> bool {
        // SAFETY: every `Msg` is initialised.
        unsafe { ffi::zmq_msg_more(&self.0) != 0 }
    }

    /// The routing id of the sender, or 0 if the socket type has none.
    pub fn routing_id(&mut self) -> u32 {
        // SAFETY: every `Msg` is initialised.
        unsafe { ffi::zmq_msg_routing_id(&mut self.0) }
    }

    /// Sets the routing id of the receiver.
    ///
    /// # Errors
    ///
    /// The routing id is 0.
    pub fn set_routing_id(&mut self, routing_id: u32) -> Result<(), Error> {
        // SAFETY: every `Msg` is initialised.
        check("zmq_msg_set_routing_id", unsafe {
            ffi::zmq_msg_set_routing_id(&mut self.0, routing_id)
        })
    }

    /// The group of the message.
    pub fn group(&mut self) -> Option<String> {
        // SAFETY: every `Msg` is initialised.
        let group = unsafe { ffi::zmq_msg_group(&mut self.0) };
        // SAFETY: the result is NULL or a string within the message.
        unsafe { text(group) }
    }

    /// Sets the group of the message.
    ///
    /// # Errors
    ///
    /// The group is longer than 255 bytes.
    pub fn set_group(&mut self, group: &str) -> Result<(), Error> {
        let group = c_string("zmq_msg_set_group", group)?;
        // SAFETY: every `Msg` is initialised, and the string is read before this returns.
        check("zmq_msg_set_group", unsafe { ffi::zmq_msg_set_group(&mut self.0, group.as_ptr()) })
    }

    /// A property of the connection that the message came from, such as "Socket-Type",
    /// "Peer-Address", "User-Id" or "X-..".
    pub fn property(&self, name: &str) -> Option<String> {
        let name = CString::new(name).ok()?;
        // SAFETY: every `Msg` is initialised, and the string is read before this returns.
        let value = unsafe { ffi::zmq_msg_gets(&self.0, name.as_ptr()) };
        // SAFETY: the result is NULL or a string owned by the message.
        unsafe { text(value) }
    }

    pub(crate) fn as_mut_ptr(&mut self) -> *mut ffi::Msg {
        &mut self.0
    }
}

impl Drop for Msg {
    fn drop(&mut self) {
        // SAFETY: every `Msg` is initialised. Sending it leaves it empty and initialised.
        unsafe { ffi::zmq_msg_close(&mut self.0) };
    }
}

/// Copies a C string.
///
/// # Safety
///
/// `text` is NULL or NUL-terminated.
unsafe fn text(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: by the contract of this function.
    Some(unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned())
}

/// Converts `text` to a C string.
pub(crate) fn c_string(function: &'static str, text: &str) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::of(function, libc::EINVAL))
}

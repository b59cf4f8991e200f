//! `Socket`: a libzmq socket.

use std::cell::RefCell;
use std::ffi::{c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::context::Context;
use crate::error::{Error, check, errno};
use crate::ffi;
use crate::message::{Msg, c_string};
use crate::monitor::Monitor;
use crate::opt::Opt;

/// The 21 socket types. Draft types are last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names are those of the RFCs")]
#[repr(i32)]
pub enum SocketKind {
    Pair = 0,
    Pub = 1,
    Sub = 2,
    Req = 3,
    Rep = 4,
    Dealer = 5,
    Router = 6,
    Pull = 7,
    Push = 8,
    Xpub = 9,
    Xsub = 10,
    Stream = 11,
    Server = 12,
    Client = 13,
    Radio = 14,
    Dish = 15,
    Gather = 16,
    Scatter = 17,
    Dgram = 18,
    Peer = 19,
    Channel = 20,
}

/// A libzmq socket. Its linger time is initially 0, and dropping it closes it.
///
/// It may move between threads, but only one thread may use it at a time.
#[derive(Debug)]
pub struct Socket {
    raw: NonNull<c_void>,
    context: Context,
    /// The receiving end of the monitor. This socket and its [`Monitor`] both hold it, because
    /// libzmq blocks with a lock held while events of a monitored socket have no receiver.
    monitored: RefCell<Option<Arc<Mutex<Socket>>>>,
}

// SAFETY: zmq_socket(3) allows a socket to migrate between threads with a full fence, and every way
// to move a value to another thread in Rust has one. It is not `Sync`, because `&self` methods use
// `raw`.
unsafe impl Send for Socket {}

impl Socket {
    /// Creates a socket that is neither bound nor connected.
    ///
    /// # Errors
    ///
    /// The context is shut down or has its maximum number of sockets.
    pub fn new(context: &Context, kind: SocketKind) -> Result<Self, Error> {
        // SAFETY: the context is alive, and `Self` keeps it alive.
        let raw = unsafe { ffi::zmq_socket(context.raw(), kind as c_int) };
        let raw = NonNull::new(raw).ok_or_else(|| Error::last("zmq_socket"))?;
        let socket = Self { raw, context: context.clone(), monitored: RefCell::new(None) };
        socket.set_i32(Opt::LINGER, 0)?;
        Ok(socket)
    }

    /// The context of the socket.
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// Sets an option of type C `int`.
    ///
    /// # Errors
    ///
    /// The error of libzmq, as for every method of this type.
    pub fn set_i32(&self, option: Opt, value: i32) -> Result<(), Error> {
        self.set_bytes(option, &value.to_ne_bytes())
    }

    /// Sets an option of type `int64_t`.
    pub fn set_i64(&self, option: Opt, value: i64) -> Result<(), Error> {
        self.set_bytes(option, &value.to_ne_bytes())
    }

    /// Sets an option of type `uint64_t`.
    pub fn set_u64(&self, option: Opt, value: u64) -> Result<(), Error> {
        self.set_bytes(option, &value.to_ne_bytes())
    }

    /// Sets an option with bytes.
    pub fn set_bytes(&self, option: Opt, value: &[u8]) -> Result<(), Error> {
        self.set_raw(option, value.as_ptr(), value.len())
    }

    /// Sets an option with text. `None` is C's `NULL`, which clears some options.
    pub fn set_str(&self, option: Opt, value: Option<&str>) -> Result<(), Error> {
        match value {
            Some(text) => self.set_bytes(option, text.as_bytes()),
            None => self.set_raw(option, ptr::null(), 0),
        }
    }

    /// Reads an option of type C `int`.
    pub fn get_i32(&self, option: Opt) -> Result<i32, Error> {
        self.get(option).map(i32::from_ne_bytes)
    }

    /// Reads an option of type `int64_t`.
    pub fn get_i64(&self, option: Opt) -> Result<i64, Error> {
        self.get(option).map(i64::from_ne_bytes)
    }

    /// Reads an option of type `uint64_t`.
    pub fn get_u64(&self, option: Opt) -> Result<u64, Error> {
        self.get(option).map(u64::from_ne_bytes)
    }

    /// Reads an option with bytes. A CURVE key is binary.
    pub fn get_bytes(&self, option: Opt) -> Result<Vec<u8>, Error> {
        self.get_up_to(option, if is_curve_key(option) { 32 } else { 1024 })
    }

    /// Reads an option with text, without its NUL. A CURVE key is in Z85.
    pub fn get_string(&self, option: Opt) -> Result<String, Error> {
        let mut text = self.get_up_to(option, if is_curve_key(option) { 41 } else { 1024 })?;
        if text.last() == Some(&0) {
            text.pop();
        }
        Ok(String::from_utf8_lossy(&text).into_owned())
    }

    /// The last bound endpoint, with the port or path that the system chose.
    pub fn last_endpoint(&self) -> Result<String, Error> {
        self.get_string(Opt::LAST_ENDPOINT)
    }

    /// Binds and returns the endpoint to connect to, with the wildcards of `tcp://127.0.0.1:*`
    /// resolved.
    ///
    /// # Errors
    ///
    /// The error of libzmq. A monitored socket, such as that of a [`Peer`](crate::Peer), often
    /// returns [`errno::EAGAIN`] instead, because sending the event overwrites the number. The
    /// event [`BIND_FAILED`](crate::EventKind::BIND_FAILED) has the right number.
    pub fn bind(&self, endpoint: &str) -> Result<String, Error> {
        self.at("zmq_bind", ffi::zmq_bind, endpoint)?;
        self.last_endpoint()
    }

    /// Unbinds an endpoint. For a wildcard, pass the result of
    /// [`last_endpoint`](Self::last_endpoint).
    pub fn unbind(&self, endpoint: &str) -> Result<(), Error> {
        self.at("zmq_unbind", ffi::zmq_unbind, endpoint)
    }

    /// Connects in the background.
    pub fn connect(&self, endpoint: &str) -> Result<(), Error> {
        self.at("zmq_connect", ffi::zmq_connect, endpoint)
    }

    /// Connects a PEER and returns the routing id of its peer.
    pub fn connect_peer(&self, endpoint: &str) -> Result<u32, Error> {
        let endpoint = c_string("zmq_connect_peer", endpoint)?;
        // SAFETY: the socket is open, and the string is read before this returns.
        match unsafe { ffi::zmq_connect_peer(self.raw(), endpoint.as_ptr()) } {
            0 => Err(Error::last("zmq_connect_peer")),
            routing_id => Ok(routing_id),
        }
    }

    /// Disconnects an endpoint.
    pub fn disconnect(&self, endpoint: &str) -> Result<(), Error> {
        self.at("zmq_disconnect", ffi::zmq_disconnect, endpoint)
    }

    /// DISH: joins `group`.
    pub fn join(&self, group: &str) -> Result<(), Error> {
        self.at("zmq_join", ffi::zmq_join, group)
    }

    /// DISH: leaves `group`.
    pub fn leave(&self, group: &str) -> Result<(), Error> {
        self.at("zmq_leave", ffi::zmq_leave, group)
    }

    /// Sends a message. Waits for room up to `SNDTIMEO`.
    pub fn send<F: AsRef<[u8]>>(&self, frames: &[F]) -> Result<(), Error> {
        self.send_frames(frames, 0)
    }

    /// Sends a message without blocking. Returns whether it was sent.
    pub fn try_send<F: AsRef<[u8]>>(&self, frames: &[F]) -> Result<bool, Error> {
        unless_again(self.send_frames(frames, ffi::DONTWAIT)).map(|sent| sent.is_some())
    }

    /// Sends one frame with its routing id and group.
    pub fn send_msg(&self, mut msg: Msg, more: bool) -> Result<(), Error> {
        self.send_frame(&mut msg, if more { ffi::SNDMORE } else { 0 })
    }

    /// Receives a message. Waits up to `RCVTIMEO`.
    pub fn recv(&self) -> Result<Vec<Vec<u8>>, Error> {
        self.recv_frames(0)
    }

    /// Receives a message without blocking.
    pub fn try_recv(&self) -> Result<Option<Vec<Vec<u8>>>, Error> {
        unless_again(self.recv_frames(ffi::DONTWAIT))
    }

    /// Receives a message, or returns `None` after `timeout`. Restores `RCVTIMEO` afterwards.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Vec<Vec<u8>>>, Error> {
        let before = self.get_i32(Opt::RCVTIMEO)?;
        self.set_i32(Opt::RCVTIMEO, i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX))?;
        let received = unless_again(self.recv_frames(0));
        self.set_i32(Opt::RCVTIMEO, before)?;
        received
    }

    /// Receives one frame with its routing id, group and metadata. Waits up to `RCVTIMEO`.
    pub fn recv_msg(&self) -> Result<Msg, Error> {
        self.recv_frame(0)
    }

    /// Starts a monitor of this socket. It replaces an earlier monitor.
    pub fn monitor(&self) -> Result<Monitor, Error> {
        // The endpoint of a stopped monitor stays in use for a while.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let endpoint =
            format!("inproc://libzmq-peer/monitor/{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.stop_monitor();
        let far = Self::new(&self.context, SocketKind::Pair)?;
        far.set_i32(Opt::RCVHWM, 0)?;
        let c_endpoint = c_string("zmq_socket_monitor", &endpoint)?;
        // SAFETY: the socket is open, and the string is read before this returns.
        let rc =
            unsafe { ffi::zmq_socket_monitor(self.raw(), c_endpoint.as_ptr(), ffi::EVENT_ALL) };
        check("zmq_socket_monitor", rc)?;
        far.connect(&endpoint)?;
        let far = Arc::new(Mutex::new(far));
        self.monitored.replace(Some(Arc::clone(&far)));
        Ok(Monitor::new(far))
    }

    fn stop_monitor(&self) {
        if let Some(far) = self.monitored.take() {
            // SAFETY: the socket is open. NULL stops its monitor.
            unsafe { ffi::zmq_socket_monitor(self.raw(), ptr::null(), 0) };
            drop(far);
        }
    }

    pub(crate) fn raw(&self) -> *mut c_void {
        self.raw.as_ptr()
    }

    fn at(
        &self,
        function: &'static str,
        call: unsafe extern "C" fn(*mut c_void, *const c_char) -> c_int,
        text: &str,
    ) -> Result<(), Error> {
        let text = c_string(function, text)?;
        // SAFETY: the socket is open. Each function passed here takes a socket and a string and
        // keeps neither.
        check(function, unsafe { call(self.raw(), text.as_ptr()) })
    }

    fn set_raw(&self, option: Opt, value: *const u8, len: usize) -> Result<(), Error> {
        // SAFETY: the socket is open, and `value` is NULL or points to `len` bytes, which libzmq
        // copies.
        check("zmq_setsockopt", unsafe {
            ffi::zmq_setsockopt(self.raw(), option.0, value.cast(), len)
        })
    }

    fn get<const N: usize>(&self, option: Opt) -> Result<[u8; N], Error> {
        let value = self.get_up_to(option, N)?;
        value.try_into().map_err(|_| Error::of("zmq_getsockopt", errno::EINVAL))
    }

    fn get_up_to(&self, option: Opt, capacity: usize) -> Result<Vec<u8>, Error> {
        let mut value = vec![0; capacity];
        let mut len = capacity;
        // SAFETY: the socket is open, and libzmq writes at most `len` bytes.
        let rc = unsafe {
            ffi::zmq_getsockopt(self.raw(), option.0, value.as_mut_ptr().cast(), &mut len)
        };
        check("zmq_getsockopt", rc)?;
        value.truncate(len);
        Ok(value)
    }

    fn send_frames<F: AsRef<[u8]>>(&self, frames: &[F], flags: c_int) -> Result<(), Error> {
        let (last, before) =
            frames.split_last().ok_or_else(|| Error::of("zmq_msg_send", errno::EINVAL))?;
        for frame in before {
            self.send_frame(&mut Msg::new(frame.as_ref())?, flags | ffi::SNDMORE)?;
        }
        self.send_frame(&mut Msg::new(last.as_ref())?, flags)
    }

    fn send_frame(&self, msg: &mut Msg, flags: c_int) -> Result<(), Error> {
        retry_interrupted(|| {
            // SAFETY: the socket is open and the message is initialised. libzmq takes its content
            // only if it sends it.
            let rc = unsafe { ffi::zmq_msg_send(msg.as_mut_ptr(), self.raw(), flags) };
            check("zmq_msg_send", rc.min(0))
        })
    }

    fn recv_frames(&self, flags: c_int) -> Result<Vec<Vec<u8>>, Error> {
        let mut frames = Vec::new();
        loop {
            let mut msg = self.recv_frame(flags)?;
            frames.push(msg.to_vec());
            if !msg.more() {
                return Ok(frames);
            }
        }
    }

    fn recv_frame(&self, flags: c_int) -> Result<Msg, Error> {
        let mut msg = Msg::empty();
        retry_interrupted(|| {
            // SAFETY: the socket is open and the message is initialised.
            let rc = unsafe { ffi::zmq_msg_recv(msg.as_mut_ptr(), self.raw(), flags) };
            check("zmq_msg_recv", rc.min(0))
        })?;
        Ok(msg)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.stop_monitor();
        // SAFETY: the socket is open, and this is its last use.
        unsafe { ffi::zmq_close(self.raw()) };
    }
}

fn is_curve_key(option: Opt) -> bool {
    matches!(option, Opt::CURVE_PUBLICKEY | Opt::CURVE_SECRETKEY | Opt::CURVE_SERVERKEY)
}

fn retry_interrupted(mut call: impl FnMut() -> Result<(), Error>) -> Result<(), Error> {
    loop {
        match call() {
            Err(error) if error.errno() == Some(errno::EINTR) => {}
            other => return other,
        }
    }
}

fn unless_again<T>(result: Result<T, Error>) -> Result<Option<T>, Error> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.errno() == Some(errno::EAGAIN) => Ok(None),
        Err(error) => Err(error),
    }
}

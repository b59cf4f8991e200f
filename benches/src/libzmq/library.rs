//! Safe types over `libzmq.so.5`, which is loaded at run time.
//!
//! A context is never terminated, because the process of a role simply exits. So every socket and
//! message may outlive the value that created it.

use std::ffi::{CStr, CString, c_char, c_int, c_long, c_short, c_void};
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

use libloading::Library;

use crate::process::Failure;

const NAME: &str = "libzmq.so.5";

/// The version of the system's libzmq.
///
/// # Errors
///
/// libzmq is not installed. The error says how to install it.
pub(crate) fn version() -> Result<String, Failure> {
    let functions = functions()?;
    let (mut major, mut minor, mut patch) = (0, 0, 0);
    // SAFETY: the function writes three ints to the three references.
    unsafe { (functions.zmq_version)(&mut major, &mut minor, &mut patch) };
    Ok(format!("{major}.{minor}.{patch}"))
}

/// A context with one I/O thread, which is libzmq's default.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context {
    functions: &'static Functions,
    raw: NonNull<c_void>,
}

/// A socket type with its number in `zmq.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Pub = 1,
    Sub = 2,
    Req = 3,
    Rep = 4,
    Dealer = 5,
    Router = 6,
    Pull = 7,
    Push = 8,
    XPub = 9,
}

/// A socket option with its number in `zmq.h`. Values have the memory layout of C.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Setting {
    Subscribe = 6,
    SendHighWaterMark = 23,
    CurveServer = 47,
    CurvePublicKey = 48,
    CurveSecretKey = 49,
    CurveServerKey = 50,
    NoDrop = 69,
}

/// A poll event with its number in `zmq.h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Poll {
    In = 1,
    Out = 2,
}

/// A socket. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Socket {
    functions: &'static Functions,
    raw: NonNull<c_void>,
}

/// One frame. Dropping it closes it.
#[derive(Debug)]
pub(crate) struct Message {
    functions: &'static Functions,
    raw: RawMessage,
}

impl Context {
    pub(crate) fn new() -> Result<Self, Failure> {
        let functions = functions()?;
        // SAFETY: it has no parameters.
        let raw = unsafe { (functions.zmq_ctx_new)() };
        let raw = NonNull::new(raw).ok_or_else(|| functions.failure("zmq_ctx_new"))?;
        // SAFETY: the context was created above.
        let code = unsafe { (functions.zmq_ctx_set)(raw.as_ptr(), MAX_SOCKETS, 10_000) };
        functions.check("zmq_ctx_set", code)?;
        Ok(Self { functions, raw })
    }

    pub(crate) fn socket(&self, kind: Kind) -> Result<Socket, Failure> {
        // SAFETY: the context is never terminated.
        let raw = unsafe { (self.functions.zmq_socket)(self.raw.as_ptr(), kind as c_int) };
        let raw = NonNull::new(raw).ok_or_else(|| self.functions.failure("zmq_socket"))?;
        Ok(Socket { functions: self.functions, raw })
    }

    /// A message with a copy of the bytes.
    #[inline]
    pub(crate) fn message(&self, bytes: &[u8]) -> Result<Message, Failure> {
        Message::new(self.functions, bytes)
    }

    /// Waits until one of the sockets is ready for the event.
    pub(crate) fn wait_for_any(&self, sockets: &[Socket], what: Poll) -> Result<(), Failure> {
        let item = |socket: &Socket| PollItem {
            socket: socket.raw.as_ptr(),
            fd: 0,
            events: what as c_short,
            revents: 0,
        };
        let mut items: Vec<PollItem> = sockets.iter().map(item).collect();
        let count = c_int::try_from(items.len()).map_err(Failure::new)?;
        // SAFETY: `items` has `count` items, each with an open socket.
        let code = unsafe { (self.functions.zmq_poll)(items.as_mut_ptr(), count, FOR_EVER) };
        self.functions.check("zmq_poll", code)
    }
}

impl Socket {
    /// Binds and returns the endpoint.
    pub(crate) fn bind(&self, endpoint: &str) -> Result<String, Failure> {
        let name = CString::new(endpoint).map_err(Failure::new)?;
        // SAFETY: the socket is open and the name ends with a zero.
        let code = unsafe { (self.functions.zmq_bind)(self.raw.as_ptr(), name.as_ptr()) };
        self.functions.check("zmq_bind", code)?;
        self.last_endpoint()
    }

    fn last_endpoint(&self) -> Result<String, Failure> {
        let mut text = [0_u8; 256];
        let mut length = text.len();
        // SAFETY: the socket is open, and libzmq writes at most `length` bytes.
        let code = unsafe {
            (self.functions.zmq_getsockopt)(
                self.raw.as_ptr(),
                LAST_ENDPOINT,
                text.as_mut_ptr().cast(),
                &mut length,
            )
        };
        self.functions.check("zmq_getsockopt", code)?;
        let text = CStr::from_bytes_until_nul(&text).map_err(Failure::new)?;
        Ok(text.to_string_lossy().into_owned())
    }

    pub(crate) fn connect(&self, endpoint: &str) -> Result<(), Failure> {
        let name = CString::new(endpoint).map_err(Failure::new)?;
        // SAFETY: the socket is open and the name ends with a zero.
        let code = unsafe { (self.functions.zmq_connect)(self.raw.as_ptr(), name.as_ptr()) };
        self.functions.check("zmq_connect", code)
    }

    pub(super) fn set(&self, setting: Setting, value: &[u8]) -> Result<(), Failure> {
        // SAFETY: the socket is open, and libzmq reads only the bytes of `value`.
        let code = unsafe {
            (self.functions.zmq_setsockopt)(
                self.raw.as_ptr(),
                setting as c_int,
                value.as_ptr().cast(),
                value.len(),
            )
        };
        self.functions.check("zmq_setsockopt", code)
    }

    #[inline]
    pub(crate) fn send(&self, message: Message) -> Result<(), Failure> {
        self.send_whole(message, 0)
    }

    /// Sends a frame with more frames to follow.
    #[inline]
    pub(crate) fn send_more(&self, message: Message) -> Result<(), Failure> {
        self.send_whole(message, SNDMORE)
    }

    #[inline]
    fn send_whole(&self, mut message: Message, flags: c_int) -> Result<(), Failure> {
        while !self.send_with(&mut message, flags)? {}
        std::mem::forget(message); // empty after sending; closing it would cost a call
        Ok(())
    }

    /// Sends without blocking. If it would block, returns false and leaves the message unchanged.
    #[inline]
    pub(crate) fn try_send(&self, message: &mut Message) -> Result<bool, Failure> {
        self.send_with(message, DONTWAIT)
    }

    #[inline]
    fn send_with(&self, message: &mut Message, flags: c_int) -> Result<bool, Failure> {
        // SAFETY: the socket and the message are open. Sending leaves an empty message.
        let code =
            unsafe { (self.functions.zmq_msg_send)(&mut message.raw, self.raw.as_ptr(), flags) };
        self.functions.check_ready("zmq_msg_send", code)
    }

    /// Receives into the message and releases its old content.
    #[inline]
    pub(crate) fn recv(&self, message: &mut Message) -> Result<(), Failure> {
        while !self.recv_with(message, 0)? {}
        Ok(())
    }

    /// Receives without blocking.
    #[inline]
    pub(crate) fn try_recv(&self, message: &mut Message) -> Result<bool, Failure> {
        self.recv_with(message, DONTWAIT)
    }

    #[inline]
    fn recv_with(&self, message: &mut Message, flags: c_int) -> Result<bool, Failure> {
        // SAFETY: the socket and the message are open.
        let code =
            unsafe { (self.functions.zmq_msg_recv)(&mut message.raw, self.raw.as_ptr(), flags) };
        self.functions.check_ready("zmq_msg_recv", code)
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        // SAFETY: the socket is open, and this is its last use.
        unsafe { (self.functions.zmq_close)(self.raw.as_ptr()) };
    }
}

impl Message {
    #[inline]
    fn new(functions: &'static Functions, bytes: &[u8]) -> Result<Self, Failure> {
        let mut raw = RawMessage::ZEROED;
        // SAFETY: it initialises the bytes and does not read them.
        let code = unsafe { (functions.zmq_msg_init_size)(&mut raw, bytes.len()) };
        functions.check("zmq_msg_init_size", code)?;
        let mut message = Self { functions, raw };
        // SAFETY: the message was initialised above.
        let data = unsafe { (functions.zmq_msg_data)(&mut message.raw) };
        // SAFETY: the message has this many bytes, and no other reference to them exists.
        unsafe { ptr::copy_nonoverlapping(bytes.as_ptr(), data.cast(), bytes.len()) };
        Ok(message)
    }

    /// A new message with a copy of the bytes.
    #[inline]
    pub(crate) fn of_same_library(&self, bytes: &[u8]) -> Result<Self, Failure> {
        Self::new(self.functions, bytes)
    }

    /// A message with the same content. Long messages share it.
    #[inline]
    pub(crate) fn share(&mut self) -> Result<Self, Failure> {
        let mut copy = Self::empty(self.functions)?;
        // SAFETY: both messages are open.
        let code = unsafe { (self.functions.zmq_msg_copy)(&mut copy.raw, &mut self.raw) };
        self.functions.check("zmq_msg_copy", code)?;
        Ok(copy)
    }

    /// Takes the message and leaves an empty one.
    #[inline]
    pub(crate) fn take(&mut self) -> Result<Self, Failure> {
        let empty = Self::empty(self.functions)?;
        Ok(std::mem::replace(self, empty))
    }

    #[inline]
    fn empty(functions: &'static Functions) -> Result<Self, Failure> {
        let mut raw = RawMessage::ZEROED;
        // SAFETY: it initialises the bytes and does not read them.
        let code = unsafe { (functions.zmq_msg_init)(&mut raw) };
        functions.check("zmq_msg_init", code)?;
        Ok(Self { functions, raw })
    }
}

impl Drop for Message {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: the message is open, and this is its last use.
        unsafe { (self.functions.zmq_msg_close)(&mut self.raw) };
    }
}

// SAFETY: zmq_socket(3) allows moving a socket to another thread with a full fence, and every way
// to move a value to a thread has one. The type is not `Sync`.
unsafe impl Send for Socket {}
// SAFETY: a message belongs to no thread, and the counter of a shared body is atomic.
unsafe impl Send for Message {}

/// `zmq_msg_t`. libzmq itself moves it by copying its bytes, so a move in Rust is sound.
#[derive(Debug)]
#[repr(C, align(8))]
pub(super) struct RawMessage([u8; 64]);

impl RawMessage {
    /// Bytes for libzmq to initialise.
    const ZEROED: Self = Self([0; 64]);
}

/// `zmq_pollitem_t`.
#[derive(Debug)]
#[repr(C)]
pub(super) struct PollItem {
    socket: *mut c_void,
    fd: c_int,
    events: c_short,
    revents: c_short,
}

const _: () = assert!(size_of::<RawMessage>() == 64, "as in zmq.h");

const DONTWAIT: c_int = 1;
const SNDMORE: c_int = 2;
const LAST_ENDPOINT: c_int = 32;
const MAX_SOCKETS: c_int = 2;
const FOR_EVER: c_long = -1;
const EAGAIN: c_int = 11;
const EINTR: c_int = 4;

/// Declares functions of `zmq.h` and loads them from the library.
macro_rules! functions {
    ($($name:ident: fn($($argument:ty),*) $(-> $result:ty)?;)*) => {
        #[derive(Debug)]
        struct Functions {
            $($name: unsafe extern "C" fn($($argument),*) $(-> $result)?,)*
        }

        impl Functions {
            fn find(library: &Library) -> Result<Self, libloading::Error> {
                Ok(Self {
                    $($name: {
                        // SAFETY: the type matches `zmq.h` in every release with this soname.
                        *unsafe { library.get(concat!(stringify!($name), "\0").as_bytes()) }?
                    },)*
                })
            }
        }
    };
}

functions! {
    zmq_errno: fn() -> c_int;
    zmq_strerror: fn(c_int) -> *const c_char;
    zmq_version: fn(*mut c_int, *mut c_int, *mut c_int);
    zmq_ctx_new: fn() -> *mut c_void;
    zmq_ctx_set: fn(*mut c_void, c_int, c_int) -> c_int;
    zmq_socket: fn(*mut c_void, c_int) -> *mut c_void;
    zmq_close: fn(*mut c_void) -> c_int;
    zmq_setsockopt: fn(*mut c_void, c_int, *const c_void, usize) -> c_int;
    zmq_getsockopt: fn(*mut c_void, c_int, *mut c_void, *mut usize) -> c_int;
    zmq_bind: fn(*mut c_void, *const c_char) -> c_int;
    zmq_connect: fn(*mut c_void, *const c_char) -> c_int;
    zmq_poll: fn(*mut PollItem, c_int, c_long) -> c_int;
    zmq_msg_init: fn(*mut RawMessage) -> c_int;
    zmq_msg_init_size: fn(*mut RawMessage, usize) -> c_int;
    zmq_msg_data: fn(*mut RawMessage) -> *mut c_void;
    zmq_msg_copy: fn(*mut RawMessage, *mut RawMessage) -> c_int;
    zmq_msg_close: fn(*mut RawMessage) -> c_int;
    zmq_msg_send: fn(*mut RawMessage, *mut c_void, c_int) -> c_int;
    zmq_msg_recv: fn(*mut RawMessage, *mut c_void, c_int) -> c_int;
}

fn functions() -> Result<&'static Functions, Failure> {
    static FUNCTIONS: OnceLock<Result<Functions, Failure>> = OnceLock::new();
    FUNCTIONS.get_or_init(load).as_ref().map_err(Clone::clone)
}

fn load() -> Result<Functions, Failure> {
    let missing = |error| {
        Failure::new(format!(
            "libzmq is not here to compare with: {error}; install it (Debian, Ubuntu: apt install \
             libzmq5)"
        ))
    };
    // SAFETY: the initialisation of libzmq has no preconditions.
    let library = unsafe { Library::new(NAME) }.map_err(missing)?;
    let functions = Functions::find(&library).map_err(missing);
    std::mem::forget(library); // keeps the functions loaded until the process exits
    functions
}

impl Functions {
    #[inline]
    fn check(&self, what: &str, code: c_int) -> Result<(), Failure> {
        if code >= 0 { Ok(()) } else { Err(self.failure(what)) }
    }

    /// Returns false if the call would have blocked.
    #[inline]
    fn check_ready(&self, what: &str, code: c_int) -> Result<bool, Failure> {
        if code >= 0 { Ok(true) } else { self.not_ready(what) }
    }

    #[cold]
    fn not_ready(&self, what: &str) -> Result<bool, Failure> {
        match self.errno() {
            EAGAIN | EINTR => Ok(false),
            _ => Err(self.failure(what)),
        }
    }

    fn errno(&self) -> c_int {
        // SAFETY: it has no parameters.
        unsafe { (self.zmq_errno)() }
    }

    #[cold]
    fn failure(&self, what: &str) -> Failure {
        // SAFETY: it accepts any number.
        let text = unsafe { (self.zmq_strerror)(self.errno()) };
        // SAFETY: the returned string is static and ends with a zero.
        let text = unsafe { CStr::from_ptr(text) };
        Failure::new(format!("{what}: {}", text.to_string_lossy()))
    }
}

//! `Context`: the owner of sockets and I/O threads.

use std::ffi::c_void;
use std::ptr::NonNull;
use std::sync::Arc;

use crate::error::{Error, check, errno};
use crate::ffi;
use crate::opt::ContextOpt;

/// A libzmq context, shared by its clones and its sockets. Dropping the last of them terminates it.
#[derive(Debug, Clone)]
pub struct Context {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    raw: NonNull<c_void>,
}

// SAFETY: zmq.h: "0MQ context is thread safe".
unsafe impl Send for Inner {}
// SAFETY: as above.
unsafe impl Sync for Inner {}

impl Context {
    /// A context with one I/O thread.
    ///
    /// # Errors
    ///
    /// The system has no resources for another context.
    pub fn new() -> Result<Self, Error> {
        // SAFETY: the function has no parameters.
        let raw = NonNull::new(unsafe { ffi::zmq_ctx_new() })
            .ok_or_else(|| Error::last("zmq_ctx_new"))?;
        Ok(Self { inner: Arc::new(Inner { raw }) })
    }

    /// Sets an option. Most options take effect only before the first socket is created.
    ///
    /// # Errors
    ///
    /// The error of libzmq.
    pub fn set(&self, option: ContextOpt, value: i32) -> Result<(), Error> {
        // SAFETY: the context is alive as long as `inner` is.
        check("zmq_ctx_set", unsafe { ffi::zmq_ctx_set(self.raw(), option.0, value) })
    }

    /// Fails all current and future blocking calls on sockets of this context with
    /// [`errno::ETERM`].
    pub fn shutdown(&self) {
        // SAFETY: the context is alive as long as `inner` is. A second shutdown does nothing.
        unsafe { ffi::zmq_ctx_shutdown(self.raw()) };
    }

    pub(crate) fn raw(&self) -> *mut c_void {
        self.inner.raw.as_ptr()
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // SAFETY: every socket holds a clone of the context and closes before it drops the clone.
        // So this is the last use.
        while unsafe { ffi::zmq_ctx_term(self.raw.as_ptr()) } != 0 {
            if Error::last("zmq_ctx_term").errno() != Some(errno::EINTR) {
                break;
            }
        }
    }
}

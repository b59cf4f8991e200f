//! The Tokio runtimes of a socket. Only this module looks for the current one.

use std::future::pending;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::error::{BindErrorKind, ConnectErrorKind, RuntimeDriver, StreamError};
use crate::sync::Mutex;

/// The runtimes on which a socket was bound or connected, oldest first. Usually there is one.
#[derive(Debug, Default)]
pub(super) struct Runtimes(Mutex<Vec<Known>>);

/// A runtime that has timers.
#[derive(Debug, Clone)]
struct Known {
    runtime: Handle,
    has_io: bool,
}

impl Runtimes {
    /// Chooses and remembers the runtime for a new endpoint: the current one, or else the oldest of
    /// the socket's that is alive.
    pub(super) fn select(&self, needs_io: bool) -> Result<Handle, Unsuited> {
        let current = current().and_then(|runtime| self.admit(runtime, needs_io));
        current.or_else(|unsuited| {
            let other = self.alive().into_iter().find(|known| known.has_io || !needs_io);
            other.map(|known| known.runtime).ok_or(unsuited)
        })
    }

    /// Remembers the current runtime for an endpoint that does not need one.
    pub(super) fn remember_current(&self) -> Option<Handle> {
        current().and_then(|runtime| self.admit(runtime, false)).ok()
    }

    /// The oldest runtime of the socket that is alive.
    pub(super) fn oldest(&self) -> Option<Handle> {
        self.alive().into_iter().next().map(|known| known.runtime)
    }

    /// The runtime for work that belongs to no endpoint: the socket's, or else the current one.
    pub(super) fn oldest_or_current(&self) -> Option<Handle> {
        self.oldest().or_else(|| current().ok().filter(has_timers))
    }

    /// The runtime for work that the caller waits for: the current one, or else the socket's.
    pub(super) fn current_or_oldest(&self) -> Option<Handle> {
        self.current_with_timers().or_else(|| self.oldest())
    }

    /// Whether the caller can wait with a timer.
    pub(super) fn has_current(&self) -> bool {
        self.current_with_timers().is_some()
    }

    fn current_with_timers(&self) -> Option<Handle> {
        let current = current().ok()?;
        let is_known = self.0.lock().iter().any(|known| known.runtime.id() == current.id());
        (is_known || has_timers(&current)).then_some(current)
    }

    fn admit(&self, runtime: Handle, needs_io: bool) -> Result<Handle, Unsuited> {
        let known = self.0.lock().iter().find(|known| known.runtime.id() == runtime.id()).cloned();
        let is_new = known.is_none();
        let known = match known {
            Some(known) => known,
            None if has_timers(&runtime) => Known { runtime, has_io: false },
            None => return Err(Unsuited::Lacks(RuntimeDriver::Time)),
        };
        let has_io = known.has_io || needs_io && has_io_driver(&known.runtime);
        if needs_io && !has_io {
            return Err(Unsuited::Lacks(RuntimeDriver::Io));
        }
        if is_new || has_io != known.has_io {
            self.remember(Known { has_io, ..known.clone() });
        }
        Ok(known.runtime)
    }

    fn remember(&self, new: Known) {
        let alive = self.alive();
        let mut known = self.0.lock();
        known.retain(|known| alive.iter().any(|alive| alive.runtime.id() == known.runtime.id()));
        match known.iter_mut().find(|known| known.runtime.id() == new.runtime.id()) {
            Some(known) => *known = new,
            None => known.push(new),
        }
    }

    /// Checks without the lock held: a runtime that has ended drops the task given to it.
    fn alive(&self) -> Vec<Known> {
        let known = self.0.lock().clone();
        known.into_iter().filter(|known| !has_ended(&known.runtime)).collect()
    }
}

/// Whether this task runs on a runtime.
pub(super) fn is_current(runtime: &Handle) -> bool {
    Handle::try_current().is_ok_and(|current| current.id() == runtime.id())
}

/// The current runtime, unless it has ended.
fn current() -> Result<Handle, Unsuited> {
    let current = Handle::try_current().map_err(|_| Unsuited::NoRuntime)?;
    if has_ended(&current) { Err(Unsuited::NoRuntime) } else { Ok(current) }
}

/// Spawns a task to find out, because Tokio has no query for it. A runtime that has ended drops the
/// task before `spawn` returns.
fn has_ended(runtime: &Handle) -> bool {
    let task = runtime.spawn(pending::<()>());
    let has_ended = task.is_finished();
    task.abort();
    has_ended
}

/// Makes a timer to find out. Without timers Tokio panics, and the panic hook prints the message.
fn has_timers(runtime: &Handle) -> bool {
    let _entered = runtime.enter();
    catch_unwind(AssertUnwindSafe(|| drop(tokio::time::sleep(Duration::ZERO)))).is_ok()
}

/// Registers a socket to find out, as [`has_timers`] makes a timer.
fn has_io_driver(runtime: &Handle) -> bool {
    let _entered = runtime.enter();
    // An error, such as no free descriptor, says nothing about the driver.
    catch_unwind(AssertUnwindSafe(|| drop(register_socket()))).is_ok()
}

#[cfg(unix)]
fn register_socket() -> io::Result<tokio::net::UnixDatagram> {
    tokio::net::UnixDatagram::unbound()
}

#[cfg(not(unix))]
fn register_socket() -> io::Result<tokio::net::UdpSocket> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::LOCALHOST, 0))?;
    socket.set_nonblocking(true)?;
    tokio::net::UdpSocket::from_std(socket)
}

/// Why there is no runtime for an endpoint or a stream.
#[derive(Debug, Clone, Copy)]
pub(super) enum Unsuited {
    NoRuntime,
    Lacks(RuntimeDriver),
}

macro_rules! from_unsuited {
    ($($error:ident),*) => {$(
        impl From<Unsuited> for $error {
            fn from(unsuited: Unsuited) -> Self {
                match unsuited {
                    Unsuited::NoRuntime => Self::NoRuntime,
                    Unsuited::Lacks(driver) => Self::NoDriver(driver),
                }
            }
        }
    )*};
}

from_unsuited!(BindErrorKind, ConnectErrorKind, StreamError);

impl From<Unsuited> for io::Error {
    fn from(unsuited: Unsuited) -> Self {
        match unsuited {
            Unsuited::NoRuntime => Self::other(
                "there is no Tokio runtime; call it from a task, or within Runtime::enter",
            ),
            Unsuited::Lacks(driver) => Self::other(format!("the Tokio runtime {driver}")),
        }
    }
}

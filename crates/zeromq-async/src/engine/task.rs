//! The tasks of a socket. Each reports its end, whether it returns, panics or loses its runtime.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::runtime::Handle;
use tokio_util::task::{AbortOnDropHandle, TaskTracker};

use super::runtimes::is_current;
use crate::event::{DisconnectReason, HandshakeFailure};

/// The work of a task.
pub(super) trait Task: Send + Sized + 'static {
    /// Works until nothing is left to do.
    fn run(&mut self) -> impl Future<Output = ()> + Send;

    /// Reports a panic. Returns whether to run again.
    fn restarts(&mut self, _panic: &Interrupted) -> bool {
        false
    }

    /// Leaves the peer set, counts, then emits events.
    fn end(self, interrupted: Option<Interrupted>);
}

/// How a task ended other than by returning.
#[derive(Debug, Clone)]
pub(super) enum Interrupted {
    Panicked(Arc<str>),
    RuntimeEnded,
}

/// Starts a task on a runtime. No other code does.
pub(super) fn spawn(runtime: &Handle, tracker: Option<&TaskTracker>, task: impl Task) {
    let mut guard = Guard(Some(task));
    let guarded = async move { guard.run().await };
    match tracker {
        Some(tracker) => drop(tracker.spawn_on(guarded, runtime)),
        None => drop(runtime.spawn(guarded)),
    }
}

/// Ends the task on drop, if it has not ended by then.
struct Guard<T: Task>(Option<T>);

impl<T: Task> Guard<T> {
    async fn run(&mut self) {
        let Some(task) = &mut self.0 else { return };
        let interrupted = loop {
            match AssertUnwindSafe(task.run()).catch_unwind().await {
                Ok(()) => break None,
                Err(payload) => {
                    let interrupted = Interrupted::panicked(&*payload);
                    if !task.restarts(&interrupted) {
                        break Some(interrupted);
                    }
                }
            }
        };
        if let Some(task) = self.0.take() {
            task.end(interrupted);
        }
    }
}

impl<T: Task> Drop for Guard<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.end(Some(Interrupted::RuntimeEnded));
        }
    }
}

/// Awaits a future on a runtime. On the current one it runs in this task. Dropping cancels it.
pub(super) async fn on<T: Send + 'static>(
    runtime: &Handle,
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T, Interrupted> {
    if is_current(runtime) {
        let result = AssertUnwindSafe(future).catch_unwind().await;
        return result.map_err(|payload| Interrupted::panicked(&*payload));
    }
    AbortOnDropHandle::new(runtime.spawn(future)).await.map_err(|error| {
        let panic = error.try_into_panic();
        panic.map_or(Interrupted::RuntimeEnded, |payload| Interrupted::panicked(&*payload))
    })
}

impl Interrupted {
    fn panicked(payload: &(dyn Any + Send)) -> Self {
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        Self::Panicked(text.unwrap_or("a value that is not text").into())
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Panicked(message) => write!(f, "it panicked: {message}"),
            Self::RuntimeEnded => f.write_str("its Tokio runtime has ended"),
        }
    }
}

impl std::error::Error for Interrupted {}

impl From<Interrupted> for io::Error {
    fn from(interrupted: Interrupted) -> Self {
        Self::other(interrupted)
    }
}

impl From<Interrupted> for HandshakeFailure {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Panicked(message) => Self::Panicked(message),
            Interrupted::RuntimeEnded => Self::RuntimeEnded,
        }
    }
}

impl From<Interrupted> for DisconnectReason {
    fn from(interrupted: Interrupted) -> Self {
        match interrupted {
            Interrupted::Panicked(message) => Self::Panicked(message),
            Interrupted::RuntimeEnded => Self::RuntimeEnded,
        }
    }
}

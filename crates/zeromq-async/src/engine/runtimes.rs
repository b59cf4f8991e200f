//! The runtimes that the tasks of a socket run on.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use tokio::runtime::Handle;

use crate::error::{RuntimeDriver, Unsuited};
use crate::sync::Mutex;
use crate::transport::has_io_driver;

/// The runtimes that a socket was bound or connected on, in that order. Mostly there is one.
#[derive(Debug, Default)]
pub(super) struct Home(Mutex<Vec<Known>>);

/// A runtime that has timers.
#[derive(Debug, Clone)]
struct Known {
    runtime: Handle,
    has_io: bool,
}

impl Home {
    /// Chooses the runtime for a new endpoint, and remembers it: the one that this is called in, or
    /// else the first of the socket's that has not ended.
    pub(super) fn settle(&self, needs_io: bool) -> Result<Handle, Unsuited> {
        let current = current().and_then(|runtime| self.admit(runtime, needs_io));
        let elsewhere = || self.live().into_iter().find(|known| known.has_io || !needs_io);
        match current {
            Ok(runtime) => Ok(runtime),
            Err(unsuited) => elsewhere().map(|known| known.runtime).ok_or(unsuited),
        }
    }

    /// Remembers the runtime that this is called in, for an endpoint that can do without.
    pub(super) fn settle_if_suited(&self) -> Option<Handle> {
        current().and_then(|runtime| self.admit(runtime, false)).ok()
    }

    /// The first of the socket's runtimes that has not ended.
    pub(super) fn find(&self) -> Option<Handle> {
        self.live().into_iter().next().map(|known| known.runtime)
    }

    /// The runtime for work that belongs to no endpoint: the socket's, or else the one that this is
    /// called in.
    pub(super) fn find_or_current(&self) -> Option<Handle> {
        self.find().or_else(|| current().ok().filter(has_timers))
    }

    /// The same, where the one who calls waits for it.
    pub(super) fn current_or_find(&self) -> Option<Handle> {
        self.timed_current().or_else(|| self.find())
    }

    /// Whether a future of the caller's can wait here.
    pub(super) fn has_current(&self) -> bool {
        self.timed_current().is_some()
    }

    fn timed_current(&self) -> Option<Handle> {
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
        let live = self.live();
        let mut known = self.0.lock();
        known.retain(|known| live.iter().any(|live| live.runtime.id() == known.runtime.id()));
        match known.iter_mut().find(|known| known.runtime.id() == new.runtime.id()) {
            Some(known) => *known = new,
            None => known.push(new),
        }
    }

    /// Asked under no lock: a task that is refused is dropped, and may be anything.
    fn live(&self) -> Vec<Known> {
        let known = self.0.lock().clone();
        known.into_iter().filter(|known| !has_ended(&known.runtime)).collect()
    }
}

/// The runtime that this is called in, unless it has ended.
fn current() -> Result<Handle, Unsuited> {
    let current = Handle::try_current().map_err(|_| Unsuited::NoRuntime)?;
    if has_ended(&current) { Err(Unsuited::NoRuntime) } else { Ok(current) }
}

/// Tokio has no question for this. A runtime that has ended drops a task before `spawn` returns,
/// and this one does not end in any other way.
fn has_ended(runtime: &Handle) -> bool {
    let task = runtime.spawn(pending::<()>());
    let has_ended = task.is_finished();
    task.abort();
    has_ended
}

/// Tokio has no question for this either, but a panic. Its message is printed where the answer is no.
fn has_timers(runtime: &Handle) -> bool {
    let _entered = runtime.enter();
    catch_unwind(AssertUnwindSafe(|| drop(tokio::time::sleep(Duration::ZERO)))).is_ok()
}

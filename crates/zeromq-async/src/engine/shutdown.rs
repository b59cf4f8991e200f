//! The end of a socket's tasks: which there are, and what tells them to stop.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::task::{self, Task};

/// How long tasks have to end after they were told to. A graceful shutdown takes at most a second.
const LAST_POLLS: Duration = Duration::from_secs(3);

/// The tasks of a socket and the tokens that end them.
pub(super) struct Shutdown {
    tasks: TaskTracker,
    /// Ends every task at once, when the linger time is over.
    pub(super) abort: CancellationToken,
    /// Ends pending handshakes: a socket that closes takes no new peers.
    pub(super) closing: CancellationToken,
}

impl Default for Shutdown {
    fn default() -> Self {
        let abort = CancellationToken::new();
        Self { tasks: TaskTracker::new(), closing: abort.child_token(), abort }
    }
}

impl Shutdown {
    /// Starts a task that the socket waits for when it closes.
    pub(super) fn spawn(&self, runtime: &Handle, task: impl Task) {
        task::spawn(runtime, Some(&self.tasks), task);
    }

    /// Ends pending handshakes. Connections go on until they are closed one by one.
    pub(super) fn begin(&self) {
        self.closing.cancel();
        self.tasks.close();
    }

    /// Waits for tasks that were told to end. A task on a runtime that is not driven cannot end.
    pub(super) async fn wait_for_tasks(&self) {
        let _ = timeout(LAST_POLLS, self.tasks.wait()).await;
    }
}

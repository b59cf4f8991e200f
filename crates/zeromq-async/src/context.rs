//! What sockets share: the inproc names, and an end.

use std::sync::{Arc, LazyLock, Weak};

use crate::engine::{CloseReport, Engine, Names};
use crate::sync::Mutex;

/// A namespace for `inproc://` and a group of sockets that end together (libzmq's context).
///
/// Sockets made without naming a context share one that lasts as long as the process, which is
/// what most programs want. A context of one's own keeps inproc names apart, as tests need, and
/// [`shutdown`](Self::shutdown) closes all of its sockets in order.
///
/// Cloning gives another handle to the same context.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{Context, PullSocket, PushSocket};
///
/// let context = Context::new();
/// let mut pull = PullSocket::builder().context(&context).build();
/// let mut push = PushSocket::builder().context(&context).build();
/// push.connect("inproc://jobs").await?;
/// pull.bind("inproc://jobs").await?;
/// push.send("one").await?;
/// assert_eq!(pull.recv().await?, "one".into());
///
/// let report = context.shutdown().await;
/// assert_eq!(report.unsent, 0);
/// assert!(pull.recv().await.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Default)]
pub struct Context {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    names: Arc<Names>,
    sockets: Mutex<Vec<Weak<Engine>>>,
}

static DEFAULT: LazyLock<Context> = LazyLock::new(Context::new);

impl Context {
    /// Makes a context of its own.
    pub fn new() -> Self {
        Self::default()
    }

    /// The context of sockets that name none.
    pub fn shared() -> &'static Self {
        &DEFAULT
    }

    /// Closes every socket of this context, each within its linger time, and adds up what they
    /// did not send (`zmq_ctx_term`).
    ///
    /// Tasks that wait in `send` or `recv` get [`Closed`](crate::RecvError::Closed). The context
    /// can be used again afterwards.
    ///
    /// # Cancel safety
    ///
    /// Dropped early, the sockets are closed to new messages and go on closing in the background
    /// once their handles are dropped; no report is given.
    pub async fn shutdown(&self) -> CloseReport {
        let sockets = std::mem::take(&mut *self.shared.sockets.lock());
        let sockets: Vec<_> = sockets.iter().filter_map(Weak::upgrade).collect();
        for socket in &sockets {
            socket.peers().close();
        }
        let mut total = CloseReport::default();
        for socket in sockets {
            let linger = socket.options().linger;
            total.unsent += socket.close(linger).await.unsent;
        }
        total
    }

    pub(crate) fn names(&self) -> Arc<Names> {
        self.shared.names.clone()
    }

    pub(crate) fn adopt(&self, engine: &Arc<Engine>) {
        let mut sockets = self.shared.sockets.lock();
        if sockets.len() == sockets.capacity() {
            // About to grow: forget the sockets that have ended first.
            sockets.retain(|socket| socket.strong_count() > 0);
        }
        sockets.push(Arc::downgrade(engine));
    }
}

//! Connections within the process.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use tokio::io::duplex;
use tokio::sync::mpsc;

use parking_lot::Mutex;
use zeromq_async::Endpoint;
use zeromq_async::transport::{Io, Listener, Transport, TransportOptions};

/// A transport whose connections are pieces of memory ([`tokio::io::duplex`]).
///
/// Addresses are names; `*` is a new one. Clones know the same names, so that two contexts can be
/// two machines on one network. A listener takes any number of connections at once.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_test::MemoryTransport;
/// use zeromq_async::{Context, PullSocket, PushSocket};
///
/// let network = MemoryTransport::new();
/// let here = Context::builder().transport("mem", network.clone())?.build();
/// let there = Context::builder().transport("mem", network)?.build();
/// let mut pull = PullSocket::builder_in(&here).build();
/// let mut push = PushSocket::builder_in(&there).build();
/// push.connect(pull.bind("mem://*").await?)?;
/// push.send("from there").await?;
/// assert_eq!(pull.recv().await?, "from there");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct MemoryTransport {
    network: Arc<Network>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Network {
    names: Mutex<HashMap<Endpoint, mpsc::UnboundedSender<Io>>>,
    /// Names given and connections made so far.
    numbers: AtomicU64,
}

impl MemoryTransport {
    /// A network of its own, whose connections hold 64 KiB each way.
    ///
    /// ```
    /// use zeromq_async::Context;
    /// use zeromq_test::MemoryTransport;
    ///
    /// let context = Context::builder().transport("mem", MemoryTransport::new())?.build();
    /// # drop(context);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Self {
        Self { network: Arc::default(), capacity: 64 * 1024 }
    }

    /// The same network; connections that are made through this clone hold so many bytes each way
    /// that are written and not read. What is beyond waits, as with a kernel's buffers that are
    /// full. Less than 1 is 1.
    ///
    /// ```
    /// use zeromq_test::MemoryTransport;
    ///
    /// let narrow = MemoryTransport::new().with_capacity(16);
    /// # drop(narrow);
    /// ```
    #[must_use]
    pub fn with_capacity(self, bytes: usize) -> Self {
        Self { capacity: bytes.max(1), ..self }
    }
}

impl Default for MemoryTransport {
    fn default() -> Self {
        Self::new()
    }
}

impl Network {
    fn number(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::Relaxed) + 1
    }
}

impl Transport for MemoryTransport {
    type Listener = MemoryListener;

    async fn listen(
        &self,
        endpoint: &Endpoint,
        _: &TransportOptions,
    ) -> io::Result<MemoryListener> {
        let endpoint = match endpoint.to_string().strip_suffix("://*") {
            Some(scheme) => format!("{scheme}://{}", self.network.number()).parse()?,
            None => endpoint.clone(),
        };
        let (sender, arrivals) = mpsc::unbounded_channel();
        let mut names = self.network.names.lock();
        if names.get(&endpoint).is_some_and(|listener| !listener.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        names.insert(endpoint.clone(), sender);
        Ok(MemoryListener { endpoint, arrivals })
    }

    async fn dial(&self, endpoint: &Endpoint, _: &TransportOptions) -> io::Result<Io> {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let listener = self.network.names.lock().get(endpoint).cloned().ok_or_else(refused)?;
        let (near, far) = duplex(self.capacity);
        let caller = format!("memory {}", self.network.number());
        listener.send(Io::new(far, caller)).map_err(|_| refused())?;
        Ok(Io::new(near, endpoint.to_string()))
    }
}

/// Accepts connections at a name of a [`MemoryTransport`].
#[derive(Debug)]
pub struct MemoryListener {
    endpoint: Endpoint,
    arrivals: mpsc::UnboundedReceiver<Io>,
}

impl Listener for MemoryListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        // The other end of the queue is gone when the name was given to another listener, which
        // only happens once this one is.
        self.arrivals.poll_recv(cx).map(|io| io.ok_or(io::ErrorKind::NotConnected.into()))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

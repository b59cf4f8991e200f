//! A transport within the process.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::duplex;
use tokio::sync::mpsc;
use zeromq_async::Endpoint;
use zeromq_async::transport::{Io, Listener, Transport, TransportOptions};

/// A transport with in-memory connections ([`tokio::io::duplex`]).
///
/// Addresses are names; binding to `*` chooses an unused name. Clones share their names, so two
/// contexts with clones act like two machines on one network. The backlog of a listener is unlimited.
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
/// push.send("hello").await?;
/// assert_eq!(pull.recv().await?, "hello");
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
    /// The last number used for a chosen name or a connection.
    last_number: AtomicU64,
}

impl MemoryTransport {
    /// Creates a network without names. Each connection buffers 64 KiB per direction.
    pub fn new() -> Self {
        Self { network: Arc::default(), capacity: 64 * 1024 }
    }

    /// Sets the buffer size per direction for connections dialed through this clone. Writes wait
    /// while the buffer is full. The minimum is 1 byte.
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
    fn next_number(&self) -> u64 {
        self.last_number.fetch_add(1, Ordering::Relaxed) + 1
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
            Some(scheme) => format!("{scheme}://{}", self.network.next_number()).parse()?,
            None => endpoint.clone(),
        };
        let (sender, incoming) = mpsc::unbounded_channel();
        let mut names = self.network.names.lock();
        if names.get(&endpoint).is_some_and(|listener| !listener.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        names.insert(endpoint.clone(), sender);
        Ok(MemoryListener { endpoint, incoming })
    }

    async fn dial(&self, endpoint: &Endpoint, _: &TransportOptions) -> io::Result<Io> {
        let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
        let listener = self.network.names.lock().get(endpoint).cloned().ok_or_else(refused)?;
        let (near, far) = duplex(self.capacity);
        let caller = format!("memory {}", self.network.next_number());
        listener.send(Io::new(far, caller)).map_err(|_| refused())?;
        Ok(Io::new(near, endpoint.to_string()))
    }
}

/// Accepts the connections to a name of a [`MemoryTransport`].
#[derive(Debug)]
pub struct MemoryListener {
    endpoint: Endpoint,
    incoming: mpsc::UnboundedReceiver<Io>,
}

impl Listener for MemoryListener {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        // The sender is dropped only when another listener takes the name, after this one has ended.
        self.incoming.poll_recv(cx).map(|io| io.ok_or(io::ErrorKind::NotConnected.into()))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

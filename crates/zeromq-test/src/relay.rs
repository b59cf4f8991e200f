//! A relay that injects faults.

use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use std::{fmt, io};

use parking_lot::Mutex;
use socket2::SockRef;
use tokio::io::{AsyncWriteExt, split};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;
use zeromq_async::transport::{Io, Listener, TransportOptions};
use zeromq_async::{Context, Endpoint, EndpointError};

mod forwarder;

use crate::fault::{Ending, Fault, Way};
use forwarder::{Alter, Forwarder};

/// Forwards between two endpoints and injects faults.
///
/// Each connection to the relay's endpoint is forwarded to the target endpoint. Both can use any
/// transport of the context. All bytes pass unchanged until a [`Fault`] is added. Dropping the relay
/// ends its connections.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_test::{Ending, Relay};
/// use zeromq_async::{Context, PullSocket, PushSocket, SocketEvent};
///
/// let (mut pull, mut push) = (PullSocket::new(), PushSocket::new());
/// let bound = pull.bind("tcp://127.0.0.1:*").await?;
/// let relay = Relay::start(Context::shared(), "tcp://127.0.0.1:*", bound).await?;
/// push.connect(relay.endpoint())?;
/// push.send("first").await?;
/// assert_eq!(pull.recv().await?, "first");
///
/// let mut events = push.events();
/// relay.end(Ending::Reset);
/// while let Some(event) = events.next().await {
///     if let SocketEvent::Disconnected { .. } = event {
///         break; // the socket reconnects through the relay
///     }
/// }
/// push.send("second").await?;
/// assert_eq!(pull.recv().await?, "second");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Relay {
    endpoint: Endpoint,
    shared: Arc<Shared>,
    _accept_task: JoinSet<()>,
}

/// The state that all connections of a relay share.
struct Shared {
    up: Forwarder,
    down: Forwarder,
    /// The number of calls to [`Relay::end`], and the last argument.
    end_calls: watch::Sender<(u64, Ending)>,
    /// The number of connections to the target, open or ended.
    opened: watch::Sender<usize>,
    ended: watch::Sender<usize>,
    make_alter: Mutex<Option<MakeAlter>>,
}

/// Makes the function for one direction of one connection.
type MakeAlter = Box<dyn Fn(Way) -> Alter + Send>;

impl Relay {
    /// Binds to the endpoint `at` and forwards its connections to the endpoint `to`.
    ///
    /// # Errors
    ///
    /// An endpoint is invalid, or the relay cannot bind. A target that cannot be reached is not an
    /// error: the relay then closes each connection that it accepts.
    pub async fn start(
        context: &Context,
        at: impl TryInto<Endpoint, Error: Into<EndpointError>>,
        to: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> io::Result<Self> {
        let at = at.try_into().map_err(Into::into)?;
        let to = to.try_into().map_err(Into::into)?;
        let (context, options) = (context.clone(), TransportOptions::default());
        let listener = context.listen(&at, &options).await.map_err(io::Error::other)?;
        let endpoint = listener.local_endpoint().clone();
        let shared = Arc::new(Shared::default());
        let mut accept_task = JoinSet::new();
        accept_task.spawn(accept(listener, context, to, shared.clone()));
        Ok(Self { endpoint, shared, _accept_task: accept_task })
    }

    /// The endpoint to connect to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Adds a fault in one direction. It also applies to open connections.
    pub fn fault(&self, way: Way, fault: Fault) {
        self.shared.forwarder(way).add(fault);
    }

    /// Removes all faults in one direction. Bytes that a fault has dropped stay lost.
    pub fn heal(&self, way: Way) {
        self.shared.forwarder(way).clear();
    }

    /// Passes the bytes of new connections through a function, for faults that [`Fault`] does not
    /// cover. `make` is called once for each connection and direction. Its result receives the bytes
    /// and returns the bytes to forward, which may be more or fewer.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::Context;
    /// use zeromq_test::{MemoryTransport, RawListener, RawPeer, Relay};
    ///
    /// let context = Context::builder().transport("mem", MemoryTransport::new())?.build();
    /// let mut listener = RawListener::bind(&context, "mem://server").await?;
    /// let relay = Relay::start(&context, "mem://relay", "mem://server").await?;
    /// relay.alter(|_way| |bytes: &[u8]| bytes.to_ascii_uppercase());
    ///
    /// let mut client = RawPeer::connect(&context, relay.endpoint()).await?;
    /// client.write("hello").await?;
    /// assert_eq!(listener.accept().await?.read(5).await?, "HELLO");
    /// # Ok(()) }
    /// ```
    pub fn alter<A>(&self, make: impl Fn(Way) -> A + Send + 'static)
    where
        A: FnMut(&[u8]) -> Vec<u8> + Send + 'static,
    {
        *self.shared.make_alter.lock() = Some(Box::new(move |way| Box::new(make(way))));
    }

    /// Ends all open connections and drops the bytes in transit. New connections are accepted.
    pub fn end(&self, ending: Ending) {
        self.shared.end_calls.send_modify(|(count, last)| (*count, *last) = (*count + 1, ending));
    }

    /// The number of received bytes that were forwarded in this direction, over all connections.
    pub fn passed(&self, way: Way) -> u64 {
        *self.shared.forwarder(way).passed.borrow()
    }

    /// Waits until this many more bytes were forwarded in this direction.
    ///
    /// # Cancel safety
    ///
    /// The next call counts from zero.
    pub async fn wait_for_bytes(&self, way: Way, bytes: u64) {
        let mut passed = self.shared.forwarder(way).passed.subscribe();
        let target = *passed.borrow() + bytes;
        // This cannot fail: `self` keeps the sender alive.
        let _ = passed.wait_for(|passed| *passed >= target).await;
    }

    /// The number of connections made to the target so far.
    pub fn connections(&self) -> usize {
        *self.shared.opened.borrow()
    }

    /// Waits until this many connections have ended since the start of the relay.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn wait_for_ended(&self, connections: usize) {
        let mut ended = self.shared.ended.subscribe();
        let _ = ended.wait_for(|ended| *ended >= connections).await;
    }
}

async fn accept(
    mut listener: Box<dyn Listener>,
    context: Context,
    to: Endpoint,
    shared: Arc<Shared>,
) {
    let mut connections = JoinSet::new();
    loop {
        match poll_fn(|cx| listener.poll_accept(cx)).await {
            Ok(near) => {
                let (context, to) = (context.clone(), to.clone());
                connections.spawn(shared.clone().forward(near, context, to));
            }
            Err(_) => sleep(PAUSE_AFTER_FAILURE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// The pause after a failed accept, which is likely to fail again at once.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);

impl Shared {
    /// Forwards one connection until it ends.
    async fn forward(self: Arc<Self>, near: Io, context: Context, to: Endpoint) {
        let options = TransportOptions::default();
        let Ok(far) = context.dial(&to, &options).await else { return };
        self.opened.send_modify(|opened| *opened += 1);
        let mut end_calls = self.end_calls.subscribe();
        let [up, down] = Way::BOTH.map(|way| self.make_alter.lock().as_ref().map(|make| make(way)));
        let (mut from_near, mut to_near) = split(near);
        let (mut from_far, mut to_far) = split(far);
        let ending = tokio::select! {
            forwarded = async {
                tokio::try_join!(
                    self.up.forward(&mut from_near, &mut to_far, up),
                    self.down.forward(&mut from_far, &mut to_near, down),
                )
            } => forwarded.err().unwrap_or(Ending::Cut),
            _ = end_calls.changed() => end_calls.borrow().1,
        };
        for io in [from_near.unsplit(to_near), from_far.unsplit(to_far)] {
            end(io, ending).await;
        }
        self.ended.send_modify(|ended| *ended += 1);
    }

    fn forwarder(&self, way: Way) -> &Forwarder {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

async fn end(mut io: Io, ending: Ending) {
    match (ending, io.tcp_stream()) {
        // With a linger time of zero the kernel resets the connection instead of closing it.
        (Ending::Reset, Some(stream)) => {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        _ => {
            let _ = io.shutdown().await;
        }
    }
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            up: Forwarder::default(),
            down: Forwarder::default(),
            end_calls: watch::Sender::new((0, Ending::Cut)),
            opened: watch::Sender::default(),
            ended: watch::Sender::default(),
            make_alter: Mutex::default(),
        }
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { up, down, .. } = self;
        f.debug_struct("Shared").field("up", up).field("down", down).finish_non_exhaustive()
    }
}

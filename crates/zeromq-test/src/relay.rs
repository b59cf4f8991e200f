//! Somebody in between.

mod line;

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncWriteExt, split};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::sleep;

use self::line::Line;
use super::fault::{Ending, Fault, Way};
use parking_lot::Mutex;
use zeromq_async::Context;
use zeromq_async::Endpoint;
use zeromq_async::EndpointError;
use zeromq_async::transport::TransportOptions;
use zeromq_async::transport::{Io, Listener};

/// Stands between two endpoints and does harm to what passes.
///
/// Whoever connects to it is connected to the other endpoint, over any transports of the context.
/// It lets everything pass until it is told [faults](Fault). Dropping it ends its connections.
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
///         break; // and the socket connects again
///     }
/// }
/// push.send("second").await?;
/// assert_eq!(pull.recv().await?, "second");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Relay {
    endpoint: Endpoint,
    control: Arc<Control>,
    _accepting: JoinSet<()>,
}

/// What all connections of a relay obey.
pub(super) struct Control {
    up: Line,
    down: Line,
    /// How all present connections are to end, and how often that was said.
    ending: watch::Sender<(u64, Ending)>,
    /// Connections made, and ended.
    made: watch::Sender<usize>,
    ended: watch::Sender<usize>,
    alter: Mutex<MakeAlter>,
}

/// Makes of what came what goes on.
type Alter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;
type MakeAlter = Option<Box<dyn Fn(Way) -> Alter + Send>>;

impl Relay {
    /// Listens at one endpoint, for connections to another.
    ///
    /// # Errors
    ///
    /// It cannot listen there. That nobody is at the other endpoint is no error: who connects then
    /// is disconnected again.
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
        let control = Arc::new(Control::default());
        let mut accepting = JoinSet::new();
        accepting.spawn(accept(listener, context, to, control.clone()));
        Ok(Self { endpoint, control, _accepting: accepting })
    }

    /// Where to connect.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// From now on this happens too to all that goes this way, also over connections that are there.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use std::time::Duration;
    /// use zeromq_test::{Fault, MemoryTransport, Relay, Way};
    ///
    /// # let context = zeromq_async::Context::builder();
    /// # let context = context.transport("mem", MemoryTransport::new())?.build();
    /// let relay = Relay::start(&context, "mem://relay", "mem://server").await?;
    /// for way in Way::BOTH {
    ///     relay.fault(way, Fault::Delay(Duration::from_millis(250))); // across an ocean
    /// }
    /// relay.fault(Way::Up, Fault::Flip { offset: 70, bits: 1 });
    /// # Ok(()) }
    /// ```
    pub fn fault(&self, way: Way, fault: Fault) {
        self.control.line(way).add(fault);
    }

    /// Takes back all faults of this way. What a black hole has swallowed stays there.
    pub fn heal(&self, way: Way) {
        self.control.line(way).clear();
    }

    /// Does to the bytes of each new connection, each way, what the function says that is made for
    /// it: for what there is no [`Fault`] for. It may give more than it got, or less.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_test::{MemoryTransport, Relay};
    ///
    /// # let context = zeromq_async::Context::builder();
    /// # let context = context.transport("mem", MemoryTransport::new())?.build();
    /// let relay = Relay::start(&context, "mem://relay", "mem://server").await?;
    /// relay.alter(|_way| |bytes: &[u8]| bytes.iter().map(|byte| !byte).collect());
    /// # Ok(()) }
    /// ```
    pub fn alter<A>(&self, make: impl Fn(Way) -> A + Send + 'static)
    where
        A: FnMut(&[u8]) -> Vec<u8> + Send + 'static,
    {
        *self.control.alter.lock() = Some(Box::new(move |way| Box::new(make(way))));
    }

    /// Ends all connections there are, and what is on its way with them; new ones can be made.
    pub fn end(&self, ending: Ending) {
        self.control.ending.send_modify(|(times, last)| (*times, *last) = (*times + 1, ending));
    }

    /// How many bytes have come this way so far, over all connections.
    pub fn passed(&self, way: Way) -> u64 {
        *self.control.line(way).passed.borrow()
    }

    /// Waits until at least so many bytes more have come this way.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost, but counting begins anew with the next call.
    pub async fn passes(&self, way: Way, bytes: u64) {
        let mut passed = self.control.line(way).passed.subscribe();
        let enough = *passed.borrow() + bytes;
        // The sending side lives as long as this relay.
        let _ = passed.wait_for(|passed| *passed >= enough).await;
    }

    /// How many connections it has made to the other endpoint so far.
    pub fn connections(&self) -> usize {
        *self.control.made.borrow()
    }

    /// Waits until so many connections have ended in all, at both sides.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost.
    pub async fn wait_for_ended(&self, connections: usize) {
        let mut ended = self.control.ended.subscribe();
        let _ = ended.wait_for(|ended| *ended >= connections).await;
    }
}

async fn accept(
    mut listener: Box<dyn Listener>,
    context: Context,
    to: Endpoint,
    control: Arc<Control>,
) {
    let mut connections = JoinSet::new();
    loop {
        match poll_fn(|cx| listener.poll_accept(cx)).await {
            Ok(near) => {
                let (context, to) = (context.clone(), to.clone());
                connections.spawn(control.clone().connect(near, context, to));
            }
            Err(_) => sleep(PAUSE_AFTER_FAILURE).await,
        }
        while connections.try_join_next().is_some() {}
    }
}

/// How long to wait where a connection cannot be accepted: the next may not be either.
const PAUSE_AFTER_FAILURE: Duration = Duration::from_millis(10);

impl Control {
    /// Relays one connection, from the first byte to the last.
    async fn connect(self: Arc<Self>, near: Io, context: Context, to: Endpoint) {
        let options = TransportOptions::default();
        let Ok(far) = context.dial(&to, &options).await else { return };
        self.made.send_modify(|made| *made += 1);
        let mut ending = self.ending.subscribe();
        let [up, down] = Way::BOTH.map(|way| self.alter.lock().as_ref().map(|alter| alter(way)));
        let (mut from_near, mut to_near) = split(near);
        let (mut from_far, mut to_far) = split(far);
        let ended = tokio::select! {
            ended = async {
                tokio::try_join!(
                    self.up.pass(&mut from_near, &mut to_far, up),
                    self.down.pass(&mut from_far, &mut to_near, down),
                )
            } => ended.err().unwrap_or(Ending::Cut),
            _ = ending.changed() => ending.borrow().1,
        };
        for io in [from_near.unsplit(to_near), from_far.unsplit(to_far)] {
            end(io, ended).await;
        }
        self.ended.send_modify(|ended| *ended += 1);
    }

    fn line(&self, way: Way) -> &Line {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

async fn end(mut io: Io, ending: Ending) {
    match (ending, io.tcp_stream()) {
        // No linger time: the kernel resets the connection instead of closing it.
        (Ending::Reset, Some(stream)) => {
            let _ = SockRef::from(stream).set_linger(Some(Duration::ZERO));
        }
        _ => {
            let _ = io.shutdown().await;
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            up: Line::default(),
            down: Line::default(),
            ending: watch::Sender::new((0, Ending::Cut)),
            made: watch::Sender::default(),
            ended: watch::Sender::default(),
            alter: Mutex::default(),
        }
    }
}

impl std::fmt::Debug for Control {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control")
            .field("up", &self.up)
            .field("down", &self.down)
            .finish_non_exhaustive()
    }
}

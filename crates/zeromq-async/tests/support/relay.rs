//! Somebody between a socket that connects and one that is bound, who does to what passes what a
//! test says.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;
use zeromq_async::Endpoint;

/// The way that octets go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// From the socket that connects to the one that is bound.
    Up,
    /// Back.
    Down,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Up, Self::Down];
}

/// Takes what has come, and gives what is to go on.
pub(crate) type Alter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// Lets everything pass as it is.
pub(crate) fn unaltered() -> Alter {
    Box::new(<[u8]>::to_vec)
}

/// Relays connections until it is dropped.
pub(crate) struct Relay {
    endpoint: Endpoint,
    control: Arc<Control>,
    _task: JoinSet<()>,
}

#[derive(Default)]
struct Control {
    cut: Notify,
    silent: AtomicBool,
    up: watch::Sender<usize>,
    down: watch::Sender<usize>,
    ended: watch::Sender<usize>,
}

impl Control {
    fn passed(&self, way: Way) -> &watch::Sender<usize> {
        match way {
            Way::Up => &self.up,
            Way::Down => &self.down,
        }
    }
}

impl Relay {
    /// Connects whoever connects to it to the bound socket, and asks for each connection what is to
    /// be done to it.
    pub(crate) async fn start(
        bound: &Endpoint,
        alter: impl Fn(Way) -> Alter + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let endpoint = Endpoint::from(listener.local_addr().expect("bound"));
        let control = Arc::new(Control::default());
        let mut task = JoinSet::new();
        task.spawn(accept(listener, address(bound), alter, control.clone()));
        Self { endpoint, control, _task: task }
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Ends the connections there are.
    pub(crate) fn cut(&self) {
        self.control.cut.notify_waiters();
    }

    /// From now on nothing passes, and nothing is closed.
    pub(crate) fn fall_silent(&self) {
        self.control.silent.store(true, Ordering::Relaxed);
    }

    /// Waits until so many octets more have passed.
    pub(crate) async fn passes(&self, way: Way, octets: usize) {
        let mut passed = self.control.passed(way).subscribe();
        let enough = *passed.borrow() + octets;
        passed.wait_for(|passed| *passed >= enough).await.expect("the relay is there");
    }

    /// Waits until a connection has ended, on both sides.
    pub(crate) async fn ends(&self) {
        let mut ended = self.control.ended.subscribe();
        ended.wait_for(|ended| *ended > 0).await.expect("the relay is there");
    }
}

fn address(endpoint: &Endpoint) -> SocketAddr {
    let text = endpoint.to_string();
    text.trim_start_matches("tcp://").parse().expect("an endpoint with an address")
}

async fn accept(
    listener: TcpListener,
    bound: SocketAddr,
    alter: impl Fn(Way) -> Alter,
    control: Arc<Control>,
) {
    let mut connections = JoinSet::new();
    while let Ok((connecting, _)) = listener.accept().await {
        let alter = Way::BOTH.map(&alter);
        connections.spawn(relay(connecting, bound, alter, control.clone()));
    }
}

async fn relay(
    connecting: TcpStream,
    bound: SocketAddr,
    [up, down]: [Alter; 2],
    control: Arc<Control>,
) {
    let Ok(bound) = TcpStream::connect(bound).await else { return };
    for stream in [&connecting, &bound] {
        stream.set_nodelay(true).expect("a connection");
    }
    let (from_below, to_below) = connecting.into_split();
    let (from_above, to_above) = bound.into_split();
    let both = async {
        tokio::try_join!(
            pass(Way::Up, from_below, to_above, up, &control),
            pass(Way::Down, from_above, to_below, down, &control),
        )
    };
    // An error on one side ends both; so does a cut.
    tokio::select! {
        _ = both => {}
        () = control.cut.notified() => {}
    }
    control.ended.send_modify(|ended| *ended += 1);
}

async fn pass(
    way: Way,
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut alter: Alter,
    control: &Control,
) -> io::Result<()> {
    let mut octets = [0; 16 * 1024];
    loop {
        let count = from.read(&mut octets).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        if !control.silent.load(Ordering::Relaxed) {
            to.write_all(&alter(&octets[..count])).await?;
            control.passed(way).send_modify(|passed| *passed += count);
        }
    }
}

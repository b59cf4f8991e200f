//! A socket of one-frame messages of either library.

use std::time::Duration;

use interop::{Attach, Mechanism, Secured, ZapHandler, disconnected, while_called, within};
use libzmq_peer::{Context, Error, EventKind, Msg, Opt, Peer, Reply, Socket, SocketKind};
use zeromq_async::{
    ChannelSocket, ClientSocket, Events, FrameKind, GatherSocket, PeerSocket, RouteId,
    ScatterSocket, ServerSocket, SharedSocket, SocketBuilder,
};

/// The address of a message, or 0 for a socket type without addresses.
pub(crate) type Address = u32;

/// The options of an [`End`].
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Setup {
    /// The role in a security mechanism.
    pub(crate) secured: Option<Secured>,
    /// The heartbeat interval.
    pub(crate) heartbeat: Option<Duration>,
    /// Messages in each queue, where not the default.
    pub(crate) high_water_mark: Option<u8>,
    pub(crate) hello: Option<&'static str>,
    pub(crate) disconnect_message: Option<&'static str>,
    pub(crate) hiccup_message: Option<&'static str>,
}

/// A socket of either library.
pub(crate) enum End {
    Ours(Ours),
    Theirs(
        Peer,
        #[expect(dead_code, reason = "it answers as long as it lives")] Option<ZapHandler>,
    ),
}

/// A socket of this library.
pub(crate) enum Ours {
    Client(ClientSocket),
    Server(ServerSocket),
    Scatter(ScatterSocket),
    Gather(GatherSocket),
    Peer(PeerSocket),
    Channel(ChannelSocket),
}

/// An end, its endpoint, and the address of the peer that it connected to.
pub(crate) type Attached = (End, String, Address);

impl End {
    /// A socket of this library.
    pub(crate) async fn ours(kind: SocketKind, setup: Setup, place: Attach<'_>) -> Attached {
        let ours = Ours::new(kind, setup);
        let (endpoint, address) = ours.attach(place).await;
        (Self::Ours(ours), endpoint, address)
    }

    /// A socket of libzmq.
    pub(crate) async fn theirs(kind: SocketKind, setup: Setup, place: Attach<'_>) -> Attached {
        let context = Context::new().expect("a context");
        let asks = Secured { mechanism: Mechanism::Plain, is_server: true };
        let handler = (setup.secured == Some(asks)).then(|| ZapHandler::start(&context));
        let peer = Peer::spawn_in(&context, kind, move |socket| setup.apply(socket));
        let peer = peer.expect("libzmq's options");
        let (at, binds) = match place {
            Attach::Bind(at) => (at.to_owned(), true),
            Attach::Connect(at) => (at.to_owned(), false),
        };
        let attached = peer.run(move |socket| match binds {
            true => Ok((socket.bind(&at)?, 0)),
            false if kind == SocketKind::Peer => Ok((at.clone(), socket.connect_peer(&at)?)),
            false => socket.connect(&at).map(|()| (at, 0)),
        });
        let (endpoint, address) = attached.await.expect("libzmq's endpoint");
        (Self::Theirs(peer, handler), endpoint, address)
    }

    pub(crate) async fn new(
        kind: SocketKind,
        ours: bool,
        setup: Setup,
        place: Attach<'_>,
    ) -> Attached {
        match ours {
            true => Self::ours(kind, setup, place).await,
            false => Self::theirs(kind, setup, place).await,
        }
    }

    /// Sends the messages in order.
    pub(crate) async fn send_all(&self, what: &str, to: Address, messages: Vec<Vec<u8>>) {
        match self {
            Self::Ours(ours) => {
                for message in messages {
                    within(format_args!("{what}: room"), ours.send(to, message)).await;
                }
            }
            Self::Theirs(peer, _) => {
                let sent = peer.run(move |socket| {
                    messages.iter().try_for_each(|message| send(socket, to, message))
                });
                sent.await.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }

    pub(crate) async fn send(&self, what: &str, to: Address, message: &[u8]) {
        self.send_all(what, to, vec![message.to_vec()]).await;
    }

    /// Receives messages until there are `count`, which must all be from one peer. Returns it too.
    pub(crate) async fn recv_all(&self, what: &str, count: usize) -> (Address, Vec<Vec<u8>>) {
        let received = match self {
            Self::Ours(ours) => {
                let mut received = Vec::new();
                for number in 0..count {
                    let what = format_args!("{what}: message {number}");
                    received.push(within(what, ours.recv()).await);
                }
                received
            }
            Self::Theirs(peer, _) => {
                let received = their_messages(peer, count).await;
                received.unwrap_or_else(|error| panic!("{what}: {error}"))
            }
        };
        let from = received.first().expect("at least one").0;
        assert!(received.iter().all(|(other, _)| *other == from), "{what}: from several peers");
        (from, received.into_iter().map(|(_, message)| message).collect())
    }

    pub(crate) async fn recv(&self, what: &str) -> (Address, Vec<u8>) {
        let (from, mut messages) = self.recv_all(what, 1).await;
        (from, messages.pop().expect("one"))
    }

    /// Ends `other`, the only peer, and waits until this side has noticed.
    pub(crate) async fn lose(&self, what: &str, other: Self) {
        match self {
            Self::Ours(ours) => {
                let mut events = ours.events();
                other.stop().await;
                disconnected(&mut events).await;
            }
            Self::Theirs(peer, _) => {
                other.stop().await;
                let lost = while_called(peer, peer.event(EventKind::DISCONNECTED)).await;
                lost.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }

    /// Ends the socket.
    pub(crate) async fn stop(self) {
        match self {
            Self::Ours(ours) => ours.close().await,
            Self::Theirs(peer, _) => peer.stop().await.expect("libzmq's end"),
        }
    }
}

fn send(socket: &Socket, to: Address, message: &[u8]) -> Result<(), Error> {
    let mut msg = Msg::new(message)?;
    if to != 0 {
        msg.set_routing_id(to)?;
    }
    socket.send_msg(msg, false)
}

/// Receives on libzmq's thread.
fn their_messages(peer: &Peer, count: usize) -> Reply<Vec<(Address, Vec<u8>)>> {
    peer.run(move |socket| {
        let one = |_| {
            let mut msg = socket.recv_msg()?;
            assert!(!msg.more(), "a message of one frame");
            Ok((msg.routing_id(), msg.to_vec()))
        };
        (0..count).map(one).collect()
    })
}

impl Setup {
    fn apply(&self, socket: &Socket) -> Result<(), Error> {
        self.secured.map_or(Ok(()), |secured| secured.theirs(socket))?;
        if let Some(interval) = self.heartbeat {
            let interval = i32::try_from(interval.as_millis()).expect("short");
            socket.set_i32(Opt::HEARTBEAT_IVL, interval)?;
            socket.set_i32(Opt::HEARTBEAT_TIMEOUT, 60_000)?;
        }
        if let Some(mark) = self.high_water_mark {
            socket.set_i32(Opt::SNDHWM, mark.into())?;
            socket.set_i32(Opt::RCVHWM, mark.into())?;
        }
        for (option, message) in [
            (Opt::HELLO_MSG, self.hello),
            (Opt::DISCONNECT_MSG, self.disconnect_message),
            (Opt::HICCUP_MSG, self.hiccup_message),
        ] {
            if let Some(message) = message {
                socket.set_bytes(option, message.as_bytes())?;
            }
        }
        Ok(())
    }

    fn ours<P: FrameKind>(
        &self,
        mut builder: SocketBuilder<P, SharedSocket<P>>,
    ) -> SocketBuilder<P, SharedSocket<P>> {
        if let Some(secured) = self.secured {
            builder = secured.ours(builder);
        }
        if let Some(interval) = self.heartbeat {
            builder = builder.heartbeat_interval(interval);
            builder = builder.heartbeat_timeout(Duration::from_secs(60));
        }
        builder
    }
}

/// Runs `$then` with the socket, whatever its type.
macro_rules! on {
    ($ours:expr, $socket:ident => $then:expr) => {
        match $ours {
            Ours::Client($socket) => $then,
            Ours::Server($socket) => $then,
            Ours::Scatter($socket) => $then,
            Ours::Gather($socket) => $then,
            Ours::Peer($socket) => $then,
            Ours::Channel($socket) => $then,
        }
    };
}

impl Ours {
    fn new(kind: SocketKind, setup: Setup) -> Self {
        let Setup { hello, disconnect_message, hiccup_message, .. } = setup;
        macro_rules! build {
            ($Kind:ident $socket:ident [$($mark:ident)*] [$($notice:ident $value:ident)*]) => {{
                let mut builder = setup.ours($socket::builder());
                if let Some(mark) = setup.high_water_mark {
                    builder = builder$(.$mark(usize::from(mark)))*;
                }
                $(if let Some(message) = $value {
                    builder = builder.$notice(message);
                })*
                Self::$Kind(builder.build())
            }};
        }
        match kind {
            SocketKind::Client => build!(
                Client ClientSocket [send_high_water_mark receive_high_water_mark]
                [hello hello hiccup_message hiccup_message]
            ),
            SocketKind::Server => build!(
                Server ServerSocket [send_high_water_mark receive_high_water_mark]
                [hello hello disconnect_message disconnect_message]
            ),
            SocketKind::Scatter => build!(Scatter ScatterSocket [send_high_water_mark] []),
            SocketKind::Gather => build!(Gather GatherSocket [receive_high_water_mark] []),
            SocketKind::Peer => build!(
                Peer PeerSocket [send_high_water_mark receive_high_water_mark]
                [
                    hello hello
                    disconnect_message disconnect_message
                    hiccup_message hiccup_message
                ]
            ),
            SocketKind::Channel => {
                build!(Channel ChannelSocket [send_high_water_mark receive_high_water_mark] [])
            }
            other => panic!("{other:?} has messages of several frames"),
        }
    }

    async fn attach(&self, place: Attach<'_>) -> (String, Address) {
        match (self, place) {
            (ours, Attach::Bind(at)) => {
                let endpoint = on!(ours, socket => socket.bind(at).await).expect("an endpoint");
                (endpoint.to_string(), 0)
            }
            (Self::Peer(peer), Attach::Connect(at)) => {
                (at.to_owned(), peer.connect_peer(at).expect("an endpoint").get())
            }
            (ours, Attach::Connect(at)) => {
                on!(ours, socket => socket.connect(at)).expect("an endpoint");
                (at.to_owned(), 0)
            }
        }
    }

    pub(crate) fn events(&self) -> Events {
        on!(self, socket => socket.events())
    }

    async fn close(self) {
        on!(self, socket => socket.close().await);
    }

    async fn send(&self, to: Address, message: Vec<u8>) {
        let to = RouteId::new(to);
        let named = || to.expect("the address of a peer");
        let sent = match self {
            Self::Client(socket) => socket.send(message).await,
            Self::Scatter(socket) => socket.send(message).await,
            Self::Channel(socket) => socket.send(message).await,
            Self::Server(socket) => socket.send_to(named(), message).await,
            Self::Peer(socket) => socket.send_to(named(), message).await,
            Self::Gather(_) => panic!("a GATHER does not send"),
        };
        sent.expect("an open socket and a known peer");
    }

    async fn recv(&self) -> (Address, Vec<u8>) {
        let from_nobody = |frame: zeromq_async::Frame| (0, frame.to_vec());
        let from = |(from, frame): (RouteId, zeromq_async::Frame)| (from.get(), frame.to_vec());
        let received = match self {
            Self::Client(socket) => socket.recv().await.map(from_nobody),
            Self::Gather(socket) => socket.recv().await.map(from_nobody),
            Self::Channel(socket) => socket.recv().await.map(from_nobody),
            Self::Server(socket) => socket.recv().await.map(from),
            Self::Peer(socket) => socket.recv().await.map(from),
            Self::Scatter(_) => panic!("a SCATTER does not receive"),
        };
        received.expect("an open socket")
    }
}

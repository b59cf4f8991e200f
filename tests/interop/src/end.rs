//! A socket of either library.

use libzmq_peer::{Context, Error, EventKind, Opt, Peer, Reply, Socket, SocketKind};
use zeromq_async::{
    DealerSocket, Message, Named, PairSocket, PubSocket, PullSocket, PushSocket, RepSocket,
    ReqSocket, RouterSocket, SocketBuilder, SocketEvent, SocketKind as Kind, SubSocket, XPubSocket,
    XSubSocket,
};

use crate::secured::{Mechanism, Secured, ZapHandler};
use crate::{Frames, event, frames, within};

/// The configuration of an [`End`].
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    /// The socket type. A SUB subscribes to everything.
    pub kind: SocketKind,
    /// The routing id, if any.
    pub routing_id: Option<&'static str>,
    /// Whether it probes ROUTERs.
    pub probe: bool,
    /// Its role in a security mechanism.
    pub secured: Option<Secured>,
}

impl Setup {
    /// A socket of this kind with no options.
    pub fn new(kind: SocketKind) -> Self {
        Self { kind, routing_id: None, probe: false, secured: None }
    }
}

/// The endpoint of an [`End`].
#[derive(Debug, Clone, Copy)]
pub enum Attach<'a> {
    /// Binds.
    Bind(&'a str),
    /// Connects.
    Connect(&'a str),
}

/// A socket of either library, with one endpoint.
#[derive(Debug)]
pub enum End {
    /// A socket of this library.
    Ours(Box<Ours>),
    /// A socket of libzmq, and its ZAP handler.
    Theirs(Peer, Option<ZapHandler>),
}

/// A socket of this library of any type.
#[derive(Debug)]
#[allow(missing_docs, reason = "their names say it")]
pub enum Ours {
    Req(ReqSocket),
    Rep(RepSocket),
    Dealer(DealerSocket),
    Router(RouterSocket),
    Pub(PubSocket),
    Sub(SubSocket),
    XPub(XPubSocket),
    XSub(XSubSocket),
    Push(PushSocket),
    Pull(PullSocket),
    Pair(PairSocket),
}

macro_rules! from {
    ($($kind:ident $socket:ident,)*) => {
        $(impl From<$socket> for Ours {
            fn from(socket: $socket) -> Self {
                Self::$kind(socket)
            }
        })*
    };
}

from! {
    Req ReqSocket,
    Rep RepSocket,
    Dealer DealerSocket,
    Router RouterSocket,
    Pub PubSocket,
    Sub SubSocket,
    XPub XPubSocket,
    XSub XSubSocket,
    Push PushSocket,
    Pull PullSocket,
    Pair PairSocket,
}

macro_rules! on {
    ($ours:expr, [$($kind:ident)*], $socket:ident => $then:expr) => {
        match $ours {
            $($crate::end::Ours::$kind($socket) => $then,)*
            #[allow(unreachable_patterns, reason = "where all are named")]
            other => panic!("not with {other:?}"),
        }
    };
}
pub(crate) use on;

impl End {
    /// Creates a socket of this library. Returns it with its endpoint.
    ///
    /// # Panics
    ///
    /// If it cannot bind or connect.
    pub async fn ours(setup: Setup, place: Attach<'_>) -> (Self, String) {
        Self::from_ours(Ours::new(setup), place).await
    }

    /// Binds or connects a configured socket of this library. Returns it with its endpoint.
    ///
    /// # Panics
    ///
    /// If it cannot bind or connect.
    pub async fn from_ours(ours: impl Into<Ours>, place: Attach<'_>) -> (Self, String) {
        let ours = ours.into();
        let endpoint = on!(
            &ours,
            [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
            socket => match place {
                Attach::Bind(to) => socket.bind(to).await.expect("bound").to_string(),
                Attach::Connect(to) => {
                    socket.connect(to).expect("connecting");
                    to.to_owned()
                }
            }
        );
        (Self::Ours(Box::new(ours)), endpoint)
    }

    /// Creates a socket of libzmq. Returns it with its endpoint.
    ///
    /// # Panics
    ///
    /// If it cannot bind or connect.
    pub fn theirs(setup: Setup, place: Attach<'_>) -> (Self, String) {
        let Setup { kind, routing_id, probe, secured } = setup;
        let context = Context::new().expect("a context");
        // Without a handler, libzmq's PLAIN server rejects every peer.
        let asks = Secured { mechanism: Mechanism::Plain, is_server: true };
        let handler = (secured == Some(asks)).then(|| ZapHandler::start(&context));
        let options = move |socket: &Socket| {
            secured.map_or(Ok(()), |secured| secured.theirs(socket))?;
            if let Some(routing_id) = routing_id {
                socket.set_bytes(Opt::ROUTING_ID, routing_id.as_bytes())?;
            }
            if probe {
                socket.set_i32(Opt::PROBE_ROUTER, 1)?;
            }
            if kind == SocketKind::Sub {
                socket.set_bytes(Opt::SUBSCRIBE, b"")?;
            }
            Ok(())
        };
        Self::in_context(&context, handler, kind, options, place)
    }

    /// Creates a socket of libzmq with these options. Returns it with its endpoint.
    ///
    /// # Panics
    ///
    /// If it cannot bind or connect.
    pub fn from_theirs(
        kind: SocketKind,
        options: impl FnOnce(&Socket) -> Result<(), Error> + Send + 'static,
        place: Attach<'_>,
    ) -> (Self, String) {
        Self::in_context(&Context::new().expect("a context"), None, kind, options, place)
    }

    fn in_context(
        context: &Context,
        handler: Option<ZapHandler>,
        kind: SocketKind,
        options: impl FnOnce(&Socket) -> Result<(), Error> + Send + 'static,
        place: Attach<'_>,
    ) -> (Self, String) {
        let (to, binds) = match place {
            Attach::Bind(to) => (to.to_owned(), true),
            Attach::Connect(to) => (to.to_owned(), false),
        };
        let peer = Peer::spawn_in(context, kind, move |socket| {
            options(socket)?;
            if binds { socket.bind(&to).map(drop) } else { socket.connect(&to) }
        });
        let peer = peer.expect("libzmq's side is set up");
        let endpoint = peer.endpoint().to_owned();
        (Self::Theirs(peer, handler), endpoint)
    }

    /// Sends a message, which `what` describes.
    ///
    /// # Panics
    ///
    /// If sending fails or takes too long.
    pub async fn send(&mut self, what: &str, message: Frames) {
        match self {
            Self::Ours(ours) => {
                let message = Message::multipart(message);
                within(format_args!("{what} to be sent"), async {
                    on!(
                        &mut **ours,
                        [Req Rep Dealer Router Pub XPub XSub Push Pair],
                        socket => socket.send(message).await
                    )
                })
                .await
                .unwrap_or_else(|error| panic!("{what}: {error}"));
            }
            Self::Theirs(peer, _) => {
                peer.send(message).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            }
        }
    }

    /// Waits until a connect attempt has failed.
    ///
    /// # Panics
    ///
    /// If none fails in time.
    pub async fn connect_failed(&self) {
        match self {
            Self::Ours(ours) => {
                let mut events = on!(
                    &**ours,
                    [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
                    socket => socket.events()
                );
                event(&mut events, "an attempt to connect", |event| {
                    matches!(event, SocketEvent::ConnectFailed { .. }).then_some(())
                })
                .await;
            }
            Self::Theirs(peer, _) => {
                peer.event(EventKind::CONNECT_RETRIED).await.expect("an attempt to connect");
            }
        }
    }

    /// Makes libzmq wait for a message until the result is dropped, without receiving one.
    ///
    /// libzmq serves its connections only during a call: a bound SUB sends no subscription to a new
    /// peer before `recv` is called.
    pub fn keep_receiving(&self) -> Option<Reply<Frames>> {
        match self {
            Self::Ours(_) => None,
            Self::Theirs(peer, _) => Some(peer.recv()),
        }
    }

    /// Receives a message, which `what` describes.
    ///
    /// # Panics
    ///
    /// If receiving fails or takes too long.
    pub async fn recv(&mut self, what: &str) -> Frames {
        match self {
            Self::Ours(ours) => {
                let received = within(what, async {
                    on!(
                        &mut **ours,
                        [Req Rep Dealer Router Sub XPub XSub Pull Pair],
                        socket => socket.recv().await
                    )
                });
                frames(&received.await.unwrap_or_else(|error| panic!("{what}: {error}")))
            }
            Self::Theirs(peer, _) => {
                peer.recv().await.unwrap_or_else(|error| panic!("{what}: {error}"))
            }
        }
    }
}

impl Ours {
    fn new(setup: Setup) -> Self {
        let Setup { kind, probe, .. } = setup;
        match kind {
            SocketKind::Req => {
                Self::Req(named(ReqSocket::builder(), setup).probe_router(probe).build())
            }
            SocketKind::Rep => Self::Rep(named(RepSocket::builder(), setup).build()),
            SocketKind::Dealer => {
                Self::Dealer(named(DealerSocket::builder(), setup).probe_router(probe).build())
            }
            SocketKind::Router => {
                Self::Router(named(RouterSocket::builder(), setup).probe_router(probe).build())
            }
            SocketKind::Pub => Self::Pub(secured(PubSocket::builder(), setup).build()),
            SocketKind::Sub => {
                Self::Sub(secured(SubSocket::builder().subscribe(""), setup).build())
            }
            SocketKind::Xpub => Self::XPub(secured(XPubSocket::builder(), setup).build()),
            SocketKind::Xsub => Self::XSub(secured(XSubSocket::builder(), setup).build()),
            SocketKind::Push => Self::Push(secured(PushSocket::builder(), setup).build()),
            SocketKind::Pull => Self::Pull(secured(PullSocket::builder(), setup).build()),
            SocketKind::Pair => Self::Pair(secured(PairSocket::builder(), setup).build()),
            other => panic!("this library has no {other:?}"),
        }
    }
}

fn named<P: Kind + Named>(builder: SocketBuilder<P>, setup: Setup) -> SocketBuilder<P> {
    let builder = secured(builder, setup);
    match setup.routing_id {
        Some(routing_id) => builder.routing_id(routing_id).expect("a valid routing id"),
        None => builder,
    }
}

fn secured<P: Kind>(builder: SocketBuilder<P>, setup: Setup) -> SocketBuilder<P> {
    match setup.secured {
        Some(secured) => secured.ours(builder),
        None => builder,
    }
}

//! 27/ZAP on either side, row by row: the handler's behaviour, and the results for server and
//! client. The rows cover this library and libzmq, so that the differences are recorded.

use std::time::Duration;

use interop::{Frames, IPC, TCP, event, frames, handshake, handshake_failure, libzmq, within};
use libzmq_peer::SocketKind::{Pull, Push, Rep};
use libzmq_peer::{Context, Error, EventKind, Opt, Peer, Socket};
use tokio::task::JoinHandle;
use zeromq_async::security::{CurveKeyPair, DenyStatus, generate_curve_keys};
use zeromq_async::{
    Events, HandshakeFailure, Message, ProtocolError, PullSocket, PushSocket, ReconnectBackoff,
    RepSocket, ReqSocket, SocketBuilder, SocketEvent, SocketKind,
};
use zeromq_auth::{Zap, ZapError, ZapReplyError};

const HANDLER: &str = "inproc://zeromq.zap.01";

/// The behaviour of a handler.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Handler {
    Absent,
    DiesWithTheRequest,
    NeverReads,
    NeverReplies,
    Replies(Reply),
}

/// The reply of a handler.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Reply {
    Status(&'static str),
    WrongVersion,
    WrongRequestId,
    WrongStatus,
    WrongUserId,
    WrongMetadata,
    HalfAProperty,
    TooFewFrames,
    TooManyFrames,
}

/// The result at a server of this library.
#[derive(Debug)]
enum Outcome {
    LetsIn,
    Denies(DenyStatus, ZapError),
}

/// The result at libzmq's server, by its event.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Libzmq {
    LetsIn,
    /// `HANDSHAKE_FAILED_AUTH`.
    Auth(u32),
    /// `HANDSHAKE_FAILED_PROTOCOL`.
    Protocol(u32),
    /// `HANDSHAKE_FAILED_NO_DETAIL`, after the handshake timeout except for a PLAIN server without
    /// a handler.
    NoDetail,
}

const ZAP_MALFORMED_REPLY: u32 = 0x2000_0001;
const ZAP_BAD_REQUEST_ID: u32 = 0x2000_0002;
const ZAP_BAD_VERSION: u32 = 0x2000_0003;
const ZAP_INVALID_STATUS_CODE: u32 = 0x2000_0004;
const ZAP_INVALID_METADATA: u32 = 0x2000_0005;

/// The reaction of the client.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Client {
    IsIn,
    /// It learns this status and does not reconnect.
    Stops(&'static str),
    /// It learns nothing and reconnects.
    ComesAgain,
}

/// Every row: the handler's behaviour, and the results in this library and in libzmq.
fn rows(mechanism: Mechanism) -> Vec<(Handler, Outcome, Libzmq)> {
    use DenyStatus::{AuthenticationFailure, InternalError, TemporaryError};
    use Handler::{Absent, DiesWithTheRequest, NeverReads, NeverReplies, Replies};
    use Outcome::{Denies, LetsIn};
    use Reply::{
        HalfAProperty, Status, TooFewFrames, TooManyFrames, WrongMetadata, WrongRequestId,
        WrongStatus, WrongUserId, WrongVersion,
    };

    let refused = || ZapError::Refused { text: "in words".into() };
    let malformed = |error: ZapReplyError| Denies(TemporaryError, error.into());
    let metadata = |bytes: &'static [u8]| {
        malformed(zeromq_async::Metadata::decode(bytes.into()).expect_err("cut short").into())
    };
    let id = ZapReplyError::RequestId { request: "1".into(), reply: "another".into() };
    // Without a handler, libzmq accepts every peer except with PLAIN.
    let undecided = match mechanism {
        Mechanism::Plain => Libzmq::NoDetail,
        Mechanism::Null | Mechanism::Curve => Libzmq::LetsIn,
    };
    vec![
        (Absent, Denies(TemporaryError, ZapError::NoHandler), undecided),
        (DiesWithTheRequest, Denies(TemporaryError, ZapError::HandlerGone), Libzmq::NoDetail),
        (NeverReads, Denies(TemporaryError, ZapError::NoReply), Libzmq::NoDetail),
        (NeverReplies, Denies(TemporaryError, ZapError::NoReply), Libzmq::NoDetail),
        (Replies(Status("200")), LetsIn, Libzmq::LetsIn),
        (Replies(Status("300")), Denies(TemporaryError, refused()), Libzmq::Auth(300)),
        (Replies(Status("400")), Denies(AuthenticationFailure, refused()), Libzmq::Auth(400)),
        (Replies(Status("500")), Denies(InternalError, refused()), Libzmq::Auth(500)),
        (
            Replies(WrongVersion),
            malformed(ZapReplyError::Version("2.0".into())),
            Libzmq::Protocol(ZAP_BAD_VERSION),
        ),
        (Replies(WrongRequestId), malformed(id), Libzmq::Protocol(ZAP_BAD_REQUEST_ID)),
        (
            Replies(WrongStatus),
            malformed(ZapReplyError::Status("201".into())),
            Libzmq::Protocol(ZAP_INVALID_STATUS_CODE),
        ),
        // libzmq accepts any bytes as a user id.
        (Replies(WrongUserId), malformed(ZapReplyError::UserId(NOT_TEXT.into())), Libzmq::LetsIn),
        (Replies(WrongMetadata), metadata(BAD_METADATA), Libzmq::Protocol(ZAP_INVALID_METADATA)),
        // libzmq accepts the missing value.
        (Replies(HalfAProperty), metadata(HALF_A_PROPERTY), Libzmq::LetsIn),
        (
            Replies(TooFewFrames),
            malformed(ZapReplyError::FrameCount(6)),
            Libzmq::Protocol(ZAP_MALFORMED_REPLY),
        ),
        (
            Replies(TooManyFrames),
            malformed(ZapReplyError::FrameCount(8)),
            Libzmq::Protocol(ZAP_MALFORMED_REPLY),
        ),
    ]
}

/// Cut in the name of a property, and after it.
const BAD_METADATA: &[u8] = b"\x06X-R";
const HALF_A_PROPERTY: &[u8] = b"\x06X-Role";
const NOT_TEXT: &[u8] = b"\xff";

impl Reply {
    fn to(self, request: &Frames) -> Frames {
        let (version, id) = (request[0].clone(), request[1].clone());
        let mut reply =
            vec![version, id, "200".into(), "in words".into(), "user-1".into(), Vec::new()];
        match self {
            Self::Status(status) => reply[2] = status.into(),
            Self::WrongVersion => reply[0] = "2.0".into(),
            Self::WrongRequestId => reply[1] = "another".into(),
            Self::WrongStatus => reply[2] = "201".into(),
            Self::WrongUserId => reply[4] = NOT_TEXT.into(),
            Self::WrongMetadata => reply[5] = BAD_METADATA.into(),
            Self::HalfAProperty => reply[5] = HALF_A_PROPERTY.into(),
            Self::TooFewFrames => drop(reply.pop()),
            Self::TooManyFrames => reply.push(Vec::new()),
        }
        reply
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Mechanism {
    Null,
    Plain,
    Curve,
}

const MECHANISMS: [Mechanism; 3] = [Mechanism::Null, Mechanism::Plain, Mechanism::Curve];

/// The keys of server and client.
#[derive(Debug, Clone)]
struct Keys {
    server: CurveKeyPair,
    client: CurveKeyPair,
}

impl Keys {
    fn new() -> Self {
        Self { server: generate_curve_keys(), client: generate_curve_keys() }
    }
}

impl Mechanism {
    fn server<P: SocketKind>(
        self,
        builder: SocketBuilder<P>,
        keys: &Keys,
        zap: Zap,
    ) -> SocketBuilder<P> {
        match self {
            Self::Null => builder.null_server(zap),
            Self::Plain => builder.plain_server(zap),
            Self::Curve => builder.curve_server(keys.server.clone(), zap),
        }
    }

    fn client<P: SocketKind>(self, builder: SocketBuilder<P>, keys: &Keys) -> SocketBuilder<P> {
        match self {
            Self::Null => builder,
            Self::Plain => builder.plain_client("alice", "secret").expect("short enough"),
            Self::Curve => builder.curve_client(keys.client.clone(), *keys.server.public_key()),
        }
    }

    fn libzmq_server(self, socket: &Socket, keys: &Keys) -> Result<(), Error> {
        socket.set_str(Opt::ZAP_DOMAIN, Some("test"))?;
        self.libzmq_server_without_domain(socket, keys)
    }

    fn libzmq_server_without_domain(self, socket: &Socket, keys: &Keys) -> Result<(), Error> {
        match self {
            Self::Null => Ok(()),
            Self::Plain => socket.set_i32(Opt::PLAIN_SERVER, 1),
            Self::Curve => {
                socket.set_i32(Opt::CURVE_SERVER, 1)?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&keys.server.secret_key().to_z85()))
            }
        }
    }

    fn libzmq_client(self, socket: &Socket, keys: &Keys) -> Result<(), Error> {
        match self {
            Self::Null => Ok(()),
            Self::Plain => {
                socket.set_str(Opt::PLAIN_USERNAME, Some("alice"))?;
                socket.set_str(Opt::PLAIN_PASSWORD, Some("secret"))
            }
            Self::Curve => {
                let (public, secret) = (keys.client.public_key(), keys.client.secret_key());
                let server = keys.server.public_key().to_string();
                socket.set_str(Opt::CURVE_SERVERKEY, Some(&server))?;
                socket.set_str(Opt::CURVE_PUBLICKEY, Some(&public.to_string()))?;
                socket.set_str(Opt::CURVE_SECRETKEY, Some(&secret.to_z85()))
            }
        }
    }
}

/// A running handler. Dropping this stops it.
struct RunningHandler(JoinHandle<()>);

impl Drop for RunningHandler {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A handler of this library.
async fn our_handler(context: &zeromq_async::Context, does: Handler) -> Option<RunningHandler> {
    if does == Handler::Absent {
        return None;
    }
    let mut rep = RepSocket::builder_in(context).build();
    rep.bind(HANDLER).await.expect("the only handler");
    Some(RunningHandler(tokio::spawn(async move {
        if does == Handler::NeverReads {
            std::future::pending::<()>().await;
        }
        while let Ok(request) = rep.recv().await {
            match does {
                Handler::DiesWithTheRequest => return,
                Handler::Replies(reply) => {
                    let reply = Message::multipart(reply.to(&frames(&request)));
                    rep.send(reply).await.expect("a reply in turn");
                }
                _ => std::future::pending().await,
            }
        }
    })))
}

/// A handler of libzmq.
fn libzmq_handler(context: &Context, does: Handler) -> Option<RunningHandler> {
    if does == Handler::Absent {
        return None;
    }
    let handler = Peer::spawn_in(context, Rep, |socket| socket.bind(HANDLER)).expect("a handler");
    Some(RunningHandler(tokio::spawn(async move {
        if does == Handler::NeverReads {
            std::future::pending::<()>().await;
        }
        while let Ok(request) = handler.recv().await {
            match does {
                Handler::DiesWithTheRequest => return,
                Handler::Replies(reply) => {
                    handler.send(reply.to(&request)).await.expect("a reply in turn");
                }
                _ => std::future::pending().await,
            }
        }
    })))
}

/// A client of libzmq with a short reconnect interval.
fn libzmq_client(mechanism: Mechanism, keys: &Keys, endpoint: &str) -> Peer {
    let (keys, endpoint) = (keys.clone(), endpoint.to_owned());
    libzmq(Push, move |socket| {
        socket.set_i32(Opt::RECONNECT_IVL, 1)?;
        mechanism.libzmq_client(socket, &keys)?;
        socket.connect(&endpoint)
    })
}

/// Waits until a libzmq client sees the expected result.
async fn expect_libzmq_outcome(client: &Peer, mechanism: Mechanism, expected: Client, row: &str) {
    let told = |kind| async move {
        client.event(kind).await.unwrap_or_else(|error| panic!("{row}: {error}")).value
    };
    match expected {
        Client::IsIn => drop(told(EventKind::HANDSHAKE_SUCCEEDED).await),
        Client::ComesAgain => {
            told(EventKind::HANDSHAKE_FAILED_NO_DETAIL).await;
            told(EventKind::CONNECT_RETRIED).await;
        }
        // Its PLAIN client takes a correct ERROR for a protocol error.
        Client::Stops(_) if mechanism == Mechanism::Plain => {
            assert_eq!(told(EventKind::HANDSHAKE_FAILED_PROTOCOL).await, UNEXPECTED_COMMAND);
        }
        Client::Stops(status) => {
            let value = told(EventKind::HANDSHAKE_FAILED_AUTH).await;
            assert_eq!(value.to_string(), status, "{row}");
        }
    }
}

/// `ZMQ_PROTOCOL_ERROR_ZMTP_UNEXPECTED_COMMAND`.
const UNEXPECTED_COMMAND: u32 = 0x1000_0001;

/// A server and a handler of this library, and a client of libzmq.
async fn ours(mechanism: Mechanism, does: Handler, expected: Outcome) {
    let row = format!("{mechanism:?}, {does:?}");
    let (context, keys) = (zeromq_async::Context::new(), Keys::new());
    let _handler = our_handler(&context, does).await;
    let zap = Zap::in_context(&context, "test").expect("a domain");
    let zap = match does {
        Handler::NeverReads | Handler::NeverReplies => zap.timeout(Duration::from_millis(50)),
        _ => zap,
    };
    let server = mechanism.server(PullSocket::builder(), &keys, zap).build();
    let (mut events, mut accepted) = (server.events(), server.events());
    let endpoint = server.bind(TCP).await.expect("a free port").to_string();
    let client = libzmq_client(mechanism, &keys, &endpoint);
    let outcome = match &expected {
        Outcome::LetsIn => {
            assert_eq!(handshake(&mut events).await.1.user_id(), Some("user-1"), "{row}");
            Client::IsIn
        }
        Outcome::Denies(status, reason) => {
            denies(&mut events, *status, reason, &row).await;
            match status {
                DenyStatus::TemporaryError => Client::ComesAgain,
                DenyStatus::AuthenticationFailure => Client::Stops("400"),
                DenyStatus::InternalError => Client::Stops("500"),
            }
        }
    };
    expect_libzmq_outcome(&client, mechanism, outcome, &row).await;
    match (outcome, expected) {
        (Client::Stops(_), Outcome::Denies(status, reason)) => {
            // By the rejection of the other client, the first would have reconnected.
            let _second = libzmq_client(mechanism, &keys, &endpoint);
            denies(&mut events, status, &reason, &row).await;
            server.close().await;
            let mut attempts = 0;
            while let Some(event) = accepted.next().await {
                attempts += u32::from(matches!(event, SocketEvent::Accepted { .. }));
            }
            assert_eq!(attempts, 2, "{row}");
        }
        (_, Outcome::Denies(_, ZapError::HandlerGone)) => {
            // The second time there is no handler, and the peer is still rejected.
            denies(&mut events, DenyStatus::TemporaryError, &ZapError::NoHandler, &row).await;
        }
        _ => {}
    }
}

async fn denies(events: &mut Events, status: DenyStatus, reason: &ZapError, row: &str) {
    let failure = handshake_failure(events).await;
    let HandshakeFailure::Denied { status: given, reason: Some(given_reason) } = &failure else {
        panic!("{row}: {failure:?}")
    };
    assert_eq!((*given, given_reason.downcast_ref()), (status, Some(reason)), "{row}");
}

/// Server and handler of libzmq, and a client of this library.
async fn libzmqs(mechanism: Mechanism, does: Handler, expected: Libzmq) {
    let row = format!("libzmq, {mechanism:?}, {does:?}");
    let (context, keys) = (Context::new().expect("a context"), Keys::new());
    let _handler = libzmq_handler(&context, does);
    let server = {
        let (keys, waits) =
            (keys.clone(), expected == Libzmq::NoDetail || expected == Libzmq::Auth(300));
        Peer::spawn_in(&context, Pull, move |socket| {
            // It closes the connection only then, and rarely after a malformed reply.
            socket.set_i32(Opt::HANDSHAKE_IVL, if waits { 200 } else { 5000 })?;
            mechanism.libzmq_server(socket, &keys)?;
            socket.bind(TCP)
        })
        .expect("a server")
    };
    let reconnect = ReconnectBackoff::new(Duration::from_millis(1));
    let builder = PushSocket::builder().linger(Duration::ZERO).reconnect(reconnect);
    let client = mechanism.client(builder, &keys).build();
    let mut events = client.events();
    client.connect(server.endpoint()).expect("a good endpoint");
    let told = |kind| {
        let told = server.event(kind);
        async { told.await.unwrap_or_else(|error| panic!("{row}: {error}")).value }
    };
    let outcome = match expected {
        Libzmq::LetsIn => {
            told(EventKind::HANDSHAKE_SUCCEEDED).await;
            Client::IsIn
        }
        Libzmq::Auth(status) => {
            assert_eq!(told(EventKind::HANDSHAKE_FAILED_AUTH).await, status, "{row}");
            match status {
                400 => Client::Stops("400"),
                500 => Client::Stops("500"),
                _ => Client::ComesAgain,
            }
        }
        Libzmq::Protocol(error) => {
            assert_eq!(told(EventKind::HANDSHAKE_FAILED_PROTOCOL).await, error, "{row}");
            Client::ComesAgain
        }
        Libzmq::NoDetail => {
            told(EventKind::HANDSHAKE_FAILED_NO_DETAIL).await;
            Client::ComesAgain
        }
    };
    expect_client_outcome(&mut events, outcome, &row).await;
    if does == Handler::DiesWithTheRequest && mechanism != Mechanism::Plain {
        // Without its handler libzmq accepts every peer. This library does not.
        told(EventKind::HANDSHAKE_SUCCEEDED).await;
    }
    within("our client to close", client.close()).await;
}

/// Waits until a client of this library sees the expected result.
async fn expect_client_outcome(events: &mut Events, expected: Client, row: &str) {
    match expected {
        Client::IsIn => drop(handshake(events).await),
        Client::ComesAgain => {
            let told = handshake_failure(events).await;
            let silently = matches!(told, HandshakeFailure::PeerClosed | HandshakeFailure::Io(_));
            assert!(silently, "{row}: {told:?}");
            event(events, "another attempt", |event| {
                matches!(event, SocketEvent::ConnectRetried { .. }).then_some(())
            })
            .await;
        }
        Client::Stops(status) => {
            match handshake_failure(events).await {
                HandshakeFailure::Protocol(ProtocolError::Refused { reason }) => {
                    assert_eq!(reason, status, "{row}");
                }
                other => panic!("{row}: {other:?}"),
            }
            event(events, "the end of the attempts", |event| {
                matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
            })
            .await;
        }
    }
}

#[tokio::test]
async fn our_handler_decides_libzmq_clients() {
    for mechanism in MECHANISMS {
        for (handler, outcome, _) in rows(mechanism) {
            ours(mechanism, handler, outcome).await;
        }
    }
}

#[tokio::test]
async fn libzmq_handler_decides_our_clients() {
    for mechanism in MECHANISMS {
        for (handler, _, outcome) in rows(mechanism) {
            libzmqs(mechanism, handler, outcome).await;
        }
    }
}

/// Frame by frame, except that libzmq gives every request the id 1.
#[tokio::test]
async fn our_zap_requests_match_libzmq() {
    for mechanism in MECHANISMS {
        for place in [TCP, IPC, "tcp://[::1]:*"] {
            assert_same_request(mechanism, place, "test").await;
        }
    }
}

/// An empty domain is libzmq's default, and the only one for which pyzmq's authenticator uses the
/// settings of the domain `*`. With NULL, libzmq sends no request for an empty domain.
#[tokio::test]
async fn requests_without_a_domain_are_the_same() {
    for mechanism in [Mechanism::Plain, Mechanism::Curve] {
        assert_same_request(mechanism, TCP, "").await;
    }
}

async fn assert_same_request(mechanism: Mechanism, place: &'static str, domain: &'static str) {
    let keys = Keys::new();
    let context = Context::new().unwrap();
    let handler = Peer::spawn_in(&context, Rep, |socket| socket.bind(HANDLER)).unwrap();
    let server_keys = keys.clone();
    let server = Peer::spawn_in(&context, Rep, move |socket| {
        socket.set_i32(Opt::IPV6, i32::from(place.contains('[')))?;
        socket.set_bytes(Opt::ROUTING_ID, b"server")?;
        match domain {
            "" => mechanism.libzmq_server_without_domain(socket, &server_keys)?,
            _ => mechanism.libzmq_server(socket, &server_keys)?,
        }
        socket.bind(place)
    });
    let server = server.unwrap();
    let client = mechanism.client(ReqSocket::builder(), &keys).build();
    client.connect(server.endpoint()).unwrap();
    let theirs = handler.recv().await.unwrap();
    assert_eq!(theirs[2], domain.as_bytes());

    let context = zeromq_async::Context::new();
    let mut handler = RepSocket::builder_in(&context).build();
    handler.bind(HANDLER).await.unwrap();
    let zap = Zap::in_context(&context, domain).unwrap();
    let builder = RepSocket::builder().routing_id("server").unwrap();
    let server = mechanism.server(builder, &keys, zap).build();
    let client = mechanism.client(ReqSocket::builder(), &keys).build();
    client.connect(server.bind(place).await.unwrap()).unwrap();
    let ours = interop::recv(&mut handler, "our request").await;
    assert_eq!(frames(&ours), theirs, "{mechanism:?} at {place}");
}

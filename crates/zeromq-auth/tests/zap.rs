//! 27/ZAP: handlers, faulty handlers, and the results for both peers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use support::{ANY_PORT, NotifyOnDrop, event, fast_reconnect, handshake_succeeded, within};
use tokio::sync::{Barrier, Notify, mpsc};
use zeromq_async::security::{Attempt, Credentials, Decision, DenyStatus};
use zeromq_async::{
    Context, DealerSocket, Events, Frame, HandshakeFailure, Message, Metadata, PeerAddress,
    PeerInfo, ProtocolError, PullSocket, PushSocket, RecvError, RepSocket, RouterSocket,
    SocketEvent, SocketType,
};
use zeromq_auth::{Zap, ZapError, ZapHandler, ZapReplyError};

const HANDLER: &str = "inproc://zeromq.zap.01";

/// A server with `Zap` as its authenticator.
struct Server {
    pull: PullSocket,
    events: Events,
    endpoint: String,
}

impl Server {
    async fn new(zap: Zap) -> Self {
        let pull = PullSocket::builder().plain_server(zap).build();
        let events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.expect("a free port").to_string();
        Self { pull, events, endpoint }
    }

    async fn in_context(context: &Context) -> Self {
        Self::new(Zap::in_context(context, "test").expect("a domain")).await
    }

    /// The reason of the next denial.
    async fn failure(&mut self) -> HandshakeFailure {
        failure(&mut self.events).await
    }

    /// The next peer that is allowed.
    async fn peer(&mut self) -> PeerInfo {
        event(&mut self.events, "an allowed peer", |event| match event {
            SocketEvent::HandshakeSucceeded { info, .. } => Some(info),
            _ => None,
        })
        .await
    }

    /// Checks that a client can connect and send.
    async fn serves(&mut self) {
        let mut client = client(&self.endpoint, "alice").await;
        client.send("hello").await.expect("the socket is open");
        assert_eq!(within("the message", self.pull.recv()).await, Ok("hello".into()));
        client.close().await;
    }
}

/// A client that reconnects at once.
async fn client(endpoint: &str, name: &str) -> PushSocket {
    watched(endpoint, name).await.0
}

/// A client that reconnects at once, and its events.
async fn watched(endpoint: &str, name: &str) -> (PushSocket, Events) {
    let builder = PushSocket::builder().linger(Duration::ZERO).reconnect(fast_reconnect());
    let push = builder.plain_client(name, "secret").expect("short enough").build();
    let events = push.events();
    push.connect(endpoint).expect("a good endpoint");
    (push, events)
}

/// A client that does not reconnect.
async fn once(endpoint: &str, name: &str) -> PushSocket {
    let builder = PushSocket::builder().linger(Duration::ZERO).no_reconnect();
    let push = builder.plain_client(name, "secret").expect("short enough").build();
    push.connect(endpoint).expect("a good endpoint");
    push
}

async fn failure(events: &mut Events) -> HandshakeFailure {
    event(events, "a handshake that fails", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

/// The status and the ZAP error of a denial.
fn denied(failure: &HandshakeFailure) -> (DenyStatus, Option<&ZapError>) {
    let HandshakeFailure::Denied { status, reason } = failure else { panic!("{failure:?}") };
    (*status, reason.as_ref().and_then(|reason| reason.downcast_ref()))
}

fn temporarily(error: &ZapError) -> (DenyStatus, Option<&ZapError>) {
    (DenyStatus::TemporaryError, Some(error))
}

/// Checks that the client receives no status and reconnects.
async fn comes_again(events: &mut Events) {
    let told = failure(events).await;
    assert!(matches!(told, HandshakeFailure::PeerClosed | HandshakeFailure::Io(_)), "{told:?}");
    event(events, "another attempt", |event| {
        matches!(event, SocketEvent::ConnectRetried { .. }).then_some(())
    })
    .await;
}

async fn rep(context: &Context) -> RepSocket {
    let rep = RepSocket::builder_in(context).build();
    rep.bind(HANDLER).await.expect("the only handler");
    rep
}

/// A handler that replies to each request with `reply`.
async fn handler(
    context: &Context,
    mut reply: impl FnMut(&[Frame]) -> Vec<Frame> + Send + 'static,
) -> tokio::task::JoinHandle<()> {
    let mut rep = rep(context).await;
    tokio::spawn(async move {
        while let Ok(request) = rep.recv().await {
            let reply = reply(request.frames());
            rep.send(Message::multipart(reply)).await.expect("a reply in turn");
        }
    })
}

/// A reply with this status.
fn reply(request: &[Frame], status: &str, text: &str) -> Vec<Frame> {
    let [version, id, ..] = request else { panic!("{request:?}") };
    vec![version.clone(), id.clone(), status.into(), text.into(), "".into(), "".into()]
}

/// The name in a PLAIN request.
fn name(request: &[Frame]) -> &str {
    request[6].to_str().expect("a name in ASCII")
}

#[tokio::test]
async fn zap_request_follows_the_rfc() {
    let context = Context::new();
    let mut handler = rep(&context).await;
    let zap = || Zap::in_context(&context, "a domain").unwrap();

    // 27/ZAP: the identity of the connection. libzmq sends its own routing id.
    let named = RepSocket::builder().routing_id("server-1").unwrap().plain_server(zap()).build();
    let endpoint = named.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
    let req = zeromq_async::ReqSocket::builder().plain_client("alice", "secret").unwrap().build();
    req.connect(endpoint).unwrap();
    let request = within("the request", handler.recv()).await.unwrap();
    let expected = ["1.0", "1", "a domain", "127.0.0.1", "server-1", "PLAIN", "alice", "secret"];
    assert_eq!(request, Message::multipart(expected));
    handler.send(Message::multipart(reply(request.frames(), "400", ""))).await.unwrap();

    let zap = zap();
    let pull = PullSocket::builder().null_server(zap).build();
    #[cfg(unix)]
    {
        let push = PushSocket::builder().linger(Duration::ZERO).build();
        push.connect(pull.bind("ipc://*").await.unwrap()).unwrap();
        let request = within("the request", handler.recv()).await.unwrap();
        let address = request.get(3).unwrap().to_str().unwrap().to_owned();
        let ids: Vec<_> = address.split(':').collect();
        assert_eq!(
            (ids.len(), ids[0], ids[3]),
            (4, "localhost", &std::process::id().to_string()[..])
        );
        let expected = ["1.0", "1", "a domain", &address, "", "NULL"];
        assert_eq!(request, Message::multipart(expected));
        handler.send(Message::multipart(reply(request.frames(), "400", ""))).await.unwrap();
    }
    // The next request of the same socket has another id.
    let push = PushSocket::builder().linger(Duration::ZERO).build();
    push.connect(pull.bind("tcp://127.0.0.1:0").await.unwrap()).unwrap();
    let request = within("the request", handler.recv()).await.unwrap();
    assert_eq!(request.get(1).unwrap(), if cfg!(unix) { "2" } else { "1" });
}

#[cfg(feature = "curve")]
#[tokio::test]
async fn curve_request_carries_client_key() {
    use zeromq_async::security::generate_curve_keys;

    let context = Context::new();
    let mut handler = rep(&context).await;
    let (server, client) = (generate_curve_keys(), generate_curve_keys());
    let (server_key, client_key) = (*server.public_key(), *client.public_key());
    let zap = Zap::in_context(&context, "keys").unwrap();
    let mut pull = PullSocket::builder().curve_server(server, zap).build();
    let mut push = PushSocket::builder().curve_client(client, server_key).build();
    push.connect(pull.bind(ANY_PORT).await.unwrap()).unwrap();
    let request = within("the request", handler.recv()).await.unwrap();
    let [_, _, _, _, _, mechanism, key] = request.frames() else { panic!("{request:?}") };
    assert_eq!((&mechanism[..], &key[..]), (&b"CURVE"[..], &client_key.as_bytes()[..]));
    handler.send(Message::multipart(reply(request.frames(), "200", ""))).await.unwrap();
    push.send("in secret").await.unwrap();
    assert_eq!(within("the message", pull.recv()).await.unwrap(), "in secret");
}

#[tokio::test]
async fn peer_gets_user_id_and_metadata_of_reply() {
    let context = Context::new();
    let _handler = handler(&context, |request| {
        let mut reply = reply(request, "200", "OK");
        reply[4] = "user-1".into();
        reply[5] = b"\x06X-Role\0\0\0\x05admin".into();
        reply
    })
    .await;
    let mut server = Server::in_context(&context).await;
    let mut client = client(&server.endpoint, "alice").await;
    let info = server.peer().await;
    assert_eq!(info.user_id(), Some("user-1"));
    assert_eq!(info.user_metadata().get("x-role").unwrap(), "admin");
    client.send("hello").await.unwrap();
    let (_, peer) = within("the message", server.pull.recv_from()).await.unwrap();
    assert_eq!(peer.info().user_id(), Some("user-1"));
}

/// 400 and 500 are final: the client receives the status and does not reconnect.
#[tokio::test]
async fn refusal_is_final_on_both_sides() {
    for (code, text) in [("400", "no such user"), ("500", "")] {
        let context = Context::new();
        let (asked, mut requests) = mpsc::unbounded_channel();
        let _handler = handler(&context, move |request| {
            asked.send(name(request).to_owned()).unwrap();
            let status = if name(request) == "alice" { "200" } else { code };
            reply(request, status, text)
        })
        .await;
        let mut server = Server::in_context(&context).await;
        let (_client, mut events) = watched(&server.endpoint, "mallory").await;
        let told = failure(&mut events).await;
        let HandshakeFailure::Protocol(ProtocolError::Refused { reason }) = &told else {
            panic!("{told:?}")
        };
        assert_eq!(reason, code);
        event(&mut events, "the end of the attempts", |event| {
            matches!(event, SocketEvent::ConnectStopped { .. }).then_some(())
        })
        .await;

        let refusal = server.failure().await;
        let refused = ZapError::Refused { text: text.into() };
        assert_eq!(
            denied(&refusal),
            (DenyStatus::from_reason(code).unwrap(), Some(&refused)),
            "{refusal}"
        );
        assert!(refusal.to_string().contains(text) && refusal.to_string().contains(code));
        // The next peer is served, and the first did not try again before it.
        server.serves().await;
        assert_eq!(requests.recv().await.unwrap(), "mallory");
        assert_eq!(requests.recv().await.unwrap(), "alice");
        assert!(requests.try_recv().is_err());
    }
}

/// After 300 the client receives no status, and reconnects until the handler allows it.
#[tokio::test]
async fn temporary_error_is_silent_and_retried() {
    let context = Context::new();
    let mut attempts = 0;
    let _handler = handler(&context, move |request| {
        attempts += 1;
        reply(request, if attempts < 4 { "300" } else { "200" }, "ask me later")
    })
    .await;
    let mut server = Server::in_context(&context).await;
    let (mut client, mut events) = watched(&server.endpoint, "alice").await;
    let refused = ZapError::Refused { text: "ask me later".into() };
    for _ in 0..3 {
        let refusal = server.failure().await;
        assert_eq!(denied(&refusal), temporarily(&refused));
    }
    comes_again(&mut events).await;
    client.send("hello").await.unwrap();
    assert_eq!(within("the message", server.pull.recv()).await.unwrap(), "hello");
}

/// Malformed replies and the errors for them.
type Wrong = (fn(&[Frame]) -> Vec<Frame>, ZapReplyError);

#[tokio::test]
async fn malformed_zap_reply_denies_access() {
    fn with(request: &[Frame], index: usize, frame: &'static [u8]) -> Vec<Frame> {
        let mut reply = reply(request, "200", "OK");
        reply[index] = Frame::from_static(frame);
        reply
    }
    let metadata = Metadata::decode((&b"\x06X-Role"[..]).into()).unwrap_err();
    let faults: [Wrong; 10] = [
        (|request| with(request, 0, b"1.1"), ZapReplyError::Version("1.1".into())),
        (|request| with(request, 0, b""), ZapReplyError::Version("".into())),
        (
            |request| with(request, 1, b"another"),
            ZapReplyError::RequestId { request: "1".into(), reply: "another".into() },
        ),
        (|request| with(request, 2, b"201"), ZapReplyError::Status("201".into())),
        (|request| with(request, 2, b"0200"), ZapReplyError::Status("0200".into())),
        (|request| with(request, 2, b""), ZapReplyError::Status("".into())),
        (|request| with(request, 4, b"\xff"), ZapReplyError::UserId((&b"\xff"[..]).into())),
        (|request| with(request, 5, b"\x06X-Role"), ZapReplyError::Metadata(metadata)),
        (|request| reply(request, "200", "OK")[..5].to_vec(), ZapReplyError::FrameCount(6)),
        (
            |request| [reply(request, "200", "OK"), vec!["".into()]].concat(),
            ZapReplyError::FrameCount(8),
        ),
    ];
    for (make, fault) in faults {
        let context = Context::new();
        let _handler = handler(&context, make).await;
        let mut server = Server::in_context(&context).await;
        let (_client, mut events) = watched(&server.endpoint, "alice").await;
        let refusal = server.failure().await;
        let expected = ZapError::Malformed(fault);
        assert_eq!(denied(&refusal), temporarily(&expected), "{refusal}");
        comes_again(&mut events).await;
        assert!(server.pull.stats().peers.is_empty());
    }
}

/// REP adds the delimiter by itself; with a ROUTER the handler must.
#[tokio::test]
async fn zap_reply_without_delimiter_is_rejected() {
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).build();
    router.bind(HANDLER).await.unwrap();
    let mut server = Server::in_context(&context).await;
    let _client = client(&server.endpoint, "alice").await;
    let request = within("the request", router.recv()).await.unwrap().into_frames();
    let [id, delimiter, body @ ..] = &request[..] else { panic!("{request:?}") };
    assert_eq!(delimiter, "");
    let spoilt = [vec![id.clone(), "x".into()], reply(body, "200", "OK")].concat();
    router.send(Message::multipart(spoilt)).await.unwrap();
    let refusal = server.failure().await;
    assert_eq!(denied(&refusal), temporarily(&ZapReplyError::NoDelimiter.into()));
}

#[tokio::test]
async fn missing_zap_handler_denies_at_once() {
    let context = Context::new();
    let mut server = Server::in_context(&context).await;
    let (client, mut events) = watched(&server.endpoint, "bob").await;
    let refusal = server.failure().await;
    assert_eq!(denied(&refusal), temporarily(&ZapError::NoHandler), "{refusal}");
    comes_again(&mut events).await;
    // Another context's handler is not asked.
    let _elsewhere = handler(&Context::new(), |request| reply(request, "200", "OK")).await;
    comes_again(&mut events).await;
    client.close().await;
    // A handler can be bound later.
    let _handler = handler(&context, |request| reply(request, "200", "OK")).await;
    server.serves().await;
}

#[tokio::test]
async fn zap_handler_of_wrong_type_is_an_error() {
    for (bound, socket_type) in [(true, SocketType::Pull), (false, SocketType::Dealer)] {
        let context = Context::new();
        let (pull, dealer) =
            (PullSocket::builder_in(&context).build(), DealerSocket::builder_in(&context).build());
        if bound { pull.bind(HANDLER).await } else { dealer.bind(HANDLER).await }.unwrap();
        let mut server = Server::in_context(&context).await;
        let _client = client(&server.endpoint, "alice").await;
        let refusal = server.failure().await;
        assert_eq!(denied(&refusal), temporarily(&ZapError::NotAHandler(socket_type)));
    }
}

#[tokio::test]
async fn lost_zap_handler_can_be_replaced() {
    let context = Context::new();
    let mut first = rep(&context).await;
    let mut server = Server::in_context(&context).await;
    let mut client = client(&server.endpoint, "alice").await;
    within("the request", first.recv()).await.unwrap();
    let mut gone = first.events();
    drop(first);
    let refusal = server.failure().await;
    assert_eq!(denied(&refusal), temporarily(&ZapError::HandlerGone), "{refusal}");
    within("the end of the handler", async { while gone.next().await.is_some() {} }).await;

    let _second = handler(&context, |request| reply(request, "200", "OK")).await;
    client.send("hello").await.unwrap();
    assert_eq!(within("the message", server.pull.recv()).await.unwrap(), "hello");
}

#[tokio::test]
async fn zap_handler_may_close_after_reply() {
    let context = Context::new();
    let mut handler = rep(&context).await;
    let mut server = Server::in_context(&context).await;
    let _client = client(&server.endpoint, "alice").await;
    let request = within("the request", handler.recv()).await.unwrap();
    handler.send(Message::multipart(reply(request.frames(), "200", "OK"))).await.unwrap();
    handler.close().await;
    server.peer().await;
}

#[tokio::test]
async fn silent_zap_handler_times_out() {
    for reads in [false, true] {
        let context = Context::new();
        let mut handler = rep(&context).await;
        let zap = || Zap::in_context(&context, "test").unwrap();
        // The timeout of ZAP.
        let mut server = Server::new(zap().timeout(Duration::from_millis(20))).await;
        let (first, mut events) = watched(&server.endpoint, "alice").await;
        if reads {
            within("the request", handler.recv()).await.unwrap();
        }
        let refusal = server.failure().await;
        assert_eq!(denied(&refusal), temporarily(&ZapError::NoReply), "{refusal}");
        comes_again(&mut events).await;
        first.close().await;

        // The timeout of the handshake.
        let limit = Duration::from_millis(50);
        let builder = PullSocket::builder().handshake_timeout(limit);
        let pull = builder.plain_server(zap()).build();
        let mut events = pull.events();
        let endpoint = pull.bind(ANY_PORT).await.unwrap().to_string();
        let (_second, mut told) = watched(&endpoint, "alice").await;
        let failure = failure(&mut events).await;
        let HandshakeFailure::Undecided { limit: after, reason: Some(reason) } = &failure else {
            panic!("{failure:?}")
        };
        assert_eq!((*after, reason.downcast_ref()), (limit, Some(&ZapError::NoReply)), "{failure}");
        comes_again(&mut told).await;
    }
}

/// A slow handler receives only the requests of peers that still wait.
#[tokio::test]
async fn abandoned_zap_requests_are_withdrawn() {
    let context = Context::new();
    let mut handler = rep(&context).await;
    let mut asked = handler.events();
    let mut server = Server::in_context(&context).await;
    for _ in 0..10 {
        let impatient = once(&server.endpoint, "bob").await;
        handshake_succeeded(&mut asked).await;
        impatient.close().await;
        let left = server.failure().await;
        assert!(matches!(left, HandshakeFailure::PeerClosed), "{left:?}");
    }
    assert_eq!(handler.try_recv().unwrap_err(), RecvError::Empty);
    let _client = client(&server.endpoint, "alice").await;
    let request = within("the request", handler.recv()).await.unwrap();
    assert_eq!(name(request.frames()), "alice");
    handler.send(Message::multipart(reply(request.frames(), "200", "OK"))).await.unwrap();
    server.peer().await;
}

/// Late and repeated replies do not reach other peers.
#[tokio::test]
async fn late_and_repeated_zap_replies_are_dropped() {
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).build();
    router.bind(HANDLER).await.unwrap();
    let zap = Zap::in_context(&context, "test").unwrap().timeout(Duration::from_millis(20));
    let mut server = Server::new(zap).await;
    let answer = |request: &[Frame], status| {
        let [id, _, body @ ..] = request else { panic!("{request:?}") };
        Message::multipart([vec![id.clone(), "".into()], reply(body, status, "")].concat())
    };
    let _bob = once(&server.endpoint, "bob").await;
    let late = within("bob's request", router.recv()).await.unwrap().into_frames();
    assert_eq!(denied(&server.failure().await), temporarily(&ZapError::NoReply));
    let _mallory = client(&server.endpoint, "mallory").await;
    let request = within("mallory's request", router.recv()).await.unwrap().into_frames();
    // A late reply about bob, and two replies about mallory.
    for reply in [answer(&late, "200"), answer(&request, "400"), answer(&request, "200")] {
        router.send(reply).await.unwrap();
    }
    let refusal = server.failure().await;
    let refused = ZapError::Refused { text: "".into() };
    assert_eq!(denied(&refusal), (DenyStatus::AuthenticationFailure, Some(&refused)));
    assert!(server.pull.stats().peers.is_empty());
}

const MANY: usize = 100;

/// The user ids of all allowed peers.
async fn users(server: &mut Server) -> BTreeSet<String> {
    let mut users = BTreeSet::new();
    for _ in 0..MANY {
        users.insert(server.peer().await.user_id().expect("a user id").to_owned());
    }
    users
}

fn names() -> BTreeSet<String> {
    (0..MANY).map(|number| format!("user-{number}")).collect()
}

async fn clients(server: &Server) -> Vec<PushSocket> {
    let mut clients = Vec::new();
    for name in names() {
        clients.push(client(&server.endpoint, &name).await);
    }
    clients
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_parallel_handshakes_stay_apart() {
    // REP receives one request at a time.
    let context = Context::new();
    let _handler = handler(&context, |request| {
        let mut reply = reply(request, "200", "OK");
        reply[4] = name(request).into();
        reply
    })
    .await;
    let mut server = Server::in_context(&context).await;
    let _clients = clients(&server).await;
    assert_eq!(users(&mut server).await, names());

    // A ROUTER can receive all requests and reply to the last one first.
    let context = Context::new();
    let mut router = RouterSocket::builder_in(&context).build();
    router.bind(HANDLER).await.unwrap();
    let mut server = Server::in_context(&context).await;
    let _clients = clients(&server).await;
    let mut requests = Vec::new();
    for _ in 0..MANY {
        requests.push(within("a request", router.recv()).await.unwrap().into_frames());
    }
    for request in requests.into_iter().rev() {
        let [id, delimiter, body @ ..] = &request[..] else { panic!("{request:?}") };
        let mut reply = reply(body, "200", "OK");
        reply[4] = name(body).into();
        let envelope = vec![id.clone(), delimiter.clone()];
        router.send(Message::multipart([envelope, reply].concat())).await.unwrap();
    }
    assert_eq!(users(&mut server).await, names());
}

#[tokio::test]
async fn authenticator_can_be_the_zap_handler() {
    async fn decide(attempt: Attempt) -> Decision {
        assert_eq!(attempt.domain.as_deref(), Some("test"));
        let PeerAddress::Tcp(address) = &attempt.address else { panic!("{attempt:?}") };
        assert_eq!(address.to_string(), "127.0.0.1:0");
        let Credentials::Password { username, password } = &attempt.request.credentials else {
            panic!("{attempt:?}")
        };
        assert_eq!(password.expose(), b"secret");
        match &username[..] {
            b"alice" => {
                let mut metadata = Metadata::new();
                metadata.insert("X-Role", "admin").unwrap();
                Decision::Allow { user_id: "user-1".into(), metadata }
            }
            b"bob" => attempt.deny(DenyStatus::TemporaryError, "bob must wait"),
            _ => Decision::Deny(DenyStatus::AuthenticationFailure),
        }
    }
    let context = Context::new();
    let running = tokio::spawn(ZapHandler::bind(&context, decide).await.unwrap().run());
    let mut server = Server::in_context(&context).await;
    let _alice = client(&server.endpoint, "alice").await;
    let info = server.peer().await;
    assert_eq!(info.user_id(), Some("user-1"));
    assert_eq!(info.user_metadata().get("X-Role").unwrap(), "admin");
    let bob = client(&server.endpoint, "bob").await;
    let text = "bob must wait".into();
    assert_eq!(denied(&server.failure().await), temporarily(&ZapError::Refused { text }));
    bob.close().await;
    let _mallory = client(&server.endpoint, "mallory").await;
    let refusal = loop {
        let refusal = server.failure().await;
        if !matches!(denied(&refusal).0, DenyStatus::TemporaryError) {
            break refusal;
        }
    };
    assert_eq!(denied(&refusal).0, DenyStatus::AuthenticationFailure);
    context.shutdown().await;
    within("the handler to end", running).await.unwrap();
}

#[tokio::test]
async fn zap_handler_decides_concurrently() {
    let context = Context::new();
    let barrier = Arc::new(Barrier::new(MANY));
    let together = move |attempt: Attempt| {
        let barrier = barrier.clone();
        async move {
            let Credentials::Password { username, .. } = attempt.request.credentials else {
                return Decision::Deny(DenyStatus::InternalError);
            };
            barrier.wait().await;
            Decision::allow_as(String::from_utf8_lossy(&username))
        }
    };
    tokio::spawn(ZapHandler::bind(&context, together).await.unwrap().run());
    let mut server = Server::in_context(&context).await;
    let _clients = clients(&server).await;
    assert_eq!(users(&mut server).await, names());
}

#[tokio::test]
async fn zap_handler_drops_abandoned_decisions() {
    let (asked, given_up) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let never = {
        let (asked, given_up) = (asked.clone(), given_up.clone());
        move |_: Attempt| {
            let waits = NotifyOnDrop(given_up.clone());
            asked.notify_one();
            async move {
                std::future::pending::<()>().await;
                drop(waits);
                Decision::allow()
            }
        }
    };
    let context = Context::new();
    tokio::spawn(ZapHandler::bind(&context, never).await.unwrap().run());
    let server = Server::in_context(&context).await;
    let client = client(&server.endpoint, "alice").await;
    within("the question", asked.notified()).await;
    client.close().await;
    within("the end of the question", given_up.notified()).await;
}

/// The frames that proxies add are kept. A malformed request is denied, or ignored if it has no id.
#[tokio::test]
async fn zap_handler_keeps_envelope_rejects_malformed() {
    let context = Context::new();
    let anybody = |_: Attempt| async { Decision::allow_as("user-1") };
    tokio::spawn(ZapHandler::bind(&context, anybody).await.unwrap().run());
    let mut dealer = DealerSocket::builder_in(&context).build();
    dealer.connect(HANDLER).unwrap();

    let good = ["1.0", "7", "test", "::1", "", "NULL"];
    let via = [&["hop-1", "hop-2", ""][..], &good[..]].concat();
    dealer.send(Message::multipart(via)).await.unwrap();
    let reply = within("the reply", dealer.recv()).await.unwrap();
    let expected = ["hop-1", "hop-2", "", "1.0", "7", "200", "OK", "user-1", ""];
    assert_eq!(reply, Message::multipart(expected));

    for nonsense in [&["no", "delimiter"][..], &[""], &["", "1.0"]] {
        dealer.send(Message::multipart(nonsense.to_vec())).await.unwrap();
    }
    let key = "a key of fewer than 32 bytes";
    for bad in [
        vec!["1.1", "8", "test", "::1", "", "NULL"],
        vec!["1.0", "8", "test", "::1", ""],
        vec!["1.0", "8", "test", "localhost:1:2", "", "NULL"],
        vec!["1.0", "8", "test", "::1", "", "GSSAPI", "principal"],
        vec!["1.0", "8", "test", "::1", "", "CURVE", key],
        vec!["1.0", "8", "test", "::1", "", "PLAIN", "alice"],
        vec!["1.0", "8", "test", "::1", "", "NULL", "something"],
    ] {
        dealer.send(Message::multipart([vec![""], bad].concat())).await.unwrap();
        let reply = within("the refusal", dealer.recv()).await.unwrap();
        let expected = ["", "1.0", "8", "500", "the request is malformed", "", ""];
        assert_eq!(reply, Message::multipart(expected));
    }
}

#[tokio::test]
async fn zap_uses_shared_context_by_default() {
    let anybody = |_: Attempt| async { Decision::allow_as("user-1") };
    tokio::spawn(ZapHandler::bind(Context::shared(), anybody).await.unwrap().run());
    let mut server = Server::new(Zap::new("global").unwrap()).await;
    server.serves().await;
}

#[test]
fn domain_has_up_to_255_ascii_characters() {
    for bad in ["bücher", &"x".repeat(256)] {
        let error = Zap::new(bad).unwrap_err().to_string();
        assert!(error.contains("at most 255 ASCII characters"), "{error}");
    }
    for good in ["", &"x".repeat(255)] {
        assert!(Zap::new(good).is_ok());
    }
}

/// pyzmq's authenticator uses the domain `*` for requests with an empty domain.
#[tokio::test]
async fn empty_domain_is_sent_to_the_handler() {
    async fn check(attempt: Attempt) -> Decision {
        match attempt.domain.as_deref() {
            Some("") => Decision::allow_as("of the default domain"),
            other => attempt.deny(DenyStatus::AuthenticationFailure, format!("{other:?}")),
        }
    }
    let context = Context::new();
    tokio::spawn(ZapHandler::bind(&context, check).await.unwrap().run());
    let mut server = Server::new(Zap::in_context(&context, "").unwrap()).await;
    server.serves().await;
    assert_eq!(server.peer().await.user_id(), Some("of the default domain"));
    let mut other = Server::new(Zap::in_context(&context, "other").unwrap()).await;
    let _client = client(&other.endpoint, "alice").await;
    assert_eq!(denied(&other.failure().await).0, DenyStatus::AuthenticationFailure);
}

#[tokio::test]
async fn domain_that_is_not_utf_8_is_denied() {
    let context = Context::new();
    let anybody = |_: Attempt| async { Decision::allow() };
    tokio::spawn(ZapHandler::bind(&context, anybody).await.unwrap().run());
    let mut asker = DealerSocket::builder_in(&context).build();
    asker.connect(HANDLER).unwrap();
    for (domain, status) in [(&b"\xff"[..], "500"), (&b"text"[..], "200")] {
        let request = [b"", &b"1.0"[..], b"7", domain, b"127.0.0.1", b"", b"NULL"];
        asker.send(Message::multipart(request)).await.unwrap();
        let reply = within("a reply", asker.recv()).await.unwrap();
        assert_eq!(*reply.get(3).unwrap(), *status);
    }
}

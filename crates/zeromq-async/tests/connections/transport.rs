//! Custom transports, and streams and listeners that the application created.

use std::collections::HashMap;
use std::io;
use std::net::TcpListener as StdListener;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll};
use std::time::Duration;

use support::{ANY_PORT, disconnected, event, fast_reconnect, within};
use tokio::io::{AsyncReadExt, AsyncWrite, BufStream, duplex};
use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use zeromq_async::transport::{BoundTcp, Io, Listener, Tcp, Transport, TransportOptions};
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Context, DealerSocket, Endpoint, EndpointErrorKind,
    HandshakeFailure, PairSocket, PeerAddress, PullSocket, PushSocket, Rejected, RepSocket,
    ReqSocket, RouterSocket, SocketEvent, SocketHandle, StreamError,
};

/// Streams within the process, by name.
#[derive(Clone, Default)]
struct Loop(Arc<Mutex<HashMap<String, mpsc::UnboundedSender<Io>>>>);

struct LoopListener {
    endpoint: Endpoint,
    arrivals: mpsc::UnboundedReceiver<Io>,
}

impl Transport for Loop {
    type Listener = LoopListener;

    async fn listen(&self, at: &Endpoint, _: &TransportOptions) -> io::Result<LoopListener> {
        let (sender, arrivals) = mpsc::unbounded_channel();
        let mut names = self.0.lock().expect("no panic");
        if names.get(&at.to_string()).is_some_and(|sender| !sender.is_closed()) {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        names.insert(at.to_string(), sender);
        Ok(LoopListener { endpoint: at.clone(), arrivals })
    }

    async fn dial(&self, to: &Endpoint, _: &TransportOptions) -> io::Result<Io> {
        let (near, far) = duplex(256);
        let names = self.0.lock().expect("no panic");
        let listener = names.get(&to.to_string()).ok_or(io::ErrorKind::ConnectionRefused)?;
        // Buffered on one side: unflushed bytes are not sent.
        listener.send(Io::new(far, "dialer")).map_err(|_| io::ErrorKind::ConnectionRefused)?;
        Ok(Io::new(BufStream::new(near), "listener"))
    }
}

impl Listener for LoopListener {
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        self.arrivals.poll_recv(cx).map(|io| io.ok_or(io::ErrorKind::BrokenPipe.into()))
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

fn with_loop() -> Context {
    Context::builder()
        .transport("loop", Loop::default())
        .expect("a scheme")
        .reconnect(fast_reconnect())
        .build()
}

/// Calls its socket when it is dropped.
struct Asking {
    inner: tokio::io::DuplexStream,
    socket: SocketHandle,
    answered: Arc<AtomicUsize>,
}

impl AsyncWrite for Asking {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        self.answered.fetch_add(1 + self.socket.stats().peers.len(), Ordering::SeqCst);
    }
}

/// Two connected sockets that have exchanged a message. The first socket's writer is an [`Asking`].
async fn with_asking_writer(answered: &Arc<AtomicUsize>) -> (PairSocket, PairSocket) {
    let (mut near, mut far) = (PairSocket::new(), PairSocket::new());
    let (writer, remote_reader) = duplex(1024);
    let (remote_writer, reader) = duplex(1024);
    let (socket, answered) = (near.handle().clone(), answered.clone());
    let writer = Asking { inner: writer, socket, answered };
    near.handle().connect_stream(Io::from_halves(reader, writer, "far")).expect("open");
    let io = Io::from_halves(remote_reader, remote_writer, "near");
    far.handle().accept_stream(io).expect("open");
    near.send("hello").await.expect("sent");
    assert_eq!(far.recv().await.expect("a message"), "hello");
    (near, far)
}

/// Runs code that may deadlock on a thread of its own.
fn without_deadlock(doing: impl FnOnce() + Send + 'static) {
    let (done, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        doing();
        done.send(()).expect("the test waits");
    });
    told.recv_timeout(support::DEADLINE).expect("it does not wait for itself, nor panic");
}

fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

#[test]
fn writer_may_use_socket_on_disconnect() {
    without_deadlock(|| {
        runtime().block_on(async {
            let answered = Arc::default();
            let (near, far) = with_asking_writer(&answered).await;
            let mut events = near.events();
            far.close().await;
            disconnected(&mut events).await;
            assert!(answered.load(Ordering::SeqCst) > 0);
        });
    });
}

#[test]
fn writer_may_use_socket_without_its_runtime() {
    without_deadlock(|| {
        let answered = Arc::default();
        let first = runtime();
        let (near, far) = first.block_on(with_asking_writer(&answered));
        // The runtime of the first socket is no longer driven.
        let mut other = tokio::runtime::Builder::new_current_thread();
        other.enable_all().start_paused(true);
        other.build().expect("a runtime").block_on(near.close());
        assert_eq!(answered.load(Ordering::SeqCst), 1, "it is no peer any more");
        drop((first, far));
    });
}

#[test]
fn writer_may_use_socket_at_runtime_end() {
    without_deadlock(|| {
        let answered = Arc::default();
        let first = runtime();
        let (near, far) = first.block_on(with_asking_writer(&answered));
        drop(first);
        assert!(answered.load(Ordering::SeqCst) > 0, "the connection is gone");
        runtime().block_on(near.close());
        drop(far);
    });
}

#[tokio::test]
async fn custom_transport_carries_sockets() {
    let context = with_loop();
    let mut server = RepSocket::builder_in(&context).build();
    let mut client = ReqSocket::builder_in(&context).build();
    let mut events = client.events();
    client.connect("loop://server").unwrap(); // before it is there
    let error = event(&mut events, "a failed attempt", |event| match event {
        SocketEvent::ConnectFailed { error, .. } => Some(error),
        _ => None,
    })
    .await;
    assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    assert!(error.to_string().starts_with("cannot connect to loop://server: "), "{error}");

    let mut accepting = server.events();
    assert_eq!(server.bind("loop://server").await.unwrap().to_string(), "loop://server");
    for _ in 0..100 {
        client.send("a question").await.unwrap();
        assert_eq!(within("the question", server.recv()).await.unwrap(), "a question");
        server.send("an answer").await.unwrap();
        assert_eq!(within("the answer", client.recv()).await.unwrap(), "an answer");
    }
    let address = event(&mut accepting, "an accepted stream", |event| match event {
        SocketEvent::Accepted { address, .. } => Some(address),
        _ => None,
    })
    .await;
    assert_eq!(address, PeerAddress::from("dialer"));
    let second = RepSocket::builder_in(&context).build();
    let error = second.bind("loop://server").await.unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::InUse);
}

#[tokio::test]
async fn lost_stream_is_redialled() {
    let context = with_loop();
    let first = PullSocket::builder_in(&context).build();
    let mut push = PushSocket::builder_in(&context).build();
    let mut events = push.events();
    first.bind("loop://sink").await.unwrap();
    push.connect("loop://sink").unwrap();
    within("the first sink", first.wait_for_peers(1)).await;
    first.close().await;
    disconnected(&mut events).await;

    push.send("kept").await.unwrap();
    let mut second = PullSocket::builder_in(&context).build();
    second.bind("loop://sink").await.unwrap();
    assert_eq!(within("the kept message", second.recv()).await.unwrap(), "kept");
}

#[tokio::test]
async fn buffering_writer_is_flushed_to_slow_reader() {
    const COUNT: usize = 1000;
    let (push, mut pull) = (PushSocket::new(), PullSocket::new());
    let (near, far) = duplex(100); // less than a message
    let near = BufStream::with_capacity(1 << 16, 1 << 16, near);
    push.handle().connect_stream(Io::new(near, "sink")).unwrap();
    pull.handle().accept_stream(Io::new(far, "source")).unwrap();
    let mut sender = push.sender();
    let sending = tokio::spawn(async move {
        for _ in 0..COUNT {
            sender.send(vec![7; 300]).await.unwrap();
        }
        within("flushing", sender.flush()).await.unwrap();
    });
    for _ in 0..COUNT {
        assert_eq!(within("a message", pull.recv()).await.unwrap().size(), 300);
    }
    sending.await.unwrap();
    assert_eq!(push.close().await.unsent, 0);
}

#[tokio::test]
async fn unknown_scheme_error_explains_transports() {
    let context = with_loop();
    let pull = PullSocket::builder_in(&context).build();
    let error = pull.bind("pigeon://loft-7").await.unwrap_err();
    let BindErrorKind::InvalidEndpoint(EndpointErrorKind::UnknownScheme { scheme, .. }) =
        error.kind()
    else {
        panic!("{error}")
    };
    assert_eq!(scheme, "pigeon");
    let text = error.to_string();
    for part in ["pigeon://loft-7", "loop", "tcp", "inproc", "ContextBuilder::transport"] {
        assert!(text.contains(part), "{text}");
    }
    let push = PushSocket::new(); // of the shared context, which has no loop
    let error = push.connect("loop://sink").unwrap_err();
    let ConnectErrorKind::InvalidEndpoint(EndpointErrorKind::UnknownScheme { known, .. }) =
        error.kind()
    else {
        panic!("{error}")
    };
    assert!(!known.contains(&"loop".into()));
}

/// TCP with a host name of its own, under `tcp://`.
struct Counted(Arc<Mutex<Vec<String>>>);

impl Transport for Counted {
    type Listener = BoundTcp;

    async fn listen(&self, at: &Endpoint, options: &TransportOptions) -> io::Result<BoundTcp> {
        self.0.lock().expect("no panic").push(format!("listen {at}"));
        Tcp.listen(at, options).await
    }

    async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        self.0.lock().expect("no panic").push(format!("dial {to}"));
        Tcp.dial(to, options).await
    }
}

#[tokio::test]
async fn built_in_transport_can_be_replaced() {
    let calls = Arc::new(Mutex::new(Vec::new()));
    let context = Context::builder().transport("tcp", Counted(calls.clone())).unwrap().build();
    let pull = PullSocket::builder_in(&context).build();
    let push = PushSocket::builder_in(&context).build();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    push.connect(&bound).unwrap();
    within("the peer", pull.wait_for_peers(1)).await;
    assert_eq!(*calls.lock().unwrap(), [format!("listen {ANY_PORT}"), format!("dial {bound}")]);
}

/// Each connection begins with a byte from the client, before ZMTP.
struct Prefaced;

struct PrefacedListener(BoundTcp);

impl Transport for Prefaced {
    type Listener = PrefacedListener;

    async fn listen(
        &self,
        at: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<PrefacedListener> {
        Ok(PrefacedListener(Tcp.listen(at, options).await?))
    }

    async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        use tokio::io::AsyncWriteExt;
        let mut io = Tcp.dial(to, options).await?;
        io.write_all(b"!").await?;
        Ok(io)
    }
}

impl Listener for PrefacedListener {
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        let preface = |mut io: Io| async move {
            match io.read_u8().await? {
                b'!' => Ok(io),
                other => Err(io::Error::other(format!("the client began with {other}"))),
            }
        };
        self.0.poll_accept(cx).map_ok(|io| io.upgrade(preface))
    }

    fn local_endpoint(&self) -> &Endpoint {
        self.0.local_endpoint()
    }
}

#[tokio::test]
async fn slow_transport_handshake_times_out_alone() {
    let context = Context::builder().transport("tcp", Prefaced).unwrap().build();
    let limit = Duration::from_millis(300);
    let mut pull = PullSocket::builder_in(&context).handshake_timeout(limit).build();
    let mut events = pull.events();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let silent = tokio::net::TcpStream::connect(support::address(&bound)).await.unwrap();
    event(&mut events, "the silent one", |event| {
        matches!(event, SocketEvent::Accepted { .. }).then_some(())
    })
    .await;
    let mut push = PushSocket::builder_in(&context).build();
    push.connect(&bound).unwrap();
    push.send("past the silent one").await.unwrap();
    within("the message", pull.recv()).await.unwrap();

    let failure = |event| match event {
        SocketEvent::HandshakeFailed { reason, address, .. } => Some((reason, address)),
        _ => None,
    };
    let (reason, address) = event(&mut events, "the silent one's end", failure).await;
    assert!(matches!(reason, HandshakeFailure::TimedOut(_)), "{reason}");
    assert_eq!(address, PeerAddress::Tcp(silent.local_addr().unwrap()));

    // A client that sends another byte is reported.
    let mut wrong = tokio::net::TcpStream::connect(support::address(&bound)).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut wrong, b"?").await.unwrap();
    let (reason, _) = event(&mut events, "the wrong one's end", failure).await;
    assert!(reason.to_string().contains("the client began with 63"), "{reason}");
}

#[tokio::test]
async fn stream_can_be_peer_on_either_side() {
    let (mut router, mut dealer) = (RouterSocket::new(), DealerSocket::new());
    let (one, other) = duplex(64);
    // Both may have accepted the stream, or both may have connected it: ZMTP has no roles.
    router.handle().connect_stream(Io::new(one, "dealer")).unwrap();
    dealer.handle().connect_stream(Io::new(other, "router")).unwrap();
    dealer.send("over a stream").await.unwrap();
    let (message, peer) = within("the message", router.recv_from()).await.unwrap();
    assert_eq!(peer.address(), Some(&PeerAddress::from("dealer")));
    router.send(message).await.unwrap();
    assert_eq!(within("the reply", dealer.recv()).await.unwrap(), "over a stream");
}

#[tokio::test]
async fn ended_stream_counts_lost_messages() {
    let mut push = PushSocket::new();
    let mut events = push.events();
    let (near, far) = duplex(64);
    let endpoint = push.handle().connect_stream(Io::new(near, "gone soon")).unwrap();
    push.send("lost with it").await.unwrap();
    drop(far);
    let stopped = event(&mut events, "the end of the stream", |event| match event {
        SocketEvent::ConnectStopped { endpoint, .. } => Some(endpoint),
        _ => None,
    })
    .await;
    assert_eq!(stopped, endpoint);
    assert!(push.handle().disconnect(&endpoint).is_err(), "it is forgotten");
    assert_eq!(push.close().await.unsent, 1);
}

#[tokio::test]
async fn disconnecting_a_stream_flushes_its_queue() {
    let (mut push, mut pull) = (PushSocket::new(), PullSocket::new());
    let (near, far) = duplex(64);
    let endpoint = push.handle().connect_stream(Io::new(near, "sink")).unwrap();
    for _ in 0..100 {
        push.send("more than the stream takes at once").await.unwrap();
    }
    push.handle().disconnect(&endpoint).unwrap();
    let mut events = pull.events();
    pull.handle().accept_stream(Io::new(far, "source")).unwrap();
    for _ in 0..100 {
        within("a message", pull.recv()).await.unwrap();
    }
    disconnected(&mut events).await;
}

#[tokio::test]
async fn rejected_stream_gives_a_reason() {
    let pair = PairSocket::new();
    let (one, other) = (duplex(64), duplex(64));
    pair.handle().connect_stream(Io::new(one.0, "the one peer")).unwrap();
    let refused = pair.handle().connect_stream(Io::new(other.0, "another")).unwrap_err();
    assert_eq!(refused, StreamError::Rejected(Rejected::Occupied));

    let handle = pair.handle().clone();
    pair.close().await;
    let (near, _far) = duplex(64);
    let refused = handle.connect_stream(Io::new(near, "too late")).unwrap_err();
    assert_eq!(refused, StreamError::Closed);
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let error = handle.bind_listener(listener).unwrap_err();
    assert_eq!(error.kind(), &BindErrorKind::Closed);
}

#[test]
fn accepting_a_stream_needs_a_runtime() {
    let pull = PullSocket::new();
    let (near, _far) = duplex(64);
    let refused = pull.handle().accept_stream(Io::new(near, "no peer")).unwrap_err();
    assert_eq!(refused, StreamError::NoRuntime);
    let listener = StdListener::bind("127.0.0.1:0").unwrap();
    let refused = pull.handle().bind_listener(listener).unwrap_err();
    assert!(refused.to_string().contains("Runtime::enter"), "{refused}");
}

/// Sends one message to the listener at this address.
async fn send_to(mut pull: PullSocket, endpoint: &Endpoint) {
    let mut push = PushSocket::new();
    push.connect(endpoint).expect("an endpoint");
    push.send("found").await.expect("an open socket");
    assert_eq!(within("the message", pull.recv()).await.expect("an open socket"), "found");
    pull.unbind(endpoint).await.expect("it was bound");
    assert!(pull.unbind(endpoint).await.is_err());
}

#[tokio::test]
async fn foreign_listeners_are_adopted() {
    let made = StdListener::bind("127.0.0.1:0").unwrap();
    let address = made.local_addr().unwrap();
    let pull = PullSocket::new();
    let endpoint = pull.handle().bind_listener(made).unwrap();
    assert_eq!(endpoint, Endpoint::from(address));
    assert_eq!(pull.last_endpoint().as_ref(), Some(&endpoint));
    send_to(pull, &endpoint).await;

    let made = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let pull = PullSocket::new();
    let endpoint = pull.handle().bind_listener(made).unwrap();
    send_to(pull, &endpoint).await;
}

#[cfg(unix)]
mod descriptors {
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[tokio::test]
    async fn adopted_listener_file_is_not_removed() {
        let path = std::env::temp_dir().join(format!("zmq-adopted-{}", std::process::id()));
        let made = UnixListener::bind(&path).unwrap();
        let pull = PullSocket::new();
        let endpoint = pull.handle().bind_listener(made).unwrap();
        assert_eq!(endpoint.to_string(), format!("ipc://{}", path.display()));
        send_to(pull, &endpoint).await;
        assert!(path.exists());
        std::fs::remove_file(&path).unwrap();
    }

    /// The way a service manager passes them.
    #[tokio::test]
    async fn descriptor_kind_is_detected() {
        let tcp = OwnedFd::from(StdListener::bind("[::1]:0").unwrap());
        let pull = PullSocket::new();
        let endpoint = pull.handle().bind_listener(tcp).unwrap();
        assert!(endpoint.to_string().starts_with("tcp://[::1]:"), "{endpoint}");
        send_to(pull, &endpoint).await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn abstract_name_descriptor_is_adopted() {
        use std::os::linux::net::SocketAddrExt;
        let name = format!("zmq-adopted-{}", std::process::id());
        let address = std::os::unix::net::SocketAddr::from_abstract_name(&name).unwrap();
        let made = OwnedFd::from(UnixListener::bind_addr(&address).unwrap());
        let pull = PullSocket::new();
        let endpoint = pull.handle().bind_listener(made).unwrap();
        assert_eq!(endpoint.to_string(), format!("ipc://@{name}"));
        send_to(pull, &endpoint).await;
    }

    #[cfg(target_os = "linux")]
    #[tokio::test]
    async fn non_listening_descriptor_is_rejected() {
        let connected = std::os::unix::net::UnixStream::pair().unwrap().0;
        let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let file = std::fs::File::open("/dev/null").unwrap();
        for fd in [OwnedFd::from(connected), OwnedFd::from(datagrams), OwnedFd::from(file)] {
            let error = PullSocket::new().handle().bind_listener(fd).unwrap_err();
            assert!(matches!(error.kind(), BindErrorKind::Listener), "{error}");
        }
    }
}

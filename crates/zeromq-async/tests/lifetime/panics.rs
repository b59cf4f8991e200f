//! A panic in code that the library calls, and runtimes that lack a driver.

use std::io;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context as TaskContext, Poll};

use futures_util::FutureExt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeromq_async::transport::{BoundTcp, Io, Listener, Tcp, Transport, TransportOptions};
use zeromq_async::{Context, Endpoint, PullSocket, PushSocket, SocketEvent};

use crate::{text, until};
use support::{ANY_PORT, fast_reconnect, within};

/// The call of the transport that panics the first times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    Listen,
    Dial,
    DialLater,
    Accept,
    Upgrade,
    Read,
    Write,
    Drop,
    DropWriter,
}

/// TCP with code that panics.
struct Faulty {
    fault: Fault,
    left: Arc<AtomicUsize>,
}

impl Faulty {
    fn context(fault: Fault, times: usize) -> Context {
        let faulty = Self { fault, left: Arc::new(AtomicUsize::new(times)) };
        Context::builder().transport("faulty", faulty).unwrap().build()
    }

    fn panic_at(&self, fault: Fault) {
        panic_while(fault == self.fault, &self.left, fault);
    }
}

fn panic_while(applies: bool, left: &AtomicUsize, fault: Fault) {
    let less = |left: usize| left.checked_sub(1);
    if applies && left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok() {
        panic!("deliberate {fault:?}");
    }
}

impl Transport for Faulty {
    type Listener = FaultyListener;

    async fn listen(
        &self,
        at: &Endpoint,
        options: &TransportOptions,
    ) -> io::Result<FaultyListener> {
        self.panic_at(Fault::Listen);
        let listener = Tcp.listen(&at.with_scheme("tcp")?, options).await?;
        let endpoint = listener.local_endpoint().with_scheme("faulty")?;
        Ok(FaultyListener { listener, endpoint, fault: self.fault, left: self.left.clone() })
    }

    async fn dial(&self, to: &Endpoint, options: &TransportOptions) -> io::Result<Io> {
        self.panic_at(Fault::Dial);
        let io = Tcp.dial(&to.with_scheme("tcp")?, options).await?;
        self.panic_at(Fault::DialLater);
        let (fault, left) = (self.fault, self.left.clone());
        if fault == Fault::Upgrade {
            return Ok(io.upgrade(move |io| async move {
                panic_while(true, &left, fault);
                Ok(io)
            }));
        }
        let address = io.peer_address().clone();
        if fault == Fault::DropWriter {
            let (reader, writer) = tokio::io::split(io);
            return Ok(Io::from_halves(reader, FaultyWriter { writer, left }, address));
        }
        Ok(Io::new(FaultyStream { io, fault, left, calls: 0 }, address))
    }
}

struct FaultyListener {
    listener: BoundTcp,
    endpoint: Endpoint,
    fault: Fault,
    left: Arc<AtomicUsize>,
}

impl Listener for FaultyListener {
    fn poll_accept(&mut self, cx: &mut TaskContext<'_>) -> Poll<io::Result<Io>> {
        panic_while(self.fault == Fault::Accept, &self.left, Fault::Accept);
        self.listener.poll_accept(cx)
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

struct FaultyStream {
    io: Io,
    fault: Fault,
    left: Arc<AtomicUsize>,
    calls: usize,
}

impl FaultyStream {
    /// Panics at each call after the handshake's.
    fn panic_at(&mut self, fault: Fault) {
        self.calls += usize::from(fault == self.fault);
        panic_while(fault == self.fault && self.calls > 8, &self.left, fault);
    }
}

struct FaultyWriter {
    writer: tokio::io::WriteHalf<Io>,
    left: Arc<AtomicUsize>,
}

impl Drop for FaultyWriter {
    fn drop(&mut self) {
        panic_while(true, &self.left, Fault::DropWriter);
    }
}

impl AsyncWrite for FaultyWriter {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.writer).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.writer).poll_shutdown(cx)
    }
}

impl Drop for FaultyStream {
    fn drop(&mut self) {
        panic_while(self.fault == Fault::Drop && self.calls == 0, &self.left, Fault::Drop);
    }
}

impl AsyncRead for FaultyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.panic_at(Fault::Read);
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl AsyncWrite for FaultyStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut TaskContext<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.panic_at(Fault::Write);
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

/// The panic becomes an event with its message, and the next attempt succeeds.
async fn is_reported_and_retried(fault: Fault, is: impl Fn(&SocketEvent) -> bool) {
    let context = Faulty::context(fault, 2);
    let mut pull = PullSocket::new();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let mut push = PushSocket::builder_in(&context).reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(bound.with_scheme("faulty").unwrap()).unwrap();
    for _ in 0..2 {
        let seen = until(&mut events, "the panic", &is).await;
        let told = text(&seen[seen.len() - 1..]);
        assert!(told.contains(&format!("deliberate {fault:?}")), "{told}");
    }
    within("a peer", push.wait_for_peers(1)).await;
    within("room", push.send("after all")).await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "after all");
    within("the socket to close", push.close()).await;
}

fn is_connect_failed(event: &SocketEvent) -> bool {
    matches!(event, SocketEvent::ConnectFailed { .. })
}

#[tokio::test]
async fn panic_in_dial_is_told_and_tried_again() {
    is_reported_and_retried(Fault::Dial, is_connect_failed).await;
    is_reported_and_retried(Fault::DialLater, is_connect_failed).await;
}

#[tokio::test]
async fn panic_in_upgrade_fails_the_handshake() {
    let failed = |event: &SocketEvent| matches!(event, SocketEvent::HandshakeFailed { .. });
    is_reported_and_retried(Fault::Upgrade, failed).await;
}

#[tokio::test]
async fn panic_in_listen_is_an_error_of_bind() {
    let context = Faulty::context(Fault::Listen, 1);
    let pull = PullSocket::builder_in(&context).build();
    let error = pull.bind("faulty://127.0.0.1:*").await.unwrap_err();
    assert!(error.to_string().contains("deliberate Listen"), "{error}");
    pull.bind("faulty://127.0.0.1:*").await.unwrap();
}

#[tokio::test]
async fn panic_in_accept_is_told_and_goes_on() {
    let context = Faulty::context(Fault::Accept, 2);
    let mut pull = PullSocket::builder_in(&context).build();
    let mut events = pull.events();
    let bound = pull.bind("faulty://127.0.0.1:*").await.unwrap();
    let mut push = PushSocket::new();
    push.connect(bound.with_scheme("tcp").unwrap()).unwrap();
    for _ in 0..2 {
        let failed = |event: &SocketEvent| matches!(event, SocketEvent::AcceptFailed { .. });
        let seen = until(&mut events, "the panic", failed).await;
        assert!(text(&seen).contains("deliberate Accept"), "{}", text(&seen));
    }
    push.send("after all").await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "after all");
    pull.unbind(&bound).await.unwrap();
}

#[tokio::test]
async fn panic_in_read_ends_one_connection() {
    let context = Faulty::context(Fault::Read, 1);
    let mut push = PushSocket::new();
    let bound = push.bind(ANY_PORT).await.unwrap();
    let mut pull = PullSocket::builder_in(&context).reconnect(fast_reconnect()).build();
    let mut events = pull.events();
    pull.connect(bound.with_scheme("faulty").unwrap()).unwrap();
    let sending = tokio::spawn(async move {
        loop {
            push.send("again").await.unwrap();
            tokio::task::yield_now().await;
        }
    });
    let receiving = tokio::spawn(async move { while pull.recv().await.is_ok() {} });
    let lost = |event: &SocketEvent| matches!(event, SocketEvent::Disconnected { .. });
    let seen = until(&mut events, "the panic", lost).await;
    let told = text(&seen[seen.len() - 1..]);
    assert!(told.contains("deliberate Read") && told.contains("Panicked"), "{told}");
    let again = |event: &SocketEvent| matches!(event, SocketEvent::HandshakeSucceeded { .. });
    until(&mut events, "another connection", again).await;
    sending.abort();
    receiving.abort();
}

/// The sender's task panics after the message is queued.
#[tokio::test]
async fn panic_in_write_loses_nothing() {
    let context = Faulty::context(Fault::Write, 1);
    let mut pull = PullSocket::new();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let mut push = PushSocket::builder_in(&context).reconnect(fast_reconnect()).build();
    push.connect(bound.with_scheme("faulty").unwrap()).unwrap();
    within("a peer", push.wait_for_peers(1)).await;
    for number in 0..100 {
        let sending = AssertUnwindSafe(push.send(format!("{number}"))).catch_unwind();
        let _ = within("room", sending).await;
        let received = within("every message", pull.recv()).await.unwrap();
        assert_eq!(received, format!("{number}"));
    }
    within("the socket to close", push.close()).await;
}

async fn continues_after_panic_in_drop(fault: Fault) {
    let context = Faulty::context(fault, 1);
    let mut pull = PullSocket::new();
    let bound = pull.bind(ANY_PORT).await.unwrap();
    let mut push = PushSocket::builder_in(&context).reconnect(fast_reconnect()).build();
    let mut events = push.events();
    push.connect(bound.with_scheme("faulty").unwrap()).unwrap();
    within("a peer", push.wait_for_peers(1)).await;
    within("a peer", pull.wait_for_peers(1)).await;
    let peer = pull.stats().peers[0].peer;
    pull.handle().disconnect_peer(peer).unwrap();
    let lost = |event: &SocketEvent| matches!(event, SocketEvent::Disconnected { .. });
    until(&mut events, "the end of the connection", lost).await;
    let again = |event: &SocketEvent| matches!(event, SocketEvent::HandshakeSucceeded { .. });
    until(&mut events, "another connection", again).await;
    push.send("after all").await.unwrap();
    assert_eq!(within("a message", pull.recv()).await.unwrap(), "after all");
    within("the socket to close", push.close()).await;
}

#[tokio::test]
async fn panic_in_drop_leaves_the_socket_whole() {
    continues_after_panic_in_drop(Fault::Drop).await;
    continues_after_panic_in_drop(Fault::DropWriter).await;
}

// ---- runtimes that lack a driver ----

fn without_time() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap()
}

fn without_io() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_time().build().unwrap()
}

#[test]
fn runtime_without_a_driver_is_an_error() {
    for (runtime, names) in [(without_time(), "enable_time"), (without_io(), "enable_io")] {
        runtime.block_on(async {
            for endpoint in ["tcp://127.0.0.1:*", "ipc://*"] {
                let error = PullSocket::new().bind(endpoint).await.unwrap_err();
                let error = error.to_string();
                assert!(error.contains(endpoint) && error.contains(names), "{error}");
            }
            for endpoint in ["tcp://127.0.0.1:1", "ipc:///tmp/unbound"] {
                let error = PushSocket::new().connect(endpoint).unwrap_err().to_string();
                assert!(error.contains(endpoint) && error.contains(names), "{error}");
            }
            let pull = PullSocket::new();
            let made_elsewhere = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let error = pull.handle().bind_listener(made_elsewhere).unwrap_err().to_string();
            assert!(error.contains(names), "{error}");
        });
    }
}

#[test]
fn stream_needs_time_but_no_io() {
    let stream = || Io::new(tokio::io::duplex(64).0, "near");
    without_time().block_on(async {
        let pull = PullSocket::new();
        for taken in [
            pull.handle().accept_stream(stream()).map(drop),
            pull.handle().connect_stream(stream()).map(drop),
        ] {
            let error = taken.unwrap_err().to_string();
            assert!(error.contains("enable_time"), "{error}");
        }
    });
    without_io().block_on(async {
        let pull = PullSocket::new();
        pull.handle().accept_stream(stream()).unwrap();
        pull.handle().connect_stream(stream()).unwrap();
        within("the socket to close", pull.close()).await;
    });
}

#[test]
fn inproc_works_without_drivers() {
    for runtime in [without_time(), without_io()] {
        runtime.block_on(async {
            let context = Context::new();
            let mut pull = PullSocket::builder_in(&context).build();
            let mut push = PushSocket::builder_in(&context).build();
            let _events = push.events();
            pull.bind("inproc://no driver").await.unwrap();
            push.connect("inproc://no driver").unwrap();
            push.send("message").await.unwrap();
            assert_eq!(pull.recv().await.unwrap(), "message");
            assert_eq!(push.close().await.unsent, 0);
        });
    }
}

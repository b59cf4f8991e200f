//! Shared support for integration tests: a peer scripted frame by frame, and deadlines with a
//! description.

#![allow(async_fn_in_trait, reason = "tests call these traits with known types")]

pub mod authority;
pub mod fault;
pub mod faulty_exchange;
pub mod fixture;
pub mod hostile;
pub mod lateness;
#[cfg(unix)]
pub mod own_process;
pub mod relay;

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures_util::FutureExt;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::time::timeout;
use zeromq_async::{Endpoint, Events, Frame, Message, ReconnectBackoff, SocketEvent, SocketType};
use zmtp::{Command, Connection, ConnectionConfig, Event, Null, RoutingId};

/// The limit of all waits. It is far longer than any of them takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// An endpoint to bind over tcp.
pub const ANY_PORT: &str = "tcp://127.0.0.1:*";

/// More bytes than the kernel buffers of a loopback connection hold. A message of this size cannot
/// be written completely to a peer that does not read.
pub const HUGE: usize = 24 << 20;

/// A message of [`HUGE`] bytes with the value `mark`.
pub fn huge(mark: u8) -> Message {
    Message::from(Bytes::from(vec![mark; HUGE]))
}

/// A frame of [`HUGE`] bytes.
pub fn huge_frame() -> Frame {
    Frame::from(Bytes::from(vec![0; HUGE]))
}

/// Awaits the future. Panics with the description `what` at the [`DEADLINE`].
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Polls the future once and drops it. Returns true if it was pending.
pub fn is_pending<T>(future: impl Future<Output = T>) -> bool {
    future.now_or_never().is_none()
}

/// Waits for the first event for which `pick` returns a value. Skips other events.
pub async fn event<T>(
    events: &mut Events,
    what: &str,
    mut pick: impl FnMut(SocketEvent) -> Option<T>,
) -> T {
    let search = async {
        while let Some(event) = events.next().await {
            if let Some(picked) = pick(event) {
                return picked;
            }
        }
        panic!("the socket ended without {what}");
    };
    within(what, search).await
}

/// Waits until the connection of a peer ends, and returns the number of its unsent messages.
pub async fn disconnected(events: &mut Events) -> usize {
    event(events, "a peer to disconnect", |event| match event {
        SocketEvent::Disconnected { unsent, .. } => Some(unsent),
        _ => None,
    })
    .await
}

/// Waits for a handshake to succeed.
pub async fn handshake_succeeded(events: &mut Events) {
    event(events, "a handshake", |event| {
        matches!(event, SocketEvent::HandshakeSucceeded { .. }).then_some(())
    })
    .await;
}

/// The shortest reconnect interval, for fast tests.
pub fn fast_reconnect() -> ReconnectBackoff {
    ReconnectBackoff::new(Duration::from_millis(1))
}

/// A port without a listener, reserved until this is dropped.
pub struct ReservedPort {
    _socket: socket2::Socket,
    address: SocketAddr,
}

impl ReservedPort {
    pub fn new() -> Self {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)
            .expect("a socket");
        socket.set_reuse_address(true).expect("an address that can be shared");
        socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).expect("a free port");
        let address = socket.local_addr().expect("bound").as_socket().expect("an IP address");
        Self { _socket: socket, address }
    }

    pub fn endpoint(&self) -> Endpoint {
        Endpoint::from(self.address)
    }
}

impl Default for ReservedPort {
    fn default() -> Self {
        Self::new()
    }
}

/// The socket address of a tcp endpoint.
pub fn address(endpoint: &Endpoint) -> SocketAddr {
    let text = endpoint.to_string();
    text.trim_start_matches("tcp://").parse().expect("an endpoint with an address")
}

/// A plain TCP listener for sockets to connect to, and its endpoint.
pub async fn listen() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Endpoint::from(listener.local_addr().expect("bound"));
    (listener, endpoint)
}

/// Notifies when its owner is dropped.
pub struct NotifyOnDrop(pub Arc<Notify>);

impl Drop for NotifyOnDrop {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// A peer that is controlled by the test. It sees each frame as it is on the wire, and reads only
/// when asked to.
pub struct RawPeer {
    stream: TcpStream,
    connection: Connection,
    input: BytesMut,
    messages: VecDeque<Message>,
    commands: VecDeque<Command>,
}

impl RawPeer {
    /// Connects to a bound socket and completes the handshake.
    pub async fn connect(endpoint: &Endpoint, socket_type: SocketType) -> Self {
        Self::greet(dial(endpoint).await, Self::config(socket_type)).await
    }

    /// Like [`connect`](Self::connect), with a routing id.
    pub async fn connect_as(
        endpoint: &Endpoint,
        socket_type: SocketType,
        routing_id: &str,
    ) -> Self {
        let routing_id = RoutingId::try_from(routing_id.as_bytes()).expect("a good routing id");
        let config = Self::config(socket_type).with_routing_id(routing_id);
        Self::greet(dial(endpoint).await, config).await
    }

    /// Like [`connect`](Self::connect), with any configuration.
    pub async fn connect_with(endpoint: &Endpoint, config: ConnectionConfig) -> Self {
        Self::greet(dial(endpoint).await, config).await
    }

    /// Accepts a connecting socket and completes the handshake.
    pub async fn accept(listener: &TcpListener, socket_type: SocketType) -> Self {
        let accepted = within("a socket to connect", listener.accept()).await;
        Self::greet(accepted.expect("a connection").0, Self::config(socket_type)).await
    }

    fn config(socket_type: SocketType) -> ConnectionConfig {
        ConnectionConfig::new(socket_type, Null)
    }

    async fn greet(stream: TcpStream, config: ConnectionConfig) -> Self {
        stream.set_nodelay(true).expect("a connection");
        let mut peer = Self {
            stream,
            connection: connection(&config),
            input: BytesMut::new(),
            messages: VecDeque::new(),
            commands: VecDeque::new(),
        };
        within("the raw peer's handshake", async {
            while peer.connection.peer().is_none() {
                assert!(peer.step().await, "the socket closed the connection in the handshake");
            }
            peer.write().await;
        })
        .await;
        peer
    }

    /// Writes pending output, reads once and stores the input. Returns false at the end of the
    /// connection.
    async fn step(&mut self) -> bool {
        self.write().await;
        // A reset also ends the connection.
        let read = self.stream.read_buf(&mut self.input).await.unwrap_or(0);
        self.decode();
        read > 0
    }

    fn decode(&mut self) {
        while let Some(event) =
            self.connection.handle_input(&mut self.input, usize::MAX).expect("good ZMTP")
        {
            match event {
                Event::Messages(run) => self.messages.extend(run),
                Event::Command(command) => self.commands.push_back(command),
                _ => {}
            }
        }
    }

    async fn write(&mut self) {
        while let Some(output) = self.connection.poll_transmit() {
            if self.stream.write_all(&output).await.is_err() {
                return;
            }
        }
    }

    /// Encodes a message without writing it.
    pub fn encode(&mut self, message: impl Into<Message>) -> Vec<u8> {
        self.connection.send(message.into());
        std::iter::from_fn(|| self.connection.poll_transmit()).flatten().collect()
    }

    /// Writes raw bytes, valid ZMTP or not.
    pub async fn write_bytes(&mut self, bytes: &[u8]) {
        let written = within("the raw peer to write", self.stream.write_all(bytes)).await;
        written.expect("a connection");
    }

    /// The routing id that the socket announced.
    pub fn peer_routing_id(&self) -> Bytes {
        self.connection.peer().expect("a finished handshake").routing_id().clone()
    }

    pub async fn send(&mut self, message: impl Into<Message>) {
        self.connection.send(message.into());
        within("the raw peer to write", self.write()).await;
    }

    pub async fn subscribe(&mut self, topic: &'static str) {
        self.connection.subscribe(topic);
        within("the raw peer to write", self.write()).await;
    }

    pub async fn cancel(&mut self, topic: &'static str) {
        self.connection.cancel(topic);
        within("the raw peer to write", self.write()).await;
    }

    /// Sends a PING and waits for the PONG. The socket has then received everything sent before.
    pub async fn sync(&mut self) {
        let context = Bytes::from_static(b"sync");
        let ping = Command::Ping { ttl: zmtp::Ttl::NONE, context: context.clone() };
        self.connection.send_command(&ping);
        let pong = Command::Pong { context };
        within("the socket to answer a ping", async { while self.command().await != pong {} })
            .await;
    }

    /// The next command from the socket.
    pub async fn command(&mut self) -> Command {
        within("a command from the socket", async {
            loop {
                if let Some(command) = self.commands.pop_front() {
                    return command;
                }
                assert!(self.step().await, "the socket closed the connection");
            }
        })
        .await
    }

    /// The next command, or `None` when the connection has ended.
    pub async fn try_command(&mut self) -> Option<Command> {
        within("a command from the socket", async {
            loop {
                if let Some(command) = self.commands.pop_front() {
                    return Some(command);
                }
                if !self.step().await {
                    return self.commands.pop_front();
                }
            }
        })
        .await
    }

    /// The next message from the socket, all frames of it.
    pub async fn recv(&mut self) -> Message {
        match self.try_recv().await {
            Some(message) => message,
            None => panic!("the socket closed the connection"),
        }
    }

    /// The next message, or `None` when the connection has ended.
    pub async fn try_recv(&mut self) -> Option<Message> {
        within("a message from the socket", async {
            loop {
                if let Some(message) = self.messages.pop_front() {
                    return Some(message);
                }
                if !self.step().await {
                    return self.messages.pop_front();
                }
            }
        })
        .await
    }

    /// Reads once, possibly only a part of a message.
    pub async fn read_part(&mut self) {
        assert!(within("bytes from the socket", self.step()).await, "the connection has ended");
    }

    /// Receives all messages until the connection ends.
    pub async fn drain(&mut self) -> Vec<Message> {
        let mut messages = Vec::new();
        while let Some(message) = self.try_recv().await {
            messages.push(message);
        }
        messages
    }

    /// Waits until the socket has closed the connection.
    pub async fn closed(&mut self) {
        within("the socket to close the connection", async { while self.step().await {} }).await;
    }

    /// Resets the connection without closing it, like a peer that lost power.
    pub fn reset(self) {
        // No linger time: the kernel resets the connection instead of closing it.
        let stream = socket2::SockRef::from(&self.stream);
        stream.set_linger(Some(Duration::ZERO)).expect("a connection");
    }
}

/// One side of a connection, with deterministic keys.
pub fn connection(config: &ConnectionConfig) -> Connection {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    Connection::with_entropy(config, |bytes| bytes.fill(NEXT.fetch_add(1, Ordering::Relaxed)))
}

async fn dial(endpoint: &Endpoint) -> TcpStream {
    let connected = within("the socket to accept", TcpStream::connect(address(endpoint))).await;
    connected.expect("a connection")
}

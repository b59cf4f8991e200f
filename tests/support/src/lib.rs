//! What the integration tests share: a peer scripted frame by frame, and deadlines that say what
//! was waited for.

#![allow(async_fn_in_trait, reason = "tests call these traits with known types")]

#[cfg(unix)]
pub mod alone;
pub mod fault;
pub mod hostile;
pub mod ordeal;
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
use zmtp::{Command, Connection, ConnectionConfig, Event, Mechanism, RoutingId};

/// Longer than anything here takes, so that only what never happens runs into it.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// Where to bind over tcp.
pub const ANY_PORT: &str = "tcp://127.0.0.1:*";

/// More octets than the kernel's buffers of a loopback connection hold together: a message of this
/// size is never wholly written to a peer that does not read.
pub const HUGE: usize = 24 << 20;

/// A message of [`HUGE`] octets, all of them `mark`.
pub fn huge(mark: u8) -> Message {
    Message::from(Bytes::from(vec![mark; HUGE]))
}

/// A frame of [`HUGE`] octets.
pub fn huge_frame() -> Frame {
    Frame::from(Bytes::from(vec![0; HUGE]))
}

/// Waits for the future, and says what was waited for where that takes too long.
pub async fn within<T>(what: &str, future: impl Future<Output = T>) -> T {
    match timeout(DEADLINE, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Whether the future is not done after one poll; it is dropped then.
pub fn waits<T>(future: impl Future<Output = T>) -> bool {
    future.now_or_never().is_none()
}

/// Waits for an event and takes from it what `pick` wants; other events pass by.
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

/// Waits until a peer's connection has ended, and says how many messages it was not sent.
pub async fn disconnected(events: &mut Events) -> usize {
    event(events, "a peer to disconnect", |event| match event {
        SocketEvent::Disconnected { unsent, .. } => Some(unsent),
        _ => None,
    })
    .await
}

/// Waits for a handshake to be done.
pub async fn greeted(events: &mut Events) {
    event(events, "a handshake", |event| {
        matches!(event, SocketEvent::HandshakeSucceeded { .. }).then_some(())
    })
    .await;
}

/// Reconnects as fast as possible, so that tests of it need not take long.
pub fn at_once() -> ReconnectBackoff {
    ReconnectBackoff::new(Duration::from_millis(1))
}

/// A port at which nobody listens yet, kept from other programs while this lives.
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

/// The socket address of a tcp endpoint.
pub fn address(endpoint: &Endpoint) -> SocketAddr {
    let text = endpoint.to_string();
    text.trim_start_matches("tcp://").parse().expect("an endpoint with an address")
}

/// A listener of the kernel's, for sockets to connect to, and its endpoint.
pub async fn listen() -> (TcpListener, Endpoint) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let endpoint = Endpoint::from(listener.local_addr().expect("bound"));
    (listener, endpoint)
}

/// Tells that whoever held this was dropped.
pub struct GivenUp(pub Arc<Notify>);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

/// The other end of a connection, which does what the test says and nothing else: it sees each
/// frame as it is on the wire, and reads only when asked to.
pub struct RawPeer {
    stream: TcpStream,
    connection: Connection,
    input: BytesMut,
    messages: VecDeque<Message>,
    commands: VecDeque<Command>,
}

impl RawPeer {
    /// Connects to a bound socket, up to the end of the handshake.
    pub async fn connect(endpoint: &Endpoint, socket_type: SocketType) -> Self {
        Self::greet(dial(endpoint).await, Self::config(socket_type)).await
    }

    /// The same, with a routing id.
    pub async fn connect_as(
        endpoint: &Endpoint,
        socket_type: SocketType,
        routing_id: &str,
    ) -> Self {
        let routing_id = RoutingId::try_from(routing_id.as_bytes()).expect("a good routing id");
        let config = Self::config(socket_type).with_routing_id(routing_id);
        Self::greet(dial(endpoint).await, config).await
    }

    /// The same, as anything else.
    pub async fn connect_with(endpoint: &Endpoint, config: ConnectionConfig) -> Self {
        Self::greet(dial(endpoint).await, config).await
    }

    /// Accepts a connecting socket, up to the end of the handshake.
    pub async fn accept(listener: &TcpListener, socket_type: SocketType) -> Self {
        let accepted = within("a socket to connect", listener.accept()).await;
        Self::greet(accepted.expect("a connection").0, Self::config(socket_type)).await
    }

    fn config(socket_type: SocketType) -> ConnectionConfig {
        ConnectionConfig::new(socket_type, Mechanism::Null)
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

    /// Writes what is to be written, reads once, and keeps what came; false at the end.
    async fn step(&mut self) -> bool {
        self.write().await;
        // A connection that the other side resets has ended too.
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

    /// A message as it would be written, which it is not.
    pub fn encode(&mut self, message: impl Into<Message>) -> Vec<u8> {
        self.connection.send(message.into());
        std::iter::from_fn(|| self.connection.poll_transmit()).flatten().collect()
    }

    /// Writes octets as they are, good ZMTP or not.
    pub async fn write_octets(&mut self, octets: &[u8]) {
        let written = within("the raw peer to write", self.stream.write_all(octets)).await;
        written.expect("a connection");
    }

    /// The routing id that the socket announced.
    pub fn announced(&self) -> Bytes {
        self.connection.peer().expect("greeted").routing_id().clone()
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

    /// Asks for a sign of life and waits for it: the socket has by then taken all that was sent
    /// before.
    pub async fn settle(&mut self) {
        let context = Bytes::from_static(b"settle");
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

    /// Reads what has come, which may be a part of a message.
    pub async fn read_part(&mut self) {
        assert!(within("octets from the socket", self.step()).await, "the connection has ended");
    }

    /// All messages until the connection ends.
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

    /// Ends the connection without a word, as a machine that loses its power does.
    pub fn reset(self) {
        // No linger time: the kernel resets the connection instead of closing it.
        let stream = socket2::SockRef::from(&self.stream);
        stream.set_linger(Some(Duration::ZERO)).expect("a connection");
    }
}

/// One side of a connection, with keys that anybody can guess.
pub fn connection(config: &ConnectionConfig) -> Connection {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    Connection::with_entropy(config, |octets| octets.fill(NEXT.fetch_add(1, Ordering::Relaxed)))
}

async fn dial(endpoint: &Endpoint) -> TcpStream {
    let connected = within("the socket to accept", TcpStream::connect(address(endpoint))).await;
    connected.expect("a connection")
}

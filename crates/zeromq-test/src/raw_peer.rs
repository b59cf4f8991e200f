//! A scripted peer.

use std::future::poll_fn;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zeromq_async::transport::{Io, Listener, TransportOptions};
use zeromq_async::{Context, Endpoint, EndpointError};
use zmtp::wire::{Command, FrameHeader, Greeting, MechanismName};
use zmtp::{Frame, Message, Metadata, SocketType};

use crate::raw_bytes;

/// A peer that sends and reads exactly as the test says.
///
/// It never replies by itself, reads only when a method is called, and has no limits.
///
/// # Cancel safety
///
/// The methods that read keep partial data for the next call. The methods that write may have written
/// a part.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_test::wire::{Command, Ttl};
/// use zeromq_test::RawPeer;
/// use zeromq_async::{Context, PullSocket, SocketType};
///
/// let mut pull = PullSocket::new();
/// let endpoint = pull.bind("tcp://127.0.0.1:*").await?;
/// let mut peer = RawPeer::connect(Context::shared(), endpoint).await?;
/// let metadata = peer.handshake(SocketType::Push).await?;
/// assert_eq!(metadata.get("Socket-Type").unwrap(), "PULL");
///
/// peer.send("by hand").await?;
/// assert_eq!(pull.recv().await?, "by hand");
///
/// peer.send_command(&Command::Ping { ttl: Ttl::NONE, context: "7".into() }).await?;
/// assert_eq!(peer.read_command().await?, Command::Pong { context: "7".into() });
///
/// peer.write(b"\xff no frame begins like this").await?;
/// assert_eq!(peer.read_to_end().await, ""); // the socket closed the connection
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RawPeer {
    io: Io,
    input: BytesMut,
    /// The frames of an incomplete message.
    frames: Vec<Frame>,
}

/// Accepts connections from sockets as [`RawPeer`]s.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_test::RawListener;
/// use zeromq_async::{Context, PushSocket, SocketType};
///
/// let mut listener = RawListener::bind(Context::shared(), "tcp://127.0.0.1:*").await?;
/// let mut push = PushSocket::new();
/// push.connect(listener.endpoint())?;
/// push.send("hello").await?;
///
/// let mut peer = listener.accept().await?;
/// peer.handshake(SocketType::Pull).await?;
/// assert_eq!(peer.read_message().await?, "hello");
/// # Ok(()) }
/// ```
pub struct RawListener(Box<dyn Listener>);

impl RawListener {
    /// Binds to an endpoint of any transport of the context.
    ///
    /// # Errors
    ///
    /// The endpoint is invalid, or the transport cannot bind to it.
    pub async fn bind(
        context: &Context,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> io::Result<Self> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        let options = TransportOptions::default();
        let bound = context.listen(&endpoint, &options).await;
        bound.map(Self).map_err(io::Error::other)
    }

    /// The bound endpoint, with the port or name that the system chose.
    pub fn endpoint(&self) -> &Endpoint {
        self.0.local_endpoint()
    }

    /// Accepts the next connection and sends nothing.
    ///
    /// # Errors
    ///
    /// The transport cannot accept a connection.
    ///
    /// # Cancel safety
    ///
    /// No connection is lost.
    pub async fn accept(&mut self) -> io::Result<RawPeer> {
        poll_fn(|cx| self.0.poll_accept(cx)).await.map(RawPeer::new)
    }
}

impl std::fmt::Debug for RawListener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("RawListener").field(self.0.local_endpoint()).finish()
    }
}

impl RawPeer {
    /// Uses any stream, such as one end of `tokio::io::duplex`. Give the other end to a socket with
    /// `accept_stream`.
    pub fn new(io: Io) -> Self {
        Self { io, input: BytesMut::new(), frames: Vec::new() }
    }

    /// Connects to an endpoint of any transport of the context and sends nothing.
    ///
    /// # Errors
    ///
    /// The endpoint is invalid, or the connection fails.
    pub async fn connect(
        context: &Context,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> io::Result<Self> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        let options = TransportOptions::default();
        context.dial(&endpoint, &options).await.map(Self::new)
    }

    /// Returns the stream. Buffered input is dropped.
    pub fn into_io(self) -> Io {
        self.io
    }

    /// Writes bytes.
    ///
    /// # Errors
    ///
    /// The write fails.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.io.write_all(bytes.as_ref()).await?;
        self.io.flush().await
    }

    /// Closes the write half. The socket sees the end of the stream.
    ///
    /// # Errors
    ///
    /// The write fails.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }

    /// Reads `count` bytes.
    ///
    /// # Errors
    ///
    /// The connection ends before ([`UnexpectedEof`](io::ErrorKind::UnexpectedEof)), or the read
    /// fails.
    pub async fn read(&mut self, count: usize) -> io::Result<Bytes> {
        while self.input.len() < count {
            self.fill().await?;
        }
        Ok(self.input.split_to(count).freeze())
    }

    async fn fill(&mut self) -> io::Result<()> {
        match self.io.read_buf(&mut self.input).await? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Ok(()),
        }
    }

    /// Reads until the connection ends or fails.
    pub async fn read_to_end(&mut self) -> Bytes {
        while self.fill().await.is_ok() {}
        std::mem::take(&mut self.input).freeze()
    }

    /// Sends a greeting for ZMTP 3.1 and reads the socket's greeting.
    ///
    /// # Errors
    ///
    /// The socket's greeting is malformed, or the connection fails.
    pub async fn greet(&mut self, mechanism: MechanismName) -> io::Result<Greeting> {
        let greeting = Greeting::new(mechanism);
        self.write([&Greeting::OPENING[..], &greeting.rest()].concat()).await?;
        self.read_greeting().await
    }

    /// Reads the socket's greeting.
    ///
    /// # Errors
    ///
    /// The greeting is malformed, or the connection fails.
    pub async fn read_greeting(&mut self) -> io::Result<Greeting> {
        loop {
            if let Some(greeting) = Greeting::decode(&self.input).map_err(malformed)? {
                self.input.advance(Greeting::SIZE);
                return Ok(greeting);
            }
            self.fill().await?;
        }
    }

    /// Performs a NULL handshake as a peer of this type, and returns the metadata of the socket's
    /// READY.
    ///
    /// # Errors
    ///
    /// The socket does not use NULL, or the connection fails.
    pub async fn handshake(&mut self, socket_type: SocketType) -> io::Result<Metadata> {
        self.greet(MechanismName::NULL).await?;
        self.write(raw_bytes::ready(&socket_type.to_string())).await?;
        match self.read_command().await? {
            Command::Ready { data } => Metadata::decode(data).map_err(malformed),
            other => Err(malformed(format!("expected READY, received {other:?}"))),
        }
    }

    /// Reads a frame of a message or a command.
    ///
    /// # Errors
    ///
    /// The frame is malformed, or the connection ends or fails.
    pub async fn read_frame(&mut self) -> io::Result<(FrameHeader, Bytes)> {
        loop {
            if let Some(header) = FrameHeader::decode(&self.input).map_err(malformed)? {
                let body = usize::try_from(header.body_size()).map_err(malformed)?;
                while self.input.len() - header.size() < body {
                    self.fill().await?;
                }
                self.input.advance(header.size());
                return Ok((header, self.input.split_to(body).freeze()));
            }
            self.fill().await?;
        }
    }

    /// Reads a command.
    ///
    /// # Errors
    ///
    /// The next frame is not a command, or the connection ends or fails.
    pub async fn read_command(&mut self) -> io::Result<Command> {
        match self.read_frame().await? {
            (header, body) if header.is_command() => Command::decode(body).map_err(malformed),
            (_, body) => {
                Err(malformed(format!("expected a command, received a message frame: {body:?}")))
            }
        }
    }

    /// Reads a message with all its frames.
    ///
    /// # Errors
    ///
    /// A command comes first, or the connection ends or fails.
    pub async fn read_message(&mut self) -> io::Result<Message> {
        loop {
            let (header, body) = self.read_frame().await?;
            if header.is_command() {
                let command = Command::decode(body).map_err(malformed)?;
                let text = format!("expected a message, received {command:?}");
                return Err(malformed(text));
            }
            self.frames.push(Frame::from(body));
            if !header.has_more() {
                return Ok(Message::multipart(self.frames.drain(..)));
            }
        }
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// The write fails.
    pub async fn send(&mut self, message: impl Into<Message>) -> io::Result<()> {
        let message = message.into();
        let last = message.frame_count() - 1;
        let mut bytes = Vec::with_capacity(message.size());
        for (index, frame) in message.frames().iter().enumerate() {
            FrameHeader::message(frame.len(), index < last).encode(&mut bytes);
            bytes.extend_from_slice(frame);
        }
        self.write(bytes).await
    }

    /// Sends a command.
    ///
    /// # Errors
    ///
    /// The write fails.
    pub async fn send_command(&mut self, command: &Command) -> io::Result<()> {
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        self.write(bytes).await
    }
}

fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

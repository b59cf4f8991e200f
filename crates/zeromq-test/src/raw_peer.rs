//! The other end of a connection, following a script.

use std::future::poll_fn;
use std::io;

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use zmtp::wire::{Command, FrameHeader, Greeting, MechanismName};
use zmtp::{Frame, Message, Metadata, SocketType};

use super::raw_bytes;
use zeromq_async::Context;
use zeromq_async::Endpoint;
use zeromq_async::EndpointError;
use zeromq_async::transport::TransportOptions;
use zeromq_async::transport::{Io, Listener};

/// A peer that says what it is told to, and hears what is said to it, one piece at a time.
///
/// It answers nothing by itself, reads only when it is asked to, and knows no limits. Reading is
/// cancel-safe: what came of a piece that is not whole waits for the next call.
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
/// assert_eq!(peer.read_to_end().await, ""); // and the socket closes the connection
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct RawPeer {
    io: Io,
    input: BytesMut,
    /// Of a message whose last frame has not come.
    frames: Vec<Frame>,
}

/// Accepts the connections of sockets, as [`RawPeer`]s.
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
    /// Listens at an endpoint of any transport of the context.
    ///
    /// # Errors
    ///
    /// As the transport has it.
    pub async fn bind(
        context: &Context,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> io::Result<Self> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        let options = TransportOptions::default();
        let bound = context.listen(&endpoint, &options).await;
        bound.map(Self).map_err(io::Error::other)
    }

    /// Where to connect.
    pub fn endpoint(&self) -> &Endpoint {
        self.0.local_endpoint()
    }

    /// The next connection. Nothing has been said over it yet.
    ///
    /// # Errors
    ///
    /// As the transport has it.
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
    /// The end of any stream.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{PairSocket, SocketType};
    /// use zeromq_async::transport::Io;
    /// use zeromq_test::RawPeer;
    ///
    /// let (near, far) = tokio::io::duplex(1024);
    /// let pair = PairSocket::new();
    /// pair.handle().accept_stream(Io::new(far, "the raw peer"))?;
    /// let mut peer = RawPeer::new(Io::new(near, "the socket"));
    /// peer.handshake(SocketType::Pair).await?;
    /// pair.wait_for_peers(1).await;
    /// # Ok(()) }
    /// ```
    pub fn new(io: Io) -> Self {
        Self { io, input: BytesMut::new(), frames: Vec::new() }
    }

    /// Connects to an endpoint of any transport of the context, and says nothing yet.
    ///
    /// # Errors
    ///
    /// As the transport has it.
    pub async fn connect(
        context: &Context,
        endpoint: impl TryInto<Endpoint, Error: Into<EndpointError>>,
    ) -> io::Result<Self> {
        let endpoint = endpoint.try_into().map_err(Into::into)?;
        let options = TransportOptions::default();
        context.dial(&endpoint, &options).await.map(Self::new)
    }

    /// The stream, to do with it what this peer has no word for. What was read and not asked for is
    /// lost.
    pub fn into_io(self) -> Io {
        self.io
    }

    /// Says bytes as they are.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.io.write_all(bytes.as_ref()).await?;
        self.io.flush().await
    }

    /// Says nothing more; the other side hears that.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        self.io.shutdown().await
    }

    /// The next `count` bytes.
    ///
    /// # Errors
    ///
    /// [`UnexpectedEof`](io::ErrorKind::UnexpectedEof) where fewer come, or the connection is
    /// broken.
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

    /// Everything until the other side ends the connection, in whatever way.
    pub async fn read_to_end(&mut self) -> Bytes {
        while self.fill().await.is_ok() {}
        std::mem::take(&mut self.input).freeze()
    }

    /// Says a greeting of ZMTP 3.1 and hears the other side's.
    ///
    /// # Errors
    ///
    /// The other side says something else, or the connection is broken.
    pub async fn greet(&mut self, mechanism: MechanismName) -> io::Result<Greeting> {
        let greeting = Greeting::new(mechanism);
        self.write([&Greeting::OPENING[..], &greeting.rest()].concat()).await?;
        self.read_greeting().await
    }

    /// Hears the other side's greeting.
    ///
    /// # Errors
    ///
    /// The other side says something else, or the connection is broken.
    pub async fn read_greeting(&mut self) -> io::Result<Greeting> {
        loop {
            if let Some(greeting) = Greeting::decode(&self.input).map_err(malformed)? {
                self.input.advance(Greeting::SIZE);
                return Ok(greeting);
            }
            self.fill().await?;
        }
    }

    /// Performs the handshake of a NULL peer of this type, and says what the other side's READY
    /// has.
    ///
    /// # Errors
    ///
    /// The other side does not speak NULL, or the connection is broken.
    pub async fn handshake(&mut self, socket_type: SocketType) -> io::Result<Metadata> {
        self.greet(MechanismName::NULL).await?;
        self.write(raw_bytes::ready(&socket_type.to_string())).await?;
        match self.read_command().await? {
            Command::Ready { data } => Metadata::decode(data).map_err(malformed),
            other => Err(malformed(format!("{other:?} where READY was to come"))),
        }
    }

    /// The next frame, of a message or a command.
    ///
    /// # Errors
    ///
    /// What comes is no frame, or the connection is broken.
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

    /// The next frame, which is a command.
    ///
    /// # Errors
    ///
    /// It is not, or the connection is broken.
    pub async fn read_command(&mut self) -> io::Result<Command> {
        match self.read_frame().await? {
            (header, body) if header.is_command() => Command::decode(body).map_err(malformed),
            (_, body) => {
                Err(malformed(format!("a message begins where a command was to come: {body:?}")))
            }
        }
    }

    /// The next message, all frames of it.
    ///
    /// # Errors
    ///
    /// A command comes first, or the connection is broken.
    pub async fn read_message(&mut self) -> io::Result<Message> {
        loop {
            let (header, body) = self.read_frame().await?;
            if header.is_command() {
                let command = Command::decode(body).map_err(malformed)?;
                let text = format!("{command:?} where a message was to come");
                return Err(malformed(text));
            }
            self.frames.push(Frame::from(body));
            if !header.has_more() {
                return Ok(Message::multipart(self.frames.drain(..)));
            }
        }
    }

    /// Says a message.
    ///
    /// # Errors
    ///
    /// The connection is broken.
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

    /// Says a command.
    ///
    /// # Errors
    ///
    /// The connection is broken.
    pub async fn send_command(&mut self, command: &Command) -> io::Result<()> {
        let mut bytes = Vec::new();
        command.encode(&mut bytes);
        self.write(bytes).await
    }
}

fn malformed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

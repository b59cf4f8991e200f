//! A peer that writes exactly the given bytes.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use zeromq_test::raw_bytes;

use crate::within;

/// One end of a TCP connection, with ZMTP byte by byte.
#[derive(Debug)]
pub struct RawPeer {
    stream: TcpStream,
}

/// A listener for sockets that connect to a [`RawPeer`].
#[derive(Debug)]
pub struct RawListener {
    listener: TcpListener,
}

impl RawListener {
    /// Listens on a free port.
    ///
    /// # Panics
    ///
    /// If none is free.
    pub async fn bind() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        Self { listener }
    }

    /// The endpoint to connect to.
    ///
    /// # Panics
    ///
    /// Never.
    pub fn endpoint(&self) -> String {
        format!("tcp://{}", self.listener.local_addr().expect("it is bound"))
    }

    /// Accepts the next connection.
    ///
    /// # Panics
    ///
    /// If none arrives in time.
    pub async fn accept(&self) -> RawPeer {
        let accepted = within("a connection to the raw peer", self.listener.accept()).await;
        RawPeer { stream: accepted.expect("a connection").0 }
    }
}

impl RawPeer {
    /// Connects to a `tcp://` endpoint.
    ///
    /// # Panics
    ///
    /// If the connection is refused.
    pub async fn connect(endpoint: &str) -> Self {
        let address = endpoint.strip_prefix("tcp://").expect("a TCP endpoint");
        let stream = within("a raw connection", TcpStream::connect(address)).await;
        Self { stream: stream.expect("a listener") }
    }

    /// Writes bytes.
    ///
    /// # Panics
    ///
    /// If the connection is closed.
    pub async fn write(&mut self, bytes: &[u8]) {
        let written = within("room for the raw peer's bytes", self.stream.write_all(bytes)).await;
        written.expect("the connection is open");
    }

    /// Reads `count` bytes.
    ///
    /// # Panics
    ///
    /// If they do not arrive in time.
    pub async fn read(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let what = format!("{count} bytes for the raw peer");
        within(&what, self.stream.read_exact(&mut bytes)).await.expect(&what);
        bytes
    }

    /// Reads and compares the next bytes.
    ///
    /// # Panics
    ///
    /// If they differ.
    pub async fn expect(&mut self, bytes: &[u8]) {
        let read = self.read(bytes.len()).await;
        assert_eq!(read, bytes, "what the raw peer was told");
    }

    /// Reads until the other side closes or resets the connection.
    ///
    /// # Panics
    ///
    /// If it does not do so in time.
    pub async fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let read = within("the end of the raw peer's connection", self.stream.read(&mut chunk));
            match read.await {
                Ok(0) | Err(_) => return bytes,
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            }
        }
    }

    /// Completes a handshake of ZMTP 3.`minor`. Returns the metadata of the other side's READY.
    ///
    /// # Panics
    ///
    /// If the other side does not speak ZMTP 3.1 with NULL.
    pub async fn handshake(&mut self, minor: u8, socket_type: &str) -> Vec<u8> {
        self.write(&raw_bytes::greeting(minor, "NULL")).await;
        let theirs = self.read(64).await;
        assert_eq!((theirs[0], theirs[9]), (0xff, 0x7f), "{theirs:?}");
        assert_eq!(theirs[10..16], *b"\x03\x01NULL", "{theirs:?}");
        self.ready(socket_type).await;
        let header = self.read(2).await;
        assert_eq!(header[0], 4, "a short command");
        let ready = self.read(usize::from(header[1])).await;
        ready.strip_prefix(b"\x05READY").expect("READY").to_vec()
    }

    /// Writes READY.
    pub async fn ready(&mut self, socket_type: &str) {
        self.write(&raw_bytes::ready(socket_type)).await;
    }

    /// Writes a greeting of ZMTP 3.`minor`.
    pub async fn greet(&mut self, minor: u8, mechanism: &str) {
        self.write(&raw_bytes::greeting(minor, mechanism)).await;
    }
}

/// A message of one frame on the wire.
pub fn message(body: &[u8]) -> Vec<u8> {
    raw_bytes::frame(0, body)
}

/// A command on the wire.
pub fn command(name: &str, data: &[u8]) -> Vec<u8> {
    raw_bytes::command(name, data)
}

/// SUBSCRIBE in the form of ZMTP 3.1.
pub fn subscribe_command(topic: &[u8]) -> Vec<u8> {
    command("SUBSCRIBE", topic)
}

/// CANCEL in the form of ZMTP 3.1.
pub fn cancel_command(topic: &[u8]) -> Vec<u8> {
    command("CANCEL", topic)
}

//! A WebSocket peer that writes exactly the given bytes.

use support::within;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use zeromq_async::{Endpoint, PeerAddress};

/// A WebSocket client. Its masks are zeros, so payloads are readable.
pub(crate) struct RawClient {
    pub(crate) stream: TcpStream,
    received: Vec<u8>,
}

/// The request for a sub-protocol.
pub(crate) fn request(path: &str, profile: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {profile}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// A whole frame with a mask of zeros.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let short = u8::try_from(payload.len()).expect("short");
    assert!(short <= 125, "short");
    [&[first, 0x80 | short, 0, 0, 0, 0][..], payload].concat()
}

/// A message of one frame.
pub(crate) fn message(body: &[u8]) -> Vec<u8> {
    frame(0x82, &[&[0], body].concat())
}

impl RawClient {
    /// Connects to a bound socket and writes bytes.
    pub(crate) async fn dial(endpoint: &Endpoint, bytes: &[u8]) -> Self {
        let text = endpoint.to_string();
        let address = text.trim_start_matches("ws://").split('/').next().unwrap();
        let stream = within("the socket to accept", TcpStream::connect(address)).await.unwrap();
        let mut client = Self { stream, received: Vec::new() };
        client.write(bytes).await;
        client
    }

    /// A client of the bare profile, which has sent its routing id.
    pub(crate) async fn connect(endpoint: &Endpoint) -> Self {
        let mut client = Self::dial(endpoint, request("/", "ZWS2.0").as_bytes()).await;
        let head = client.head().await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        client.write(&message(b"")).await;
        assert_eq!(client.frame().await, (0x82, vec![0]), "the routing id of the socket");
        client
    }

    /// Writes bytes. Ignores errors, because the socket may have closed the connection.
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        let _ = within("the raw client to write", self.stream.write_all(bytes)).await;
    }

    /// Reads the head of the response.
    pub(crate) async fn head(&mut self) -> String {
        loop {
            if let Some(at) = self.received.windows(4).position(|end| end == b"\r\n\r\n") {
                let rest = self.received.split_off(at + 4);
                let head = std::mem::replace(&mut self.received, rest);
                return String::from_utf8(head).unwrap();
            }
            assert!(self.read().await, "the connection has ended");
        }
    }

    /// Reads a frame: its first byte and its payload.
    pub(crate) async fn frame(&mut self) -> (u8, Vec<u8>) {
        self.try_frame().await.expect("the connection is open")
    }

    /// The same; `None` if the connection has ended.
    pub(crate) async fn try_frame(&mut self) -> Option<(u8, Vec<u8>)> {
        loop {
            if let Some((first, start, end)) = self.next_frame() {
                let rest = self.received.split_off(end);
                let frame = std::mem::replace(&mut self.received, rest);
                return Some((first, frame[start..].to_vec()));
            }
            if !self.read().await {
                return None;
            }
        }
    }

    fn next_frame(&self) -> Option<(u8, usize, usize)> {
        let bytes = &self.received;
        let (start, length) = match *bytes.get(1)? {
            short @ 0..=125 => (2, usize::from(short)),
            126 => (4, u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?).into()),
            127 => (10, usize::try_from(u64::from_be_bytes(*bytes.get(2..)?.first_chunk()?)).ok()?),
            _ => panic!("a server does not mask"),
        };
        (bytes.len() >= start + length).then_some((bytes[0], start, start + length))
    }

    /// Reads until the socket closes the connection. Returns all bytes.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        while self.read().await {}
        std::mem::take(&mut self.received)
    }

    async fn read(&mut self) -> bool {
        let read = within("bytes of the socket", self.stream.read_buf(&mut self.received)).await;
        read.unwrap_or(0) > 0
    }

    /// The address of this peer in the socket's events.
    pub(crate) fn address(&self) -> PeerAddress {
        PeerAddress::Tcp(self.stream.local_addr().unwrap())
    }
}

//! Framings that the application defines, on streams and transports of its own.

use bytes::{Bytes, BytesMut};
use support::{event, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, duplex};
use zeromq_async::transport::Io;
use zeromq_async::{
    DisconnectReason, HandshakeFailure, Malformed, PairSocket, ProtocolError, SocketEvent,
};
use zmtp::framing::{
    Carrier, FrameReader, FrameWriter, Framing, FramingContext, Introduction, Preface, Raw,
    Reading, Step,
};
use zmtp::wire::{Command, FrameHeader, Ttl};

/// Each frame is a line. The client begins with HELLO, which the server answers with WELCOME. PING is
/// answered with PONG, and BYE with BYE.
#[derive(Debug)]
struct Lines;

impl Framing for Lines {
    fn start(self: Box<Self>, _: FramingContext, _: &mut Vec<u8>) -> Result<Step, ProtocolError> {
        Ok(Step::Await(self))
    }
}

impl Preface for Lines {
    fn handle(
        self: Box<Self>,
        input: &mut BytesMut,
        output: &mut Vec<u8>,
    ) -> Result<Step, ProtocolError> {
        let Some(line) = take_line(input) else { return Ok(Step::Await(self)) };
        if &line[..] != b"HELLO" {
            output.extend_from_slice(b"SORRY\n");
            return Err(Malformed::Framing("no HELLO".into()).into());
        }
        output.extend_from_slice(b"WELCOME\n");
        Ok(Step::Carry(Carrier::new(Lines, Lines, Introduction::None)))
    }
}

impl FrameReader for Lines {
    fn read(
        &mut self,
        input: &mut BytesMut,
        frames: &mut BytesMut,
    ) -> Result<Reading, ProtocolError> {
        let context = Bytes::new();
        Ok(match take_line(input).as_deref() {
            None => Reading::Incomplete,
            Some(b"PING") => Reading::Command(Command::Ping { ttl: Ttl::NONE, context }),
            Some(b"PONG") => Reading::Command(Command::Pong { context }),
            Some(b"BYE") => {
                Reading::End { reply: Some(Command::Unknown { name: "BYE".into(), data: context }) }
            }
            Some(line) => {
                FrameHeader::message(line.len(), false).encode_to(frames);
                frames.extend_from_slice(line);
                Reading::Frames
            }
        })
    }
}

impl FrameWriter for Lines {
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        // Behind the length of the name.
        let name = body.iter().skip(1).take_while(|byte| byte.is_ascii_uppercase());
        match header.is_command() {
            true => bytes.extend(name),
            false => bytes.extend_from_slice(body),
        }
        bytes.push(b'\n');
    }

    fn finish(&mut self, _: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"BYE\n");
    }
}

fn take_line(input: &mut BytesMut) -> Option<BytesMut> {
    let end = input.iter().position(|&byte| byte == b'\n')?;
    let mut line = input.split_to(end + 1);
    line.truncate(end);
    Some(line)
}

/// The application's end of a stream.
struct Far(BufReader<DuplexStream>);

impl Far {
    async fn write(&mut self, bytes: &str) {
        self.0.write_all(bytes.as_bytes()).await.expect("open");
    }

    async fn expect(&mut self, bytes: &str) {
        let mut read = vec![0; bytes.len()];
        within("bytes to arrive", self.0.read_exact(&mut read)).await.expect("open");
        assert_eq!(String::from_utf8_lossy(&read), bytes);
    }

    async fn expect_end(&mut self) {
        let mut rest = String::new();
        within("the end", self.0.read_to_string(&mut rest)).await.expect("in order");
        assert_eq!(rest, "");
    }
}

fn far() -> (DuplexStream, Far) {
    let (near, far) = duplex(1024);
    (near, Far(BufReader::new(far)))
}

#[tokio::test]
async fn application_frames_its_own_streams() {
    let (near, mut far) = far();
    let mut socket = PairSocket::new();
    socket.handle().accept_stream(Io::new(near, "far").with_framing(Lines)).expect("taken");
    far.write("HELLO\none\nPING\ntwo\n").await;
    far.expect("WELCOME\nPONG\n").await;
    assert_eq!(within("a message", socket.recv()).await.expect("open"), "one");
    assert_eq!(within("a message", socket.recv()).await.expect("open"), "two");
    socket.send("three").await.expect("a peer");
    far.expect("three\n").await;
    let large = "x".repeat(300_000);
    socket.send(large.as_str()).await.expect("a peer");
    far.expect(&large).await;
    far.expect("\n").await;
    let closed = tokio::spawn(socket.close());
    far.expect("BYE\n").await;
    far.write("BYE\n").await;
    assert_eq!(within("closing", closed).await.expect("no panic").unsent, 0);
    far.expect_end().await;
}

#[tokio::test]
async fn peer_ends_in_the_way_of_its_framing() {
    let (near, mut far) = far();
    let socket = PairSocket::new();
    let mut events = socket.events();
    socket.handle().accept_stream(Io::new(near, "far").with_framing(Lines)).expect("taken");
    far.write("HELLO\nBYE\n").await;
    far.expect("WELCOME\nBYE\n").await;
    far.expect_end().await;
    let reason = event(&mut events, "the end", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    });
    let reason = reason.await;
    assert!(matches!(reason, DisconnectReason::PeerClosed), "{reason}");
}

#[tokio::test]
async fn preface_answers_what_it_refuses() {
    let (near, mut far) = far();
    let socket = PairSocket::new();
    let mut events = socket.events();
    socket.handle().accept_stream(Io::new(near, "far").with_framing(Lines)).expect("taken");
    far.write("GET / HTTP/1.1\n").await;
    far.expect("SORRY\n").await;
    far.expect_end().await;
    let reason = event(&mut events, "a failure", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    });
    let HandshakeFailure::Protocol(error) = reason.await else { panic!("another failure") };
    assert_eq!(error.to_string(), "no HELLO");
}

#[tokio::test]
async fn raw_framing_needs_no_greeting() {
    let (near, mut far) = far();
    let mut socket = PairSocket::new();
    socket.handle().connect_stream(Io::new(near, "far").with_framing(Raw)).expect("taken");
    socket.send("GET /\n").await.expect("a peer");
    socket.send("").await.expect("a peer");
    socket.send("end").await.expect("a peer");
    far.expect("GET /\nend").await;
    far.write("200 OK").await;
    assert_eq!(within("a message", socket.recv()).await.expect("open"), "200 OK");
    let closed = tokio::spawn(socket.close());
    far.expect_end().await;
    drop(far);
    within("closing", closed).await.expect("no panic");
}

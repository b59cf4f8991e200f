//! STREAM: bytes to and from programs that do not speak ZMTP.

use std::net::SocketAddr;
use std::time::Duration;

use support::{ANY_PORT, ReservedPort, event, fast_reconnect, is_pending, listen, within};
use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
use tokio::net::{TcpListener, TcpStream};
use zeromq_async::security::{Attempt, Decision, DenyStatus};
use zeromq_async::transport::Io;
use zeromq_async::{
    BindErrorKind, ConnectErrorKind, Context, DisconnectReason, Endpoint, Events, Frame,
    HandshakeFailure, Message, Mismatch, PeerAddress, Rejected, SendErrorKind, SocketEvent,
    StreamSocket,
};
use zmtp::framing::Raw;

fn to(peer: &Frame, body: impl Into<Frame>) -> Message {
    Message::multipart([peer.clone(), body.into()])
}

fn address(endpoint: &Endpoint) -> SocketAddr {
    let Endpoint::Tcp(tcp) = endpoint else { panic!("{endpoint}") };
    tcp.address().to_string().parse().expect("an address")
}

async fn bound(stream: &StreamSocket) -> SocketAddr {
    address(&stream.bind(ANY_PORT).await.unwrap())
}

async fn recv(stream: &mut StreamSocket) -> (Frame, Frame) {
    let message = within("a message", stream.recv()).await.unwrap();
    let [peer, body] = message.frames() else { panic!("{message:?}") };
    (peer.clone(), body.clone())
}

/// Receives the notice of a peer that comes or goes.
async fn notice(stream: &mut StreamSocket) -> Frame {
    let (peer, body) = recv(stream).await;
    assert_eq!(body, "");
    peer
}

async fn recv_bytes(stream: &mut StreamSocket, from: &Frame, count: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    while bytes.len() < count {
        let (peer, chunk) = recv(stream).await;
        assert_eq!(peer, *from);
        assert!((1..=Raw::CHUNK).contains(&chunk.len()), "{} bytes", chunk.len());
        bytes.extend_from_slice(&chunk);
    }
    bytes
}

async fn read(client: &mut TcpStream, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    within("bytes", client.read_exact(&mut bytes)).await.expect("they come");
    bytes
}

async fn read_to_end(client: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    within("the end", client.read_to_end(&mut bytes)).await.expect("in order");
    bytes
}

async fn disconnect_reason(events: &mut Events) -> DisconnectReason {
    event(events, "the end of a connection", |event| match event {
        SocketEvent::Disconnected { reason, .. } => Some(reason),
        _ => None,
    })
    .await
}

fn numbered(size: usize) -> Vec<u8> {
    (0..size).map(|n| u8::try_from(n % 251).expect("small")).collect()
}

#[tokio::test]
async fn stream_talks_to_any_client() {
    let mut stream = StreamSocket::new();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    assert_eq!((peer.len(), peer[0]), (5, 0));
    client.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
    assert_eq!(recv_bytes(&mut stream, &peer, 18).await, b"GET / HTTP/1.0\r\n\r\n");
    stream.send(to(&peer, "HTTP/1.0 200 OK\r\n\r\n")).await.unwrap();
    assert_eq!(read(&mut client, 19).await, b"HTTP/1.0 200 OK\r\n\r\n");
    drop(client);
    assert_eq!(notice(&mut stream).await, peer);
    let error = stream.send(to(&peer, "late")).await.unwrap_err();
    assert_eq!(*error.kind(), SendErrorKind::Unroutable(peer.into_bytes()));
}

/// As ipykernel's client of its debugger does (Debug Adapter Protocol).
#[tokio::test]
async fn stream_asks_a_server_with_framed_json() {
    let (listener, endpoint) = listen().await;
    let mut stream = StreamSocket::builder().notify(false).build();
    let server = stream.connect_peer(endpoint).unwrap();
    let serving = tokio::spawn(async move {
        let (mut client, _) = listener.accept().await.unwrap();
        for seq in 1..=3 {
            let body = read_dap(&mut client).await;
            assert_eq!(body, format!(r#"{{"seq":{seq},"command":"initialize"}}"#));
            let body = format!(r#"{{"request_seq":{seq},"body":"{}"}}"#, "x".repeat(20_000));
            client.write_all(dap(&body).as_bytes()).await.unwrap();
        }
        read_to_end(&mut client).await
    });
    for seq in 1..=3 {
        let request = dap(&format!(r#"{{"seq":{seq},"command":"initialize"}}"#));
        stream.send(to(&server, request)).await.unwrap();
        let mut reply = String::new();
        let whole = dap(&format!(r#"{{"request_seq":{seq},"body":"{}"}}"#, "x".repeat(20_000)));
        while reply.len() < whole.len() {
            let (from, chunk) = recv(&mut stream).await;
            assert_eq!(from, server);
            reply.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        assert_eq!(reply, whole);
    }
    stream.send(to(&server, "")).await.unwrap();
    assert_eq!(within("the server", serving).await.unwrap(), b"");
}

fn dap(body: &str) -> String {
    format!("Content-Length: {}\r\n\r\n{body}", body.len())
}

async fn read_dap(client: &mut TcpStream) -> String {
    let mut header = Vec::new();
    while !header.ends_with(b"\r\n\r\n") {
        header.extend(read(client, 1).await);
    }
    let header = String::from_utf8(header).unwrap();
    let length = header.trim().strip_prefix("Content-Length: ").unwrap().parse().unwrap();
    String::from_utf8(read(client, length).await).unwrap()
}

#[tokio::test]
async fn stream_without_notices_has_only_bytes() {
    let mut stream = StreamSocket::builder().notify(false).build();
    let at = bound(&stream).await;
    for text in ["one", "two"] {
        let mut client = TcpStream::connect(at).await.unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        drop(client);
        assert_eq!(recv(&mut stream).await.1, text);
    }
}

#[tokio::test]
async fn stream_names_a_peer_once() {
    let (listener, endpoint) = listen().await;
    let mut stream = StreamSocket::new();
    stream.connect_named(&endpoint, "debugger").unwrap();
    let taken = stream.connect_named(&endpoint, "debugger").unwrap_err();
    let expected = Rejected::RoutingIdTaken(b"debugger".to_vec().into());
    assert!(matches!(taken.kind(), ConnectErrorKind::Rejected(rejected) if *rejected == expected));
    let invalid = stream.connect_named(&endpoint, "\0name").unwrap_err();
    assert!(matches!(invalid.kind(), ConnectErrorKind::InvalidRoutingId(_)));
    stream.send(Message::multipart(["debugger", "early"])).await.unwrap();
    let (mut server, _) = within("it", listener.accept()).await.unwrap();
    assert_eq!(read(&mut server, 5).await, b"early");
    assert_eq!(notice(&mut stream).await, "debugger");
}

#[tokio::test]
async fn stream_keeps_its_name_over_connections() {
    let (listener, endpoint) = listen().await;
    let mut stream = StreamSocket::builder().reconnect(fast_reconnect()).build();
    let server = stream.connect_peer(endpoint).unwrap();
    assert_eq!((server.len(), server[0]), (5, 0));
    for round in 0..3 {
        let (mut accepted, _) = within("it", listener.accept()).await.unwrap();
        assert_eq!(notice(&mut stream).await, server, "connected");
        accepted.write_all(b"hello").await.unwrap();
        assert_eq!(recv_bytes(&mut stream, &server, 5).await, b"hello");
        stream.send(to(&server, format!("round {round}"))).await.unwrap();
        assert_eq!(read(&mut accepted, 7).await, format!("round {round}").as_bytes());
        drop(accepted);
        assert_eq!(notice(&mut stream).await, server, "lost");
    }
}

#[tokio::test]
async fn stream_messages_need_a_known_peer() {
    let mut stream = StreamSocket::new();
    let kind = |error: zeromq_async::SendError| error.kind().clone();
    let single = kind(stream.send("alone").await.unwrap_err());
    assert_eq!(single, SendErrorKind::NoRoutingId);
    let unknown = SendErrorKind::Unroutable("who".into());
    for body in ["hello", ""] {
        let error = stream.send(Message::multipart(["who", body])).await.unwrap_err();
        assert_eq!(error.kind(), &unknown);
        assert_eq!(error.into_message(), Some(Message::multipart(["who", body])));
    }
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    stream.send(to(&peer, "")).await.unwrap();
    assert_eq!(read_to_end(&mut client).await, b"");
    let gone = SendErrorKind::Unroutable(peer.clone().into_bytes());
    assert_eq!(kind(stream.send(to(&peer, "")).await.unwrap_err()), gone);
    assert_eq!(kind(stream.send(to(&peer, "late")).await.unwrap_err()), gone);
}

#[tokio::test]
async fn stream_joins_the_frames_of_a_message() {
    let mut stream = StreamSocket::new();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    let frames = ["", "a", "", "bc", ""].map(Frame::from);
    stream.send(Message::multipart([peer.clone()].into_iter().chain(frames))).await.unwrap();
    let empty = [peer.clone(), "".into(), "".into()];
    stream.send(Message::multipart(empty)).await.unwrap();
    stream.send(to(&peer, "d")).await.unwrap();
    assert_eq!(read(&mut client, 4).await, b"abcd");
    within("a flush", stream.flush()).await.unwrap();
    assert_eq!(stream.stats().sent, 3);
}

#[tokio::test]
async fn stream_waits_for_a_slow_reader() {
    let mut stream = StreamSocket::builder().send_high_water_mark(10).build();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    let chunk = numbered(100_000);
    let mut sent = 0;
    let error = loop {
        match stream.try_send(to(&peer, chunk.clone())) {
            Ok(()) => sent += 1,
            Err(error) if stream.stats().peers[0].queued >= 10 => break error,
            Err(_) => tokio::task::yield_now().await,
        }
        assert!(sent < 10_000, "the queue is bounded");
    };
    assert_eq!(*error.kind(), SendErrorKind::Full);
    let waiting = tokio::spawn(async move {
        stream.send(to(&peer, "end")).await.unwrap();
        stream.send(to(&peer, "")).await.unwrap();
        stream
    });
    let bytes = read_to_end(&mut client).await;
    assert_eq!(bytes.len(), sent * chunk.len() + 3);
    assert!(bytes.ends_with(b"end"));
    within("the sender", waiting).await.unwrap();
}

#[tokio::test]
async fn stream_bounds_what_a_fast_sender_queues() {
    let mut stream = StreamSocket::builder().receive_high_water_mark(10).build();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    let all = numbered(32 << 20);
    let expected = all.clone();
    let sending = tokio::spawn(async move { client.write_all(&all).await.map(|()| client) });
    while stream.stats().peers[0].unread < 10 {
        tokio::task::yield_now().await;
    }
    for _ in 0..1000 {
        tokio::task::yield_now().await;
        let peer = &stream.stats().peers[0];
        assert!(peer.unread <= 10, "{} unread", peer.unread);
        assert!(peer.bytes_received < 1 << 20, "{} bytes", peer.bytes_received);
    }
    assert!(recv_bytes(&mut stream, &peer, expected.len()).await == expected);
    within("the sender", sending).await.unwrap().unwrap();
}

#[tokio::test]
async fn stream_carries_all_sizes_both_ways() {
    for size in [1, 8191, 8192, 8193, 100_000, 1 << 20] {
        let mut stream = StreamSocket::new();
        let client = TcpStream::connect(bound(&stream).await).await.unwrap();
        let peer = notice(&mut stream).await;
        let bytes = numbered(size);
        let (mut from, mut into) = client.into_split();
        let echo = tokio::spawn(async move { tokio::io::copy(&mut from, &mut into).await });
        stream.send(to(&peer, bytes.clone())).await.unwrap();
        assert!(recv_bytes(&mut stream, &peer, size).await == bytes, "{size} bytes");
        stream.send(to(&peer, "")).await.unwrap();
        assert_eq!(within("the echo", echo).await.unwrap().unwrap(), size as u64);
    }
}

#[cfg(unix)]
#[tokio::test]
async fn streams_talk_over_ipc() {
    let (mut one, mut other) = (StreamSocket::new(), StreamSocket::new());
    let to_one = other.connect_peer(one.bind("ipc://*").await.unwrap()).unwrap();
    let to_other = notice(&mut one).await;
    assert_eq!(notice(&mut other).await, to_one);
    other.send(to(&to_one, "hello")).await.unwrap();
    let (message, peer) = within("a message", one.recv_from()).await.unwrap();
    assert_eq!(message, to(&to_other, "hello"));
    assert!(matches!(peer.address(), Some(PeerAddress::Ipc { .. })));
    one.send(to(&to_other, numbered(50_000))).await.unwrap();
    assert!(recv_bytes(&mut other, &to_one, 50_000).await == numbered(50_000));
}

#[tokio::test]
async fn stream_tells_the_address_of_a_peer() {
    let mut stream = StreamSocket::new();
    let client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let (_, peer) = within("the notice", stream.recv_from()).await.unwrap();
    assert_eq!(peer.address(), Some(&client.local_addr().unwrap().into()));
    assert_eq!(peer.info().version(), (0, 0));
}

#[tokio::test]
async fn hanging_up_writes_the_queue_first() {
    let mut stream = StreamSocket::new();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    let mut events = stream.events();
    for _ in 0..64 {
        stream.send(to(&peer, vec![7; 65_536])).await.unwrap();
    }
    client.write_all(b"unheard").await.unwrap();
    stream.send(to(&peer, "")).await.unwrap();
    assert!(is_pending(stream.recv()), "nothing more is received");
    assert_eq!(read_to_end(&mut client).await, vec![7; 64 * 65_536]);
    drop(client);
    assert!(matches!(disconnect_reason(&mut events).await, DisconnectReason::Closed));
    assert!(is_pending(stream.recv()), "not even a notice");
}

#[tokio::test]
async fn hanging_up_ends_a_connected_endpoint() {
    for immediate in [false, true] {
        let (listener, endpoint) = listen().await;
        let builder = StreamSocket::builder().reconnect(fast_reconnect()).immediate(immediate);
        let mut stream = builder.build();
        let mut events = stream.events();
        stream.connect(&endpoint).unwrap();
        let (mut server, _) = within("it", listener.accept()).await.unwrap();
        let peer = notice(&mut stream).await;
        stream.send(to(&peer, "bye")).await.unwrap();
        stream.send(to(&peer, "")).await.unwrap();
        assert_eq!(read_to_end(&mut server).await, b"bye");
        drop(server);
        event(&mut events, "the end of the attempts", |event| match event {
            SocketEvent::ConnectStopped { .. } => Some(()),
            SocketEvent::ConnectRetried { .. } => panic!("connected again"),
            _ => None,
        })
        .await;
        assert!(stream.stats().peers.is_empty());
    }
}

#[tokio::test]
async fn hanging_up_gives_up_a_peer_that_is_away() {
    let port = ReservedPort::new();
    let mut stream = StreamSocket::builder().reconnect(fast_reconnect()).build();
    let mut events = stream.events();
    let peer = stream.connect_peer(port.endpoint()).unwrap();
    stream.send(to(&peer, "lost")).await.unwrap();
    event(&mut events, "a failed attempt", |event| match event {
        SocketEvent::ConnectFailed { .. } => Some(()),
        _ => None,
    })
    .await;
    stream.send(to(&peer, "")).await.unwrap();
    event(&mut events, "the end of the attempts", |event| match event {
        SocketEvent::ConnectStopped { .. } => Some(()),
        _ => None,
    })
    .await;
    assert_eq!(stream.stats().lost, 1);
}

#[tokio::test]
async fn partly_written_chunk_is_not_sent_again() {
    let (listener, endpoint) = listen().await;
    let mut stream = StreamSocket::builder().reconnect(fast_reconnect()).build();
    let server = stream.connect_peer(endpoint).unwrap();
    let (mut first, _) = within("it", listener.accept()).await.unwrap();
    stream.send(to(&server, vec![1; 64 << 20])).await.unwrap();
    stream.send(to(&server, "next")).await.unwrap();
    assert_eq!(read(&mut first, 1000).await, vec![1; 1000]);
    drop(first);
    let (mut second, _) = within("it again", listener.accept()).await.unwrap();
    assert_eq!(read(&mut second, 4).await, b"next");
    assert_eq!(stream.stats().dropped.refused, 1);
}

#[tokio::test]
async fn half_closed_peer_is_disconnected() {
    let mut stream = StreamSocket::new();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    let peer = notice(&mut stream).await;
    client.write_all(b"last").await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(recv_bytes(&mut stream, &peer, 4).await, b"last");
    assert_eq!(notice(&mut stream).await, peer);
    assert_eq!(read_to_end(&mut client).await, b"");
}

#[tokio::test]
async fn stream_has_no_inproc() {
    let stream = StreamSocket::builder_in(&Context::new()).build();
    let error = stream.bind("inproc://stream").await.unwrap_err();
    assert!(matches!(error.kind(), BindErrorKind::Mismatch(Mismatch::NoInproc { .. })), "{error}");
    let error = stream.connect("inproc://stream").unwrap_err();
    let is_mismatch = matches!(error.kind(), ConnectErrorKind::Mismatch(Mismatch::NoInproc { .. }));
    assert!(is_mismatch, "{error}");
}

#[tokio::test]
async fn stream_takes_no_framed_stream() {
    let stream = StreamSocket::new();
    let mut events = stream.events();
    let (near, _far) = duplex(64);
    stream.handle().accept_stream(Io::new(near, "far").with_framing(Raw)).unwrap();
    let failed = event(&mut events, "a refusal", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason),
        _ => None,
    });
    let HandshakeFailure::Io(error) = failed.await else { panic!("another failure") };
    assert_eq!(error.kind(), std::io::ErrorKind::Unsupported);
}

#[tokio::test]
async fn stream_asks_an_authenticator_by_address() {
    async fn nobody(attempt: Attempt) -> Decision {
        assert!(matches!(attempt.address, PeerAddress::Tcp(_)));
        Decision::Deny(DenyStatus::AuthenticationFailure)
    }
    async fn everybody(_: Attempt) -> Decision {
        Decision::allow()
    }
    let stream = StreamSocket::builder().null_server(nobody).build();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    assert_eq!(read_to_end(&mut client).await, b"");

    let mut stream = StreamSocket::builder().null_server(everybody).build();
    let _client = TcpStream::connect(bound(&stream).await).await.unwrap();
    notice(&mut stream).await;

    let stream = StreamSocket::builder().plain_server(everybody).build();
    let mut events = stream.events();
    let mut client = TcpStream::connect(bound(&stream).await).await.unwrap();
    assert_eq!(read_to_end(&mut client).await, b"");
    let failed = event(&mut events, "a refusal", |event| match event {
        SocketEvent::HandshakeFailed { reason, .. } => Some(reason.to_string()),
        _ => None,
    });
    let reason = failed.await;
    assert!(reason.contains("no security"), "{reason}");
}

#[tokio::test]
async fn many_tasks_send_to_many_streams() {
    const CLIENTS: usize = 20;
    let mut stream = StreamSocket::new();
    let at = bound(&stream).await;
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        let mut client = TcpStream::connect(at).await.unwrap();
        clients.push(tokio::spawn(async move { read_to_end(&mut client).await }));
    }
    let mut senders = Vec::new();
    for _ in 0..CLIENTS {
        let peer = notice(&mut stream).await;
        let mut sender = stream.sender();
        senders.push(tokio::spawn(async move {
            for number in 0..1000_u32 {
                sender.send(to(&peer, number.to_be_bytes().to_vec())).await.unwrap();
            }
            sender.send(to(&peer, "")).await.unwrap();
        }));
    }
    for sender in senders {
        within("a sender", sender).await.unwrap();
    }
    let expected: Vec<u8> = (0..1000_u32).flat_map(u32::to_be_bytes).collect();
    for client in clients {
        assert!(within("a client", client).await.unwrap() == expected);
    }
}

#[tokio::test]
async fn stream_closes_within_its_linger_time() {
    let (listener, endpoint): (TcpListener, _) = listen().await;
    let mut stream = StreamSocket::builder().linger(Duration::ZERO).build();
    let server = stream.connect_peer(endpoint).unwrap();
    let (_silent, _) = within("it", listener.accept()).await.unwrap();
    stream.send(to(&server, vec![0; 64 << 20])).await.unwrap();
    stream.send(to(&server, "")).await.unwrap();
    let report = within("closing", stream.close()).await;
    assert_eq!(report.unsent, 1);
}

//! 45/ZWS: whole connections over WebSocket.

#![cfg(feature = "ws")]
#![allow(clippy::unwrap_used, reason = "a test may fail when something goes wrong")]

mod support;

use support::{End, Pair};
use zmtp_codec::framing::zws::{Profile, Upgrade, UpgradeError, WebSocketFault, Zws};
use zmtp_codec::wire::{MechanismName, Ttl};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Decision, Event, Frame, Malformed, Message, Null,
    PlainClient, PlainServer, ProtocolError, RoutingId, SocketType,
};

fn null(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, Null)
}

fn connection(config: &ConnectionConfig) -> Connection {
    Connection::with_entropy(config, |bytes| bytes.fill(9))
}

fn client(config: &ConnectionConfig) -> End {
    let framing = Zws::client("127.0.0.1", "/", [7; Zws::ENTROPY]);
    connection(config).with_framing(Box::new(framing)).into()
}

fn server(config: &ConnectionConfig) -> End {
    connection(config).with_framing(Box::new(Zws::server(None))).into()
}

/// The request of libzmq 4.3.5 with one sub-protocol.
fn request(profile: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: {profile}\r\n\
         Sec-WebSocket-Version: 13\r\n\r\n"
    )
}

/// What comes behind the head of the response.
fn behind_head(sent: &[u8]) -> &[u8] {
    let at = sent.windows(4).position(|window| window == b"\r\n\r\n").expect("a head");
    &sent[at + 4..]
}

/// Masks with zeros, as a client may.
fn masked(frame: &[u8]) -> Vec<u8> {
    assert!(frame[1] <= 125);
    [&[frame[0], frame[1] | 0x80, 0, 0, 0, 0][..], &frame[2..]].concat()
}

/// A server that is ready with a client of the bare profile.
fn bare_server(socket_type: SocketType) -> End {
    let mut server = server(&null(socket_type));
    server.read(request("ZWS2.0").as_bytes());
    server.sent();
    server.read(&masked(b"\x82\x01\0"));
    assert!(server.connection.peer().is_some());
    server.events.clear();
    server
}

/// Exchanges messages of many sizes in both directions.
fn exchange(mut pair: Pair) -> [End; 2] {
    let sizes = [0, 1, 125, 126, 254, 255, 256, 65_534, 65_535, 65_536, 200_000];
    let body = |size: usize| Frame::from(vec![b'x'; size]);
    let mut messages: Vec<Message> = sizes.into_iter().map(|size| body(size).into()).collect();
    messages.push((0..300).map(body).collect());
    for end in &mut pair.ends {
        messages.iter().for_each(|message| end.connection.send(message.clone()));
    }
    pair.drive();
    for end in &pair.ends {
        assert_eq!(end.error, None);
        assert!(end.messages() == messages);
    }
    pair.ends
}

#[test]
fn null_exchanges_messages_of_all_sizes() {
    for pieces in [vec![usize::MAX], vec![1, 1000, 3, 100_000]] {
        let id = RoutingId::new("me").unwrap();
        let config = null(SocketType::Dealer).with_routing_id(id);
        let ends = [client(&config), server(&null(SocketType::Router))];
        let [client, server] = exchange(Pair::of(ends, pieces).ready());
        assert_eq!(server.peer().routing_id(), "me");
        assert_eq!(server.peer().socket_type(), SocketType::Dealer);
        assert_eq!(client.peer().mechanism(), MechanismName::NULL);
    }
}

#[test]
fn plain_authenticates_over_ws() {
    let client_config = PlainClient::new("admin", "secret").unwrap();
    let client_config = ConnectionConfig::new(SocketType::Pair, client_config);
    let server_config = ConnectionConfig::new(SocketType::Pair, PlainServer);
    let pair = Pair::of([client(&client_config), server(&server_config)], vec![usize::MAX]);
    let pair = pair.deciding(Decision::allow()).ready();
    let [_, server] = exchange(pair);
    assert_eq!(server.requests().len(), 1);
}

#[cfg(feature = "curve")]
#[test]
fn curve_encrypts_messages_but_not_pings() {
    use zmtp_codec::{CurveClient, CurveKeyPair, CurveServer};
    let keys = |byte| CurveKeyPair::generate(|bytes: &mut [u8]| bytes.fill(byte));
    let server_keys = keys(1);
    let client_config = ConnectionConfig::new(
        SocketType::Pair,
        CurveClient::new(keys(2), *server_keys.public_key()),
    );
    let server_config = ConnectionConfig::new(SocketType::Pair, CurveServer::new(server_keys));
    let pair = Pair::of([client(&client_config), server(&server_config)], vec![usize::MAX]);
    let [_, mut server] = exchange(pair.deciding(Decision::allow()).ready());
    server.connection.send_command(&Command::Ping { ttl: Ttl::NONE, context: "".into() });
    server.connection.send("secret".into());
    let sent = server.sent();
    assert_eq!(sent[..2], *b"\x89\0");
    assert_eq!(sent[2..13], *b"\x82\x28\0\x07MESSAGE");
}

#[test]
fn handshake_bytes_are_those_of_libzmq() {
    let mut server = server(&null(SocketType::Pull));
    server.read(request("ZWS2.0/NULL,ZWS2.0").as_bytes());
    let ready = b"\x82\x1b\x02\x05READY\x0bSocket-Type\0\0\0\x04PULL";
    assert_eq!(behind_head(&server.sent()), ready);
    server.read(&masked(b"\x82\x1b\x02\x05READY\x0bSocket-Type\0\0\0\x04PUSH"));
    server.read(&masked(b"\x82\x06\0hello"));
    assert_eq!(server.messages(), [Message::from("hello")]);
}

#[test]
fn bare_profile_begins_with_routing_ids() {
    let config = null(SocketType::Router).with_routing_id(RoutingId::new("srv").unwrap());
    let mut server = server(&config);
    server.read(request("ZWS2.0").as_bytes());
    assert_eq!(behind_head(&server.sent()), b"\x82\x04\0srv");
    server.read(&masked(b"\x82\x03\0me"));
    assert_eq!(server.peer().routing_id(), "me");
    server.read(&masked(b"\x82\x03\x01hi"));
    server.read(&masked(b"\x82\x01\0"));
    assert_eq!(server.messages(), [Message::multipart(["hi", ""])]);
    server.connection.send("yo".into());
    assert_eq!(server.sent(), b"\x82\x03\0yo"[..]);
}

#[test]
fn client_falls_back_to_the_bare_profile() {
    let mut client = client(&null(SocketType::Req));
    let request = client.sent();
    client.read(&response_to(&request, "ZWS2.0"));
    let sent = client.sent();
    assert_eq!(sent[..2], [0x82, 0x81]);
    assert_eq!(sent[2], sent[6], "a zero byte, masked");
    client.read(b"\x82\x01\0\x82\x03\0hi");
    assert_eq!(client.messages(), [Message::from("hi")]);
}

#[test]
fn subscriptions_are_messages() {
    let mut client = client(&null(SocketType::Sub));
    client.connection.subscribe("a");
    let mut pair = Pair::of([client, server(&null(SocketType::Pub))], vec![usize::MAX]).ready();
    assert_eq!(pair.ends[1].messages(), [Message::from("\x01a")]);
    pair.ends[0].connection.cancel("a");
    pair.drive();
    assert_eq!(pair.ends[1].messages()[1..], [Message::from("\0a")]);
}

#[test]
fn ping_pong_and_close_are_answered() {
    let mut server = bare_server(SocketType::Pair);
    server.read(&masked(b"\x89\x03abc"));
    assert_eq!(server.sent(), b"\x8a\x03abc"[..]);
    // libzmq's PONG is empty.
    server.read(&masked(b"\x8a\0"));
    assert_eq!(server.commands(), [Command::Pong { context: "".into() }]);
    server.read(&masked(b"\x88\x02\x03\xe9"));
    assert_eq!(server.sent(), b"\x88\x02\x03\xe9"[..]);
    assert!(matches!(server.events.last(), Some(Event::End)));
    assert_eq!(server.error, None);
}

#[test]
fn bare_profile_wants_a_routing_id_first() {
    let mut server = server(&null(SocketType::Pair));
    server.read(request("ZWS2.0").as_bytes());
    server.read(&masked(b"\x82\x02\x02a"));
    assert!(server.error.is_some());
}

#[test]
fn fault_ends_with_its_close_code() {
    let table: [(&[u8], WebSocketFault, u16); 5] = [
        (b"\x81\x02hi", WebSocketFault::Text, 1003),
        (b"\x02\x02\0a", WebSocketFault::Fragmented, 1003),
        (b"\xc2\x02\0a", WebSocketFault::ReservedBits(0xc2), 1002),
        (b"\x82\0", WebSocketFault::NoFlags, 1003),
        (b"\x88\x01x", WebSocketFault::InvalidClose, 1002),
    ];
    for (frame, fault, code) in table {
        let mut server = bare_server(SocketType::Pair);
        server.read(&masked(&[b"\x82\x02\0a", frame].concat()[..4]));
        server.read(&masked(frame));
        assert_eq!(server.error, Some(Malformed::from(fault).into()));
        assert_eq!(server.messages(), [Message::from("a")], "messages before it arrive");
        let [high, low] = code.to_be_bytes();
        assert_eq!(server.sent(), [0x88, 2, high, low][..], "{fault}");
    }
}

#[test]
fn refused_request_gets_an_http_error() {
    let mut server = server(&null(SocketType::Pair));
    server.read(request("chat").as_bytes());
    assert!(server.sent().starts_with(b"HTTP/1.1 400 Bad Request\r\n"));
    let Some(ProtocolError::Upgrade(UpgradeError::Refused { refusal })) = server.error else {
        panic!("{:?}", server.error);
    };
    assert_eq!(refusal.status(), 400);
}

#[test]
fn tcp_peer_is_refused() {
    let mut pair = Pair::of(
        [End::new(&null(SocketType::Pair)), server(&null(SocketType::Pair))],
        vec![usize::MAX],
    );
    pair.drive();
    assert!(pair.ends[0].error.is_some() && pair.ends[1].error.is_some());
    let mut pair = Pair::of(
        [client(&null(SocketType::Pair)), End::new(&null(SocketType::Pair))],
        vec![usize::MAX],
    );
    pair.drive();
    let error = ProtocolError::Upgrade(UpgradeError::NotHttp);
    assert_eq!(pair.ends[0].error, Some(error));
}

#[cfg(feature = "noise")]
#[test]
fn noise_is_refused_over_ws() {
    use zmtp_codec::{NoiseKeyPair, NoiseServer};
    let keys = NoiseKeyPair::generate(|bytes: &mut [u8]| bytes.fill(1));
    let config = ConnectionConfig::new(SocketType::Pair, NoiseServer::xx(keys));
    let mut server = server(&config);
    server.read(b"");
    let error = UpgradeError::NoSubProtocol(MechanismName::NOISE_XX);
    assert_eq!(server.error, Some(error.into()));
}

#[test]
fn upgraded_connection_needs_its_mechanism() {
    let profile = Profile::Mechanism(MechanismName::CURVE);
    let framing = Zws::upgraded_client(profile, [0; Zws::ENTROPY]);
    let mut end = End::from(connection(&null(SocketType::Pair)).with_framing(Box::new(framing)));
    end.read(b"");
    let mechanism = MechanismName::NULL;
    assert_eq!(end.error, Some(UpgradeError::Mechanism { profile, mechanism }.into()));
}

/// jszmq's server answers so.
#[test]
fn bare_server_may_choose_the_first_name() {
    for (first, routing_id) in [(&b"\x82\x01\0"[..], &b""[..]), (b"\x82\x04\0srv", b"srv")] {
        let mut client = client(&null(SocketType::Dealer));
        let request = client.sent();
        client.read(&response_to(&request, "ZWS2.0/NULL"));
        client.read(&first[..1]);
        client.read(&first[1..]);
        assert_eq!((&client.error, client.peer().routing_id()), (&None, &routing_id.into()));
        client.read(b"\x82\x03\0hi");
        assert_eq!(client.messages(), [Message::from("hi")]);
    }
}

/// The response of a server that chooses `profile`.
fn response_to(request: &[u8], profile: &str) -> Vec<u8> {
    let request = String::from_utf8(request.to_vec()).unwrap();
    let headers = request.lines().filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name, value.as_bytes()));
    let upgrade = Upgrade::accept(MechanismName::NULL, headers).unwrap();
    let [.., (_, accept), _] = upgrade.headers();
    let head = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade";
    let chosen = format!("Sec-WebSocket-Accept: {accept}\r\nSec-WebSocket-Protocol: {profile}");
    format!("{head}\r\n{chosen}\r\n\r\n").into()
}

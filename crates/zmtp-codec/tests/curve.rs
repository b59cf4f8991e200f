//! CURVE: authentication, encryption, and tampering.

#![cfg(feature = "curve")]

mod support;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{End, Pair, before_of, end, frames, pair, seal_and_read};
use zmtp_codec::wire::{FrameHeader, MechanismName};
use zmtp_codec::{
    Batch, Command, ConnectionConfig, Credentials, CurveClient, CurveKeyPair, CurvePublicKey,
    CurveSecretKey, CurveServer, Decision, Decoder, DenyStatus, Encoder, Event, Inbound,
    LimitExceeded, Limits, Message, Null, PeerIncompatible, PeerMisbehaved, PeerUntrusted,
    ProtocolError, RoutingId, SealBuffer, SocketType, Subscription, Traffic, Ttl,
};

fn keys(byte: u8) -> CurveKeyPair {
    CurveSecretKey::new([byte; 32]).into()
}

fn client_keys() -> CurveKeyPair {
    keys(1)
}

fn server_keys() -> CurveKeyPair {
    keys(2)
}

fn client_to(socket_type: SocketType, server_key: CurvePublicKey) -> ConnectionConfig {
    let client = CurveClient::new(client_keys(), server_key);
    ConnectionConfig::new(socket_type, client)
}

fn client(socket_type: SocketType) -> ConnectionConfig {
    client_to(socket_type, *server_keys().public_key())
}

fn server(socket_type: SocketType) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, CurveServer::new(server_keys()))
}

fn push_and_pull() -> Pair {
    pair(&client(SocketType::Push), &server(SocketType::Pull))
}

/// A client and a server that have read each other's greetings, and the client's HELLO.
fn greeted() -> ([End; 2], Bytes) {
    let (pair, (_, hello)) = before(0);
    (pair.ends, hello)
}

/// Drives a new pair to the given step of the handshake. Returns the next bytes, and the side they
/// are for.
fn before(step: usize) -> (Pair, (usize, Bytes)) {
    before_of(&client(SocketType::Push), &server(SocketType::Pull), step)
}

#[test]
fn messages_travel_encrypted_both_ways() {
    for piece_size in [1, 13, 200, usize::MAX] {
        let ends = [end(&client(SocketType::Dealer)), end(&server(SocketType::Router))];
        let mut pair = Pair::of(ends, vec![piece_size]).ready();
        let messages = [
            Message::from("hello"),
            Message::multipart(["a", "", "ccc"]),
            Message::from(vec![7; 300]),
            Message::from(""),
            Message::multipart([vec![1; 9000], vec![2; 100], vec![3; 70_000]]),
        ];
        for end in &mut pair.ends {
            messages.iter().for_each(|message| end.connection.send(message.clone()));
        }
        let sent = pair.ends[0].sent();
        assert!(!sent.windows(5).any(|window| window == b"hello"));
        pair.ends[1].read(&sent);
        pair.drive();
        assert!(pair.ends.iter().all(|end| end.messages() == messages), "{piece_size}");
    }
}

#[test]
fn each_side_learns_the_peer_identity() {
    let dealer =
        client(SocketType::Dealer).with_routing_id(RoutingId::new("worker-1").expect("an id"));
    let mut pair = pair(&dealer, &server(SocketType::Router));
    pair.ends[1].decision = Some(Decision::allow_as("alice"));
    let pair = pair.ready();
    let [client, server] = &pair.ends;
    assert_eq!(server.peer().routing_id(), "worker-1");
    assert_eq!(server.peer().public_key(), Some(client_keys().public_key().as_bytes()));
    assert_eq!(server.peer().user_id(), Some("alice"));
    assert_eq!(client.peer().mechanism(), MechanismName::CURVE);
    assert_eq!(client.peer().public_key(), Some(server_keys().public_key().as_bytes()));
    let [request] = &server.requests()[..] else { panic!("one question") };
    assert_eq!(request.mechanism, MechanismName::CURVE);
    assert_eq!(request.credentials, Credentials::PublicKey(*client_keys().public_key().as_bytes()));
    assert_eq!(request.credentials.to_frames()[0].len(), 32);
    assert!(client.requests().is_empty());
}

#[test]
fn curve_command_sizes_match_the_spec() {
    let ([mut client, mut server], hello) = greeted();
    assert_eq!(hello.len(), 202);
    assert_eq!(hello[..10], *b"\x04\xc8\x05HELLO\x01\0");
    assert_eq!(hello[114..122], 1_u64.to_be_bytes());
    server.read(&hello);
    let welcome = server.sent();
    assert_eq!(welcome.len(), 2 + 168);
    assert!(welcome.starts_with(b"\x04\xa8\x07WELCOME"));
    client.read(&welcome);
    let initiate = client.sent();
    let metadata = b"\x0bSocket-Type\0\0\0\x04PUSH".len();
    assert_eq!(initiate.len(), 9 + 257 + metadata);
    assert!(initiate[9..].starts_with(b"\x08INITIATE"));
    assert_eq!(initiate[9 + 105..9 + 113], 2_u64.to_be_bytes());
    server.read(&initiate);
    let ready = server.sent();
    assert_eq!(ready.len(), 2 + 30 + metadata);
    assert!(ready[2..].starts_with(b"\x05READY\0\0\0\0\0\0\0\x01"));
    client.read(&ready);
    client.connection.send(Message::multipart(["a", "bc"]));
    let sent = client.sent();
    let [first, second] = frames(&sent)[..] else { panic!("two records") };
    assert!(first.starts_with(b"\x00\x22\x07MESSAGE\0\0\0\0\0\0\0\x03"));
    assert!(second.starts_with(b"\x00\x23\x07MESSAGE\0\0\0\0\0\0\0\x04"));
    server.connection.send(Message::from(vec![0; 300]));
    assert!(server.sent().starts_with(b"\x02\0\0\0\0\0\0\x01\x4d\x07MESSAGE\0\0\0\0\0\0\0\x02"));
}

#[test]
fn subscriptions_and_pings_are_encrypted() {
    for version in [1, 0] {
        let mut pair = pair(&client(SocketType::Sub), &server(SocketType::Pub));
        // The greeting of a ZMTP 3.0 peer.
        for end in &mut pair.ends {
            let mut greeting = b"\xff\0\0\0\0\0\0\0\0\x7f\x03".to_vec();
            greeting.push(version);
            greeting.extend_from_slice(b"CURVE");
            greeting.resize(64, 0);
            end.sent();
            end.read(&greeting);
        }
        let [sub, publisher] = &mut pair.ends;
        assert_eq!(publisher.sent().len(), 53);
        let hello = sub.sent().slice(53..);
        publisher.read(&hello);
        let mut pair = pair.ready();
        let [sub, publisher] = &mut pair.ends;
        sub.connection.subscribe("weather");
        let ping = Command::Ping { ttl: Ttl::NONE, context: "hi".into() };
        sub.connection.send_command(&ping);
        let sent = sub.sent();
        assert!(frames(&sent).iter().all(|frame| frame[2..].starts_with(b"\x07MESSAGE")));
        publisher.read(&sent);
        let subscribe = Command::Subscribe { topic: "weather".into() };
        let message = Subscription::Subscribe("weather".into()).into_message();
        match version {
            1 => assert_eq!(publisher.commands(), [subscribe, ping]),
            _ => assert_eq!(
                (publisher.commands(), publisher.messages()),
                (vec![ping], vec![message])
            ),
        }
        pair.drive();
        assert_eq!(pair.ends[0].commands(), [Command::Pong { context: "hi".into() }]);
    }
}

#[test]
fn denied_client_gets_the_status_code() {
    for status in
        [DenyStatus::TemporaryError, DenyStatus::AuthenticationFailure, DenyStatus::InternalError]
    {
        let mut pair = push_and_pull();
        pair.ends[1].decision = Some(Decision::Deny(status));
        pair.drive();
        let [client, server] = &pair.ends;
        assert_eq!(server.error, Some(ProtocolError::Denied(status)));
        let refused = ProtocolError::Refused { reason: status.code().to_string() };
        let is_silent = status == DenyStatus::TemporaryError;
        assert_eq!(client.error, (!is_silent).then_some(refused));
        assert!(client.connection.peer().is_none());
    }
}

#[test]
fn undecided_peer_is_not_accepted() {
    let mut pair = push_and_pull();
    pair.ends[1].decision = None;
    pair.drive();
    pair.ends[1].read(b"\0\x05hello");
    assert!(pair.ends.iter().all(|end| end.connection.peer().is_none()));
}

#[test]
fn server_detects_wrong_server_key() {
    let client = client_to(SocketType::Push, *keys(9).public_key());
    let mut pair = pair(&client, &server(SocketType::Pull));
    pair.drive();
    assert_eq!(pair.ends[1].error, Some(PeerUntrusted::Unopened("HELLO").into()));
    assert!(pair.ends[1].requests().is_empty(), "no question of letting it in");
    assert!(pair.ends[0].connection.peer().is_none());
}

#[test]
fn client_rejects_invalid_server_key() {
    let client = client_to(SocketType::Push, CurvePublicKey::new([0; 32]));
    let mut pair = pair(&client, &server(SocketType::Pull));
    pair.drive();
    assert_eq!(pair.ends[0].error, Some(PeerUntrusted::UnfitKey("server key").into()));
}

#[test]
fn welcome_from_other_server_is_rejected() {
    let ([mut client, _], _) = greeted();
    // It knows the client's HELLO, and has keys of its own.
    let foreign = client_to(SocketType::Push, *keys(9).public_key());
    let other = CurveServer::new(keys(9));
    let other = ConnectionConfig::new(SocketType::Pull, other);
    let (mut pair, (to, hello)) = before_of(&foreign, &other, 0);
    pair.ends[to].read(&hello);
    client.read(&pair.ends[to].sent());
    assert_eq!(client.error, Some(PeerUntrusted::Unopened("WELCOME").into()));
}

#[test]
fn same_roles_do_not_connect() {
    let client = client(SocketType::Pair);
    let mut pair_of_clients = pair(&client, &client);
    pair_of_clients.drive();
    for end in &pair_of_clients.ends {
        assert!(matches!(
            end.error,
            Some(ProtocolError::Misbehaved(_) | ProtocolError::LimitExceeded(_))
        ));
    }
    let server = server(SocketType::Pair);
    let mut pair_of_servers = pair(&server, &server);
    pair_of_servers.drive();
    assert!(pair_of_servers.ends.iter().all(|end| end.events.is_empty()));
}

#[test]
fn mechanism_cannot_be_bypassed() {
    // CVE-2014-7202, CVE-2014-9721: downgrade by another mechanism or an older protocol.
    let null = |socket_type| ConnectionConfig::new(socket_type, Null);
    for (one, other) in [
        (null(SocketType::Push), server(SocketType::Pull)),
        (client(SocketType::Push), null(SocketType::Pull)),
    ] {
        let mut pair = pair(&one, &other);
        pair.drive();
        for end in &pair.ends {
            let error = end.error.as_ref();
            assert!(matches!(
                error,
                Some(ProtocolError::Incompatible(PeerIncompatible::Mechanism { .. }))
            ));
        }
    }
    for bytes in [&b"\xff\0\0\0\0\0\0\0\x01\x7f\x01\x05\0\0"[..], b"\x01\x00", b"\x05\x00abcd"] {
        let mut server = end(&server(SocketType::Pull));
        server.read(bytes);
        let error = server.error;
        assert!(matches!(error, Some(ProtocolError::Incompatible(PeerIncompatible::Version(_)))));
    }
}

#[test]
fn connection_without_entropy_fails() {
    for config in [client(SocketType::Pair), server(SocketType::Pair)] {
        let mut pair = Pair::new(&config, &server(SocketType::Pair));
        pair.drive();
        assert_eq!(pair.ends[0].error, Some(ProtocolError::NoEntropy));
        assert_eq!(pair.ends[0].sent(), b""[..]);
    }
}

/// The commands of a handshake, in order, each with its receiver.
fn handshake() -> Vec<(usize, Bytes)> {
    (0..4).map(|step| before(step).1).collect()
}

#[test]
fn any_changed_handshake_byte_fails() {
    let commands = handshake();
    for (step, (_, command)) in commands.iter().enumerate() {
        for at in 0..command.len() {
            let (mut pair, (to, bytes)) = before(step);
            let mut changed = BytesMut::from(&bytes[..]);
            // MORE and COMMAND are ignored before READY.
            changed[at] ^= if at == 0 { 8 } else { 1 << (at % 8) };
            let known = pair.ends[to].requests().len();
            pair.ends[to].read(&changed);
            // A larger frame size shows only after more bytes.
            pair.ends[to].read(&[0; 300]);
            let end = &pair.ends[to];
            assert!(end.connection.peer().is_none(), "step {step}, byte {at}");
            assert_eq!(end.requests().len(), known, "step {step}, byte {at}");
            assert!(at == 1 || end.error.is_some(), "step {step}, byte {at}");
        }
    }
}

#[test]
fn commands_of_another_connection_are_rejected() {
    for step in 1..4 {
        let (mut pair, (to, _)) = before(step);
        let (_, (_, foreign)) = before(step);
        pair.ends[to].read(&foreign);
        let expected = match step {
            1 => PeerUntrusted::Unopened("WELCOME"),
            2 => PeerUntrusted::ForeignCookie,
            _ => PeerUntrusted::Unopened("READY"),
        };
        assert_eq!(pair.ends[to].error, Some(expected.into()));
    }
}

#[test]
fn recorded_connection_cannot_be_replayed() {
    let mut recorded = push_and_pull();
    let mut bytes = Vec::new();
    recorded.ends[0].connection.send(Message::from("transfer 100"));
    while recorded.deliver(1, 0) || {
        let sent = recorded.ends[0].sent();
        bytes.push(sent.clone());
        recorded.ends[1].read(&sent);
        !sent.is_empty()
    } {}
    assert_eq!(recorded.ends[1].messages().len(), 1);
    let mut server = end(&server(SocketType::Pull));
    bytes.iter().for_each(|bytes| server.read(bytes));
    assert_eq!(server.error, Some(PeerUntrusted::ForeignCookie.into()));
    assert!(server.messages().is_empty() && server.requests().is_empty());
}

#[test]
fn malformed_commands_are_rejected() {
    let short = |step: usize, name: &'static str| {
        let (mut pair, (to, bytes)) = before(step);
        let header = FrameHeader::decode(&bytes).unwrap().unwrap();
        let body = &bytes[header.size()..][..name.len() + 4];
        let mut wire = Vec::new();
        FrameHeader::command(body.len()).encode(&mut wire);
        wire.extend_from_slice(body);
        pair.ends[to].read(&wire);
        assert_eq!(pair.ends[to].error, Some(PeerMisbehaved::CommandLayout(name).into()));
    };
    short(0, "HELLO");
    short(1, "WELCOME");
    short(2, "INITIATE");
    short(3, "READY");
}

#[test]
fn oversized_handshake_commands_are_rejected() {
    // CVE-2019-13132: oversized metadata of an unauthenticated peer.
    let long = |size: usize| [&[6][..], &(size as u64).to_be_bytes()].concat();
    let metadata = Limits::default().max_metadata_size;
    for (step, limit) in [(0, 262), (1, 262), (2, 257 + metadata), (3, 30 + metadata)] {
        let (mut pair, (to, _)) = before(step);
        pair.ends[to].read(&long(limit));
        assert_eq!(pair.ends[to].error, None, "step {step}");
        let (mut pair, (to, _)) = before(step);
        pair.ends[to].read(&long(limit + 1));
        let expected = LimitExceeded::CommandSize { announced: limit as u64 + 1, limit };
        assert_eq!(pair.ends[to].error, Some(expected.into()));
        assert!(pair.ends[to].input.capacity() < 1024, "no memory is taken on the peer's word");
    }
}

/// A ready pair, and the records of some messages from the client.
fn records(messages: &[Message]) -> (Pair, Vec<Bytes>) {
    let mut pair = push_and_pull().ready();
    messages.iter().for_each(|message| pair.ends[0].connection.send(message.clone()));
    let sent = pair.ends[0].sent();
    let records = frames(&sent).iter().map(|frame| Bytes::copy_from_slice(frame)).collect();
    (pair, records)
}

#[test]
fn any_changed_record_byte_drops_the_record() {
    let messages = [Message::from("first"), Message::from(vec![5; 300]), Message::from("last")];
    let len = records(&messages).1[1].len();
    for at in 0..len {
        let (mut pair, records) = records(&messages);
        let mut changed = BytesMut::from(&records[1][..]);
        // MORE and COMMAND are ignored outside of the box.
        changed[at] ^= if at == 0 { 8 } else { 1 << (at % 8) };
        let server = &mut pair.ends[1];
        server.read(&[&records[0][..], &changed, &records[2]].concat());
        assert_eq!(server.messages(), [Message::from("first")], "byte {at}");
        let may_wait = (1..=8).contains(&at);
        assert!(may_wait || server.error.is_some(), "byte {at}");
    }
}

#[test]
fn records_are_accepted_once_and_in_order() {
    // CVE-2014-7203.
    let messages = [
        Message::from("a"),
        Message::from("b"),
        Message::from("c"),
        Message::multipart(["d", "e", "f"]),
        Message::multipart(["g", "h"]),
    ];
    let replayed = |number, last| Some(PeerUntrusted::Replayed { number, last }.into());
    let left_out = |number, last| Some(PeerUntrusted::LeftOut { number, last }.into());
    for (order, delivered, error) in [
        (&[0, 1, 2, 3, 4, 5, 6, 7][..], 5, None),
        // 26/CURVEZMQ: a repeated number.
        (&[0, 0], 1, replayed(3, 3)),
        (&[0, 1, 0], 2, replayed(3, 4)),
        (&[1, 0], 1, replayed(3, 4)),
        // Skipped.
        (&[0, 2], 2, None),
        (&[2], 1, None),
        (&[0, 3, 4, 5], 2, None),
        // Skipped inside a message: this would join parts of two.
        (&[3, 5], 0, left_out(8, 6)),
        (&[0, 3, 4, 7], 1, left_out(10, 7)),
        (&[3, 7], 0, left_out(10, 6)),
    ] {
        let (mut pair, records) = records(&messages);
        let bytes: Vec<u8> = order.iter().flat_map(|&record| records[record].to_vec()).collect();
        pair.ends[1].read(&bytes);
        assert_eq!(pair.ends[1].messages().len(), delivered, "{order:?}");
        assert_eq!(pair.ends[1].error, error, "{order:?}");
    }
}

#[test]
fn the_outer_flags_of_a_record_mean_nothing() {
    // omq-tokio sets MORE on all parts but the last; libzmq takes COMMAND too.
    let messages = [Message::multipart(["hi", "yo", "!"]), Message::from("a")];
    for flags in [1, 4, 5] {
        let (mut pair, records) = records(&messages);
        for record in records {
            pair.ends[1].read(&[&[record[0] | flags], &record[1..]].concat());
        }
        assert_eq!(pair.ends[1].error, None, "{flags}");
        assert_eq!(pair.ends[1].messages(), messages, "{flags}");
    }
}

#[test]
fn records_do_not_open_in_reverse_direction() {
    let mut pair = push_and_pull().ready();
    let server = &mut pair.ends[1];
    for body in ["a", "b"] {
        server.connection.send(Message::from(body));
    }
    // The server's second record has the number expected of the client's first.
    let sent = server.sent();
    server.read(frames(&sent)[1]);
    assert_eq!(server.error, Some(PeerUntrusted::Unopened("MESSAGE").into()));
}

#[test]
fn plaintext_after_handshake_is_rejected() {
    for (bytes, error) in [
        (&b"\0\x05hello"[..], PeerMisbehaved::CommandLayout("MESSAGE")),
        (&[b"\0\x30".as_slice(), &[7; 48]].concat(), PeerMisbehaved::CommandLayout("MESSAGE")),
        (b"\x04\x07\x04PING\0\0", PeerMisbehaved::Unsealed),
        (b"\x04\x0a\x05ERROR\x03400", PeerMisbehaved::Unsealed),
    ] {
        let mut pair = push_and_pull().ready();
        pair.ends[1].read(bytes);
        assert_eq!(pair.ends[1].error, Some(error.into()));
        assert!(pair.ends[1].messages().is_empty());
    }
}

#[test]
fn limits_apply_before_and_after_decryption() {
    let mut limits = Limits::default();
    limits.max_message_size = Some(1 << 20);
    limits.max_frames_per_message = 3;
    let limited = || {
        let server = server(SocketType::Pull).with_limits(limits.clone());
        pair(&client(SocketType::Push), &server).ready()
    };
    let header = |body: u64| [&[2][..], &(body + 33).to_be_bytes()].concat();
    let exceeded = |announced| {
        Some(ProtocolError::from(LimitExceeded::MessageSize { announced, limit: 1 << 20 }))
    };
    let mut pair = limited();
    pair.ends[1].read(&header(1 << 20));
    assert_eq!(pair.ends[1].error, None);
    let mut pair = limited();
    pair.ends[1].read(&header((1 << 20) + 1));
    assert_eq!(pair.ends[1].error, exceeded((1 << 20) + 1));
    // All frames of a message together.
    let mut pair = limited();
    pair.ends[0].connection.send(Message::multipart([vec![0; 1000], vec![0; 1 << 20]]));
    let sent = pair.ends[0].sent();
    pair.ends[1].read(&sent[..1042 + 9]);
    assert_eq!(pair.ends[1].error, exceeded((1 << 20) + 1000));
    let mut pair = limited();
    pair.ends[0].connection.send(Message::multipart(["a", "b", "c", "d"]));
    pair.drive();
    assert_eq!(pair.ends[1].error, Some(LimitExceeded::FrameCount { limit: 3 }.into()));
}

#[test]
fn wanted_is_the_rest_of_the_record() {
    let (pair, records) = records(&[Message::from(vec![5; 300])]);
    let [_, server] = pair.ends;
    let Ok(Traffic { mut decoder, .. }) = server.connection.into_traffic() else {
        panic!("ready");
    };
    let mut input = BytesMut::from(&records[0][..9]);
    assert!(decoder.decode(&mut input, 1).unwrap().is_none());
    assert_eq!(decoder.wanted(&input), records[0].len() - 9);
}

#[test]
fn decoder_buffers_messages_until_wanted() {
    let (pair, records) = records(&["a", "b", "c"].map(Message::from));
    let [_, server] = pair.ends;
    let Ok(Traffic { mut decoder, .. }) = server.connection.into_traffic() else {
        panic!("ready");
    };
    let mut input = BytesMut::from(&records.concat()[..]);
    assert!(decoder.decode(&mut input, 0).unwrap().is_none());
    assert!(decoder.decode(&mut input, 0).unwrap().is_none());
    assert!(decoder.buffered() > 0);
    let mut taken = Vec::new();
    while let Some(Inbound::Messages(run)) = decoder.decode(&mut input, 1).unwrap() {
        assert_eq!(run.messages(), 1);
        taken.extend(run);
    }
    assert_eq!(taken, ["a", "b", "c"].map(Message::from));
    assert!(input.is_empty());
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn commands_decode_while_messages_wait() {
    let mut pair = push_and_pull().ready();
    pair.ends[0].connection.send_command(&Command::Pong { context: Bytes::new() });
    pair.ends[0].connection.send(Message::from("a"));
    pair.ends[0].connection.send_command(&Command::Pong { context: Bytes::new() });
    let mut input = BytesMut::from(&pair.ends[0].sent()[..]);
    let server = &mut pair.ends[1].connection;
    assert!(matches!(server.handle_input(&mut input, 0), Ok(Some(Event::Command(_)))));
    assert!(matches!(server.handle_input(&mut input, 0), Ok(None)));
    assert!(matches!(server.handle_input(&mut input, 1), Ok(Some(Event::Messages(_)))));
    assert!(matches!(server.handle_input(&mut input, 0), Ok(Some(Event::Command(_)))));
}

/// The two halves of a connection after its handshake.
fn halves() -> (Encoder, Decoder) {
    support::halves(push_and_pull())
}

#[test]
fn batch_is_sealed_in_pieces() {
    let messages: Vec<Message> = (0..5000_usize)
        .map(|n| match n % 100 {
            0 => Message::multipart([vec![1; n], vec![2; 9000], vec![3; 10]]),
            _ => Message::from(vec![4; n % 300]),
        })
        .collect();
    seal_and_read(halves(), messages, 64 * 1024 + 10_000);
}

#[test]
fn partly_written_sealed_messages_are_resent() {
    let (mut encoder, mut decoder) = halves();
    let mut batch = Batch::new();
    batch.extend(["a", "b", "c"].map(Message::from));
    let mut sealed = SealBuffer::new();
    encoder.seal(&batch, &mut sealed);
    assert_eq!(sealed.plain_bytes(), 9);
    let written = 36 + 20;
    let mut input = BytesMut::from(&sealed.first_chunk()[..written]);
    assert_eq!(batch.advance(sealed.advance(written)), 1);
    assert!(decoder.decode(&mut input, 9).unwrap().is_some());

    // The next connection sends the rest.
    sealed.clear();
    batch.rewind();
    let (mut encoder, mut decoder) = halves();
    encoder.seal(&batch, &mut sealed);
    let mut input = BytesMut::from(sealed.first_chunk());
    let Some(Inbound::Messages(run)) = decoder.decode(&mut input, 9).unwrap() else { panic!() };
    assert_eq!(run.into_iter().collect::<Vec<_>>(), ["b", "c"].map(Message::from));
}

#[test]
fn sealed_messages_are_not_discarded() {
    let (mut encoder, mut decoder) = halves();
    let (mut batch, mut sealed) = (Batch::new(), SealBuffer::new());
    batch.push(Message::from("old"));
    encoder.seal(&batch, &mut sealed);
    batch.push(Message::from("stale"));
    assert_eq!(batch.discard_behind(sealed.plain_bytes()), 1);
    batch.push(Message::from("new"));
    let mut input = BytesMut::new();
    while !batch.is_empty() {
        encoder.seal(&batch, &mut sealed);
        input.extend_from_slice(sealed.first_chunk());
        let written = sealed.first_chunk().len();
        batch.advance(sealed.advance(written));
    }
    let Some(Inbound::Messages(run)) = decoder.decode(&mut input, 9).unwrap() else { panic!() };
    assert_eq!(run.into_iter().collect::<Vec<_>>(), ["old", "new"].map(Message::from));
}

#[test]
fn plaintext_encoder_seals_nothing() {
    let mut encoder = Encoder::new((3, 1));
    let (mut batch, mut sealed) = (Batch::new(), SealBuffer::new());
    batch.push(Message::from("a"));
    assert!(!encoder.is_sealing());
    encoder.seal(&batch, &mut sealed);
    assert!(sealed.is_empty());
}

#[test]
fn debug_hides_secrets() {
    let mut pair = push_and_pull();
    let secret = format!("{:?}", [1_u8; 32]);
    let text = client_keys().secret_key().to_z85();
    for _ in 0..6 {
        let shown = format!("{:?}", pair.ends[0].connection);
        assert!(!shown.contains(&secret[1..secret.len() - 1]) && !shown.contains(text.as_str()));
        pair.deliver(0, 1);
        pair.deliver(1, 0);
    }
}

proptest! {
    // Fewer cases than usual: they are slow without optimization.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_input_does_not_panic_connection(
        step in 0..5_usize,
        bytes in vec(any::<u8>(), 0..300),
        kind in 0..4_usize,
        cut in 1..50_usize,
    ) {
        let (mut pair, (to, command)) = before(step.min(4));
        let name = [&b"\x05HELLO"[..], b"\x07WELCOME", b"\x08INITIATE", b"\x05READY"][kind];
        let body = if step == 4 { [&b"\x07MESSAGE\0\0\0\0\0\0\0"[..], &bytes].concat() } else { [name, &bytes].concat() };
        let mut wire = Vec::new();
        match step {
            4 => FrameHeader::message(body.len(), false).encode(&mut wire),
            _ => FrameHeader::command(body.len()).encode(&mut wire),
        }
        wire.extend_from_slice(&body);
        wire.extend_from_slice(&command);
        let to = if step == 4 { 1 } else { to };
        for piece in wire.chunks(cut) {
            pair.ends[to].read(piece);
        }
        prop_assert!(pair.ends[to].messages().is_empty());
    }
}

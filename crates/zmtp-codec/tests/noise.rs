//! NOISE: authentication, encryption, and tampering.

#![cfg(feature = "noise")]

mod support;

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use support::{Pair, before_of, end, frames, pair, seal_and_read};
use zmtp_codec::wire::{FrameHeader, MechanismName};
use zmtp_codec::{
    Batch, Command, Connection, ConnectionConfig, Credentials, Decision, Decoder, DenyStatus,
    Encoder, Inbound, LimitExceeded, Limits, Mechanism, Message, Metadata, NoiseClient,
    NoiseKeyPair, NoisePublicKey, NoiseSecretKey, NoiseServer, Null, PeerIncompatible,
    PeerMisbehaved, PeerUntrusted, ProtocolError, RoutingId, SealBuffer, SocketType, Ttl,
};

fn keys(byte: u8) -> NoiseKeyPair {
    NoiseSecretKey::new([byte; 32]).into()
}

fn client_keys() -> NoiseKeyPair {
    keys(1)
}

fn server_keys() -> NoiseKeyPair {
    keys(2)
}

fn server_key() -> NoisePublicKey {
    *server_keys().public_key()
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Xx,
    Pinned,
    Ik,
}

const KINDS: [Kind; 3] = [Kind::Xx, Kind::Pinned, Kind::Ik];

fn config(socket_type: SocketType, mechanism: impl Mechanism + 'static) -> ConnectionConfig {
    ConnectionConfig::new(socket_type, mechanism)
}

fn client_to(kind: Kind, socket_type: SocketType, server_key: NoisePublicKey) -> ConnectionConfig {
    let client = match kind {
        Kind::Xx => NoiseClient::xx(client_keys()),
        Kind::Pinned => NoiseClient::xx_pinned(client_keys(), server_key),
        Kind::Ik => NoiseClient::ik(client_keys(), server_key),
    };
    config(socket_type, client)
}

fn client(kind: Kind, socket_type: SocketType) -> ConnectionConfig {
    client_to(kind, socket_type, server_key())
}

fn server_with(kind: Kind, socket_type: SocketType, keys: NoiseKeyPair) -> ConnectionConfig {
    let server = match kind {
        Kind::Xx | Kind::Pinned => NoiseServer::xx(keys),
        Kind::Ik => NoiseServer::ik(keys),
    };
    config(socket_type, server)
}

fn server(kind: Kind, socket_type: SocketType) -> ConnectionConfig {
    server_with(kind, socket_type, server_keys())
}

fn push_and_pull(kind: Kind) -> Pair {
    pair(&client(kind, SocketType::Push), &server(kind, SocketType::Pull))
}

fn before(kind: Kind, step: usize) -> (Pair, (usize, Bytes)) {
    before_of(&client(kind, SocketType::Push), &server(kind, SocketType::Pull), step)
}

/// The commands of a handshake.
fn steps(kind: Kind) -> usize {
    if kind == Kind::Ik { 3 } else { 4 }
}

#[test]
fn messages_travel_encrypted_both_ways() {
    for kind in KINDS {
        for piece_size in [1, 13, 200, usize::MAX] {
            let ends =
                [end(&client(kind, SocketType::Dealer)), end(&server(kind, SocketType::Router))];
            let mut pair = Pair::of(ends, vec![piece_size]).ready();
            let messages = [
                Message::from("hello"),
                Message::multipart(["a", "", "ccc"]),
                Message::from(vec![7; 300]),
                Message::from(""),
                Message::multipart([vec![1; 9000], vec![2; 100], vec![3; 200_000]]),
            ];
            for end in &mut pair.ends {
                messages.iter().for_each(|message| end.connection.send(message.clone()));
            }
            let sent = pair.ends[0].sent();
            assert!(!sent.windows(5).any(|window| window == b"hello"));
            pair.ends[1].read(&sent);
            pair.drive();
            assert!(pair.ends.iter().all(|end| end.messages() == messages), "{kind:?}");
        }
    }
}

#[test]
fn identities_are_exchanged_encrypted() {
    for kind in KINDS {
        let mut metadata = Metadata::new();
        metadata.insert("X-Region", "eu-north").unwrap();
        let dealer = client(kind, SocketType::Dealer)
            .with_routing_id(RoutingId::new("worker-1").unwrap())
            .with_metadata(metadata);
        let router = server(kind, SocketType::Router);
        let (pair, mut bytes) = before_of(&dealer, &router, steps(kind));
        bytes.1 = (0..steps(kind)).flat_map(|step| before_of(&dealer, &router, step).1.1).collect();
        let is_shown = |what: &[u8]| bytes.1.windows(what.len()).any(|window| window == what);
        assert!(!is_shown(b"worker-1") && !is_shown(b"Socket-Type") && !is_shown(b"eu-north"));
        assert!(!is_shown(client_keys().public_key().as_bytes()));
        assert!(!is_shown(server_key().as_bytes()));

        let [client, server] = &pair.ends;
        assert_eq!(server.peer().routing_id(), "worker-1");
        assert_eq!(server.peer().metadata().get("x-region").unwrap(), "eu-north");
        assert_eq!(server.peer().public_key(), Some(client_keys().public_key().as_bytes()));
        assert_eq!(client.peer().public_key(), Some(server_key().as_bytes()));
        assert_eq!(client.peer().socket_type(), SocketType::Router);
        let name = if kind == Kind::Ik { MechanismName::NOISE_IK } else { MechanismName::NOISE_XX };
        assert_eq!(client.peer().mechanism(), name);
    }
}

#[test]
fn unknown_keys_are_authenticated() {
    for kind in KINDS {
        let mut pair = push_and_pull(kind);
        pair.ends[1].decision = Some(Decision::allow_as("alice"));
        let pair = pair.ready();
        let [client, server] = &pair.ends;
        let [request] = &server.requests()[..] else { panic!("one question") };
        assert_eq!(request.mechanism, MechanismName::NOISE);
        let key = *client_keys().public_key().as_bytes();
        assert_eq!(request.credentials, Credentials::PublicKey(key));
        assert_eq!(server.peer().user_id(), Some("alice"));
        match (kind, &client.requests()[..]) {
            (Kind::Xx, [request]) => {
                let key = *server_key().as_bytes();
                assert_eq!(request.credentials, Credentials::PublicKey(key));
            }
            (Kind::Pinned | Kind::Ik, []) => {}
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn noise_sizes_match_the_specification() {
    let metadata = b"\x0bSocket-Type\0\0\0\x04PUSH".len();
    let bodies: [&[usize]; 2] = [
        &[32, 32 + 48 + 16, 48 + metadata + 16, metadata + 16],
        &[32 + 48 + 16, 32 + metadata + 16, metadata + 16],
    ];
    for (kind, bodies) in [Kind::Xx, Kind::Ik].into_iter().zip(bodies) {
        assert_eq!(bodies.len(), steps(kind));
        for (step, &body) in bodies.iter().enumerate() {
            let (_, (_, command)) = before(kind, step);
            let name = if step + 1 == bodies.len() { b"\x05READY" } else { b"\x05NOISE" };
            assert!(command[2..].starts_with(name));
            assert_eq!(command.len(), 2 + 6 + body);
        }
    }
    // Small messages share a record; a large one takes as many as it needs.
    let (mut encoder, _) = halves(Kind::Xx);
    let (mut batch, mut sealed) = (Batch::new(), SealBuffer::new());
    batch.extend(["a", "bc"].map(Message::from));
    encoder.seal(&batch, &mut sealed);
    assert_eq!(sealed.first_chunk()[..2], [0, 3 + 4 + 16]);
    assert_eq!(sealed.first_chunk().len(), 2 + 23);
    batch.advance(sealed.advance(25));
    batch.push(Message::from("d"));
    batch.push(Message::from(vec![0; 100_000]));
    let mut sizes = Vec::new();
    while !batch.is_empty() {
        encoder.seal(&batch, &mut sealed);
        sizes.extend(frames(sealed.first_chunk()).iter().map(|record| record.len()));
        batch.advance(sealed.advance(usize::MAX));
    }
    let rest = 9 + 100_000 - 65_519;
    assert_eq!(sizes, [2 + 3 + 16, 9 + 65_535, 9 + rest + 16]);
}

#[test]
fn denied_peer_gets_the_status_code() {
    let statuses =
        [DenyStatus::TemporaryError, DenyStatus::AuthenticationFailure, DenyStatus::InternalError];
    for (kind, denying) in [(Kind::Xx, 0), (Kind::Xx, 1), (Kind::Pinned, 1), (Kind::Ik, 1)] {
        for status in statuses {
            let mut pair = push_and_pull(kind);
            pair.ends[denying].decision = Some(Decision::Deny(status));
            pair.drive();
            assert_eq!(pair.ends[denying].error, Some(ProtocolError::Denied(status)));
            let refused = ProtocolError::Refused { reason: status.code().to_string() };
            let is_silent = status == DenyStatus::TemporaryError;
            assert_eq!(pair.ends[1 - denying].error, (!is_silent).then_some(refused));
            assert!(pair.ends.iter().all(|end| end.connection.peer().is_none()));
        }
    }
}

#[test]
fn undecided_peer_is_not_accepted() {
    for (kind, silent) in [(Kind::Xx, 0), (Kind::Xx, 1), (Kind::Pinned, 1), (Kind::Ik, 1)] {
        let mut pair = push_and_pull(kind);
        pair.ends[silent].decision = None;
        pair.drive();
        assert!(pair.ends.iter().all(|end| end.connection.peer().is_none()));
    }
}

#[test]
fn client_reveals_nothing_to_wrong_server() {
    let pinned = client_to(Kind::Pinned, SocketType::Push, *keys(9).public_key());
    let mut pinned = pair(&pinned, &server(Kind::Pinned, SocketType::Pull));
    pinned.drive();
    assert_eq!(pinned.ends[0].error, Some(PeerUntrusted::ForeignServer.into()));
    assert!(pinned.ends[1].requests().is_empty());

    let ik = client_to(Kind::Ik, SocketType::Push, *keys(9).public_key());
    let mut ik = pair(&ik, &server(Kind::Ik, SocketType::Pull));
    ik.drive();
    assert_eq!(ik.ends[1].error, Some(PeerUntrusted::Unopened("handshake message").into()));
    assert!(ik.ends[1].requests().is_empty());
}

#[test]
fn invalid_server_key_is_rejected() {
    let ik = client_to(Kind::Ik, SocketType::Push, NoisePublicKey::new([0; 32]));
    let mut ik = pair(&ik, &server(Kind::Ik, SocketType::Pull));
    ik.drive();
    assert_eq!(ik.ends[0].error, Some(PeerUntrusted::UnfitKey("public key").into()));
}

#[test]
fn same_roles_do_not_connect() {
    for kind in KINDS {
        for (config, as_server) in
            [(client(kind, SocketType::Pair), false), (server(kind, SocketType::Pair), true)]
        {
            let mut pair = pair(&config, &config);
            pair.drive();
            let expected = ProtocolError::from(PeerIncompatible::Role { as_server });
            assert!(pair.ends.iter().all(|end| end.error.as_ref() == Some(&expected)));
        }
    }
}

#[test]
fn mechanism_cannot_be_bypassed() {
    let null = |socket_type| config(socket_type, Null);
    for (one, other) in [
        (null(SocketType::Push), server(Kind::Xx, SocketType::Pull)),
        (client(Kind::Ik, SocketType::Push), null(SocketType::Pull)),
        (client(Kind::Ik, SocketType::Push), server(Kind::Xx, SocketType::Pull)),
    ] {
        let mut pair = pair(&one, &other);
        pair.drive();
        for end in &pair.ends {
            assert!(matches!(
                end.error,
                Some(ProtocolError::Incompatible(PeerIncompatible::Mechanism { .. }))
            ));
        }
    }
}

/// The greeting that a side sends.
fn greeting_of(config: &ConnectionConfig) -> Bytes {
    let mut end = end(config);
    let mut greeting = BytesMut::from(&end.sent()[..]);
    end.read(b"\xff\0\0\0\0\0\0\0\0\x7f\x03");
    greeting.extend_from_slice(&end.sent());
    greeting.freeze()
}

#[test]
fn any_changed_greeting_byte_fails() {
    for kind in [Kind::Pinned, Kind::Ik] {
        let configs = [client(kind, SocketType::Push), server(kind, SocketType::Pull)];
        for from in [0, 1] {
            let greeting = greeting_of(&configs[from]);
            assert_eq!(greeting.len(), 64);
            for at in 0..64 {
                let mut changed = BytesMut::from(&greeting[..]);
                changed[at] ^= 1;
                let mut pair = pair(&configs[0], &configs[1]);
                let to = 1 - from;
                // The opening and the rest may come at any time.
                let mut sent = BytesMut::from(&pair.ends[from].sent()[..]);
                pair.ends[to].read(&changed[..11]);
                let reply = pair.ends[to].sent();
                pair.ends[from].read(&reply);
                sent.extend_from_slice(&pair.ends[from].sent());
                pair.ends[to].read(&changed[11..]);
                pair.ends[to].read(&sent[64..]);
                pair.drive();
                assert!(
                    pair.ends.iter().any(|end| end.error.is_some()),
                    "{kind:?}: byte {at} from {from}"
                );
                assert!(pair.ends.iter().all(|end| end.connection.peer().is_none()));
            }
        }
    }
}

#[test]
fn any_changed_handshake_byte_fails() {
    for kind in KINDS {
        for step in 0..steps(kind) {
            let len = before(kind, step).1.1.len();
            for at in 0..len {
                let (mut pair, (to, bytes)) = before(kind, step);
                let mut changed = BytesMut::from(&bytes[..]);
                changed[at] ^= 1 << (at % 8);
                pair.ends[to].read(&changed);
                pair.ends[to].read(&[0; 300]);
                let reader = &pair.ends[to];
                let may_go_on = kind != Kind::Ik && step == 0 && at >= 8;
                assert!(reader.connection.peer().is_none(), "{kind:?} {step} {at}");
                // The first message of XX is only a key: the reply to it cannot be decrypted.
                assert!(at == 1 || may_go_on || reader.error.is_some(), "{kind:?} {step} {at}");
                let answer = pair.ends[to].sent();
                pair.ends[1 - to].read(&answer);
                assert!(may_go_on == pair.ends[1 - to].error.is_some() || step > 0 || at < 8);
                assert!(to == 0 || pair.ends[1].requests().is_empty() || step > 1);
            }
        }
    }
}

#[test]
fn commands_of_another_connection_are_rejected() {
    for kind in KINDS {
        for step in 1..steps(kind) {
            let (mut pair, (to, _)) = before(kind, step);
            let (_, (_, foreign)) = before(kind, step);
            pair.ends[to].read(&foreign);
            assert!(matches!(
                pair.ends[to].error,
                Some(ProtocolError::Untrusted(PeerUntrusted::Unopened(_)))
            ));
            assert!(pair.ends[to].connection.peer().is_none());
        }
    }
}

#[test]
fn recorded_connection_cannot_be_replayed() {
    for kind in KINDS {
        let (server_config, client_config) =
            (server(kind, SocketType::Pull), client(kind, SocketType::Push));
        let mut recorded = pair(&client_config, &server_config);
        recorded.ends[0].connection.send(Message::from("transfer 100"));
        let mut bytes = Vec::new();
        loop {
            let sent = recorded.ends[0].sent();
            recorded.ends[1].read(&sent);
            bytes.push(sent.clone());
            let reply = recorded.ends[1].sent();
            recorded.ends[0].read(&reply);
            if sent.is_empty() && reply.is_empty() {
                break;
            }
        }
        assert_eq!(recorded.ends[1].messages().len(), 1);
        let mut server = end(&server_config);
        bytes.iter().for_each(|bytes| server.read(bytes));
        // The first message of IK leads to a request, and no further.
        assert_eq!(server.requests().len(), usize::from(kind == Kind::Ik));
        assert!(server.error.is_some() && server.connection.peer().is_none());
        assert!(server.messages().is_empty());
    }
}

#[test]
fn oversized_handshake_commands_are_rejected() {
    let long = |size: usize| [&[6][..], &(size as u64).to_be_bytes()].concat();
    let metadata = Limits::default().max_metadata_size;
    for (kind, step, limit) in [
        (Kind::Xx, 0, 262),
        (Kind::Xx, 1, 262),
        (Kind::Xx, 2, 6 + 64 + metadata),
        (Kind::Xx, 3, 6 + 16 + metadata),
        (Kind::Ik, 0, 262),
        (Kind::Ik, 1, 6 + 48 + metadata),
        (Kind::Ik, 2, 6 + 16 + metadata),
    ] {
        let (mut pair, (to, _)) = before(kind, step);
        pair.ends[to].read(&long(limit));
        assert_eq!(pair.ends[to].error, None, "{kind:?} {step}");
        let (mut pair, (to, _)) = before(kind, step);
        pair.ends[to].read(&long(limit + 1));
        let expected = LimitExceeded::CommandSize { announced: limit as u64 + 1, limit };
        assert_eq!(pair.ends[to].error, Some(expected.into()));
    }
}

#[test]
fn too_long_metadata_is_a_local_error() {
    let mut metadata = Metadata::new();
    metadata.insert("X-Large", vec![0; 66_000]).unwrap();
    for kind in KINDS {
        let client = client(kind, SocketType::Push).with_metadata(metadata.clone());
        let mut pair = pair(&client, &server(kind, SocketType::Pull));
        pair.drive();
        let error = pair.ends[0].error.as_ref().unwrap();
        assert!(matches!(error, ProtocolError::MetadataTooLong { limit: 65_439, .. }), "{error}");
        assert!(!error.may_reconnect());
    }
}

/// A ready pair, and one record for each of some messages from the client.
fn records(messages: &[Message]) -> (Pair, Vec<Bytes>) {
    let mut pair = push_and_pull(Kind::Ik).ready();
    let mut record = |message: &Message| {
        pair.ends[0].connection.send(message.clone());
        pair.ends[0].sent()
    };
    let records = messages.iter().map(&mut record).collect();
    (pair, records)
}

#[test]
fn any_changed_record_byte_drops_the_record() {
    let messages = [Message::from("first"), Message::from(vec![5; 300]), Message::from("last")];
    let len = records(&messages).1[1].len();
    for at in 0..len {
        let (mut pair, records) = records(&messages);
        let mut changed = BytesMut::from(&records[1][..]);
        changed[at] ^= 1 << (at % 8);
        let server = &mut pair.ends[1];
        server.read(&[&records[0][..], &changed, &records[2]].concat());
        assert_eq!(server.messages(), [Message::from("first")], "byte {at}");
        let may_wait = (1..=8).contains(&at);
        assert!(may_wait || server.error.is_some(), "byte {at}");
    }
}

#[test]
fn records_are_accepted_all_once_in_order() {
    let messages = ["a", "b", "c"].map(Message::from);
    for (order, delivered) in
        [(&[0, 1, 2][..], 3), (&[0, 0], 1), (&[0, 1, 0], 2), (&[1, 0], 0), (&[0, 2], 1)]
    {
        let (mut pair, records) = records(&messages);
        let bytes: Vec<u8> = order.iter().flat_map(|&record| records[record].to_vec()).collect();
        pair.ends[1].read(&bytes);
        assert_eq!(pair.ends[1].messages(), messages[..delivered], "{order:?}");
        let error = (delivered < 3).then_some(PeerUntrusted::Unopened("record").into());
        assert_eq!(pair.ends[1].error, error, "{order:?}");
    }
}

#[test]
fn records_do_not_open_in_reverse_direction() {
    let (mut pair, records) = records(&[Message::from("a")]);
    pair.ends[0].read(&records[0]);
    assert_eq!(pair.ends[0].error, Some(PeerUntrusted::Unopened("record").into()));
}

#[test]
fn plaintext_after_handshake_is_rejected() {
    let long = |size: u64| [&[2][..], &size.to_be_bytes()].concat();
    for (bytes, error) in [
        (b"\0\x05hello".to_vec(), PeerMisbehaved::RecordSize(5).into()),
        (b"\0\x10".to_vec(), PeerMisbehaved::RecordSize(16).into()),
        (b"\x01\x20".to_vec(), PeerMisbehaved::RecordSize(32).into()),
        (long(65_536), PeerMisbehaved::RecordSize(65_536).into()),
        (long(1 << 62), PeerMisbehaved::RecordSize(1 << 62).into()),
        ([b"\0\x20".as_slice(), &[7; 32]].concat(), PeerUntrusted::Unopened("record").into()),
        (b"\x04\x07\x04PING\0\0".to_vec(), PeerMisbehaved::Unsealed.into()),
        (b"\x04\x0a\x05ERROR\x03400".to_vec(), ProtocolError::from(PeerMisbehaved::Unsealed)),
    ] {
        let mut pair = push_and_pull(Kind::Xx).ready();
        pair.ends[1].read(&bytes);
        assert_eq!(pair.ends[1].error, Some(error));
        assert!(pair.ends[1].messages().is_empty());
    }
}

#[test]
fn limits_apply_to_record_contents() {
    let mut limits = Limits::default();
    limits.max_message_size = Some(1 << 20);
    limits.max_frames_per_message = 3;
    limits.max_command_size = 100;
    let limited = || {
        let server = server(Kind::Xx, SocketType::Pull).with_limits(limits.clone());
        pair(&client(Kind::Xx, SocketType::Push), &server).ready()
    };
    let mut pair = limited();
    pair.ends[0].connection.send(Message::from(vec![0; (1 << 20) + 1]));
    // The frame header in the first record is enough.
    let sent = pair.ends[0].sent();
    pair.ends[1].read(frames(&sent)[0]);
    let expected = LimitExceeded::MessageSize { announced: (1 << 20) + 1, limit: 1 << 20 };
    assert_eq!(pair.ends[1].error, Some(expected.into()));
    let mut pair = limited();
    pair.ends[0].connection.send(Message::multipart(["a", "b", "c", "d"]));
    pair.drive();
    assert_eq!(pair.ends[1].error, Some(LimitExceeded::FrameCount { limit: 3 }.into()));
    let mut pair = limited();
    pair.ends[0].connection.subscribe(vec![0; 100]);
    pair.drive();
    let expected = LimitExceeded::CommandSize { announced: 110, limit: 100 };
    assert_eq!(pair.ends[1].error, Some(expected.into()));
}

#[test]
fn commands_decode_while_messages_wait() {
    let (mut encoder, mut decoder) = halves(Kind::Ik);
    let pong = Command::Pong { context: Bytes::new() };
    let mut batch = Batch::new();
    batch.push_command(&pong);
    batch.push(Message::from("a"));
    batch.push_command(&pong);
    let mut sealed = SealBuffer::new();
    encoder.seal(&batch, &mut sealed);
    let mut input = BytesMut::from(sealed.first_chunk());
    assert!(matches!(decoder.decode(&mut input, 0), Ok(Some(Inbound::Command(_)))));
    assert!(input.is_empty() && decoder.buffered() > 0);
    assert!(matches!(decoder.decode(&mut input, 0), Ok(None)));
    assert!(matches!(decoder.decode(&mut input, 9), Ok(Some(Inbound::Messages(_)))));
    assert!(matches!(decoder.decode(&mut input, 0), Ok(Some(Inbound::Command(_)))));
    assert_eq!(decoder.buffered(), 0);
}

#[test]
fn subscriptions_and_pings_are_answered() {
    let sub = client(Kind::Ik, SocketType::Sub);
    let mut pair = pair(&sub, &server(Kind::Ik, SocketType::Pub)).ready();
    pair.ends[0].connection.subscribe("weather");
    let ping = Command::Ping { ttl: Ttl::NONE, context: "hi".into() };
    pair.ends[0].connection.send_command(&ping);
    pair.drive();
    assert_eq!(pair.ends[1].commands(), [Command::Subscribe { topic: "weather".into() }, ping]);
    assert_eq!(pair.ends[0].commands(), [Command::Pong { context: "hi".into() }]);
}

/// The two halves of a connection after its handshake.
fn halves(kind: Kind) -> (Encoder, Decoder) {
    support::halves(push_and_pull(kind))
}

#[test]
fn batch_is_sealed_in_pieces() {
    let messages: Vec<Message> = (0..3000_usize)
        .map(|n| match n % 100 {
            0 => Message::multipart([vec![1; n], vec![2; 9000], vec![3; 10]]),
            50 => Message::from(vec![5; 70 * n]),
            _ => Message::from(vec![4; n % 300]),
        })
        .collect();
    seal_and_read(halves(Kind::Xx), messages, 128 * 1024 + 100);
}

#[test]
fn partly_written_sealed_messages_are_resent() {
    let (mut encoder, _) = halves(Kind::Xx);
    let mut batch = Batch::new();
    let large = Message::from(vec![7; 200_000]);
    batch.extend([Message::from("a"), large.clone(), Message::from("b")]);
    let mut sealed = SealBuffer::new();
    encoder.seal(&batch, &mut sealed);
    encoder.seal(&batch, &mut sealed);
    // The first record, and most of the second with the start of the large message.
    assert_eq!(batch.advance(sealed.advance(2 + 3 + 16 + 60_000)), 1);
    encoder.seal(&batch, &mut sealed);
    batch.advance(sealed.advance(10_000));

    sealed.clear();
    batch.rewind();
    let (mut encoder, mut decoder) = halves(Kind::Xx);
    let mut input = BytesMut::new();
    while !batch.is_empty() {
        encoder.seal(&batch, &mut sealed);
        input.extend_from_slice(sealed.first_chunk());
        batch.advance(sealed.advance(usize::MAX));
    }
    let mut received = Vec::new();
    while let Some(Inbound::Messages(run)) = decoder.decode(&mut input, 9).unwrap() {
        received.extend(run);
    }
    assert_eq!(received, [large, Message::from("b")]);
}

#[test]
fn connections_and_halves_are_send_and_sync() {
    fn can_go<T: Send + Sync>() {}
    can_go::<Connection>();
    can_go::<(Encoder, Decoder, SealBuffer)>();
}

#[test]
fn debug_hides_secrets() {
    let mut pair = push_and_pull(Kind::Xx);
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
        kind in 0..3_usize,
        step in 0..5_usize,
        bytes in vec(any::<u8>(), 0..300),
        cut in 1..50_usize,
    ) {
        let kind = KINDS[kind];
        let step = step.min(steps(kind));
        let (mut pair, (to, command)) = before(kind, step);
        let is_over = step == steps(kind);
        let mut wire = Vec::new();
        let name: &[u8] = match steps(kind) - step {
            0 => b"",
            1 => b"\x05READY",
            _ => b"\x05NOISE",
        };
        let body = [name, &bytes].concat();
        match is_over {
            true => FrameHeader::message(body.len(), false).encode(&mut wire),
            false => FrameHeader::command(body.len()).encode(&mut wire),
        }
        wire.extend_from_slice(&body);
        wire.extend_from_slice(&command);
        let to = if is_over { 1 } else { to };
        for piece in wire.chunks(cut) {
            pair.ends[to].read(piece);
        }
        prop_assert!(pair.ends[to].messages().is_empty());
    }
}

//! Commands between two frames of a message: they are returned at once, and the message stays complete.
//!
//! libzmq, JeroMQ and rzmq send heartbeats there.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::*;
use zmtp_codec::wire::FrameHeader;
use zmtp_codec::{Command, Decoder, Inbound, LimitExceeded, Limits, Message, Ttl};

/// The items that a decoder returns, in order.
#[derive(Debug, PartialEq)]
enum Item {
    Command(Command),
    Message(Message),
}

fn take(decoder: &mut Decoder, input: &mut BytesMut, max_messages: usize) -> Vec<Item> {
    let mut items = Vec::new();
    while let Some(inbound) = decoder.decode(input, max_messages).expect("good frames") {
        match inbound {
            Inbound::Command(command) => items.push(Item::Command(command)),
            Inbound::Messages(run) => {
                assert!(run.messages() <= max_messages);
                items.extend(run.into_iter().map(Item::Message));
            }
            other => panic!("{other:?}"),
        }
    }
    items
}

fn decode(decoder: &mut Decoder, wire: &[u8], piece: usize, max_messages: usize) -> Vec<Item> {
    let mut input = BytesMut::new();
    let mut items = Vec::new();
    for piece in wire.chunks(piece) {
        input.extend_from_slice(piece);
        items.extend(take(decoder, &mut input, max_messages));
    }
    assert!(input.is_empty(), "all is taken");
    items
}

fn frame(body: &[u8], more: bool) -> Vec<u8> {
    let mut wire = Vec::new();
    FrameHeader::message(body.len(), more).encode(&mut wire);
    wire.extend_from_slice(body);
    wire
}

fn encoded(command: &Command) -> Vec<u8> {
    let mut wire = Vec::new();
    command.encode(&mut wire);
    wire
}

fn ping() -> Command {
    Command::Ping { ttl: Ttl::NONE, context: "ctx".into() }
}

fn commands() -> [Command; 6] {
    [
        ping(),
        Command::Pong { context: "ctx".into() },
        Command::Subscribe { topic: "topic".into() },
        Command::Cancel { topic: vec![b'x'; 300].into() },
        Command::Join { group: "group".into() },
        Command::Unknown { name: "NEW".into(), data: "data".into() },
    ]
}

#[test]
fn a_ping_leaves_the_message_whole() {
    let wire = b"\x01\x01a\x04\x0a\x04PING\0\0ctx\x00\x01b";
    let mut decoder = Decoder::new(Limits::default());
    let items = decode(&mut decoder, wire, usize::MAX, usize::MAX);
    assert_eq!(items, [Item::Command(ping()), Item::Message(Message::multipart(["a", "b"]))]);
}

#[test]
fn any_command_may_stand_anywhere() {
    for command in commands() {
        let command_wire = encoded(&command);
        for size in [0, 1, 300, 9000] {
            let (first, last) = (vec![b'f'; size], vec![b'l'; size / 2]);
            let wire = [
                &frame(b"before", false)[..],
                &frame(&first, true),
                &command_wire,
                &frame(b"", true),
                &command_wire,
                &command_wire,
                &frame(&last, false),
                &frame(b"behind", false),
                &command_wire,
            ]
            .concat();
            for (piece, max_messages) in [(1, 1), (7, 9), (1000, 2), (usize::MAX, usize::MAX)] {
                let mut decoder = Decoder::new(Limits::default());
                let items = decode(&mut decoder, &wire, piece, max_messages);
                let seen = || Item::Command(command.clone());
                let middle = Message::multipart([&first[..], b"", &last]);
                let expected = [
                    Item::Message("before".into()),
                    seen(),
                    seen(),
                    seen(),
                    Item::Message(middle),
                    Item::Message("behind".into()),
                    seen(),
                ];
                assert!(items == expected, "{command:?} {size} {piece}: {items:?}");
            }
        }
    }
}

#[test]
fn a_command_needs_no_room_for_messages() {
    let mut decoder = Decoder::new(Limits::default());
    let mut input = BytesMut::from(&b"\x01\x01a\x01"[..]);
    assert!(take(&mut decoder, &mut input, 1).is_empty());
    assert!(!decoder.is_message_next(&BytesMut::from(&b"\x01\x01a"[..])), "it may be a command");
    input.extend_from_slice(b"\x02bb");
    assert!(take(&mut decoder, &mut input, 1).is_empty());
    input.extend_from_slice(&encoded(&ping()));
    assert_eq!(take(&mut decoder, &mut input, 0), [Item::Command(ping())]);
    assert!(!decoder.is_message_next(&input));
    input.extend_from_slice(b"\x00\x01");
    assert!(take(&mut decoder, &mut input, 0).is_empty());
    assert!(decoder.is_message_next(&input));
    input.extend_from_slice(b"c");
    assert!(take(&mut decoder, &mut input, 0).is_empty());
    let message = Message::multipart(["a", "bb", "c"]);
    assert_eq!(take(&mut decoder, &mut input, 1), [Item::Message(message)]);
}

#[test]
fn wanted_counts_the_rest_of_the_frame() {
    let mut decoder = Decoder::new(Limits::default());
    let mut input = BytesMut::from(&b"\x01\x01a"[..]);
    input.extend_from_slice(&encoded(&ping()));
    input.extend_from_slice(b"\x00\x05he");
    assert_eq!(take(&mut decoder, &mut input, 1), [Item::Command(ping())]);
    assert_eq!(decoder.wanted(&input), 3);
}

#[test]
fn limits_hold_across_commands() {
    let mut limits = Limits::default();
    limits.max_frames_per_message = 2;
    limits.max_message_size = Some(4);
    let error = |wire: &[u8]| {
        let mut decoder = Decoder::new(limits.clone());
        let mut input = BytesMut::from(wire);
        loop {
            match decoder.decode(&mut input, usize::MAX) {
                Ok(Some(_)) => {}
                Ok(None) => return None,
                Err(error) => return Some(error),
            }
        }
    };
    let ping = encoded(&ping());
    assert_eq!(error(&[b"\x01\x02aa", &ping[..], b"\x00\x02bb"].concat()), None);
    let size = LimitExceeded::MessageSize { announced: 5, limit: 4 };
    assert_eq!(error(&[b"\x01\x02aa", &ping[..], b"\x00\x03"].concat()), Some(size.into()));
    let count = LimitExceeded::FrameCount { limit: 2 };
    let three = [b"\x01\x00", &ping[..], b"\x01\x00", &ping[..], b"\x00\x00"].concat();
    assert_eq!(error(&three), Some(count.into()));
    let two = [b"\x01\x00", &ping[..], b"\x00\x00", b"\x01\x00", &ping[..], b"\x00\x00"].concat();
    assert_eq!(error(&two), None, "each message counts for itself");
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the time it takes is what is tested")]
fn commands_move_each_byte_only_once() {
    let mut decoder = Decoder::new(Limits::default());
    let mut wire = frame(&vec![1; 8 << 20], true);
    for _ in 0..20_000 {
        wire.extend_from_slice(b"\x04\x02\x01x\x01\x01a");
    }
    wire.extend_from_slice(&frame(b"end", false));
    let begun = std::time::Instant::now();
    let items = decode(&mut decoder, &wire, 64 * 1024, 1);
    // Moving the frames with each command would be 160 GB.
    assert!(begun.elapsed().as_secs() < 10, "{:?}", begun.elapsed());
    assert_eq!(items.len(), 20_001);
    let Some(Item::Message(message)) = items.last() else { panic!("a message") };
    assert_eq!((message.frame_count(), message.size()), (20_002, (8 << 20) + 20_003));
}

/// A message of these frames, with commands before the frames at these indexes.
fn interrupted() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<usize>)> {
    let sizes = prop_oneof![5 => 0..20_usize, 1 => 250..260_usize, 1 => 8000..9000_usize];
    let frames = vec((sizes, any::<u8>()).prop_map(|(size, byte)| vec![byte; size]), 1..5);
    (frames, vec(0..6_usize, 0..6))
}

proptest! {
    #[test]
    fn messages_are_those_without_the_commands(
        messages in vec(interrupted(), 1..6),
        piece in 1..3000_usize,
        max_messages in 1..4_usize,
    ) {
        let (mut wire, mut expected, mut sent) = (Vec::new(), Vec::new(), 0);
        for (frames, commands) in &messages {
            for (index, body) in frames.iter().enumerate() {
                for _ in commands.iter().filter(|&&at| at == index) {
                    wire.extend(encoded(&ping()));
                    sent += 1;
                }
                wire.extend(frame(body, index + 1 < frames.len()));
            }
            expected.push(Message::multipart(frames.clone()));
        }
        let mut decoder = Decoder::new(Limits::default());
        let items = decode(&mut decoder, &wire, piece, max_messages);
        let (messages, commands): (Vec<_>, Vec<_>) =
            items.into_iter().partition(|item| matches!(item, Item::Message(_)));
        prop_assert_eq!(messages, expected.into_iter().map(Item::Message).collect::<Vec<_>>());
        prop_assert_eq!(commands.len(), sent);
    }
}

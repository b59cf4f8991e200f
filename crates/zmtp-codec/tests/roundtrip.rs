//! Items survive encoding, splitting and decoding.

use bytes::{Bytes, BytesMut};
use proptest::collection::vec;
use proptest::prelude::*;
use zmtp_codec::wire::Greeting;
use zmtp_codec::{Batch, Command, Decoder, Inbound, Limits, Message, Metadata, Subscription, Ttl};

/// A message or command on a connection after its handshake.
#[derive(Clone, Debug, PartialEq)]
enum Item {
    Message(Message),
    Command(Command),
}

fn bytes() -> impl Strategy<Value = Bytes> {
    let sizes = prop_oneof![6 => 0..100_usize, 2 => 240..270_usize, 1 => 8100..8300_usize];
    (sizes, any::<u8>()).prop_map(|(size, byte)| vec![byte; size].into())
}

fn messages() -> impl Strategy<Value = Message> {
    vec(bytes(), 1..4).prop_map(Message::multipart)
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        bytes().prop_map(|topic| Command::Subscribe { topic }),
        bytes().prop_map(|topic| Command::Cancel { topic }),
        bytes().prop_map(|group| Command::Join { group }),
        bytes().prop_map(|group| Command::Leave { group }),
        vec(any::<u8>(), 0..=16).prop_map(|context| Command::Pong { context: context.into() }),
        any::<u16>().prop_map(|tenths| Command::Ping {
            ttl: Ttl::from_duration(std::time::Duration::from_millis(100) * u32::from(tenths)),
            context: Bytes::new(),
        }),
        bytes().prop_map(|data| Command::Unknown { name: "NEW".into(), data }),
    ]
}

fn items() -> impl Strategy<Value = Item> {
    prop_oneof![
        4 => messages().prop_map(Item::Message),
        1 => commands().prop_map(Item::Command),
    ]
}

fn encode(items: &[Item]) -> Vec<u8> {
    let mut batch = Batch::new();
    for item in items {
        match item {
            Item::Message(message) => batch.push(message.clone()),
            Item::Command(command) => batch.push_command(command),
        }
    }
    let mut wire = Vec::new();
    while !batch.is_empty() {
        let chunk = batch.first_chunk().to_vec();
        batch.advance(chunk.len());
        wire.extend(chunk);
    }
    wire
}

/// Decodes input in pieces that end at `cuts`, with a maximum of messages at a time.
fn decode(wire: &[u8], cuts: &[usize], max_messages: usize) -> Vec<Item> {
    let mut decoder = Decoder::new(Limits::default());
    let mut input = BytesMut::new();
    let mut items = Vec::new();
    let mut start = 0;
    for end in cuts.iter().copied().chain([wire.len()]) {
        let end = end.clamp(start, wire.len());
        input.extend_from_slice(&wire[start..end]);
        start = end;
        while let Some(inbound) = decoder.decode(&mut input, max_messages).expect("valid") {
            match inbound {
                Inbound::Command(command) => items.push(Item::Command(command)),
                Inbound::Messages(run) => {
                    assert!((1..=max_messages).contains(&run.messages()));
                    items.extend(run.into_iter().map(Item::Message));
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(input.is_empty());
    items
}

proptest! {
    #[test]
    fn any_split_decodes_the_same_items(
        items in vec(items(), 0..12),
        mut cuts in vec(0..2000_usize, 0..6),
        max_messages in 1..5_usize,
    ) {
        cuts.sort_unstable();
        prop_assert_eq!(decode(&encode(&items), &cuts, max_messages), items);
    }

    #[test]
    fn byte_by_byte_decodes_the_same_items(items in vec(items(), 0..4)) {
        let wire = encode(&items);
        let cuts: Vec<_> = (0..wire.len()).collect();
        prop_assert_eq!(decode(&wire, &cuts, usize::MAX), items);
    }

    #[test]
    fn metadata_round_trips_on_the_wire(
        properties in proptest::collection::btree_map("X-[a-z.+_-]{1,20}", bytes(), 0..6),
    ) {
        let mut metadata = Metadata::new();
        for (name, value) in &properties {
            metadata.insert(name, value.clone()).unwrap();
        }
        let mut wire = Vec::new();
        metadata.encode(&mut wire);
        prop_assert_eq!(Metadata::decode(wire.into()), Ok(metadata));
    }

    #[test]
    fn subscriptions_round_trip_as_messages(topic in bytes(), is_cancel in any::<bool>()) {
        let new = if is_cancel { Subscription::Cancel } else { Subscription::Subscribe };
        let subscription = new(topic);
        let message = subscription.clone().into_message();
        prop_assert_eq!(Subscription::from_message(&message), Some(subscription));
    }

    #[test]
    fn partial_greeting_is_judged_like_whole(bytes in vec(any::<u8>(), 64), cut in 0..64_usize) {
        // A prefix may be incomplete, but its result never contradicts the whole.
        let (whole, piece) = (Greeting::decode(&bytes), Greeting::decode(&bytes[..cut]));
        prop_assert!(piece == Ok(None) || piece == whole.map(|_| None));
    }
}

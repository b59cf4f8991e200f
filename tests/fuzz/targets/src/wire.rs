//! Stateless decoders: greetings, frame headers, commands, metadata.

use bytes::Bytes;
use zmtp_codec::wire::{Command, FrameHeader, Greeting};
use zmtp_codec::{Message, Metadata, Subscription};

/// A greeting gives the same result as a whole and in pieces. Newer versions are treated as 3.1.
pub fn greeting(bytes: &[u8]) {
    let whole = Greeting::decode(bytes);
    for len in 0..bytes.len().min(Greeting::SIZE) {
        match (Greeting::decode(&bytes[..len]), whole) {
            (Ok(None), _) => {}
            (Err(early), Err(late)) => assert_eq!(early, late),
            (early, late) => panic!("{early:?} for a prefix, {late:?} for the whole"),
        }
        if whole.is_ok() {
            assert_eq!(Greeting::check_opening(&bytes[..len]), Ok(len > 10));
        }
    }
    if let Ok(Some(greeting)) = whole {
        assert!(matches!(greeting.negotiated_version(), (3, 0 | 1)));
        assert!(greeting.mechanism().as_slice().len() <= 20);
        assert!(
            greeting
                .mechanism()
                .to_string()
                .bytes()
                .all(|byte| byte.is_ascii_graphic() || byte == b' ')
        );
    }
}

/// A header survives encoding and decoding.
pub fn frame_header(bytes: &[u8]) {
    let Ok(Some(header)) = FrameHeader::decode(bytes) else { return };
    let mut wire = Vec::new();
    header.encode(&mut wire);
    let again = FrameHeader::decode(&wire).expect("it was good").expect("it is all there");
    assert_eq!(again.body_size(), header.body_size());
    assert_eq!((again.has_more(), again.is_command()), (header.has_more(), header.is_command()));
    for len in 0..bytes.len().min(header.size()) {
        assert_eq!(FrameHeader::decode(&bytes[..len]), Ok(None), "a prefix of {len} bytes");
    }
}

/// A command survives encoding and decoding.
pub fn command(bytes: &[u8]) {
    let message = Message::from(Bytes::copy_from_slice(bytes));
    if let Some(subscription) = Subscription::from_message(&message) {
        assert_eq!(subscription.into_message(), message);
    }
    let Ok(command) = Command::decode(Bytes::copy_from_slice(bytes)) else { return };
    let mut wire = Vec::new();
    command.encode(&mut wire);
    let header = FrameHeader::decode(&wire).expect("good").expect("whole");
    assert!(header.is_command());
    assert_eq!(header.size() as u64 + header.body_size(), wire.len() as u64);
    let again = Command::decode(Bytes::from(wire).slice(header.size()..));
    match (&command, again) {
        // Invalid UTF-8 becomes longer when replaced, and a reason has at most 255 bytes.
        (Command::Error { reason }, Ok(Command::Error { reason: cut })) => {
            assert!(reason == &cut || (reason.len() > 255 && reason.starts_with(&cut)));
        }
        (command, again) => assert_eq!(again.as_ref(), Ok(command)),
    }
    if let Some(Command::Pong { context }) = command.reply() {
        assert!(context.len() <= 16);
    }
}

/// Metadata survives encoding and decoding, and lookups find its properties.
pub fn metadata(bytes: &[u8]) {
    let Ok(metadata) = Metadata::decode(Bytes::copy_from_slice(bytes)) else { return };
    let mut wire = Vec::new();
    metadata.encode(&mut wire);
    assert_eq!(Metadata::decode(Bytes::from(wire)).as_ref(), Ok(&metadata));
    for property in metadata.iter() {
        assert!(metadata.get(&property.name.to_ascii_uppercase()).is_some());
    }
}

//! Replays captured bytes of other implementations: `vectors/README.md` describes the files.

use std::fs;
use std::path::Path;

use bytes::BytesMut;
use zmtp_codec::wire::{FrameHeader, UnsupportedVersion};
use zmtp_codec::{
    Command, Connection, ConnectionConfig, Decision, Decoder, Event, Inbound, Limits, Message,
    Null, PeerIncompatible, PeerInfo, PlainClient, PlainServer, ProtocolError, SocketType,
    Subscription,
};

/// One file: its name without the ending, and its lines.
struct Capture {
    name: String,
    text: String,
}

/// The expected end of a connection to a peer.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    ready: Option<PeerInfo>,
    credentials: Vec<u8>,
    messages: Vec<Message>,
    commands: Vec<Command>,
    error: Option<ProtocolError>,
}

#[test]
fn what_is_in_clear_is_understood() {
    let mut replayed = 0;
    for capture in captures() {
        if capture.is_sealed() || capture.is_listing() {
            continue;
        }
        replayed += 1;
        let [first, others @ ..] = &capture.connections()[..] else { panic!("{}", capture.name) };
        for piece in [1, 7, usize::MAX] {
            check(&capture, &hear(&capture.config(), first, piece));
        }
        for wire in others {
            let heard = hear(&capture.config(), wire, usize::MAX);
            assert!(heard.ready.is_some() && heard.error.is_none(), "{}: {heard:?}", capture.name);
        }
    }
    assert_eq!(replayed, 178, "all files that are neither sealed nor listings");
}

#[test]
fn zmtp_1_is_understood_where_it_is_allowed() {
    let mut replayed = 0;
    for capture in captures().filter(|capture| capture.parts().0 == "z22") {
        replayed += 1;
        let config = capture.config().with_allow_zmtp_1(true);
        let [first] = &capture.connections()[..] else { panic!("{}", capture.name) };
        for piece in [1, 7, usize::MAX] {
            let heard = hear(&config, first, piece);
            assert_eq!(heard.error, None, "{}", capture.name);
            let peer = heard.ready.as_ref().expect("ready");
            let id = if capture.parts().1 == "dealer" { "our-id" } else { "" };
            assert_eq!((peer.version(), peer.routing_id()), ((1, 0), &id.into()));
            match capture.parts().1 {
                // It filters by itself, and is subscribed to everything.
                "sub" => assert_eq!(heard.messages, [b"\x01"]),
                _ => check_traffic(&capture, &heard),
            }
        }
    }
    assert_eq!(replayed, 10);
}

/// Compares the decoded input of a peer with its script.
fn check(capture: &Capture, heard: &Heard) {
    let Capture { name, .. } = capture;
    let (maker, kind) = capture.parts();
    match (maker, kind) {
        // ZMTP 1.0.
        ("z22", _) => {
            let not_zmtp = PeerIncompatible::from(UnsupportedVersion::NotZmtp(first_byte(kind)));
            return assert_eq!(heard.error, Some(not_zmtp.into()), "{name}");
        }
        // It waits for this side's READY and misreads it.
        ("celerity", "sub") => return assert_eq!(*heard, Heard::default(), "{name}"),
        // The others allow every peer if no authenticator is set.
        ("jeromq6" | "omq" | "rzmq", "plain-server-refuses") => {
            let refused = ProtocolError::Refused { reason: "400".into() };
            return assert_eq!(heard.error, Some(refused), "{name}");
        }
        _ => {}
    }
    assert_eq!(heard.error, None, "{name}");
    let peer = heard.ready.as_ref().unwrap_or_else(|| panic!("{name} is ready"));
    assert_eq!(peer.version(), capture.version(), "{name}");
    if kind == "dealer" {
        assert_eq!(peer.routing_id(), "our-id", "{name}");
    }
    let asks = if kind == "plain-client" { &b"joe/pw/"[..] } else { b"" };
    assert_eq!(heard.credentials, asks, "{name}");
    check_traffic(capture, heard);
}

fn check_traffic(capture: &Capture, heard: &Heard) {
    let Capture { name, .. } = capture;
    let (maker, kind) = capture.parts();
    let is_beat = |command: &Command| match kind {
        "heartbeat" => matches!(command, Command::Ping { .. }),
        _ => matches!(command, Command::Pong { .. }),
    };
    let numbered: Vec<u8> = (0..300_u32).map(|n| u8::try_from(n % 251).expect("small")).collect();
    let messages = match (maker, kind) {
        ("monocoque" | "zmqrs", "xpub") => Vec::new(),
        (_, "pub" | "xpub") => vec![Message::multipart(["A1", "", "2"])],
        (_, "push") => vec![Message::multipart([&b""[..], &numbered, b"a"])],
        (_, "rep" | "req") => vec![Message::multipart(["", "hello"])],
        (_, "router") => vec![Message::from("re")],
        (_, "sub") => return check_subscriptions(capture, heard),
        _ => vec![Message::from("hello")],
    };
    assert_eq!(heard.messages, messages, "{name}");
    assert!(heard.commands.iter().all(is_beat), "{name}: {:?}", heard.commands);
    // These send or answer heartbeats; chumak, go, monocoque, zmqrs and older ones do not.
    let beats = matches!(
        (maker, kind),
        ("jeromq6" | "node" | "omq" | "pyomq" | "rzmq", "heartbeat" | "heartbeat-asked")
    );
    assert_eq!(!heard.commands.is_empty(), beats, "{name}: {:?}", heard.commands);
}

fn check_subscriptions(capture: &Capture, heard: &Heard) {
    let Capture { name, .. } = capture;
    let of_command = |command: &Command| match command {
        Command::Subscribe { topic } => Subscription::Subscribe(topic.clone()),
        Command::Cancel { topic } => Subscription::Cancel(topic.clone()),
        other => panic!("{name}: {other:?}"),
    };
    let of_message = |message| Subscription::from_message(message).expect("a subscription");
    let mut subscriptions: Vec<_> = heard.commands.iter().map(of_command).collect();
    assert!(heard.commands.is_empty() || capture.version() == (3, 1), "{name}");
    subscriptions.extend(heard.messages.iter().map(of_message));
    // chumak sends its first topic twice.
    subscriptions.dedup();
    let expected = [
        Subscription::Subscribe("A".into()),
        Subscription::Subscribe(vec![b'b'; 250].into()),
        Subscription::Cancel("A".into()),
    ];
    assert_eq!(subscriptions, expected, "{name}");
}

/// In ZMTP 1.0: the length of an identity plus one.
fn first_byte(kind: &str) -> u8 {
    if kind == "dealer" { 7 } else { 1 }
}

/// Commands between two frames of a message.
#[test]
fn commands_inside_messages_leave_them_whole() {
    let mut listings = 0;
    for capture in captures().filter(Capture::is_listing) {
        listings += 1;
        for section in capture.text.split("\n--\n") {
            let frames: Vec<Listed> = section.lines().filter_map(Listed::read).collect();
            let inside = frames.windows(2).filter(|two| two[0].has_more() && two[1].is_command());
            assert!(inside.count() > 0, "{}: {section}", capture.name);
            for piece in [1, 1000, usize::MAX] {
                replay_listed(&frames, piece);
            }
        }
    }
    assert_eq!(listings, 2);
}

fn replay_listed(frames: &[Listed], piece: usize) {
    let (mut wire, mut messages, mut message) = (Vec::new(), Vec::new(), Vec::new());
    for frame in frames {
        wire.extend(frame.wire());
        if !frame.is_command() {
            message.push(frame.body.clone());
            if !frame.has_more() {
                messages.push(Message::multipart(std::mem::take(&mut message)));
            }
        }
    }
    if !message.is_empty() {
        wire.extend([0, 0]);
        message.push(Vec::new());
        messages.push(Message::multipart(message));
    }
    let (mut decoder, mut input) = (Decoder::new(Limits::default()), BytesMut::new());
    let (mut received, mut commands) = (Vec::new(), 0);
    for piece in wire.chunks(piece) {
        input.extend_from_slice(piece);
        while let Some(inbound) = decoder.decode(&mut input, 100).expect("good frames") {
            match inbound {
                Inbound::Messages(run) => received.extend(run),
                Inbound::Command(command) => {
                    assert!(matches!(command, Command::Ping { .. }), "{command:?}");
                    commands += 1;
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(received == messages, "{} of {} messages", received.len(), messages.len());
    assert_eq!(commands, frames.iter().filter(|frame| frame.is_command()).count());
}

/// A frame in a listing: flags, size, and the first bytes of the body.
struct Listed {
    flags: u8,
    body: Vec<u8>,
}

impl Listed {
    fn read(line: &str) -> Option<Self> {
        let rest = line.split_once(" flags ")?.1;
        let [flags, "size", size, "body", body] = rest.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{line}");
        };
        let mut body = bytes_of(body.trim_end_matches('.'));
        // Lines without a listing are skipped.
        body.resize(size.parse().expect("a size"), b'.');
        Some(Self { flags: u8::from_str_radix(flags, 16).expect("flags"), body })
    }

    fn has_more(&self) -> bool {
        self.flags & 1 != 0
    }

    fn is_command(&self) -> bool {
        self.flags & 4 != 0
    }

    fn wire(&self) -> Vec<u8> {
        let mut wire = vec![self.flags];
        match u8::try_from(self.body.len()) {
            Ok(size) if self.flags & 2 == 0 => wire.push(size),
            _ => wire.extend((self.body.len() as u64).to_be_bytes()),
        }
        wire.extend_from_slice(&self.body);
        wire
    }
}

#[cfg(feature = "curve")]
mod curve {
    use zmtp_codec::{CurveClient, CurveKeyPair, CurveServer, PeerMisbehaved, PeerUntrusted};

    use super::*;

    const SERVER: &str = "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6";
    const CLIENT: &str = "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs";

    fn keys(secret: &str) -> CurveKeyPair {
        secret.parse::<zmtp_codec::CurveSecretKey>().expect("a key").into()
    }

    /// The client's HELLO opens with the server's key; INITIATE is for another connection.
    #[test]
    fn clients_get_as_far_as_their_cookie() {
        let server = CurveServer::new(keys(SERVER));
        let mut clients = 0;
        for capture in captures() {
            let (maker, kind) = capture.parts();
            if !["curve-client", "curve-multipart"].contains(&kind) {
                continue;
            }
            clients += 1;
            let config = ConnectionConfig::new(SocketType::Pull, server.clone());
            let error = hear(&config, &capture.connections()[0], usize::MAX).error;
            let expected = match maker {
                // Its HELLO is two bytes short, and libzmq refuses it as well.
                "monocoque" => PeerMisbehaved::CommandLayout("HELLO").into(),
                _ => ProtocolError::from(PeerUntrusted::ForeignCookie),
            };
            assert_eq!(error, Some(expected), "{}", capture.name);
        }
        assert_eq!(clients, 12);
    }

    /// The server's WELCOME is for another client.
    #[test]
    fn servers_are_not_taken_for_ours() {
        let server_key = *keys(SERVER).public_key();
        let client = CurveClient::new(keys(CLIENT), server_key);
        let mut servers = 0;
        for capture in captures().filter(|capture| capture.parts().1 == "curve-server") {
            servers += 1;
            let config = ConnectionConfig::new(SocketType::Dealer, client.clone());
            let heard = hear(&config, &capture.connections()[0], usize::MAX);
            match capture.parts().0 {
                // It did not answer the HELLO of libzmq.
                "monocoque" => assert_eq!(heard, Heard::default()),
                // It greeted with NULL.
                "pyomq" => assert!(matches!(
                    heard.error,
                    Some(ProtocolError::Incompatible(PeerIncompatible::Mechanism { .. }))
                )),
                name => {
                    let unopened = PeerUntrusted::Unopened("WELCOME").into();
                    assert_eq!(heard.error, Some(unopened), "{name}");
                }
            }
        }
        assert_eq!(servers, 8);
    }

    /// The flags outside of the box, and the numbers, of all records.
    #[test]
    fn captured_records_have_accepted_flags() {
        for capture in captures().filter(Capture::is_sealed) {
            let (maker, kind) = capture.parts();
            let records = records(&capture.connections()[0]);
            let flags: Vec<u8> = records.iter().map(|record| record.0).collect();
            match (maker, kind) {
                ("omq", "curve-multipart") => assert_eq!(flags, [1, 1, 0]),
                (_, "curve-multipart") => assert_eq!(flags, [0, 0, 0], "{}", capture.name),
                _ => assert!(flags.iter().all(|&flags| flags == 0), "{}", capture.name),
            }
            // A server starts with 2, a client with 3, libzmq 4.0 with 0.
            let first = match (maker, kind) {
                ("z40", _) => 2_u64.swap_bytes(),
                (_, "curve-server") => 2,
                _ => 3,
            };
            let expected: Vec<u64> = (first..).take(records.len()).collect();
            let numbers: Vec<u64> = records.iter().map(|record| record.1).collect();
            assert_eq!(numbers, expected, "{}", capture.name);
            assert!(!numbers.is_empty() || ["monocoque", "pyomq"].contains(&maker));
        }
    }

    /// The flags and number of each MESSAGE.
    fn records(wire: &[u8]) -> Vec<(u8, u64)> {
        let mut rest = wire.get(64..).unwrap_or_default();
        let mut records = Vec::new();
        while let Ok(Some(header)) = FrameHeader::decode(rest) {
            let (frame, others) =
                rest.split_at(header.size() + usize::try_from(header.body_size()).expect("small"));
            if let Some(record) = frame[header.size()..].strip_prefix(b"\x07MESSAGE") {
                let number = record.first_chunk().expect("a number");
                records.push((frame[0], u64::from_be_bytes(*number)));
            }
            rest = others;
        }
        records
    }
}

/// Delivers the bytes of a peer in pieces of this size.
fn hear(config: &ConnectionConfig, wire: &[u8], piece: usize) -> Heard {
    let entropy = |bytes: &mut [u8]| bytes.fill(3);
    let mut connection = Connection::with_entropy(config, entropy);
    let (mut input, mut heard) = (BytesMut::new(), Heard::default());
    for piece in wire.chunks(piece) {
        input.extend_from_slice(piece);
        loop {
            match connection.handle_input(&mut input, 2) {
                Ok(None) => break,
                Ok(Some(event)) => heard.take(event, &mut connection),
                Err(error) => {
                    heard.error = Some(error);
                    return heard;
                }
            }
        }
    }
    heard
}

impl Heard {
    fn take(&mut self, event: Event, connection: &mut Connection) {
        match event {
            Event::Ready(peer) => self.ready = Some(peer),
            Event::Messages(run) => self.messages.extend(run),
            Event::Command(command) => self.commands.push(command),
            Event::Authenticate(request) => {
                for frame in request.credentials.to_frames() {
                    self.credentials.extend_from_slice(&frame);
                    self.credentials.push(b'/');
                }
                connection.authenticate(Decision::allow());
            }
            other => panic!("{other:?}"),
        }
    }
}

/// All files, by name.
fn captures() -> impl Iterator<Item = Capture> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let mut paths: Vec<_> = fs::read_dir(directory)
        .expect("a directory")
        .map(|file| file.expect("one").path())
        .collect();
    paths.sort();
    paths.into_iter().filter(|path| path.extension().is_some_and(|end| end == "txt")).map(|path| {
        let name = path.file_stem().and_then(|name| name.to_str()).expect("a name").to_owned();
        Capture { name, text: fs::read_to_string(path).expect("text") }
    })
}

impl Capture {
    /// The implementation of the peer, and the captured bytes.
    fn parts(&self) -> (&str, &str) {
        self.name.split_once('-').expect("NAME-KIND")
    }

    fn is_sealed(&self) -> bool {
        self.name.contains("-curve-")
    }

    fn is_listing(&self) -> bool {
        self.name.ends_with("-ping-inside-message")
    }

    /// The bytes of the peer, for each connection.
    fn connections(&self) -> Vec<Vec<u8>> {
        let mut connections: Vec<Vec<u8>> = Vec::new();
        for line in self.text.lines() {
            let Some(hex) = line.strip_prefix("peer ") else { continue };
            let chunk = bytes_of(hex.trim());
            let is_signature = chunk.first() == Some(&0xff) && chunk.get(9) == Some(&0x7f);
            match connections.last_mut() {
                Some(last) if !is_signature => last.extend(chunk),
                _ => connections.push(chunk),
            }
        }
        connections
    }

    /// The negotiated version.
    fn version(&self) -> (u8, u8) {
        match self.parts().0 {
            "z32" | "jeromq03" | "netmq" => (2, 0),
            "node" | "celerity" | "chumak" | "omq" | "pyomq" => (3, 1),
            _ => (3, 0),
        }
    }

    /// The configuration of this side in the capture.
    fn config(&self) -> ConnectionConfig {
        let (_, kind) = self.parts();
        let socket_type = match kind {
            "pair" => SocketType::Pair,
            "pub" | "xpub" => SocketType::Sub,
            "push" => SocketType::Pull,
            "rep" => SocketType::Req,
            "req" => SocketType::Rep,
            "sub" => SocketType::XPub,
            _ => SocketType::Dealer,
        };
        match kind {
            "plain-client" => ConnectionConfig::new(socket_type, PlainServer),
            "plain-server" | "plain-server-refuses" => {
                let client = PlainClient::new("joe", "pw").expect("short");
                ConnectionConfig::new(socket_type, client)
            }
            _ => ConnectionConfig::new(socket_type, Null),
        }
    }
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let pairs = hex.as_bytes().chunks(2);
    let byte = |pair| u8::from_str_radix(str::from_utf8(pair).expect("text"), 16).expect("hex");
    pairs.map(byte).collect()
}

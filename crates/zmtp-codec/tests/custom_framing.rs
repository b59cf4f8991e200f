//! A framing that is defined outside of the crate: a line each way, then records with letters.
//!
//! ```text
//! | letter | size (4) | body ... |
//!
//! m message   M message, more frames follow   c command
//! p ping      q pong                          x end, answered by x
//! ?           answered by !
//! ```

mod support;

use bytes::{Buf, Bytes, BytesMut};
use support::{End, Pair, entropy};
use zmtp_codec::framing::{
    Carrier, FrameReader, FrameWriter, Framing, FramingContext, Introduction, Preface, Reading,
    Step, SubscriptionForm,
};
use zmtp_codec::wire::{FrameHeader, Ttl};
use zmtp_codec::{
    Batch, Command, Connection, ConnectionConfig, Decision, Event, Inbound, LimitExceeded,
    Malformed, Message, Null, ProtocolError, RoutingId, SealBuffer, SocketType,
};

type Result<T> = std::result::Result<T, ProtocolError>;

/// The client sends `letters\n`, and the server answers `ok\n` or `no\n`.
#[derive(Clone, Copy, Debug)]
struct Letters {
    is_server: bool,
    introduction: Introduction,
    form: SubscriptionForm,
}

impl Letters {
    fn carrier(self) -> Step {
        let reader = LettersReader { body_left: 0 };
        let carrier = Carrier::new(reader, LettersWriter, self.introduction);
        Step::Carry(carrier.with_version((3, 1)).with_subscriptions(self.form))
    }
}

impl Framing for Letters {
    fn start(self: Box<Self>, context: FramingContext, output: &mut Vec<u8>) -> Result<Step> {
        assert!(context.socket_type.peers().contains(&context.socket_type));
        if !self.is_server {
            output.extend_from_slice(b"letters\n");
        }
        Ok(Step::Await(self))
    }
}

impl Preface for Letters {
    fn handle(self: Box<Self>, input: &mut BytesMut, output: &mut Vec<u8>) -> Result<Step> {
        let Some(end) = input.iter().position(|&byte| byte == b'\n') else {
            return Ok(Step::Await(self));
        };
        let line = input.split_to(end + 1);
        let is_fit = &line[..] == if self.is_server { &b"letters\n"[..] } else { b"ok\n" };
        if self.is_server {
            output.extend_from_slice(if is_fit { b"ok\n" } else { b"no\n" });
        }
        let unfit = || Malformed::Framing("the peer speaks no letters".into()).into();
        is_fit.then(|| self.carrier()).ok_or_else(unfit)
    }
}

#[derive(Debug)]
struct LettersReader {
    /// The bytes missing from the body of the frame before.
    body_left: usize,
}

impl LettersReader {
    fn control(letter: u8) -> Result<Reading> {
        let command =
            |name: &'static str| Command::Unknown { name: name.into(), data: Bytes::new() };
        match letter {
            b'p' => Ok(Reading::Command(Command::Ping { ttl: Ttl::NONE, context: Bytes::new() })),
            b'q' => Ok(Reading::Command(Command::Pong { context: Bytes::new() })),
            b'?' => Ok(Reading::Reply(command("NOTE"))),
            b'x' => Ok(Reading::End { reply: Some(command("END")) }),
            _ => {
                Err(Malformed::Framing(format!("no record has the letter {letter}").into()).into())
            }
        }
    }
}

impl FrameReader for LettersReader {
    fn read(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<Reading> {
        let body = input.split_to(self.body_left.min(input.len()));
        self.body_left -= body.len();
        frames.extend_from_slice(&body);
        let Some((&[letter, a, b, c, d], _)) = input.split_first_chunk() else {
            return Ok(if body.is_empty() { Reading::Incomplete } else { Reading::Frames });
        };
        let size = u32::from_be_bytes([a, b, c, d]) as usize;
        let header = match letter {
            b'm' => FrameHeader::message(size, false),
            b'M' => FrameHeader::message(size, true),
            b'c' => FrameHeader::command(size),
            _ if !body.is_empty() => return Ok(Reading::Frames),
            _ => {
                input.advance(5);
                return Self::control(letter);
            }
        };
        input.advance(5);
        self.body_left = size;
        header.encode_to(frames);
        Ok(Reading::Frames)
    }
}

#[derive(Debug)]
struct LettersWriter;

impl LettersWriter {
    fn letter(header: FrameHeader, body: &[u8]) -> u8 {
        match header.is_command() {
            true if body.starts_with(b"\x04PING") => b'p',
            true if body.starts_with(b"\x04PONG") => b'q',
            true if body.starts_with(b"\x03END") => b'x',
            true if body.starts_with(b"\x04NOTE") => b'!',
            true => b'c',
            false if header.has_more() => b'M',
            false => b'm',
        }
    }
}

impl FrameWriter for LettersWriter {
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        let letter = Self::letter(header, body);
        let body = if self.is_control(header, body) { &[][..] } else { body };
        bytes.push(letter);
        bytes.extend_from_slice(&u32::try_from(body.len()).expect("small").to_be_bytes());
        bytes.extend_from_slice(body);
    }

    fn is_control(&self, header: FrameHeader, body: &[u8]) -> bool {
        matches!(Self::letter(header, body), b'p' | b'q' | b'x' | b'!')
    }

    fn finish(&mut self, _: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        bytes.extend_from_slice(b"x\0\0\0\0");
    }
}

fn letters(introduction: Introduction) -> [Letters; 2] {
    let form = SubscriptionForm::Message;
    [false, true].map(|is_server| Letters { is_server, introduction, form })
}

fn pair_of(configs: [ConnectionConfig; 2], framings: [Letters; 2], piece: usize) -> Pair {
    let mut framings = framings.into_iter();
    let ends = configs.map(|config| {
        let framing = Box::new(framings.next().expect("two"));
        let mut end = End::from(Connection::with_entropy(&config, entropy).with_framing(framing));
        end.decision = Some(Decision::allow());
        end
    });
    Pair::of(ends, vec![piece])
}

fn pair(introduction: Introduction, piece: usize) -> Pair {
    let config = || ConnectionConfig::new(SocketType::Dealer, Null);
    pair_of([config(), config()], letters(introduction), piece)
}

fn messages() -> [Message; 4] {
    ["hello".into(), Message::multipart(["a", "", "b"]), vec![b'x'; 100_000].into(), "".into()]
}

fn check_messages(mut pair: Pair) {
    for message in messages() {
        pair.ends[0].connection.send(message);
    }
    pair.ends[1].connection.send("back".into());
    pair.drive();
    assert_eq!(pair.ends[1].messages(), messages());
    assert_eq!(pair.ends[0].messages(), ["back"]);
}

#[test]
fn custom_framing_carries_messages() {
    for introduction in [Introduction::Mechanism, Introduction::RoutingId, Introduction::None] {
        for piece in [1, 7, usize::MAX] {
            check_messages(pair(introduction, piece).ready());
        }
    }
}

#[test]
fn custom_framing_introduces_the_sides() {
    let config = ConnectionConfig::new(SocketType::Dealer, Null)
        .with_routing_id(RoutingId::new("one").unwrap());
    for introduction in [Introduction::Mechanism, Introduction::RoutingId] {
        let configs = [config.clone(), config.clone()];
        let pair = pair_of(configs, letters(introduction), 1).ready();
        for end in &pair.ends {
            assert_eq!(end.peer().routing_id(), "one");
            assert_eq!(end.peer().version(), (3, 1));
        }
    }
    let pair = pair(Introduction::None, 1).ready();
    assert!(pair.ends[0].peer().routing_id().is_empty());
}

#[test]
fn custom_framing_answers_in_its_preface() {
    let [client, server] = &mut pair(Introduction::None, 1).ends;
    assert_eq!(server.sent(), "");
    assert_eq!(client.sent(), "letters\n");
    server.read(b"letters\n");
    assert_eq!(server.sent(), "ok\n");
    assert!(matches!(&server.events[..], [Event::Ready(_)]));

    let server = &mut pair(Introduction::None, 1).ends[1];
    server.read(b"GET /\n");
    assert_eq!(server.sent(), "no\n");
    let error = server.error.as_ref().expect("an error").to_string();
    assert_eq!(error, "the peer speaks no letters");
}

#[test]
fn endless_preface_is_refused() {
    let server = &mut pair(Introduction::None, 1).ends[1];
    server.read(&[b'x'; 64 * 1024]);
    assert_eq!(server.error, None);
    server.read(b"x");
    let limit = 64 * 1024;
    let error = LimitExceeded::HandshakeSize { announced: 65_537, limit };
    assert_eq!(server.error, Some(error.into()));
}

#[test]
fn endless_pings_in_a_handshake_are_refused() {
    let server = &mut pair(Introduction::Mechanism, 1).ends[1];
    server.read(b"letters\n");
    let pings = 64 * 1024 / 5;
    for _ in 0..pings {
        server.read(b"p\0\0\0\0");
    }
    assert_eq!(server.error, None);
    server.read(b"p\0\0\0\0");
    let error = LimitExceeded::HandshakeSize { announced: 5 * (pings + 1), limit: 64 * 1024 };
    assert_eq!(server.error, Some(error.into()));
}

/// The framing's own frames and the commands of the mechanism share the limit.
#[test]
fn pings_count_towards_the_handshake() {
    let server = &mut pair(Introduction::Mechanism, 1).ends[1];
    server.read(b"letters\n");
    for _ in 0..64 * 1024 / 5 {
        server.read(b"p\0\0\0\0");
    }
    assert_eq!(server.error, None);
    server.read(b"c\0\0\0\x06\x05READY");
    let limit = 64 * 1024;
    let error = LimitExceeded::HandshakeSize { announced: 65_535 + 8, limit };
    assert_eq!(server.error, Some(error.into()));
}

/// A reader and preface that take all, and make nothing of it.
#[derive(Debug)]
struct Stuck;

impl Framing for Stuck {
    fn start(self: Box<Self>, _: FramingContext, _: &mut Vec<u8>) -> Result<Step> {
        Ok(Step::Await(self))
    }
}

impl Preface for Stuck {
    fn handle(self: Box<Self>, input: &mut BytesMut, _: &mut Vec<u8>) -> Result<Step> {
        if input.starts_with(b"!") {
            return Ok(Step::Carry(Carrier::new(Stuck, LettersWriter, Introduction::None)));
        }
        input.clear();
        Ok(Step::Await(self))
    }
}

impl FrameReader for Stuck {
    fn read(&mut self, _: &mut BytesMut, _: &mut BytesMut) -> Result<Reading> {
        Ok(Reading::Frames)
    }
}

#[test]
fn stuck_framing_does_not_hang() {
    let config = ConnectionConfig::new(SocketType::Dealer, Null);
    let mut end = End::from(Connection::new(&config).with_framing(Box::new(Stuck)));
    end.read(b"!abc");
    end.read(b"abc");
    assert!(matches!(&end.events[..], [Event::Ready(_)]));
    assert_eq!(end.error, None);

    let mut end = End::from(Connection::new(&config).with_framing(Box::new(Stuck)));
    for _ in 0..64 {
        end.read(&[b'x'; 1024]);
    }
    assert_eq!(end.error, None);
    end.read(b"x");
    let error = LimitExceeded::HandshakeSize { announced: 65_537, limit: 65_536 };
    assert_eq!(end.error, Some(error.into()));
}

#[test]
fn framed_message_is_refused_by_its_header() {
    let mut config = ConnectionConfig::new(SocketType::Dealer, Null);
    config.limits.max_message_size = Some(1000);
    let configs = [config.clone(), config];
    let server = &mut pair_of(configs, letters(Introduction::None), 1).ends[1];
    server.read(b"letters\nM\0\0\x01\0");
    server.read(&[b'x'; 256]);
    assert_eq!(server.error, None);
    server.read(b"m\0\0\x04\0");
    let error = LimitExceeded::MessageSize { announced: 1280, limit: 1000 };
    assert_eq!(server.error, Some(error.into()));
}

#[test]
fn framed_command_is_refused_by_its_header() {
    for (introduction, limit) in [(Introduction::Mechanism, 16_390), (Introduction::None, 65_536)] {
        let server = &mut pair(introduction, 1).ends[1];
        server.read(b"letters\nc\x01\0\0\0");
        let error = LimitExceeded::CommandSize { announced: 1 << 24, limit };
        assert_eq!(server.error, Some(error.into()));
    }
}

#[test]
fn framing_chooses_the_form_of_subscriptions() {
    for (form, wire) in [
        (SubscriptionForm::Message, &b"m\0\0\0\x02\x01a"[..]),
        (SubscriptionForm::Command, b"c\0\0\0\x0b\x09SUBSCRIBEa"),
    ] {
        let framings = letters(Introduction::None).map(|letters| Letters { form, ..letters });
        let config = || ConnectionConfig::new(SocketType::Dealer, Null);
        let mut pair = pair_of([config(), config()], framings, 99);
        pair.ends[0].connection.subscribe("a");
        pair = pair.ready();
        pair.ends[0].connection.subscribe("a");
        assert_eq!(pair.ends[0].sent(), wire, "the same once ready");
    }
}

#[test]
fn framing_pings_and_ends_in_its_own_way() {
    let mut pair = pair(Introduction::Mechanism, 1).ready();
    let ping = Command::Ping { ttl: Ttl::NONE, context: Bytes::new() };
    pair.ends[0].connection.send_command(&ping);
    let sent = pair.ends[0].sent();
    assert_eq!(sent, "p\0\0\0\0");
    pair.ends[1].read(&sent);
    assert_eq!(pair.ends[1].commands(), [ping]);
    assert_eq!(pair.ends[1].sent(), "q\0\0\0\0");

    pair.ends[1].read(b"?\0\0\0\0");
    assert_eq!(pair.ends[1].sent(), "!\0\0\0\0");
    pair.ends[1].read(b"m\0\0\0\x04lastx\0\0\0\0");
    assert_eq!(pair.ends[1].messages(), ["last"]);
    assert_eq!(pair.ends[1].sent(), "x\0\0\0\0", "answered");
    assert!(matches!(pair.ends[1].events.last(), Some(Event::End)));
}

#[test]
fn ping_in_a_framed_handshake_is_answered() {
    let client = &mut pair(Introduction::Mechanism, 1).ends[0];
    client.read(b"ok\np\0\0\0\0");
    assert!(client.sent().ends_with(b"q\0\0\0\0"));
    client.read(b"x\0\0\0\0");
    assert!(matches!(client.events.last(), Some(Event::End)));
    assert_eq!(client.sent(), "x\0\0\0\0");
}

#[test]
fn framed_halves_count_what_is_written() {
    let [one, other] = pair(Introduction::None, 99).ready().ends;
    let mut encoder = one.connection.into_traffic().expect("ready").encoder;
    let mut decoder = other.connection.into_traffic().expect("ready").decoder;
    let (mut batch, mut sealed) = (Batch::new(), SealBuffer::new());
    batch.extend(messages());
    let (mut input, mut received) = (BytesMut::new(), 0);
    let mut completed = 0;
    while !batch.is_empty() {
        if sealed.is_empty() {
            encoder.seal(&batch, &mut sealed);
        }
        let piece = sealed.first_chunk().len().min(7);
        input.extend_from_slice(&sealed.first_chunk()[..piece]);
        completed += batch.advance(sealed.advance(piece));
        while let Some(inbound) = decoder.decode(&mut input, 1).expect("sound") {
            received += usize::from(matches!(inbound, Inbound::Messages(_)));
        }
        assert_eq!(completed, received, "written whole is received whole");
        assert!(decoder.wanted(&input) <= 100_000);
    }
    assert_eq!(received, 4);
    encoder.finish(None, &mut sealed);
    assert_eq!(sealed.first_chunk(), b"x\0\0\0\0");
}

#[test]
fn receiver_without_room_reads_no_further() {
    let mut other = pair(Introduction::None, 99).ready().ends.into_iter().next_back().unwrap();
    other.read(b"");
    let mut decoder = other.connection.into_traffic().expect("ready").decoder;
    let mut input = BytesMut::from(&b"p\0\0\0\0m\0\0\0\x01am\0\0\0\x01bp\0\0\0\0"[..]);
    assert!(matches!(decoder.decode(&mut input, 0), Ok(Some(Inbound::Command(_)))));
    assert!(matches!(decoder.decode(&mut input, 0), Ok(None)));
    assert!(decoder.is_message_next(&input));
    assert!(decoder.buffered() + input.len() > 0);
    for _ in 0..2 {
        assert!(matches!(decoder.decode(&mut input, 1), Ok(Some(Inbound::Messages(_)))));
    }
    assert!(matches!(decoder.decode(&mut input, 0), Ok(Some(Inbound::Command(_)))));
    assert_eq!(decoder.buffered() + input.len(), 0);
}

#[cfg(feature = "curve")]
mod encrypted {
    use super::*;
    use zmtp_codec::{CurveClient, CurveKeyPair, CurveServer};

    fn configs() -> [ConnectionConfig; 2] {
        let [client, server] = [1, 2].map(|seed| CurveKeyPair::generate(|key| key.fill(seed)));
        let dealer = SocketType::Dealer;
        let public = *server.public_key();
        [
            ConnectionConfig::new(dealer, CurveClient::new(client, public)),
            ConnectionConfig::new(dealer, CurveServer::new(server)),
        ]
    }

    #[test]
    fn framing_carries_encrypted_records() {
        for piece in [1, 7, usize::MAX] {
            let pair = pair_of(configs(), letters(Introduction::Mechanism), piece).ready();
            assert!(pair.ends[1].peer().public_key().is_some());
            check_messages(pair);
        }
    }

    #[test]
    fn framing_sends_its_own_in_clear() {
        let mut pair = pair_of(configs(), letters(Introduction::Mechanism), 99).ready();
        let ping = Command::Ping { ttl: Ttl::NONE, context: Bytes::new() };
        pair.ends[0].connection.send("secret".into());
        pair.ends[0].connection.send_command(&ping);
        pair.ends[0].connection.send("secret".into());
        let sent = pair.ends[0].sent();
        assert!(!sent.windows(6).any(|bytes| bytes == b"secret"), "encrypted");
        assert_eq!(sent[0], b'm');
        assert!(sent.windows(5).any(|bytes| bytes == b"p\0\0\0\0"));
        pair.ends[1].read(&sent);
        assert_eq!(pair.ends[1].messages(), ["secret", "secret"]);
        assert_eq!(pair.ends[1].commands(), [ping]);
        assert_eq!(pair.ends[1].sent(), "q\0\0\0\0");
    }

    #[test]
    fn security_refuses_framing_without_handshake() {
        for introduction in [Introduction::RoutingId, Introduction::None] {
            let [_, server] = &mut pair_of(configs(), letters(introduction), 99).ends;
            server.read(b"letters\nm\0\0\0\0");
            let error = server.error.as_ref().expect("refused").to_string();
            assert!(error.contains("no security"), "{error}");
        }
    }
}

#[cfg(feature = "noise")]
#[test]
fn framing_refuses_records_that_are_no_frames() {
    use zmtp_codec::{NoiseKeyPair, NoiseServer};
    let server = NoiseServer::xx(NoiseKeyPair::generate(|key| key.fill(1)));
    let config = ConnectionConfig::new(SocketType::Dealer, server);
    let [_, letters] = letters(Introduction::Mechanism);
    let mut end =
        End::from(Connection::with_entropy(&config, entropy).with_framing(Box::new(letters)));
    end.read(b"letters\n");
    let error = end.error.as_ref().map(ToString::to_string);
    assert!(error.as_deref().is_some_and(|error| error.contains("NOISE")), "{error:?}");
}

#[test]
fn application_decides_about_framed_peers() {
    let config = ConnectionConfig::new(SocketType::Dealer, Null).with_authenticate_null(true);
    let mut pair = pair_of([config.clone(), config.clone()], letters(Introduction::None), 1);
    pair = pair.ready();
    assert_eq!(pair.ends[1].requests().len(), 1);

    let [_, server] =
        &mut pair_of([config.clone(), config], letters(Introduction::RoutingId), 1).ends;
    server.read(b"letters\nm\0\0\0\0");
    let error = server.error.as_ref().map(ToString::to_string);
    assert!(error.is_some_and(|error| error.contains("no security")));
}

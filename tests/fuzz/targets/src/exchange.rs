//! Two real sides, with an attacker between them that can change all bytes.

use bytes::BytesMut;
use zmtp_codec::{Connection, Decision, Event, Message};

use crate::handshake::Sides;
use crate::input::Input;

/// NULL: the attacker causes no panic.
pub fn null_exchange(bytes: &[u8]) {
    Exchange::between(&Sides::null()).run(Input::new(bytes));
}

/// PLAIN: the attacker causes no panic.
pub fn plain_exchange(bytes: &[u8]) {
    Exchange::between(&Sides::plain()).run(Input::new(bytes));
}

/// CURVE: the received messages are sent messages, in order. Records may be left out between two
/// messages, so a message may begin with a later frame.
pub fn curve_exchange(bytes: &[u8]) {
    let mut exchange = Exchange::between(&Sides::curve());
    exchange.run(Input::new(bytes));
    exchange.check_with_gaps();
}

/// NOISE: the received messages are a prefix of the sent messages.
pub fn noise_exchange(bytes: &[u8]) {
    let (pattern, bytes) = bytes.split_first().unwrap_or((&0, &[]));
    let mut exchange = Exchange::between(&Sides::noise(*pattern));
    exchange.run(Input::new(bytes));
    exchange.check();
}

struct Exchange {
    sides: [Side; 2],
}

struct Side {
    connection: Connection,
    /// Bytes from the other side that are not read yet.
    arriving: Vec<u8>,
    input: BytesMut,
    sent: Vec<Message>,
    received: Vec<Message>,
    is_over: bool,
}

impl Exchange {
    fn between(sides: &Sides) -> Self {
        Self { sides: [sides.client(), sides.server()].map(Side::new) }
    }

    /// Runs the actions of the attacker until the input ends. Then delivers the remaining bytes.
    fn run(&mut self, mut input: Input<'_>) {
        while !input.is_empty() {
            let action = input.byte();
            let to = usize::from(action & 1);
            match action >> 1 & 7 {
                0 | 1 => self.deliver(to, usize::MAX),
                2 => self.deliver(to, 1 + input.below(256)),
                3 => self.sides[to].send(input.slice()),
                4 => self.sides[to].flip(input.below(1 << 16), input.byte()),
                5 => self.sides[to].cut(input.below(1 << 16), input.below(256)),
                6 => self.sides[to].insert(input.below(1 << 16), input.slice()),
                _ => self.sides[to].repeat(input.below(1 << 16), input.below(1 << 16)),
            }
        }
        for _ in 0..8 {
            self.deliver(0, usize::MAX);
            self.deliver(1, usize::MAX);
        }
    }

    fn deliver(&mut self, to: usize, size: usize) {
        let written = self.sides[1 - to].written();
        self.sides[to].arriving.extend(written);
        self.sides[to].read(size);
    }

    fn check(&self) {
        for (to, side) in self.sides.iter().enumerate() {
            let sent = &self.sides[1 - to].sent;
            assert!(sent.starts_with(&side.received), "{:?} of {sent:?}", side.received);
        }
    }
}

impl Exchange {
    fn check_with_gaps(&self) {
        for (to, side) in self.sides.iter().enumerate() {
            let all = &self.sides[1 - to].sent;
            let mut sent = all.iter();
            for message in &side.received {
                let is_sent = sent.any(|sent| sent.frames().ends_with(message.frames()));
                assert!(is_sent, "{message:?} in {:?} of {all:?}", side.received);
            }
        }
    }
}

impl Side {
    fn new(connection: Connection) -> Self {
        Self {
            connection,
            arriving: Vec::new(),
            input: BytesMut::new(),
            sent: Vec::new(),
            received: Vec::new(),
            is_over: false,
        }
    }

    fn written(&mut self) -> Vec<u8> {
        std::iter::from_fn(|| self.connection.poll_transmit()).flatten().collect()
    }

    fn send(&mut self, body: &[u8]) {
        let message = Message::multipart([body, &body[..body.len() / 2]]);
        self.sent.push(message.clone());
        self.connection.send(message);
    }

    fn read(&mut self, size: usize) {
        let size = size.min(self.arriving.len());
        self.input.extend(self.arriving.drain(..size));
        while !self.is_over {
            match self.connection.handle_input(&mut self.input, 3) {
                Ok(None) => return,
                Ok(Some(Event::Messages(run))) => self.received.extend(run),
                Ok(Some(Event::Authenticate(_))) => self.connection.authenticate(Decision::allow()),
                Ok(Some(_)) => {}
                Err(_) => self.is_over = true,
            }
        }
    }

    fn flip(&mut self, at: usize, bits: u8) {
        if let Some(byte) = self.arriving.get_mut(at) {
            *byte ^= bits;
        }
    }

    fn cut(&mut self, from: usize, len: usize) {
        let from = from.min(self.arriving.len());
        let to = (from + len).min(self.arriving.len());
        self.arriving.drain(from..to);
    }

    fn insert(&mut self, at: usize, bytes: &[u8]) {
        let at = at.min(self.arriving.len());
        self.arriving.splice(at..at, bytes.iter().copied());
    }

    fn repeat(&mut self, from: usize, len: usize) {
        let from = from.min(self.arriving.len());
        let to = (from + len).min(self.arriving.len());
        self.arriving.extend_from_within(from..to);
    }
}

//! Two connections driven against each other, in any order and in pieces of any size.

#![allow(dead_code, reason = "each test program uses a part")]

use std::cell::Cell;

use bytes::{Bytes, BytesMut};
use zmtp_codec::wire::FrameHeader;
use zmtp_codec::{
    AuthenticationRequest, Batch, Command, Connection, ConnectionConfig, Decision, Decoder,
    Encoder, Event, Inbound, Message, PeerInfo, ProtocolError, SealBuffer,
};

/// Two connections and the bytes in transit between them.
pub(crate) struct Pair {
    pub(crate) ends: [End; 2],
    /// How many bytes each delivery takes at most, over and over.
    piece_sizes: std::iter::Cycle<std::vec::IntoIter<usize>>,
}

/// One side of a [`Pair`].
pub(crate) struct End {
    pub(crate) connection: Connection,
    /// Sent to this end and not yet read by it.
    pub(crate) arriving: BytesMut,
    pub(crate) input: BytesMut,
    pub(crate) events: Vec<Event>,
    pub(crate) error: Option<ProtocolError>,
    /// What this end says to every request to authenticate its peer, if anything.
    pub(crate) decision: Option<Decision>,
}

impl Pair {
    pub(crate) fn new(one: &ConnectionConfig, other: &ConnectionConfig) -> Self {
        Self::in_pieces(one, other, vec![usize::MAX])
    }

    pub(crate) fn in_pieces(
        one: &ConnectionConfig,
        other: &ConnectionConfig,
        piece_sizes: Vec<usize>,
    ) -> Self {
        Self::of([End::new(one), End::new(other)], piece_sizes)
    }

    pub(crate) fn of(ends: [End; 2], piece_sizes: Vec<usize>) -> Self {
        Self { ends, piece_sizes: piece_sizes.into_iter().cycle() }
    }

    /// Lets both sides decide so about each other.
    pub(crate) fn deciding(mut self, decision: Decision) -> Self {
        for end in &mut self.ends {
            end.decision = Some(decision.clone());
        }
        self
    }

    /// Delivers until nothing is on the way any more.
    pub(crate) fn drive(&mut self) {
        while self.deliver(0, 1) | self.deliver(1, 0) {}
    }

    /// Delivers until both sides are ready.
    ///
    /// # Panics
    ///
    /// When they do not get there.
    pub(crate) fn ready(mut self) -> Self {
        self.drive();
        for end in &self.ends {
            assert_eq!(end.error, None);
            assert!(end.connection.peer().is_some(), "ready");
        }
        self
    }

    /// Delivers one piece. Returns whether there was anything to do.
    pub(crate) fn deliver(&mut self, from: usize, to: usize) -> bool {
        let sent = self.ends[from].sent();
        self.ends[to].arriving.extend_from_slice(&sent);
        let size = self.piece_sizes.next().unwrap_or(usize::MAX);
        let size = size.min(self.ends[to].arriving.len());
        let piece = self.ends[to].arriving.split_to(size);
        self.ends[to].read(&piece);
        size > 0
    }
}

impl End {
    pub(crate) fn new(config: &ConnectionConfig) -> Self {
        Self::from(Connection::new(config))
    }

    /// All that this end wants to have written.
    pub(crate) fn sent(&mut self) -> Bytes {
        let mut sent = BytesMut::new();
        while let Some(bytes) = self.connection.poll_transmit() {
            sent.extend_from_slice(&bytes);
        }
        sent.freeze()
    }

    pub(crate) fn read(&mut self, piece: &[u8]) {
        self.input.extend_from_slice(piece);
        while self.error.is_none() {
            match self.connection.handle_input(&mut self.input, 2) {
                Ok(Some(event)) => {
                    if let (Event::Authenticate(_), Some(decision)) = (&event, &self.decision) {
                        self.connection.authenticate(decision.clone());
                    }
                    self.events.push(event);
                }
                Ok(None) => return,
                Err(error) => self.error = Some(error),
            }
        }
    }

    pub(crate) fn peer(&self) -> &PeerInfo {
        self.connection.peer().expect("the handshake is over")
    }

    pub(crate) fn messages(&self) -> Vec<Message> {
        let run = |event: &Event| match event {
            Event::Messages(run) => Some(run.clone()),
            _ => None,
        };
        self.events.iter().filter_map(run).flatten().collect()
    }

    pub(crate) fn commands(&self) -> Vec<Command> {
        let command = |event: &Event| match event {
            Event::Command(command) => Some(command.clone()),
            _ => None,
        };
        self.events.iter().filter_map(command).collect()
    }

    pub(crate) fn requests(&self) -> Vec<AuthenticationRequest> {
        let request = |event: &Event| match event {
            Event::Authenticate(request) => Some(request.clone()),
            _ => None,
        };
        self.events.iter().filter_map(request).collect()
    }
}

impl From<Connection> for End {
    fn from(connection: Connection) -> Self {
        Self {
            connection,
            arriving: BytesMut::new(),
            input: BytesMut::new(),
            events: Vec::new(),
            error: None,
            decision: None,
        }
    }
}

/// Pseudorandom bytes, the same in every run.
pub(crate) fn entropy(bytes: &mut [u8]) {
    thread_local!(static STATE: Cell<u64> = const { Cell::new(1) });
    STATE.with(|state| {
        for byte in bytes {
            // SplitMix64, by Sebastiano Vigna.
            state.set(state.get().wrapping_add(0x9e37_79b9_7f4a_7c15));
            let mut mixed = state.get();
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            *byte = (mixed >> 56) as u8;
        }
    });
}

/// A side that has entropy and allows every peer.
pub(crate) fn end(config: &ConnectionConfig) -> End {
    let mut end = End::from(Connection::with_entropy(config, entropy));
    end.decision = Some(Decision::allow());
    end
}

/// Two sides that have entropy and allow every peer.
pub(crate) fn pair(one: &ConnectionConfig, other: &ConnectionConfig) -> Pair {
    Pair::of([end(one), end(other)], vec![usize::MAX])
}

/// Drives a client and a server as far as the given step of the handshake, in which they take
/// turns and the client begins. Returns what comes next, and for which side.
pub(crate) fn before_of(
    client: &ConnectionConfig,
    server: &ConnectionConfig,
    step: usize,
) -> (Pair, (usize, Bytes)) {
    let mut pair = pair(client, server);
    // The openings, the rests of the greetings, and with the client's the first command.
    let [client, server] = &mut pair.ends;
    let opening = client.sent();
    server.read(&opening);
    client.read(&server.sent());
    let mut first = client.sent();
    server.read(&first.split_to(64 - opening.len()));
    let mut next = (1, first);
    for _ in 0..step {
        let (to, bytes) = next;
        pair.ends[to].read(&bytes);
        next = (1 - to, pair.ends[to].sent());
    }
    (pair, next)
}

/// The frames in some bytes.
pub(crate) fn frames(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut frames = Vec::new();
    while !bytes.is_empty() {
        let header = FrameHeader::decode(bytes).expect("frames").expect("whole");
        let body = usize::try_from(header.body_size()).expect("small");
        let (frame, rest) = bytes.split_at(header.size() + body);
        frames.push(frame);
        bytes = rest;
    }
    frames
}

/// The encoder of the first end of a pair and the decoder of the second, after their handshake.
pub(crate) fn halves(pair: Pair) -> (Encoder, Decoder) {
    let [one, other] = pair.ready().ends;
    let (Ok(one), Ok(other)) = (one.connection.into_traffic(), other.connection.into_traffic())
    else {
        panic!("ready");
    };
    (one.encoder, other.decoder)
}

/// Seals messages, and one more that comes in between, with no more bytes at once than `most`;
/// writes them in pieces of many sizes and reads them at the other end.
pub(crate) fn seal_and_read(
    (mut encoder, mut decoder): (Encoder, Decoder),
    messages: Vec<Message>,
    most: usize,
) {
    assert!(encoder.is_sealing());
    let mut batch = Batch::new();
    batch.extend(messages.iter().cloned());
    let (mut sealed, mut input) = (SealBuffer::new(), BytesMut::new());
    let (mut received, mut completed, mut step) = (Vec::new(), 0, 0);
    while !batch.is_empty() {
        step += 1;
        encoder.seal(&batch, &mut sealed);
        assert!(sealed.first_chunk().len() < most);
        let written = sealed.first_chunk().len().min(step * 7919 % 30_000 + 1);
        input.extend_from_slice(&sealed.first_chunk()[..written]);
        completed += batch.advance(sealed.advance(written));
        while let Some(Inbound::Messages(run)) = decoder.decode(&mut input, 100).expect("sound") {
            received.extend(run);
        }
        assert!(completed <= received.len(), "what is written whole can be read");
        if step == 10 {
            // What comes later is sealed later.
            batch.push(Message::from("late"));
        }
    }
    let [first @ .., last] = &received[..] else { panic!("nothing was received") };
    assert_eq!(completed, messages.len() + 1);
    assert_eq!(first, messages);
    assert_eq!(last, "late");
}

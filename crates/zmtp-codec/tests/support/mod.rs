//! Two connections driven against each other, in any order and in pieces of any size.

#![allow(dead_code, reason = "each test program uses a part")]

use bytes::{Bytes, BytesMut};
use zmtp_codec::{
    AuthenticationRequest, Command, Connection, ConnectionConfig, Decision, Event, Message,
    PeerInfo, ProtocolError,
};

/// Two connections and what is on the way between them.
pub(crate) struct Pair {
    pub(crate) ends: [End; 2],
    /// How many octets each delivery takes at most, over and over.
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
        while let Some(octets) = self.connection.poll_transmit() {
            sent.extend_from_slice(&octets);
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

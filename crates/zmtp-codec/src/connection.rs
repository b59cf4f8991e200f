//! One connection, from the first byte on.

mod heartbeat;
mod stage;
mod traffic;
mod zmtp2;

use bytes::{Bytes, BytesMut};

pub use heartbeat::{Heartbeat, HeartbeatAction, HeartbeatConfig};
use stage::{Progress, Stage};
pub use traffic::Traffic;

use crate::authentication::Decision;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::error::{Disposition, ProtocolError};
use crate::event::{Event, PeerInfo};
use crate::mechanism::Seed;
use crate::message::Message;
use crate::seal::SealBuffer;
use crate::subscription::Subscription;
use crate::wire::{Command, Greeting};

/// One side of a ZMTP connection: greeting, handshake and traffic over one stream of bytes.
///
/// It does no I/O. Its methods are of four kinds:
///
/// - *Getters*, such as [`peer`](Self::peer).
/// - [`handle_input`](Self::handle_input), which takes what was read.
/// - *Commands*, such as [`send`](Self::send), which queue something to be written. They may be
///   given at any time; what is given before the handshake is over waits for it.
/// - [`poll_transmit`](Self::poll_transmit), which gives out what is to be written.
///
/// The order to drive it in, over again until either side closes:
///
/// 1. Write all that `poll_transmit` gives: the greeting first, before anything is read.
/// 2. Read, appending to the input buffer.
/// 3. Call `handle_input` with that buffer until it returns `Ok(None)`.
///
/// On [`Event::Authenticate`], find out whether the peer may go on, [say
/// so](Self::authenticate), and continue with 3. Meanwhile nothing need be read.
///
/// After an error from `handle_input`, write what `poll_transmit` still gives, which may be an
/// ERROR command for the peer, and close.
///
/// Whoever wants more speed drives the connection as far as [`Event::Ready`] and then takes it
/// apart with [`into_traffic`](Self::into_traffic).
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    stage: Stage,
    /// Greeting and handshake: what may be written at once.
    opening: Batch,
    /// Messages and commands: what may be written when the handshake is over.
    traffic: Batch,
    /// What of them is sealed and about to be written.
    sealed: SealBuffer,
    /// Subscriptions made before the peer's version, and so their form, was known.
    early: Vec<Subscription>,
}

impl Connection {
    /// Makes one side of a connection. Nothing tells who connected: both sides start talking at
    /// once.
    ///
    /// A mechanism that encrypts needs randomness: use [`with_entropy`](Self::with_entropy). Without
    /// it there, the handshake fails with [`ProtocolError::NoEntropy`].
    pub fn new(config: &ConnectionConfig) -> Self {
        Self::start(config, None)
    }

    /// Makes one side of a connection with any mechanism.
    ///
    /// `entropy` has to fill what it is given with bytes nobody can guess: ask the operating
    /// system for them. It is asked now, and not again.
    pub fn with_entropy(config: &ConnectionConfig, mut entropy: impl FnMut(&mut [u8])) -> Self {
        Self::start(config, Some(Seed::draw(&mut entropy)))
    }

    fn start(config: &ConnectionConfig, seed: Option<Seed>) -> Self {
        let mut opening = Batch::new();
        opening.push_control(Bytes::from_static(&Greeting::OPENING));
        Self {
            config: config.clone(),
            stage: Stage::new(seed),
            opening,
            traffic: Batch::new(),
            sealed: SealBuffer::new(),
            early: Vec::new(),
        }
    }

    /// Takes bytes off the front of `input` up to and with the next event, holding at most
    /// `max_messages` messages.
    ///
    /// Call it until it returns `Ok(None)`: then more bytes are needed, or, when `max_messages`
    /// is 0, what comes next is a message. Between calls `input` may only be appended to.
    ///
    /// # Errors
    ///
    /// When the connection cannot go on. Events before the fault are returned first. From then on
    /// nothing is taken from `input` any more.
    pub fn handle_input(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Event>, ProtocolError> {
        loop {
            let stage = std::mem::replace(&mut self.stage, Stage::Closed);
            let knows_commands = !matches!(stage, Stage::Identity);
            match stage.handle(&self.config, input, max_messages, &mut self.opening) {
                Ok((stage, progress)) => {
                    self.stage = stage;
                    match progress {
                        Progress::Continue => {}
                        Progress::Wait => return Ok(None),
                        Progress::Event(event) => {
                            self.note(&event);
                            return Ok(Some(event));
                        }
                    }
                }
                Err(error) => {
                    if let Disposition::SendErrorAndClose(reason) = error.disposition()
                        && knows_commands
                    {
                        self.opening.push_command(&Command::Error { reason });
                    }
                    return Err(error);
                }
            }
        }
    }

    /// Answers [`Event::Authenticate`]. What comes of it, the next
    /// [`handle_input`](Self::handle_input) tells; until then nothing does.
    ///
    /// Without a question this does nothing, and a denial cannot be taken back.
    pub fn authenticate(&mut self, decision: Decision) {
        if let Stage::Decision(stage) = &mut self.stage {
            stage.decide(decision);
        }
    }

    /// The next bytes to be written, or `None` when there are none now.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        self.opening.take_chunk().or_else(|| match &mut self.stage {
            Stage::Traffic(traffic) if traffic.encoder.is_sealing() => {
                traffic.encoder.seal(&self.traffic, &mut self.sealed);
                let chunk = Bytes::copy_from_slice(self.sealed.first_chunk());
                self.traffic.advance(self.sealed.advance(chunk.len()));
                (!chunk.is_empty()).then_some(chunk)
            }
            Stage::Traffic(_) => self.traffic.take_chunk(),
            _ => None,
        })
    }

    /// Queues a message.
    pub fn send(&mut self, message: Message) {
        self.traffic.push(message);
    }

    /// Queues a command. A peer of ZMTP 2.0 knows none, and is not sent it.
    pub fn send_command(&mut self, command: &Command) {
        match &self.stage {
            Stage::Traffic(ready) => ready.encoder.command(&mut self.traffic, command),
            _ => self.traffic.push_command(command),
        }
    }

    /// Queues a subscription, in the form the peer understands.
    pub fn send_subscription(&mut self, subscription: Subscription) {
        match &self.stage {
            Stage::Traffic(ready) => ready.encoder.subscription(&mut self.traffic, &subscription),
            _ => self.early.push(subscription),
        }
    }

    /// Subscribes to all messages whose first frame starts with `topic`.
    pub fn subscribe(&mut self, topic: impl Into<Bytes>) {
        self.send_subscription(Subscription::Subscribe(topic.into()));
    }

    /// Ends a subscription.
    pub fn cancel(&mut self, topic: impl Into<Bytes>) {
        self.send_subscription(Subscription::Cancel(topic.into()));
    }

    /// Who the peer is, once the handshake is over.
    pub fn peer(&self) -> Option<&PeerInfo> {
        match &self.stage {
            Stage::Traffic(traffic) => Some(&traffic.peer),
            _ => None,
        }
    }

    /// Takes the connection apart, so that reading and writing can be done in different places.
    ///
    /// # Errors
    ///
    /// Gives the connection back while the handshake is not over, or something has still to be
    /// [transmitted](Self::poll_transmit).
    #[expect(clippy::result_large_err, reason = "the connection itself, to carry on with")]
    pub fn into_traffic(self) -> Result<Traffic, Self> {
        match self.stage {
            Stage::Traffic(traffic) if self.opening.is_empty() && self.traffic.is_empty() => {
                Ok(traffic)
            }
            _ => Err(self),
        }
    }

    /// Does what an event asks of the connection itself.
    fn note(&mut self, event: &Event) {
        match event {
            Event::Ready(peer) => {
                let mut held = std::mem::take(&mut self.traffic);
                if peer.version() < (3, 0) {
                    // Which drops the commands.
                    held.rewind();
                }
                for subscription in std::mem::take(&mut self.early) {
                    self.send_subscription(subscription);
                }
                self.traffic.append(&mut held);
            }
            Event::Command(command) => {
                if let Some(reply) = command.reply() {
                    self.traffic.push_command(&reply);
                }
            }
            Event::Authenticate(_) | Event::Messages(_) => {}
        }
    }
}

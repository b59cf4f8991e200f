//! One side of a connection, from the first byte on.

mod framed;
mod heartbeat;
mod introduction;
mod replies;
mod stage;
mod traffic;
mod zmtp2;

use bytes::{Bytes, BytesMut};

use framed::{Framed, Read, check_size};
pub use heartbeat::{Heartbeat, HeartbeatAction, HeartbeatConfig};
use replies::Replies;
use stage::{AwaitPreface, Progress, SentGreeting, Stage};
pub use traffic::Traffic;

use crate::authentication::Decision;
use crate::batch::Batch;
use crate::config::ConnectionConfig;
use crate::error::{Disposition, ProtocolError};
use crate::event::{Event, PeerInfo};
use crate::framing::{Carrier, Framing, FramingContext, Introduction, Step, zmtp1};
use crate::mechanism::Seed;
use crate::message::Message;
use crate::seal::SealBuffer;
use crate::subscription::Subscription;
use crate::wire::{Command, Greeting};

/// One side of a ZMTP connection: greeting, handshake and traffic over one byte stream.
///
/// It does no I/O. Repeat until either side closes the stream:
///
/// 1. Write all bytes from [`poll_transmit`](Self::poll_transmit). The greeting is written before
///    anything is read.
/// 2. Read, and append to the input buffer.
/// 3. Call [`handle_input`](Self::handle_input) with that buffer until it returns `Ok(None)`.
///
/// Methods such as [`send`](Self::send) queue something to write. They can be called at any time;
/// before the end of the handshake the queue waits.
///
/// The connection answers the peer's PINGs itself. While 1,024 answers wait to be written, it answers no
/// more. The queue of messages has no limit: queue no more than you write.
///
/// On [`Event::Authenticate`], pass a decision to [`authenticate`](Self::authenticate), and continue
/// with 3. Nothing need be read before that.
///
/// After an error from `handle_input`, write the bytes from `poll_transmit`, which may be an ERROR for
/// the peer, and close the stream.
///
/// The fast path is to drive the connection to [`Event::Ready`] and then to take it apart with
/// [`into_traffic`](Self::into_traffic).
#[derive(Debug)]
pub struct Connection {
    config: ConnectionConfig,
    stage: Stage,
    /// The framing, until the handshake is over: then it belongs to the traffic.
    framed: Option<Box<Framed>>,
    /// Bytes in the connection's framing, written before all others.
    carried: Vec<u8>,
    /// Greeting and handshake: written at once.
    opening: Batch,
    /// Messages and commands: written after the handshake.
    traffic: Batch,
    /// The answers in `traffic`.
    replies: Replies,
    /// The encrypted front of `traffic`.
    sealed: SealBuffer,
    /// Subscriptions made before the peer's version was known.
    early: Vec<Subscription>,
}

impl Connection {
    /// Makes one side of a connection. It makes no difference which side connected.
    ///
    /// CURVE and NOISE need randomness: use [`with_entropy`](Self::with_entropy). Otherwise their
    /// handshakes fail with [`ProtocolError::NoEntropy`].
    pub fn new(config: &ConnectionConfig) -> Self {
        Self::start(config, None)
    }

    /// Makes one side of a connection with any mechanism.
    ///
    /// `entropy` must fill its argument with unpredictable bytes: those of the operating system. It is
    /// called before this returns.
    pub fn with_entropy(config: &ConnectionConfig, mut entropy: impl FnMut(&mut [u8])) -> Self {
        Self::start(config, Some(Seed::draw(&mut entropy)))
    }

    /// Starts with a framing in place of the greeting. Call this before anything else: later calls
    /// have no effect.
    #[must_use]
    pub fn with_framing(mut self, framing: Box<dyn Framing>) -> Self {
        let Some(seed) = self.stage.take_first_seed() else { return self };
        self.opening.clear();
        let context = FramingContext {
            socket_type: self.config.socket_type,
            mechanism: self.config.mechanism.name(),
            routing_id: self.config.routing_id.clone(),
            limits: self.config.limits.clone(),
        };
        match framing.start(context, &mut self.carried) {
            Ok(step) => self.begin(step, 0, seed),
            Err(error) => self.stage = Stage::Failed(error),
        }
        self
    }

    fn start(config: &ConnectionConfig, seed: Option<Seed>) -> Self {
        let mut opening = Batch::new();
        let sent = match config.takes_zmtp_1() {
            true => {
                let signature = zmtp1::signature(config.routing_id_bytes());
                opening.push_control(Bytes::copy_from_slice(&signature));
                SentGreeting::Signature
            }
            false => {
                opening.push_control(Bytes::from_static(&Greeting::OPENING));
                SentGreeting::Opening
            }
        };
        Self {
            config: config.clone(),
            stage: Stage::new(sent, seed),
            framed: None,
            carried: Vec::new(),
            opening,
            traffic: Batch::new(),
            replies: Replies::default(),
            sealed: SealBuffer::new(),
            early: Vec::new(),
        }
    }

    /// Takes bytes off the front of `input` up to the next event, which has at most `max_messages`
    /// messages.
    ///
    /// Call it until it returns `Ok(None)`: then more bytes are needed, or `max_messages` is 0 and a
    /// message is next. Between calls, only append to `input`.
    ///
    /// # Errors
    ///
    /// If the connection has failed. Events before the fault are returned first. Later calls take
    /// nothing from `input`.
    pub fn handle_input(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Event>, ProtocolError> {
        loop {
            match self.step(input, max_messages)? {
                Progress::Continue => {}
                Progress::Wait => return Ok(None),
                Progress::Event(event) => {
                    self.apply(&event);
                    return Ok(Some(event));
                }
                Progress::Carry(carrier) => self.carry_from_here(carrier),
                Progress::Reply(command) => self.replies.push(&mut self.traffic, &command),
                Progress::End(reply) => {
                    reply.iter().for_each(|reply| self.traffic.push_command(reply));
                    return Ok(Some(Event::End));
                }
                Progress::Failed(error) => {
                    self.finish(&error);
                    return Err(error);
                }
            }
        }
    }

    /// Ends failed traffic in its framing. Nothing else is written.
    fn finish(&mut self, error: &ProtocolError) {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        if let Stage::Ended(Traffic { mut encoder, .. }) = stage
            && encoder.finish(Some(error), &mut self.sealed)
        {
            self.carried.extend_from_slice(self.sealed.first_chunk());
        }
        self.sealed.clear();
    }

    fn step(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Progress, ProtocolError> {
        if let Stage::Preface(_) = &self.stage {
            return self.handle_preface(input);
        }
        match self.framed.take() {
            Some(framed) => self.handle_framed(framed, input),
            None => self.handle_stage(input, max_messages),
        }
    }

    /// Handles the bytes before the first frame of a framing.
    fn handle_preface(&mut self, input: &mut BytesMut) -> Result<Progress, ProtocolError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let Stage::Preface(AwaitPreface { preface, taken, seed }) = stage else {
            return Ok(Progress::Wait);
        };
        let arrived = taken + input.len() as u64;
        let step = preface.handle(input, &mut self.carried)?;
        if let Step::Await(_) = &step {
            check_size(arrived, self.config.limits.max_handshake_size)?;
        }
        self.begin(step, arrived - input.len() as u64, seed);
        Ok(if let Stage::Preface(_) = self.stage { Progress::Wait } else { Progress::Continue })
    }

    /// Takes the next step of a framing that has used `taken` bytes of the peer.
    fn begin(&mut self, step: Step, taken: u64, seed: Option<Seed>) {
        match step {
            Step::Await(preface) => {
                self.stage = Stage::Preface(AwaitPreface { preface, taken, seed });
            }
            Step::Carry(carrier) => self.carry_with(carrier, seed),
        }
    }

    /// Sends and receives in a framing behind the bytes that are queued already.
    fn carry_from_here(&mut self, carrier: Carrier) {
        while let Some(bytes) = self.opening.take_chunk() {
            self.carried.extend_from_slice(&bytes);
        }
        self.carry_with(carrier, None);
    }

    /// Sends and receives in a framing from now on.
    fn carry_with(&mut self, carrier: Carrier, seed: Option<Seed>) {
        let version = carrier.version;
        self.stage = match carrier.introduction {
            Introduction::Mechanism => Stage::Introduction { version, seed },
            Introduction::None => Stage::Bare { version },
            Introduction::RoutingId => {
                self.opening.push_control(introduction::own_routing_id(&self.config));
                Stage::RoutingId { version }
            }
        };
        let mut framed = Framed::new(carrier);
        framed.carry(&mut self.opening, &mut self.carried);
        self.framed = Some(Box::new(framed));
    }

    /// Handles input in a framing, before the end of the handshake.
    fn handle_framed(
        &mut self,
        mut framed: Box<Framed>,
        input: &mut BytesMut,
    ) -> Result<Progress, ProtocolError> {
        let read = match self.stage.needs_input() {
            true => {
                let limit = self.config.limits.max_handshake_size;
                framed.read(input, &mut self.opening, self.stage.handshake(), limit)
            }
            false => Ok(Read::More),
        };
        let progress = match read {
            Ok(Read::More | Read::Incomplete) => self.handle_stage(&mut framed.frames, 0),
            Ok(Read::End) => {
                self.stage = Stage::Closed;
                Ok(Progress::Event(Event::End))
            }
            Err(ref error) => {
                self.stage = Stage::Closed;
                Err(error.clone())
            }
        };
        framed.carry(&mut self.opening, &mut self.carried);
        if let Err(error) = &progress {
            framed.finish(error, &mut self.carried);
        }
        match &mut self.stage {
            Stage::Traffic(traffic) => framed.enter(traffic),
            Stage::Closed => {}
            _ => self.framed = Some(framed),
        }
        match progress {
            Ok(Progress::Wait) if matches!(read, Ok(Read::More)) => Ok(Progress::Continue),
            progress => progress,
        }
    }

    fn handle_stage(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Progress, ProtocolError> {
        let stage = std::mem::replace(&mut self.stage, Stage::Closed);
        let knows_commands = stage.knows_commands();
        match stage.handle(&self.config, input, max_messages, &mut self.opening) {
            Ok((stage, progress)) => {
                self.stage = stage;
                Ok(progress)
            }
            Err(error) => {
                if let Disposition::SendErrorAndClose(reason) = error.disposition()
                    && knows_commands
                {
                    self.opening.push_command(&Command::Error { reason });
                }
                Err(error)
            }
        }
    }

    /// Answers [`Event::Authenticate`]. The next [`handle_input`](Self::handle_input) applies the
    /// decision.
    ///
    /// Without a request this does nothing. A denial is final.
    pub fn authenticate(&mut self, decision: Decision) {
        if let Stage::Decision(stage) = &mut self.stage {
            stage.decide(decision);
        }
    }

    /// Takes the next bytes to write, or `None` if there are none now.
    pub fn poll_transmit(&mut self) -> Option<Bytes> {
        if !self.carried.is_empty() {
            return Some(std::mem::take(&mut self.carried).into());
        }
        self.opening.take_chunk().or_else(|| {
            let queued = self.traffic.bytes();
            let chunk = self.transmit_traffic();
            self.replies.written(queued - self.traffic.bytes());
            chunk
        })
    }

    fn transmit_traffic(&mut self) -> Option<Bytes> {
        match &mut self.stage {
            Stage::Traffic(traffic) | Stage::Ended(traffic) if traffic.encoder.is_sealing() => {
                traffic.encoder.seal(&self.traffic, &mut self.sealed);
                let chunk = Bytes::copy_from_slice(self.sealed.first_chunk());
                self.traffic.advance(self.sealed.advance(chunk.len()));
                (!chunk.is_empty()).then_some(chunk)
            }
            Stage::Traffic(_) | Stage::Ended(_) => self.traffic.take_chunk(),
            _ => None,
        }
    }

    /// Queues a message.
    pub fn send(&mut self, message: Message) {
        self.traffic.push(message);
    }

    /// Queues a command. It is not sent to a peer of ZMTP 2.0, which has no commands.
    pub fn send_command(&mut self, command: &Command) {
        match &self.stage {
            Stage::Traffic(ready) => ready.encoder.command(&mut self.traffic, command),
            _ => self.traffic.push_command(command),
        }
    }

    /// Queues a subscription, in the form of the peer's version.
    pub fn send_subscription(&mut self, subscription: Subscription) {
        match &self.stage {
            Stage::Traffic(ready) => ready.encoder.subscription(&mut self.traffic, &subscription),
            _ => self.early.push(subscription),
        }
    }

    /// Subscribes to all messages with a first frame that starts with `topic`.
    pub fn subscribe(&mut self, topic: impl Into<Bytes>) {
        self.send_subscription(Subscription::Subscribe(topic.into()));
    }

    /// Ends a subscription.
    pub fn cancel(&mut self, topic: impl Into<Bytes>) {
        self.send_subscription(Subscription::Cancel(topic.into()));
    }

    /// The peer, after the handshake.
    pub fn peer(&self) -> Option<&PeerInfo> {
        match &self.stage {
            Stage::Traffic(traffic) => Some(&traffic.peer),
            _ => None,
        }
    }

    /// Takes the connection apart into a read half and a write half.
    ///
    /// # Errors
    ///
    /// Returns the connection if the handshake is not over, or if there are bytes to
    /// [transmit](Self::poll_transmit).
    #[expect(clippy::result_large_err, reason = "it returns the connection")]
    pub fn into_traffic(self) -> Result<Traffic, Self> {
        match self.stage {
            Stage::Traffic(traffic)
                if self.carried.is_empty()
                    && self.opening.is_empty()
                    && self.traffic.is_empty() =>
            {
                Ok(traffic)
            }
            _ => Err(self),
        }
    }

    /// Applies an event to the queues.
    fn apply(&mut self, event: &Event) {
        match event {
            Event::Ready(peer) => {
                let mut held = std::mem::take(&mut self.traffic);
                if peer.version() < (3, 0) {
                    // Drops the commands.
                    held.rewind();
                }
                for subscription in std::mem::take(&mut self.early) {
                    self.send_subscription(subscription);
                }
                self.traffic.append(&mut held);
            }
            Event::Command(command) => {
                if let Some(reply) = command.reply() {
                    self.replies.push(&mut self.traffic, &reply);
                }
            }
            Event::Authenticate(_) | Event::Messages(_) | Event::End => {}
        }
    }
}

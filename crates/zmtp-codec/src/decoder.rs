//! Bytes into runs of messages and commands.

use bytes::{Buf, Bytes, BytesMut};

use crate::batch::EncodedMessages;
use crate::config::Limits;
use crate::error::{LimitExceeded, ProtocolError};
use crate::mechanism::{Opener, Opening};
use crate::wire::{Command, FrameError, FrameHeader};

/// Finds whole messages and commands at the front of what a connection has read.
///
/// Nothing is allocated for a message: all whole messages in a row leave as one [`EncodedMessages`], which is
/// the memory they were read into. Work inside an unfinished message is remembered, so that each
/// byte is looked at once however it trickles in.
///
/// ```
/// use bytes::BytesMut;
/// use zmtp_codec::{Decoder, Inbound, Limits, Message};
///
/// let mut decoder = Decoder::new(Limits::default());
/// let mut input = BytesMut::from(&b"\x00\x01a\x00\x01b\x00\x05hel"[..]);
///
/// let Some(Inbound::Messages(run)) = decoder.decode(&mut input, usize::MAX)? else { panic!() };
/// assert_eq!(run.into_iter().collect::<Vec<_>>(), [Message::from("a"), Message::from("b")]);
///
/// assert!(decoder.decode(&mut input, usize::MAX)?.is_none());
/// assert_eq!(decoder.wanted(&input), 2);
/// # Ok::<_, zmtp_codec::ProtocolError>(())
/// ```
///
/// Where the connection encrypts, records are opened before they are looked into, and
/// [`buffered`](Self::buffered) bytes of what was in them are kept here until they are taken.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// What has been walked of the unfinished message at the front of the input.
    unfinished: Unfinished,
    /// Frames of messages walked so far.
    frames: u64,
    /// The frames of that message before the last command that stood inside it.
    interrupted: Vec<u8>,
    /// Whether the peer speaks a ZMTP that has commands.
    has_commands: bool,
    /// Where the connection encrypts.
    sealed: Option<Box<Sealed>>,
}

/// What a decoder needs besides for a connection that encrypts.
#[derive(Debug)]
struct Sealed {
    opener: Box<dyn Opener>,
    /// What has been opened and not yet taken: frames.
    plain: BytesMut,
}

/// What a [`Decoder`] found.
#[derive(Clone, Debug)]
pub enum Inbound {
    /// One or more whole messages.
    Messages(EncodedMessages),
    /// A command, which may have stood between two frames of a message. One that holds no name is
    /// [`Command::Unknown`].
    Command(Command),
}

/// Whole frames of a message whose last frame is not there yet.
#[derive(Clone, Copy, Debug, Default)]
struct Unfinished {
    /// Bytes of these frames that are in the input, headers included.
    bytes: usize,
    /// Bytes of all their bodies.
    size: u64,
    /// How many there are, in the input or before a command.
    frames: u32,
}

impl Decoder {
    /// Makes a decoder that enforces `limits`.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            unfinished: Unfinished::default(),
            frames: 0,
            interrupted: Vec::new(),
            has_commands: true,
            sealed: None,
        }
    }

    /// For a peer of ZMTP 2.0, to which the bit that marks a command means nothing.
    pub(crate) fn without_commands(mut self) -> Self {
        self.has_commands = false;
        self
    }

    pub(crate) fn open_with(&mut self, opener: Box<dyn Opener>) {
        self.sealed = Some(Box::new(Sealed { opener, plain: BytesMut::new() }));
    }

    /// Takes what is whole off the front of `input`: a command, or up to `max_messages` messages.
    ///
    /// `Ok(None)` means that more bytes are needed, or, when `max_messages` is 0, that what comes
    /// next is not a command. Between calls `input` may only be appended to.
    ///
    /// While something is [`buffered`](Self::buffered), `input` may well be empty.
    ///
    /// # Errors
    ///
    /// When the peer breaks the framing rules, goes beyond the limits, or sends something encrypted
    /// that does not decrypt. Messages before the fault are returned first.
    /// The decoder cannot be used after an error.
    pub fn decode(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        let Some(mut sealed) = self.sealed.take() else {
            return self.decode_frames(input, max_messages);
        };
        let inbound = self.open_and_decode(&mut sealed, input, max_messages);
        self.sealed = Some(sealed);
        inbound
    }

    /// Bytes that have been decrypted and not yet taken: there may be messages in them, so decode
    /// even if there is no new input. Always 0 where the connection does not encrypt.
    pub fn buffered(&self) -> usize {
        self.sealed.as_ref().map_or(0, |sealed| sealed.plain.len())
    }

    /// Frames of messages found so far, those of unfinished messages included: a measure of the work
    /// that the input has been.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use zmtp_codec::{Decoder, Limits};
    ///
    /// let mut decoder = Decoder::new(Limits::default());
    /// assert!(decoder.decode(&mut BytesMut::from(&b"\x01\x00\x01\x00"[..]), 1)?.is_none());
    /// assert_eq!(decoder.frames(), 2);
    /// # Ok::<_, zmtp_codec::ProtocolError>(())
    /// ```
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether what comes next is known to be a message: where there is room for none, nothing more
    /// need be read until there is. Ask after [`decode`](Self::decode) has found nothing.
    ///
    /// ```
    /// use bytes::BytesMut;
    /// use zmtp_codec::{Decoder, Limits};
    ///
    /// let mut decoder = Decoder::new(Limits::default());
    /// let mut message = BytesMut::from(&b"\x00\x05hello"[..]);
    /// assert!(decoder.decode(&mut message, 0)?.is_none());
    /// assert!(decoder.is_message_next(&message));
    ///
    /// let mut command = BytesMut::from(&b"\x04\x05\x04PI"[..]); // the rest is on its way
    /// assert!(decoder.decode(&mut command, 0)?.is_none());
    /// assert!(!decoder.is_message_next(&command));
    /// # Ok::<_, zmtp_codec::ProtocolError>(())
    /// ```
    pub fn is_message_next(&self, input: &BytesMut) -> bool {
        let bytes = self.sealed.as_ref().map_or(input, |sealed| &sealed.plain);
        self.finds_message(bytes).unwrap_or(false)
    }

    #[inline]
    fn decode_frames(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        // A message that a command has interrupted is in memory of its own, and leaves alone.
        let max_messages =
            if self.interrupted.is_empty() { max_messages } else { max_messages.min(1) };
        let Walk { bytes, messages, stopped } = self.walk(input, max_messages);
        if messages > 0 {
            // A fault is found again, at the front, by the next call.
            let run = EncodedMessages::new(self.join(input.split_to(bytes)), messages);
            return Ok(Some(Inbound::Messages(run)));
        }
        match stopped? {
            Stop::Command(header) => Ok(self.take_command(header, input)),
            Stop::Incomplete => Ok(None),
        }
    }

    /// The bytes of whole messages, of which the first may have been interrupted.
    #[inline]
    fn join(&mut self, bytes: BytesMut) -> Bytes {
        if self.interrupted.is_empty() {
            return bytes.freeze();
        }
        let mut message = std::mem::take(&mut self.interrupted);
        message.extend_from_slice(&bytes);
        message.into()
    }

    fn open_and_decode(
        &mut self,
        sealed: &mut Sealed,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        loop {
            if let Some(inbound) = self.decode_frames(&mut sealed.plain, max_messages)? {
                if sealed.plain.is_empty() {
                    // An empty remainder would keep the memory of what was taken.
                    sealed.plain = BytesMut::new();
                }
                return Ok(Some(inbound));
            }
            if max_messages == 0 && self.finds_message(&sealed.plain)? {
                return Ok(None);
            }
            if !sealed.plain.is_empty() {
                // More of a frame is to follow: make room for it once, and not record by record.
                let lacking = lacking(&sealed.plain, self.unfinished.bytes);
                sealed.plain.reserve(lacking.min(RESERVED_AT_ONCE));
            }
            match sealed.opener.open(input, &mut sealed.plain)? {
                Opening::Opened => {}
                Opening::Incomplete { announced } => {
                    self.check_announced(announced.unwrap_or(0))?;
                    return Ok(None);
                }
            }
        }
    }

    /// Whether what is next is known to be no command.
    fn finds_message(&self, bytes: &[u8]) -> Result<bool, ProtocolError> {
        let next = bytes.get(self.unfinished.bytes..).unwrap_or_default();
        Ok(FrameHeader::decode(next)?.is_some_and(|header| !header.is_command()))
    }

    /// Holds the size of a frame that is still encrypted against the limits, as far as that can be
    /// done without knowing whether it is a message or a command.
    fn check_announced(&self, body: u64) -> Result<(), ProtocolError> {
        let may_be_command = body <= self.limits.max_command_size as u64;
        let announced = self.unfinished.size.saturating_add(body);
        match self.limits.max_message_size {
            Some(limit) if announced > limit && !may_be_command => {
                Err(LimitExceeded::MessageSize { announced, limit }.into())
            }
            _ => Ok(()),
        }
    }

    /// How many more bytes are needed, at the least, to complete the frame that `input` ends in;
    /// 0 when that is not known.
    ///
    /// It is what the peer announced, within the limits: grow a buffer to it step by step.
    pub fn wanted(&self, input: &BytesMut) -> usize {
        // What is decrypted has left the input.
        let walked = if self.sealed.is_some() { 0 } else { self.unfinished.bytes };
        lacking(input, walked)
    }

    /// Walks over as many whole messages as there are.
    fn walk(&mut self, input: &[u8], max_messages: usize) -> Walk {
        let mut walk = Walk { bytes: 0, messages: 0, stopped: Ok(Stop::Incomplete) };
        loop {
            let rest = input.get(walk.bytes + self.unfinished.bytes..).unwrap_or_default();
            let header = match self.check_header(rest, self.unfinished) {
                Ok(Some(header)) if header.is_command() => {
                    walk.stopped = Ok(Stop::Command(header));
                    return walk;
                }
                Ok(Some(header))
                    if walk.messages < max_messages && frame_size(header) <= rest.len() =>
                {
                    header
                }
                Ok(_) => return walk,
                Err(error) => {
                    walk.stopped = Err(error);
                    return walk;
                }
            };
            self.frames += 1;
            if let Some(bytes) = self.unfinished.add(header) {
                walk.bytes += bytes;
                walk.messages += 1;
            }
        }
    }

    /// Reads the header of the next frame and holds it against rules and limits.
    #[inline]
    fn check_header(
        &self,
        bytes: &[u8],
        message: Unfinished,
    ) -> Result<Option<FrameHeader>, ProtocolError> {
        let Some(header) = FrameHeader::decode(bytes)? else {
            return Ok(None);
        };
        if header.is_command() {
            if !self.has_commands {
                return Err(FrameError::ReservedFlags(bytes[0]).into());
            }
            self.check_command(header)?;
        } else {
            self.check_message(header, message)?;
        }
        Ok(Some(header))
    }

    fn check_command(&self, header: FrameHeader) -> Result<(), LimitExceeded> {
        let (announced, limit) = (header.body_size(), self.limits.max_command_size);
        if announced > limit as u64 {
            return Err(LimitExceeded::CommandSize { announced, limit });
        }
        Ok(())
    }

    #[inline]
    fn check_message(&self, header: FrameHeader, message: Unfinished) -> Result<(), LimitExceeded> {
        let limit = self.limits.max_frames_per_message;
        if message.frames >= limit {
            return Err(LimitExceeded::FrameCount { limit });
        }
        let announced = message.size.saturating_add(header.body_size());
        match self.limits.max_message_size {
            Some(limit) if announced > limit => {
                Err(LimitExceeded::MessageSize { announced, limit })
            }
            _ => Ok(()),
        }
    }

    /// Takes the command behind what has been walked, if it is all there.
    fn take_command(&mut self, header: FrameHeader, input: &mut BytesMut) -> Option<Inbound> {
        let size = frame_size(header);
        if size > input.len() - self.unfinished.bytes {
            return None;
        }
        self.set_aside(input);
        let mut frame = input.split_to(size);
        frame.advance(header.size());
        let body = frame.freeze();
        // libzmq passes over what holds no name.
        let command = Command::decode(body.clone())
            .unwrap_or(Command::Unknown { name: Bytes::new(), data: body });
        Some(Inbound::Command(command))
    }

    /// Moves the frames of an unfinished message out of the way of the command behind them. Each is
    /// moved once, however many commands follow.
    fn set_aside(&mut self, input: &mut BytesMut) {
        let frames = input.split_to(std::mem::take(&mut self.unfinished.bytes));
        self.interrupted.extend_from_slice(&frames);
    }
}

impl Unfinished {
    /// Adds a frame that is all there. If it is the last, returns the bytes of the message and
    /// starts anew.
    #[inline]
    fn add(&mut self, header: FrameHeader) -> Option<usize> {
        self.bytes += frame_size(header);
        if header.has_more() {
            self.size = self.size.saturating_add(header.body_size());
            self.frames += 1;
            return None;
        }
        Some(std::mem::take(self).bytes)
    }
}

/// How far a walk got.
struct Walk {
    /// Bytes of the whole messages at the front.
    bytes: usize,
    messages: usize,
    /// What comes behind them.
    stopped: Result<Stop, ProtocolError>,
}

enum Stop {
    /// A command, whose body may not be there yet.
    Command(FrameHeader),
    /// Bytes that are not all there, or not wanted.
    Incomplete,
}

/// How many bytes the frame that begins at `start` lacks; 0 when that is not known.
fn lacking(bytes: &[u8], start: usize) -> usize {
    let frame = bytes.get(start..).unwrap_or_default();
    match FrameHeader::decode(frame) {
        Ok(Some(header)) => frame_size(header).saturating_sub(frame.len()),
        _ => 0,
    }
}

/// The most memory to take for what a peer has announced and not sent, in bytes.
const RESERVED_AT_ONCE: usize = 1 << 20;

/// The bytes of a whole frame. A size that no memory could hold saturates, and so never arrives.
#[inline]
fn frame_size(header: FrameHeader) -> usize {
    usize::try_from(header.body_size()).unwrap_or(usize::MAX).saturating_add(header.size())
}

#[cfg(all(test, feature = "__cipher"))]
mod tests;

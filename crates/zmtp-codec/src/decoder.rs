//! Decodes bytes into runs of messages and commands.

mod translation;

use bytes::{Buf, Bytes, BytesMut};

use translation::{Partial, Translated, Translation};

use crate::batch::EncodedMessages;
use crate::config::Limits;
use crate::error::{LimitExceeded, ProtocolError};
use crate::framing::FrameReader;
use crate::mechanism::Opener;
use crate::wire::{Command, FrameError, FrameHeader};

/// Decodes complete messages and commands at the front of the bytes read from a connection.
///
/// It allocates nothing for a message: all complete messages in a row become one
/// [`EncodedMessages`], which shares the memory of the read buffer. Progress inside an incomplete
/// message is kept, so each frame header is scanned once however slowly the bytes arrive.
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
/// If the connection encrypts, the decoder decrypts records first, and keeps
/// [`buffered`](Self::buffered) bytes of plain text.
#[derive(Debug)]
pub struct Decoder {
    limits: Limits,
    /// The scanned part of the incomplete message at the front of the input.
    unfinished: Unfinished,
    /// Frames of messages scanned so far.
    frames: u64,
    /// The frames of that message before the last command inside it.
    interrupted: Vec<u8>,
    /// Whether the peer's version of ZMTP has commands.
    has_commands: bool,
    /// Set if the connection encrypts or has a framing.
    translation: Option<Box<Translation>>,
}

/// The result of [`Decoder::decode`].
#[derive(Clone, Debug)]
pub enum Inbound {
    /// One or more complete messages.
    Messages(EncodedMessages),
    /// A command. It may have been between two frames of a message. A command without a name is
    /// [`Command::Unknown`].
    Command(Command),
    /// The peer has ended the connection in the way of its [framing](crate::framing). Nothing follows.
    End {
        /// The framing's last command for the peer.
        reply: Option<Command>,
    },
    /// The [framing](crate::framing)'s own answer: [queue](crate::Encoder::command) it for the peer.
    Reply(Command),
}

/// The complete frames of a message without its last frame so far.
#[derive(Clone, Copy, Debug, Default)]
struct Unfinished {
    /// Bytes of these frames in the input, headers included.
    bytes: usize,
    /// Bytes of their bodies.
    size: u64,
    /// The number of frames, including those before a command.
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
            translation: None,
        }
    }

    /// Rejects commands, for a peer of ZMTP 2.0.
    pub(crate) fn without_commands(mut self) -> Self {
        self.has_commands = false;
        self
    }

    pub(crate) fn open_with(&mut self, opener: Box<dyn Opener>) {
        self.translation.get_or_insert_default().opener = Some(opener);
    }

    /// Reads frames in the connection's framing. `frames` have been read already.
    pub(crate) fn read_with(&mut self, reader: Box<dyn FrameReader>, frames: BytesMut) {
        self.translation.get_or_insert_default().read_with(reader, frames);
    }

    /// Takes a command or up to `max_messages` complete messages off the front of `input`.
    ///
    /// `Ok(None)` means that more bytes are needed, or that `max_messages` is 0 and no command is
    /// next. Between calls, only append to `input`. It may be empty while something is
    /// [`buffered`](Self::buffered).
    ///
    /// # Errors
    ///
    /// If the peer breaks the framing rules, exceeds a limit, or sends a record that cannot be
    /// decrypted. Messages before the fault are returned first. The decoder cannot be used after an
    /// error.
    pub fn decode(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        let Some(mut translation) = self.translation.take() else {
            return self.decode_frames(input, max_messages);
        };
        let inbound = self.translate_and_decode(&mut translation, input, max_messages);
        self.translation = Some(translation);
        inbound
    }

    /// Bytes that have been decrypted and not taken. They may contain messages, so decode even if there
    /// is no new input. Always 0 if the connection does not encrypt and has no
    /// [framing](crate::framing).
    pub fn buffered(&self) -> usize {
        self.translation.as_ref().map_or(0, |translation| translation.buffered())
    }

    /// Frames of messages scanned so far, including those of incomplete messages: a measure of work
    /// done.
    pub fn frames(&self) -> u64 {
        self.frames
    }

    /// Whether a message is next. Call it after [`decode`](Self::decode) has returned `Ok(None)`: a
    /// receiver without capacity for a message can then stop reading.
    pub fn is_message_next(&self, input: &BytesMut) -> bool {
        let bytes = self.translation.as_ref().map_or(input, |translation| translation.plain());
        self.finds_message(bytes).unwrap_or(false)
    }

    #[inline]
    fn decode_frames(
        &mut self,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        // An interrupted message has its own memory, so it is returned alone.
        let max_messages =
            if self.interrupted.is_empty() { max_messages } else { max_messages.min(1) };
        let Scan { bytes, messages, end } = self.scan(input, max_messages);
        if messages > 0 {
            // The next call finds a fault again, at the front.
            let run = EncodedMessages::new(self.join(input.split_to(bytes)), messages);
            return Ok(Some(Inbound::Messages(run)));
        }
        match end? {
            ScanEnd::Command(header) => Ok(self.take_command(header, input)),
            ScanEnd::Incomplete => Ok(None),
        }
    }

    /// Puts the frames before an interrupting command in front of `bytes`.
    #[inline]
    fn join(&mut self, bytes: BytesMut) -> Bytes {
        if self.interrupted.is_empty() {
            return bytes.freeze();
        }
        let mut message = std::mem::take(&mut self.interrupted);
        message.extend_from_slice(&bytes);
        message.into()
    }

    fn translate_and_decode(
        &mut self,
        translation: &mut Translation,
        input: &mut BytesMut,
        max_messages: usize,
    ) -> Result<Option<Inbound>, ProtocolError> {
        loop {
            let plain = translation.plain_mut();
            if let Some(inbound) = self.decode_frames(plain, max_messages)? {
                if plain.is_empty() {
                    // An empty remainder would keep the memory of the messages alive.
                    *plain = BytesMut::new();
                }
                return Ok(Some(inbound));
            }
            if max_messages == 0 && self.finds_message(plain)? {
                return Ok(None);
            }
            if !plain.is_empty() {
                // Reserve memory for the rest of a frame once, not record by record.
                let missing = missing(plain, self.unfinished.bytes);
                plain.reserve(missing.min(RESERVED_AT_ONCE));
            }
            match translation.advance(input)? {
                Translated::Plain => {}
                Translated::Incomplete { announced } => {
                    self.check_announced(announced.unwrap_or(0))?;
                    return Ok(None);
                }
                Translated::Command(command) => return Ok(Some(Inbound::Command(command))),
                Translated::Reply(command) => return Ok(Some(Inbound::Reply(command))),
                Translated::End { reply } => return Ok(Some(Inbound::End { reply })),
            }
        }
    }

    /// Whether the next frame is known not to be a command.
    fn finds_message(&self, bytes: &[u8]) -> Result<bool, ProtocolError> {
        let next = bytes.get(self.unfinished.bytes..).unwrap_or_default();
        Ok(FrameHeader::decode(next)?.is_some_and(|header| !header.is_command()))
    }

    /// Checks the size of a frame that is still encrypted. It may be a message or a command.
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

    /// The bytes that are missing from the frame at the end of `input`, at least; 0 if unknown.
    ///
    /// The peer announced them, within the limits. Grow a buffer to this size step by step.
    pub fn wanted(&self, input: &BytesMut) -> usize {
        match &self.translation {
            None => missing(input, self.unfinished.bytes),
            Some(translation) => match translation.partial(input) {
                Partial::Record(record) => missing(record, 0),
                // A framing moves the bytes on, so a large buffer in front of it would be a second one.
                Partial::Frame(frame) => missing(frame, self.unfinished.bytes).min(FRAMED_READ),
            },
        }
    }

    /// Scans complete messages.
    fn scan(&mut self, input: &[u8], max_messages: usize) -> Scan {
        let mut scan = Scan { bytes: 0, messages: 0, end: Ok(ScanEnd::Incomplete) };
        loop {
            let rest = input.get(scan.bytes + self.unfinished.bytes..).unwrap_or_default();
            let header = match self.check_header(rest, self.unfinished) {
                Ok(Some(header)) if header.is_command() => {
                    scan.end = Ok(ScanEnd::Command(header));
                    return scan;
                }
                Ok(Some(header))
                    if scan.messages < max_messages && frame_size(header) <= rest.len() =>
                {
                    header
                }
                Ok(_) => return scan,
                Err(error) => {
                    scan.end = Err(error);
                    return scan;
                }
            };
            self.frames += 1;
            if let Some(bytes) = self.unfinished.add(header) {
                scan.bytes += bytes;
                scan.messages += 1;
            }
        }
    }

    /// Decodes and checks the header of the next frame.
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

    /// Takes the command behind the scanned frames, if it is complete.
    fn take_command(&mut self, header: FrameHeader, input: &mut BytesMut) -> Option<Inbound> {
        let size = frame_size(header);
        if size > input.len() - self.unfinished.bytes {
            return None;
        }
        self.set_aside(input);
        let mut frame = input.split_to(size);
        frame.advance(header.size());
        let body = frame.freeze();
        // libzmq ignores a command without a name.
        let command = Command::decode(body.clone())
            .unwrap_or(Command::Unknown { name: Bytes::new(), data: body });
        Some(Inbound::Command(command))
    }

    /// Moves the frames of an incomplete message out of the input, so that the command behind them is
    /// at its front. Each frame is moved once.
    fn set_aside(&mut self, input: &mut BytesMut) {
        let frames = input.split_to(std::mem::take(&mut self.unfinished.bytes));
        self.interrupted.extend_from_slice(&frames);
    }
}

impl Unfinished {
    /// Adds a complete frame. If it is the last, returns the bytes of the message and resets.
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

/// The result of a scan.
struct Scan {
    /// Bytes of the complete messages at the front.
    bytes: usize,
    messages: usize,
    end: Result<ScanEnd, ProtocolError>,
}

/// The bytes behind the complete messages.
enum ScanEnd {
    /// A command, perhaps incomplete.
    Command(FrameHeader),
    /// An incomplete message, or one above the maximum.
    Incomplete,
}

/// The bytes missing from the frame at `start`; 0 if unknown.
fn missing(bytes: &[u8], start: usize) -> usize {
    let frame = bytes.get(start..).unwrap_or_default();
    match FrameHeader::decode(frame) {
        Ok(Some(header)) => frame_size(header).saturating_sub(frame.len()),
        _ => 0,
    }
}

/// The most to read at once where a framing moves the bytes on.
const FRAMED_READ: usize = 64 * 1024;

/// The most memory to take for what a peer has announced and not sent, in bytes.
const RESERVED_AT_ONCE: usize = 1 << 20;

/// The bytes of a whole frame. A size that no memory could hold saturates, and so never arrives.
#[inline]
fn frame_size(header: FrameHeader) -> usize {
    usize::try_from(header.body_size()).unwrap_or(usize::MAX).saturating_add(header.size())
}

#[cfg(all(test, feature = "__cipher"))]
mod tests;

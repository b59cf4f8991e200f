//! Raw bytes: no greeting, no handshake, no frames. Each chunk that is read becomes one frame.

use bytes::BytesMut;

use super::{
    Carrier, FrameReader, FrameWriter, Framing, FramingContext, Introduction, Reading, Result, Step,
};
use crate::wire::FrameHeader;

/// Carries the body of each frame as it is, for peers that do not speak ZMTP.
///
/// The connection is ready at once. Received bytes become messages of one frame: of the bytes that one
/// read gave, or of [`CHUNK`](Self::CHUNK) bytes where it gave more. The peer has the version 0.0.
///
/// ```
/// use bytes::BytesMut;
/// use zmtp_codec::framing::Raw;
/// use zmtp_codec::{Connection, ConnectionConfig, Event, Message, Null, SocketType};
///
/// let config = ConnectionConfig::new(SocketType::Stream, Null);
/// let mut connection = Connection::new(&config).with_framing(Box::new(Raw));
/// let mut input = BytesMut::from("GET / HTTP/1.1\r\n");
///
/// let ready = connection.handle_input(&mut input, usize::MAX)?;
/// assert!(matches!(ready, Some(Event::Ready(_))));
/// let Some(Event::Messages(run)) = connection.handle_input(&mut input, usize::MAX)? else { panic!() };
/// assert_eq!(run.into_iter().next(), Some(Message::from("GET / HTTP/1.1\r\n")));
///
/// connection.send("HTTP/1.1 204 No Content\r\n\r\n".into());
/// assert_eq!(connection.poll_transmit().unwrap(), "HTTP/1.1 204 No Content\r\n\r\n");
/// # Ok::<_, zmtp_codec::ProtocolError>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct Raw;

impl Raw {
    /// The most bytes of one received message, as in libzmq. A smaller
    /// [`max_message_size`](crate::Limits::max_message_size) makes smaller messages.
    pub const CHUNK: usize = 8192;
}

impl Framing for Raw {
    fn start(self: Box<Self>, context: FramingContext, _: &mut Vec<u8>) -> Result<Step> {
        let limit = context.limits.max_message_size.and_then(|limit| usize::try_from(limit).ok());
        let chunk = limit.unwrap_or(usize::MAX).clamp(1, Self::CHUNK);
        let carrier = Carrier::new(RawReader { chunk }, RawWriter, Introduction::None);
        Ok(Step::Carry(carrier.with_version((0, 0))))
    }
}

#[derive(Debug)]
struct RawReader {
    /// The most bytes of one frame.
    chunk: usize,
}

impl FrameReader for RawReader {
    fn read(&mut self, input: &mut BytesMut, frames: &mut BytesMut) -> Result<Reading> {
        if input.is_empty() {
            return Ok(Reading::Incomplete);
        }
        frames.reserve(input.len() + FrameHeader::SIZE_MAX * input.len().div_ceil(self.chunk));
        for chunk in input.chunks(self.chunk) {
            FrameHeader::message(chunk.len(), false).encode_to(frames);
            frames.extend_from_slice(chunk);
        }
        input.clear();
        Ok(Reading::Frames)
    }
}

#[derive(Debug)]
struct RawWriter;

impl FrameWriter for RawWriter {
    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        if !header.is_command() {
            bytes.extend_from_slice(body);
        }
    }
}

//! The framing of a connection, up to the end of its handshake.

use bytes::BytesMut;

use super::traffic::Traffic;
use crate::batch::Batch;
use crate::error::{LimitExceeded, ProtocolError};
use crate::framing::{Carrier, Reading, read_frames};

/// The framing of a connection during its handshake.
#[derive(Debug)]
pub(super) struct Framed {
    carrier: Carrier,
    /// Frames that were read and not taken.
    pub(super) frames: BytesMut,
    /// Bytes of the framing's own commands that were read before a handshake that counts them.
    control: u64,
}

/// The result of reading frames during a handshake.
pub(super) enum Read {
    /// There may be more to read.
    More,
    Incomplete,
    /// The peer has ended the connection.
    End,
}

impl Framed {
    pub(super) fn new(carrier: Carrier) -> Self {
        Self { carrier, frames: BytesMut::new(), control: 0 }
    }

    /// Reads frames. Answers to the peer go into `output`. The bytes of the framing's own commands count
    /// among those of the handshake.
    ///
    /// # Errors
    ///
    /// If the peer breaks the rules of the framing, or the handshake has too many bytes.
    pub(super) fn read(
        &mut self,
        input: &mut BytesMut,
        output: &mut Batch,
        handshake: Option<&mut u64>,
        limit: usize,
    ) -> Result<Read, ProtocolError> {
        let reader = &mut *self.carrier.reader;
        let before = input.len();
        let answer = match read_frames(reader, input, &mut self.frames)? {
            Reading::Frames => return Ok(Read::More),
            Reading::Incomplete => return Ok(Read::Incomplete),
            Reading::Command(command) => command.reply(),
            Reading::Reply(command) => Some(command),
            Reading::End { reply } => {
                reply.iter().for_each(|reply| output.push_command(reply));
                return Ok(Read::End);
            }
        };
        answer.iter().for_each(|answer| output.push_command(answer));
        let taken = handshake.unwrap_or(&mut self.control);
        *taken += (before - input.len()) as u64;
        check_size(*taken, limit)?;
        Ok(Read::More)
    }

    /// Carries the frames of the batch.
    pub(super) fn carry(&mut self, batch: &mut Batch, bytes: &mut Vec<u8>) {
        for (header, body) in batch.frames_from(0) {
            self.carrier.writer.write(header, body, bytes);
        }
        batch.clear();
    }

    /// Ends the connection because of an error.
    pub(super) fn finish(&mut self, error: &ProtocolError, bytes: &mut Vec<u8>) {
        self.carrier.writer.finish(Some(error), bytes);
    }

    /// Carries the traffic from now on.
    pub(super) fn enter(self, traffic: &mut Traffic) {
        let Self { carrier, frames, .. } = self;
        traffic.decoder.read_with(carrier.reader, frames);
        traffic.encoder.carry_with(carrier.writer, carrier.subscriptions);
    }
}

/// Checks the bytes read in a handshake.
pub(super) fn check_size(announced: u64, limit: usize) -> Result<(), ProtocolError> {
    if announced > limit as u64 {
        return Err(LimitExceeded::HandshakeSize { announced, limit }.into());
    }
    Ok(())
}

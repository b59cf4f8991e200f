//! The framing of a connection, up to the end of its handshake.

use bytes::BytesMut;

use super::traffic::Traffic;
use crate::batch::Batch;
use crate::error::ProtocolError;
use crate::framing::{Carrier, Reading, read_frames};

/// The framing of a connection whose handshake is not over.
#[derive(Debug)]
pub(super) struct Framed {
    carrier: Carrier,
    /// Frames that were read and not taken.
    pub(super) frames: BytesMut,
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
        Self { carrier, frames: BytesMut::new() }
    }

    /// Reads frames. Answers to the peer go into `output`.
    pub(super) fn read(
        &mut self,
        input: &mut BytesMut,
        output: &mut Batch,
    ) -> Result<Read, ProtocolError> {
        let reader = &mut *self.carrier.reader;
        let answer = match read_frames(reader, input, &mut self.frames)? {
            Reading::Frames => None,
            Reading::Incomplete => return Ok(Read::Incomplete),
            Reading::Command(command) => command.reply(),
            Reading::Reply(command) => Some(command),
            Reading::End { reply } => {
                reply.iter().for_each(|reply| output.push_command(reply));
                return Ok(Read::End);
            }
        };
        answer.iter().for_each(|answer| output.push_command(answer));
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
        let Self { carrier, frames } = self;
        traffic.decoder.read_with(carrier.reader, frames);
        traffic.encoder.carry_with(carrier.writer, carrier.subscriptions);
    }
}

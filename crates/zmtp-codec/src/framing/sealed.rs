//! The write half of a framing as a sealer, around the sealer of the mechanism.

use super::FrameWriter;
use crate::batch::Batch;
use crate::error::ProtocolError;
use crate::mechanism::Sealer;
use crate::seal::SealBuffer;
use crate::wire::FrameHeader;

/// Encrypts frames, if the mechanism does, and carries them.
#[derive(Debug)]
pub(crate) struct FramedSealer {
    writer: Box<dyn FrameWriter>,
    encryption: Option<Encryption>,
}

/// Encrypts one frame at a time: frames of the framing's own are between the others.
#[derive(Debug)]
struct Encryption {
    sealer: Box<dyn Sealer>,
    /// The frame to encrypt.
    frame: Batch,
    /// The frame, encrypted.
    sealed: SealBuffer,
}

impl FramedSealer {
    pub(crate) fn new(writer: Box<dyn FrameWriter>, sealer: Option<Box<dyn Sealer>>) -> Self {
        let encryption = sealer.map(|sealer| {
            let (frame, sealed) = (Batch::new(), SealBuffer::new());
            Encryption { sealer, frame, sealed }
        });
        Self { writer, encryption }
    }

    fn write(&mut self, header: FrameHeader, body: &[u8], bytes: &mut Vec<u8>) {
        match &mut self.encryption {
            Some(encryption) if !self.writer.is_control(header, body) => {
                encryption.seal(header, body);
                encryption.carry(&mut *self.writer, bytes);
            }
            _ => self.writer.write(header, body, bytes),
        }
    }
}

impl Sealer for FramedSealer {
    fn seal(&mut self, batch: &Batch, sealed: &mut SealBuffer) {
        for (header, body) in batch.frames_from(sealed.plain_bytes()) {
            if sealed.is_full() {
                return;
            }
            sealed.record(header.size() + body.len(), |bytes| self.write(header, body, bytes));
        }
    }

    fn finish(&mut self, error: Option<&ProtocolError>, bytes: &mut Vec<u8>) {
        self.writer.finish(error, bytes);
    }
}

impl Encryption {
    fn seal(&mut self, header: FrameHeader, body: &[u8]) {
        self.frame.clear();
        self.sealed.clear();
        self.frame.push_copy(header, body);
        self.sealer.seal(&self.frame, &mut self.sealed);
    }

    /// Carries the encrypted records. Each one is a frame.
    fn carry(&self, writer: &mut dyn FrameWriter, bytes: &mut Vec<u8>) {
        let mut rest = self.sealed.first_chunk();
        while let Ok(Some(header)) = FrameHeader::decode(rest)
            && let Ok(size) = usize::try_from(header.body_size())
            && let Some((frame, behind)) = rest.split_at_checked(header.size() + size)
        {
            writer.write(header, &frame[header.size()..], bytes);
            rest = behind;
        }
    }
}

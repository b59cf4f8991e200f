//! The exchange of Noise messages, with `snow`.

use std::fmt;

use snow::{Builder, HandshakeState};
use zeroize::Zeroizing;

use super::record::RecordKey;
use super::resolver::Resolver;
use super::{COMMAND, KEY, METADATA_MAX, Pattern, TAG};
use crate::error::{PeerMisbehaved, PeerUntrusted, ProtocolError};
use crate::mechanism::{HandshakeContext, Result, Seed};
use crate::wire::Command;

/// A Noise handshake in progress.
pub(super) struct Exchange(Box<HandshakeState>);

/// The keys with which each side encrypts.
pub(super) struct Keys {
    pub(super) client: RecordKey,
    pub(super) server: RecordKey,
}

/// The keys that one side knows at the start.
pub(super) struct Known<'a> {
    pub(super) pattern: Pattern,
    /// This side's secret key.
    pub(super) secret: &'a [u8; KEY],
    /// The server's public key, for a client of IK.
    pub(super) server: Option<&'a [u8; KEY]>,
}

impl Exchange {
    pub(super) fn client(
        known: &Known<'_>,
        seed: &Seed,
        context: &HandshakeContext,
    ) -> Result<Self> {
        let prologue = [context.own_greeting, context.peer_greeting].concat();
        Self::new(known, seed.bytes::<0, KEY>(), &prologue, |builder| builder.build_initiator())
    }

    pub(super) fn server(
        known: &Known<'_>,
        seed: &Seed,
        context: &HandshakeContext,
    ) -> Result<Self> {
        let prologue = [context.peer_greeting, context.own_greeting].concat();
        Self::new(known, seed.bytes::<0, KEY>(), &prologue, |builder| builder.build_responder())
    }

    fn new(
        known: &Known<'_>,
        ephemeral: Zeroizing<[u8; KEY]>,
        prologue: &[u8],
        build: impl FnOnce(Builder<'_>) -> std::result::Result<HandshakeState, snow::Error>,
    ) -> Result<Self> {
        let state = || {
            let protocol = match known.pattern {
                Pattern::Xx => "Noise_XX_25519_ChaChaPoly_BLAKE2s",
                Pattern::Ik => "Noise_IK_25519_ChaChaPoly_BLAKE2s",
            };
            let builder =
                Builder::with_resolver(protocol.parse()?, Box::new(Resolver { ephemeral }))
                    .prologue(prologue)?
                    .local_private_key(known.secret)?;
            match known.server {
                Some(key) => build(builder.remote_public_key(key)?),
                None => build(builder),
            }
        };
        let state = state().map_err(|_| unfit())?;
        Ok(Self(Box::new(state)))
    }

    /// The next message, with a payload.
    pub(super) fn write(&mut self, payload: &[u8]) -> Result<Vec<u8>> {
        let (bytes, limit) = (payload.len(), METADATA_MAX);
        if bytes > limit {
            return Err(ProtocolError::MetadataTooLong { bytes, limit });
        }
        let mut message = vec![0; FRAMING + payload.len()];
        let len = self.0.write_message(payload, &mut message).map_err(|_| unfit())?;
        message.truncate(len);
        Ok(message)
    }

    /// Reads the payload of the peer's next message.
    pub(super) fn read(&mut self, message: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
        let mut payload = Zeroizing::new(vec![0; message.len()]);
        let len = self
            .0
            .read_message(message, &mut payload)
            .map_err(|_| PeerUntrusted::Unopened("handshake message"))?;
        payload.truncate(len);
        Ok(payload)
    }

    /// Reads the peer's next message, which must have no payload.
    pub(super) fn read_empty(&mut self, message: &[u8]) -> Result<()> {
        let payload = self.read(message)?;
        let layout = PeerMisbehaved::CommandLayout(COMMAND);
        if payload.is_empty() { Ok(()) } else { Err(layout.into()) }
    }

    /// The peer's public key.
    pub(super) fn peer_key(&self) -> Result<[u8; KEY]> {
        let key = self.0.get_remote_static().and_then(|key| key.try_into().ok());
        key.ok_or_else(unfit)
    }

    /// The keys of the records.
    pub(super) fn finish(mut self) -> Result<Keys> {
        if !self.0.is_handshake_finished() {
            return Err(unfit());
        }
        let (client, server) = self.0.dangerously_get_raw_split();
        Ok(Keys { client: RecordKey::new(client), server: RecordKey::new(server) })
    }
}

/// READY: this side's metadata, as the first record.
pub(super) fn ready(key: &mut RecordKey, metadata: &[u8]) -> Result<Command> {
    let (bytes, limit) = (metadata.len(), METADATA_MAX);
    let sealed = key.seal(metadata).filter(|_| bytes <= limit);
    let data = sealed.ok_or(ProtocolError::MetadataTooLong { bytes, limit })?.into();
    Ok(Command::Ready { data })
}

/// All other errors of `snow` mean an invalid key.
fn unfit() -> ProtocolError {
    PeerUntrusted::UnfitKey("public key").into()
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Exchange(..)")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// The most bytes of keys and tags in a message.
const FRAMING: usize = 2 * (KEY + TAG);

#[cfg(test)]
mod tests;

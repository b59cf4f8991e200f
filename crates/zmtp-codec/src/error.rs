//! The errors of a connection, grouped by their cause.

use std::borrow::Cow;

use crate::authentication::DenyStatus;
#[cfg(feature = "ws")]
use crate::framing::zws::{UpgradeError, WebSocketFault};
use crate::group::GroupError;
use crate::metadata::MetadataError;
use crate::socket_type::SocketType;
use crate::wire::{CommandError, FrameError, MechanismName, UnsupportedVersion};

/// A connection has failed.
///
/// The variant names the cause. [`disposition`](Self::disposition) and
/// [`may_reconnect`](Self::may_reconnect) say how to react.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// This side denied the peer.
    #[error("peer was not let in: {0}")]
    Denied(DenyStatus),
    /// Both sides are valid, but their configurations do not match.
    #[error(transparent)]
    Incompatible(#[from] PeerIncompatible),
    /// The peer exceeded a limit.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// The peer sent bytes that cannot be decoded.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The peer sent something valid at the wrong time.
    #[error(transparent)]
    Misbehaved(#[from] PeerMisbehaved),
    /// This side's metadata is larger than its mechanism can send.
    #[error(
        "this side's metadata has {bytes} bytes, \
         and its security mechanism can send {limit}: shorten the application's properties"
    )]
    MetadataTooLong {
        /// The bytes of the metadata.
        bytes: usize,
        /// The bytes allowed.
        limit: usize,
    },
    /// This side's mechanism needs randomness, and the connection has none.
    #[error(
        "this side's security mechanism needs randomness: \
         make the connection with Connection::with_entropy"
    )]
    NoEntropy,
    /// The peer sent an ERROR command in the handshake.
    #[error("peer refused the connection{}: {reason:?}", explain(reason))]
    Refused {
        /// The peer's reason.
        reason: String,
    },
    /// The peer failed to authenticate itself or a record.
    #[error(transparent)]
    Untrusted(#[from] PeerUntrusted),
    /// An HTTP connection did not become a WebSocket.
    #[cfg(feature = "ws")]
    #[error(transparent)]
    Upgrade(#[from] UpgradeError),
}

/// The configurations of the two sides do not match: one of them has to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerIncompatible {
    /// The security mechanisms differ.
    #[error("peer wants the {theirs} security mechanism, this side is set to {ours}")]
    Mechanism {
        /// The mechanism of this side.
        ours: MechanismName,
        /// The mechanism that the peer announced.
        theirs: MechanismName,
    },
    /// Both sides have the same role in a mechanism with two roles.
    #[error(
        "both sides are the {} of the security mechanism: one of them has to change",
        if *.as_server { "server" } else { "client" }
    )]
    Role {
        /// Whether both are the server.
        as_server: bool,
    },
    /// Sockets of these types cannot talk to each other.
    #[error("a {ours} socket cannot talk to a {theirs} socket")]
    SocketType {
        /// The type of the socket on this side.
        ours: SocketType,
        /// The type the peer announced.
        theirs: SocketType,
    },
    /// The peer announced an unknown socket type.
    #[error("peer announced the socket type {0:?}, which this side does not know")]
    UnknownSocketType(String),
    /// The connection has no handshake, and this side requires security.
    #[error("the connection has no handshake and so no security, which this side requires")]
    Insecure,
    /// The mechanism encrypts a stream of bytes, and the connection carries frames of another kind.
    #[error("{mechanism} encrypts a stream of bytes, which this connection does not carry")]
    Unframed {
        /// The mechanism of this side.
        mechanism: MechanismName,
    },
    /// The peer speaks another version, or another protocol.
    #[error(transparent)]
    Version(#[from] UnsupportedVersion),
}

/// A peer exceeded one of the [`Limits`](crate::Limits).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitExceeded {
    /// A command is larger than `max_command_size`.
    #[error("peer announced a command of {announced} bytes, and {limit} are allowed")]
    CommandSize {
        /// The bytes the peer announced.
        announced: u64,
        /// The bytes allowed.
        limit: usize,
    },
    /// A message has more frames than `max_frames_per_message`.
    #[error("peer sent a message of more than {limit} frames")]
    FrameCount {
        /// The frames allowed.
        limit: u32,
    },
    /// A handshake is larger than `max_handshake_size`.
    #[error("peer announced a handshake of {announced} bytes or more, and {limit} are allowed")]
    HandshakeSize {
        /// The bytes up to and with the command announced.
        announced: u64,
        /// The bytes allowed.
        limit: usize,
    },
    /// A message is larger than `max_message_size`.
    #[error("peer announced a message of {announced} bytes or more, and {limit} are allowed")]
    MessageSize {
        /// The bytes of the frames up to and with the one announced.
        announced: u64,
        /// The bytes allowed.
        limit: u64,
    },
}

/// A peer sent bytes that are not ZMTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A command cannot be decoded.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A frame header cannot be decoded.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The bytes break the rules of the connection's [framing](crate::framing).
    #[error("{0}")]
    Framing(Cow<'static, str>),
    /// The metadata of the handshake cannot be decoded.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// A WebSocket frame is against the rules of RFC 6455 or 45/ZWS.
    #[cfg(feature = "ws")]
    #[error(transparent)]
    WebSocket(#[from] WebSocketFault),
}

/// A peer sent something that is not allowed at this point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A command of the handshake with the wrong fields.
    #[error("peer's {0} command has not the fields that its security mechanism requires")]
    CommandLayout(&'static str),
    /// A group that is longer than 255 bytes, or contains a zero byte.
    #[error("peer named an invalid group: {0}")]
    Group(#[from] GroupError),
    /// A message during the handshake: a frame that is neither the expected command nor marked as a
    /// command.
    #[error("peer sent a message before it was ready")]
    MessageBeforeReady,
    /// An encrypted record with an impossible size.
    #[error("peer announced an encrypted record of {0} bytes; a record has 17 to 65,535")]
    RecordSize(u64),
    /// A command of another step of the handshake.
    #[error("peer sent {received:?} in the handshake where {expected} was expected")]
    UnexpectedCommand {
        /// The name of the command received.
        received: String,
        /// The name of the command expected.
        expected: &'static str,
    },
    /// A message to a DISH that is not a group and one frame (48/RADIO-DISH).
    #[error("peer sent a message that is not a group and one frame")]
    Ungrouped,
    /// A command in clear on an encrypted connection.
    #[error("peer sent a command in clear on an encrypted connection")]
    Unsealed,
}

/// A peer failed to prove that it owns its keys, or that a record is authentic and fresh.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerUntrusted {
    /// A cookie that this side did not make for this connection.
    #[error("peer sent a cookie of another connection")]
    ForeignCookie,
    /// A vouch for the keys of another connection.
    #[error("peer vouched for another connection, or to another server")]
    ForeignVouch,
    /// A record is missing in the middle of a message.
    #[error(
        "peer sent record {number} after record {last} in the middle of a message: \
         frames were dropped on the way"
    )]
    LeftOut {
        /// The number of the record.
        number: u64,
        /// The number of the previous record.
        last: u64,
    },
    /// A record that was received before.
    #[error("peer sent record {number} after record {last}: it was replayed")]
    Replayed {
        /// The number of the record.
        number: u64,
        /// The number of the previous record.
        last: u64,
    },
    /// The server has another key than the one this side expects.
    #[error("the server has another key than the one this side expects")]
    ForeignServer,
    /// A key of low order, which gives the same shared secret with every key.
    #[error("the peer's {0} is not a valid key")]
    UnfitKey(&'static str),
    /// Encrypted data that cannot be decrypted.
    #[error(
        "peer's {0} cannot be decrypted: one side has a wrong key for the other, \
         or it was changed on the way"
    )]
    Unopened(&'static str),
}

/// How to end a connection that has failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disposition {
    /// Close it.
    Close,
    /// Send an ERROR command with this reason, then close the connection.
    ///
    /// [`Connection`](crate::Connection) has queued the command already, unless the peer speaks
    /// ZMTP 2.0, which has no commands.
    SendErrorAndClose(String),
}

impl ProtocolError {
    /// How to end the connection.
    ///
    /// The peer gets an ERROR for a denial and for faults of its metadata, which need a person to
    /// fix. After any other fault the two sides share no state in which an ERROR could be sent.
    pub fn disposition(&self) -> Disposition {
        match self {
            Self::Incompatible(
                PeerIncompatible::SocketType { .. } | PeerIncompatible::UnknownSocketType(_),
            )
            | Self::Malformed(Malformed::Metadata(_)) => {
                Disposition::SendErrorAndClose(self.to_string())
            }
            Self::Denied(status) if *status != DenyStatus::TemporaryError => {
                Disposition::SendErrorAndClose(status.code().to_string())
            }
            _ => Disposition::Close,
        }
    }

    /// Whether it makes sense to connect again (37/ZMTP, "Error Handling").
    ///
    /// An ERROR command is fatal, and so is a denial by this side unless it was temporary. All other
    /// errors may be temporary: the program behind the address may be replaced.
    pub fn may_reconnect(&self) -> bool {
        match self {
            Self::MetadataTooLong { .. } | Self::NoEntropy | Self::Refused { .. } => false,
            #[cfg(feature = "ws")]
            Self::Upgrade(error) => error.may_reconnect(),
            Self::Denied(status) => *status == DenyStatus::TemporaryError,
            _ => true,
        }
    }
}

/// Explains the reason of a refusal if it is a status code.
fn explain(reason: &str) -> &'static str {
    match DenyStatus::from_reason(reason) {
        Some(DenyStatus::TemporaryError) => {
            " because it could not authenticate this side at the moment"
        }
        Some(DenyStatus::AuthenticationFailure) => {
            " because it does not accept the credentials of this side"
        }
        Some(DenyStatus::InternalError) => " because whatever checks credentials there has failed",
        None => "",
    }
}

/// Conversions of a cause by way of its group.
macro_rules! from_cause {
    ($($Cause:ty => $Group:ty;)*) => {$(
        impl From<$Cause> for ProtocolError {
            fn from(error: $Cause) -> Self {
                <$Group>::from(error).into()
            }
        }
    )*};
}

from_cause! {
    UnsupportedVersion => PeerIncompatible;
    FrameError => Malformed;
    GroupError => PeerMisbehaved;
    CommandError => Malformed;
    MetadataError => Malformed;
}

#[cfg(feature = "ws")]
from_cause! {
    WebSocketFault => Malformed;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_is_sent_only_if_peer_can_fix_it() {
        let (ours, theirs) = (SocketType::Req, SocketType::Pub);
        let error = ProtocolError::from(PeerIncompatible::SocketType { ours, theirs });
        let reason = "a REQ socket cannot talk to a PUB socket".into();
        assert_eq!(error.disposition(), Disposition::SendErrorAndClose(reason));
        assert!(error.may_reconnect());
        let noise = ProtocolError::from(FrameError::ReservedFlags(0x80));
        assert_eq!(noise.disposition(), Disposition::Close);
    }

    #[test]
    fn refusal_forbids_reconnect() {
        let refused = ProtocolError::Refused { reason: "no".into() };
        assert!(!refused.may_reconnect());
        assert_eq!(refused.disposition(), Disposition::Close);
        assert_eq!(refused.to_string(), "peer refused the connection: \"no\"");
        let refused = ProtocolError::Refused { reason: "400".into() };
        assert!(refused.to_string().contains("does not accept the credentials"), "{refused}");
    }

    #[test]
    fn denial_sends_its_code_or_nothing() {
        let denied = ProtocolError::Denied(DenyStatus::AuthenticationFailure);
        assert_eq!(denied.disposition(), Disposition::SendErrorAndClose("400".into()));
        assert_eq!(denied.to_string(), "peer was not let in: 400 authentication failure");
        assert!(!denied.may_reconnect());
        let denied = ProtocolError::Denied(DenyStatus::TemporaryError);
        assert_eq!(denied.disposition(), Disposition::Close);
        assert!(denied.may_reconnect());
    }
}

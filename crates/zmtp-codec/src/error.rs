//! What can go wrong with a connection, by whose fault it is and what is to be done.

use crate::authentication::DenyStatus;
use crate::metadata::MetadataError;
use crate::socket_type::SocketType;
use crate::wire::{CommandError, FrameError, MechanismName, UnsupportedVersion};

/// A connection cannot go on.
///
/// The variants tell whose fault it is; [`disposition`](Self::disposition) and
/// [`may_reconnect`](Self::may_reconnect) tell what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProtocolError {
    /// This side was asked whether the peer may go on, and it may not.
    #[error("peer was not let in: {0}")]
    Denied(DenyStatus),
    /// Both peers are in order, but not made for each other.
    #[error(transparent)]
    Incompatible(#[from] PeerIncompatible),
    /// What the peer sends is larger than the limits allow.
    #[error(transparent)]
    LimitExceeded(#[from] LimitExceeded),
    /// What the peer sends cannot be read.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// What the peer sends can be read, but not at this point.
    #[error(transparent)]
    Misbehaved(#[from] PeerMisbehaved),
    /// This side has more to say about itself than its mechanism can send.
    #[error(
        "this side's metadata has {bytes} bytes, \
         and its security mechanism can send {limit}: shorten the application's own properties"
    )]
    MetadataTooLong {
        /// The bytes there are.
        bytes: usize,
        /// The bytes there may be.
        limit: usize,
    },
    /// This side's mechanism needs randomness, and the connection was made without.
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
    /// What the peer sends does not prove what it has to.
    #[error(transparent)]
    Untrusted(#[from] PeerUntrusted),
}

/// Two peers are not made for each other: one of them has to be configured otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerIncompatible {
    /// The security mechanisms differ.
    #[error("peer wants the {theirs} security mechanism, this side is set to {ours}")]
    Mechanism {
        /// What this side is set to.
        ours: MechanismName,
        /// What the peer announced.
        theirs: MechanismName,
    },
    /// Both sides have the same part in a handshake that takes two.
    #[error(
        "both sides are set to be the {} of the security mechanism: one has to be the other",
        if *.as_server { "server" } else { "client" }
    )]
    Role {
        /// Whether they are set to be the server.
        as_server: bool,
    },
    /// Sockets of these types do not talk to each other.
    #[error("a {ours} socket cannot talk to a {theirs} socket")]
    SocketType {
        /// The type of the socket on this side.
        ours: SocketType,
        /// The type the peer announced.
        theirs: SocketType,
    },
    /// The peer announced a socket type that does not exist here.
    #[error("peer announced the socket type {0:?}, which this side does not know")]
    UnknownSocketType(String),
    /// The peer speaks another version, or another protocol.
    #[error(transparent)]
    Version(#[from] UnsupportedVersion),
}

/// A peer sends more than the limits allow. Raise the limit or ask the peer to send less.
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

/// A peer sends bytes that are not ZMTP.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Malformed {
    /// A command cannot be read.
    #[error(transparent)]
    Command(#[from] CommandError),
    /// A frame header cannot be read.
    #[error(transparent)]
    Frame(#[from] FrameError),
    /// The metadata of the handshake cannot be read.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
}

/// A peer sends what it may not send at this point.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerMisbehaved {
    /// A command of the handshake whose fields are not where they belong.
    #[error("peer's {0} command is not laid out as its security mechanism has it")]
    CommandLayout(&'static str),
    /// A message before the handshake was over: a frame that is no command due there, and not
    /// marked as a command either.
    #[error("peer sent a message before it was ready")]
    MessageBeforeReady,
    /// An encrypted record of a size that none has.
    #[error("peer announced an encrypted record of {0} bytes, and 17 to 65,535 is what one has")]
    RecordSize(u64),
    /// A command that does not belong to this step of the handshake.
    #[error("peer sent {received:?} in the handshake where {expected} was due")]
    UnexpectedCommand {
        /// The name of the command that came.
        received: String,
        /// The name of the command that was due.
        expected: &'static str,
    },
    /// Something that is not encrypted, on a connection that is.
    #[error("peer sent a command in clear where everything has to be encrypted by now")]
    Unsealed,
}

/// What a peer sends does not prove that it has the keys it should have, or that it is from the
/// peer and from now.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PeerUntrusted {
    /// A cookie that this side has not made for this connection.
    #[error("peer brought a cookie that was not given to it on this connection")]
    ForeignCookie,
    /// A vouch for other keys than those of this connection.
    #[error("peer vouched for another connection, or to another server")]
    ForeignVouch,
    /// A record inside a message that is not the next after the one before.
    #[error(
        "peer sent record {number} after record {last} in the middle of a message: \
         frames of it, or of the next one, were left out on the way"
    )]
    LeftOut {
        /// The number of the record.
        number: u64,
        /// The number of the record before.
        last: u64,
    },
    /// A record that is not newer than the one before.
    #[error("peer sent record {number} after record {last}: it was repeated on the way")]
    Replayed {
        /// The number of the record.
        number: u64,
        /// The number of the record before.
        last: u64,
    },
    /// The server is not the one whose key this side knows.
    #[error("the server has proven to have another key than the one this side is set to")]
    ForeignServer,
    /// A key that makes every secret it is used with the same.
    #[error("the peer's {0} is none that a peer could have made")]
    UnfitKey(&'static str),
    /// Something encrypted that does not decrypt.
    #[error(
        "peer's {0} cannot be decrypted: one side has a wrong key for the other, \
         or somebody changed it on the way"
    )]
    Unopened(&'static str),
}

/// What to do with a connection that cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Disposition {
    /// Close it without a word.
    Close,
    /// Send an ERROR command with this reason, then close it.
    /// [`Connection`](crate::Connection) has queued the command already, unless the peer speaks
    /// ZMTP 2.0, which has none.
    SendErrorAndClose(String),
}

impl ProtocolError {
    /// What is to be done with the connection.
    ///
    /// The peer is told of faults in what it said of itself, for those a person has to mend. All
    /// other faults leave no common ground to tell it anything on.
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
    /// An ERROR command is fatal: the peer would refuse again; and so is a denial by this side,
    /// unless it was temporary. Everything else may be temporary, as the program behind an address
    /// may be replaced by one that does better.
    pub fn may_reconnect(&self) -> bool {
        match self {
            Self::MetadataTooLong { .. } | Self::NoEntropy | Self::Refused { .. } => false,
            Self::Denied(status) => *status == DenyStatus::TemporaryError,
            _ => true,
        }
    }
}

/// What is behind a refusal, where its reason is a status code and no text.
fn explain(reason: &str) -> &'static str {
    match DenyStatus::from_reason(reason) {
        Some(DenyStatus::TemporaryError) => " because it could not tell who this side is just now",
        Some(DenyStatus::AuthenticationFailure) => {
            " because it does not accept the credentials of this side"
        }
        Some(DenyStatus::InternalError) => " because whatever checks credentials there has failed",
        None => "",
    }
}

impl From<UnsupportedVersion> for ProtocolError {
    fn from(error: UnsupportedVersion) -> Self {
        PeerIncompatible::from(error).into()
    }
}

impl From<FrameError> for ProtocolError {
    fn from(error: FrameError) -> Self {
        Malformed::from(error).into()
    }
}

impl From<CommandError> for ProtocolError {
    fn from(error: CommandError) -> Self {
        Malformed::from(error).into()
    }
}

impl From<MetadataError> for ProtocolError {
    fn from(error: MetadataError) -> Self {
        Malformed::from(error).into()
    }
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

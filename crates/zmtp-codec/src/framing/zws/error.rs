//! Failed upgrades.

use super::profile::Profile;
use super::refusal::Refusal;
use crate::wire::MechanismName;

/// An HTTP connection did not become a WebSocket that speaks ZeroMQ.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UpgradeError {
    /// The server's response has a header that is missing, repeated or wrong.
    #[error("the server's answer is no WebSocket upgrade: its header {0} is missing or wrong")]
    Header(&'static str),
    /// The server's response cannot be read.
    #[error("the server's answer is no valid HTTP response of at most 16 KiB and 100 headers")]
    InvalidResponse,
    /// The host or the path of this side cannot be in a request.
    #[error("the host or the path of the WebSocket cannot be in an HTTP request")]
    InvalidTarget,
    /// The connection was upgraded to a profile that does not suit this side's mechanism.
    #[error(
        "the WebSocket was upgraded to {profile}, and this side's security mechanism is {mechanism}"
    )]
    Mechanism {
        /// The profile.
        profile: Profile,
        /// The mechanism of this side.
        mechanism: MechanismName,
    },
    /// 45/ZWS has no sub-protocol for the mechanism.
    #[error("{0} does not work over WebSocket; use NULL, PLAIN or CURVE")]
    NoSubProtocol(MechanismName),
    /// The server does not speak HTTP/1.1.
    #[error("the peer is no WebSocket server: it does not answer in HTTP/1.1")]
    NotHttp,
    /// This side refused the client's request.
    #[error("refused the peer's HTTP request with status {}: {refusal}", .refusal.status())]
    Refused {
        /// The response.
        refusal: Refusal,
    },
    /// The server answered with another status than 101.
    #[error("the server refused the WebSocket: HTTP {code} {text}")]
    Status {
        /// The status code.
        code: u16,
        /// Its text, at most 64 characters.
        text: String,
    },
    /// The server chose a sub-protocol that this side did not offer, or none, or several.
    #[error(
        "the server chose the WebSocket sub-protocol {chosen:?}, which this side did not offer; its \
         security mechanism is {mechanism}"
    )]
    SubProtocol {
        /// The name that the server chose; empty if none or several.
        chosen: String,
        /// The mechanism of this side.
        mechanism: MechanismName,
    },
}

impl UpgradeError {
    /// Whether another attempt may succeed: not if the fault is in this side's configuration.
    pub(crate) fn may_reconnect(&self) -> bool {
        !matches!(self, Self::InvalidTarget | Self::Mechanism { .. } | Self::NoSubProtocol(_))
    }
}

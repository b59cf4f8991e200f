//! Properties of the socket types that matter to the command.

use zeromq_async::SocketType;

/// The type that has this name on the command line.
pub(crate) fn named(text: &str) -> Option<SocketType> {
    SocketType::ALL.into_iter().find(|kind| kind.name().to_ascii_lowercase() == text)
}

/// Whether the other socket can send the messages that this one receives.
pub(crate) fn forwards_to(kind: SocketType, other: SocketType) -> bool {
    kind.receives() && other.sends()
}

/// Whether peers subscribe to messages.
pub(crate) fn publishes(kind: SocketType) -> bool {
    matches!(kind, SocketType::Pub | SocketType::XPub)
}

pub(crate) fn subscribes(kind: SocketType) -> bool {
    matches!(kind, SocketType::Sub | SocketType::XSub)
}

/// Whether sends and receives must alternate.
pub(crate) fn alternates(kind: SocketType) -> bool {
    matches!(kind, SocketType::Req | SocketType::Rep)
}

/// Whether it can receive the commands of a proxy's control socket.
pub(crate) fn takes_commands(kind: SocketType) -> bool {
    kind.receives() && !matches!(kind, SocketType::Req | SocketType::XPub | SocketType::XSub)
}

/// Whether a proxy can pass its messages on. The messages of the other types name a peer or group that
/// the other side does not have.
pub(crate) fn is_forwarded(kind: SocketType) -> bool {
    !matches!(
        kind,
        SocketType::Dgram
            | SocketType::Dish
            | SocketType::Peer
            | SocketType::Radio
            | SocketType::Server
            | SocketType::Stream
    )
}

/// Whether the RFC of this type says to drop messages for a disconnected peer. Such a drop is not a
/// failure.
pub(crate) fn drops(kind: SocketType) -> bool {
    matches!(
        kind,
        SocketType::Peer
            | SocketType::Pub
            | SocketType::Radio
            | SocketType::Rep
            | SocketType::Router
            | SocketType::Server
            | SocketType::Stream
            | SocketType::XPub
            | SocketType::XSub
    )
}

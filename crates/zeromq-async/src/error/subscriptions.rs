//! Why a publisher has had enough of a subscriber.

/// A peer has subscribed to more than this socket keeps for it, and was disconnected.
///
/// It may connect again, and is told nothing: raise the limit, or ask it to subscribe to less.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{
///     DisconnectReason, PubSocket, SocketEvent, SubSocket, SubscriptionsExceeded,
/// };
///
/// let publisher = PubSocket::builder().max_subscriptions_per_peer(2).build();
/// let mut events = publisher.events();
/// let sub = SubSocket::builder().subscribe("a").subscribe("b").subscribe("c").build();
/// sub.connect(publisher.bind("tcp://127.0.0.1:0").await?)?;
/// while let Some(event) = events.next().await {
///     if let SocketEvent::Disconnected { reason, .. } = event {
///         let limit = SubscriptionsExceeded::Count { limit: 2 };
///         assert!(matches!(reason, DisconnectReason::Subscriptions(why) if why == limit));
///         break;
///     }
/// }
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SubscriptionsExceeded {
    /// Topics at a time.
    #[error(
        "the peer subscribed to more than {limit} topics at a time: raise \
         max_subscriptions_per_peer, or let it subscribe to less"
    )]
    Count {
        /// How many there may be.
        limit: usize,
    },
    /// Bytes of all topics together.
    #[error(
        "the topics that the peer subscribed to have more than {limit} bytes together: raise \
         max_subscription_bytes_per_peer, or let it subscribe to less"
    )]
    Bytes {
        /// How many there may be.
        limit: usize,
    },
    /// Changes that an XPUB has not received, so many that it probably never will.
    #[error(
        "{limit} messages and changes of subscriptions of this peer, or of peers that have left, have \
         not been received: let the XPUB receive them, use a PUB, or raise \
         max_subscriptions_per_peer"
    )]
    Unread {
        /// How many there may be.
        limit: usize,
    },
    /// Bytes of changes that an XPUB has not received.
    #[error(
        "{limit} bytes of messages and changes of subscriptions of this peer, or of peers that have \
         left, have not been received: let the XPUB receive them, use a PUB, or raise \
         max_subscription_bytes_per_peer"
    )]
    UnreadBytes {
        /// How many there may be.
        limit: usize,
    },
}

//! Limits on the subscriptions of a peer.

/// A peer exceeded this socket's limits on subscriptions, and was disconnected.
///
/// It may connect again, and does not learn the reason. Raise the limit, or subscribe to less.
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
    /// The number of topics at a time.
    #[error(
        "the peer subscribed to more than {limit} topics at a time: raise \
         max_subscriptions_per_peer, or subscribe to less"
    )]
    Count {
        /// The limit.
        limit: usize,
    },
    /// The number of groups at a time.
    #[error(
        "the peer joined more than {limit} groups at a time: raise max_groups_per_peer, or join less"
    )]
    Groups {
        /// The limit.
        limit: usize,
    },
    /// The bytes of all topics together.
    #[error(
        "the topics that the peer subscribed to have more than {limit} bytes together: raise \
         max_subscription_bytes_per_peer, or subscribe to less"
    )]
    Bytes {
        /// The limit.
        limit: usize,
    },
    /// The number of changes that the XPUB has not received.
    #[error(
        "{limit} messages and changes of subscriptions of this peer, or of peers that have left, have \
         not been received: let the XPUB receive them, use a PUB, or raise \
         max_subscriptions_per_peer"
    )]
    Unread {
        /// The limit.
        limit: usize,
    },
    /// The bytes of changes that the XPUB has not received.
    #[error(
        "{limit} bytes of messages and changes of subscriptions of this peer, or of peers that have \
         left, have not been received: let the XPUB receive them, use a PUB, or raise \
         max_subscription_bytes_per_peer"
    )]
    UnreadBytes {
        /// The limit.
        limit: usize,
    },
}

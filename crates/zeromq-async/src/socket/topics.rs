//! How many topics there are, on either side (29/PUBSUB).

use super::{Compose, Pub, Socket, SocketKind, Sub, XPub, XSub};
use crate::pattern::CountTopics;

/// A socket type that has topics: [`Pub`], [`XPub`], [`Sub`] or [`XSub`]. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket has no topics",
    label = "nothing is subscribed to at this socket type",
    note = "PUB, SUB, XPUB and XSUB have topics"
)]
#[expect(private_bounds, reason = "sealed by SocketKind")]
pub trait Topical: SocketKind + Compose<Control: CountTopics> {}

impl Topical for Pub {}
impl Topical for XPub {}
impl Topical for Sub {}
impl Topical for XSub {}

impl<P: SocketKind> Socket<P> {
    /// How many different topics there are subscriptions to (`ZMQ_TOPICS_COUNT`): of all peers
    /// together for PUB and XPUB, of this socket for SUB and XSUB.
    ///
    /// ```
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use zeromq_async::{SubSocket, XPubSocket};
    ///
    /// let mut xpub = XPubSocket::new();
    /// let sub = SubSocket::builder().subscribe("news.").subscribe("news.").build();
    /// assert_eq!(sub.topics_count(), 1);
    /// sub.connect(xpub.bind("tcp://127.0.0.1:0").await?)?;
    /// assert_eq!(xpub.recv().await?, "\u{1}news.");
    /// assert_eq!(xpub.topics_count(), 1);
    /// # Ok(()) }
    /// ```
    pub fn topics_count(&self) -> usize
    where
        P: Topical,
    {
        self.receiver.control.count_topics()
    }
}

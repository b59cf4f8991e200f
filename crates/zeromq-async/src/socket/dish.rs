//! DISH: messages of the groups it has joined (48/RADIO-DISH).

use std::sync::Arc;
use std::time::Duration;

use tower_layer::Layer;
use zmtp::{Group, GroupError, Membership, SocketType};

use super::{FrameKind, Receives, SharedSocket, SocketKind, Stacks};
use crate::error::MembershipError;
use crate::pattern::{FairQueue, GroupFilter, GroupFilterLayer, Memberships, Peers};

/// Receives the messages of the groups that it has joined, from every RADIO (48/RADIO-DISH).
///
/// It begins in no group and receives nothing until it joins one. Each RADIO is told the groups again
/// whenever a connection is made. A message is a group and one frame, and any task can receive through
/// its own clone.
///
/// Over `udp://` a DISH binds, to an address or to a multicast group of the network, which has nothing to
/// do with the groups of 48/RADIO-DISH. Datagrams that are no messages count as
/// [malformed](crate::Discarded::malformed). While the queue is full, the system drops datagrams that
/// its buffer does not hold.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DishSocket, Group, RadioSocket};
///
/// let (radio, dish) = (RadioSocket::new(), DishSocket::new());
/// dish.join("news")?;
/// radio.connect(dish.bind("udp://127.0.0.1:*").await?)?;
/// radio.send_to(Group::new("news")?, "hello").await?;
/// assert_eq!(dish.recv().await?, (Group::new("news")?, "hello".into()));
/// # Ok(()) }
/// ```
pub type DishSocket = SharedSocket<Dish>;

/// The type of a [`DishSocket`].
#[derive(Debug)]
pub enum Dish {}

impl SocketKind for Dish {
    const TYPE: SocketType = SocketType::Dish;
    const ONE_FRAME: bool = true;
    /// A DISH has nothing to send that is worth lingering for, as in libzmq.
    const LINGER: Option<Duration> = Some(Duration::ZERO);
    type SendStack = ();
    type ReceiveStack = GroupFilter<FairQueue>;
    type Options = ();
    type Control = Arc<Memberships>;

    fn compose(peers: &Peers, _options: &()) -> Stacks<Self> {
        let memberships = Memberships::new(peers);
        Stacks {
            send: (),
            receive: GroupFilterLayer(memberships.clone()).layer(FairQueue::new(peers)),
            hooks: memberships.clone(),
            control: memberships,
        }
    }
}

impl FrameKind for Dish {
    type To = ();
    type From = Group;
}

impl Receives for Dish {}

impl DishSocket {
    /// Joins a group: receives its messages from now on (`zmq_join`).
    ///
    /// It takes effect at the RADIOs that are connected when it has reached them, and at others when they
    /// connect.
    ///
    /// # Errors
    ///
    /// The group was joined already, or has more than 255 bytes or a zero byte.
    pub fn join(
        &self,
        group: impl TryInto<Group, Error: Into<GroupError>>,
    ) -> Result<(), MembershipError> {
        let group = group.try_into().map_err(Into::into)?;
        self.control().change(&Membership::Join(group))
    }

    /// Leaves a group (`zmq_leave`). None of its messages is received from now on, even if it has arrived.
    ///
    /// # Errors
    ///
    /// The group is not joined, or has more than 255 bytes or a zero byte.
    pub fn leave(
        &self,
        group: impl TryInto<Group, Error: Into<GroupError>>,
    ) -> Result<(), MembershipError> {
        let group = group.try_into().map_err(Into::into)?;
        self.control().change(&Membership::Leave(group))
    }
}

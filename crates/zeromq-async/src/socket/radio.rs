//! RADIO: each message to the members of its group (48/RADIO-DISH).

use std::sync::Arc;

use zmtp::{Group, SocketType};

use super::{
    DropsWhenFull, FrameKind, Multicasts, Sends, SharedSocket, SharesSending, SocketKind, Stacks,
};
use crate::pattern::{Members, Peers, RadioOptions, ToMembers};

/// Sends each message to the DISHes that have joined its group (48/RADIO-DISH).
///
/// A message is a group and one frame, and any task can send through its own clone. Sending never waits:
/// a DISH with a full queue loses the message, unless [`no_drop`](crate::SocketBuilder::no_drop) is set.
/// A message of a group without members is dropped. Groups take a moment to arrive after the connection
/// is made: see [`wait_for_members`](Self::wait_for_members).
///
/// Over `udp://` a RADIO connects, to one address or a multicast group of the network. Each message is
/// one datagram of at most 8,192 bytes, which may be lost. It is sent whatever groups there are: the
/// DISH sorts out what it has not joined.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_async::{DishSocket, Group, RadioSocket};
///
/// let (radio, dish) = (RadioSocket::new(), DishSocket::new());
/// dish.join("news")?;
/// dish.connect(radio.bind("tcp://127.0.0.1:0").await?)?;
/// radio.wait_for_members("news", 1).await;
/// radio.send_to(Group::new("sport")?, "football").await?;
/// radio.send_to(Group::new("news")?, "world").await?;
/// let (group, frame) = dish.recv().await?;
/// assert_eq!((group, frame), (Group::new("news")?, "world".into()));
/// # Ok(()) }
/// ```
pub type RadioSocket = SharedSocket<Radio>;

/// The type of a [`RadioSocket`].
#[derive(Debug)]
pub enum Radio {}

impl SocketKind for Radio {
    const TYPE: SocketType = SocketType::Radio;
    const ONE_FRAME: bool = true;
    type SendStack = ToMembers;
    type ReceiveStack = ();
    type Options = RadioOptions;
    type Control = Arc<Members>;

    fn compose(peers: &Peers, options: &RadioOptions) -> Stacks<Self> {
        let members = Arc::new(Members::new(options));
        Stacks {
            send: ToMembers::new(peers, members.clone(), options.no_drop),
            receive: (),
            hooks: members.clone(),
            control: members,
        }
    }
}

impl FrameKind for Radio {
    type To = Group;
    type From = ();
}

impl Sends for Radio {}
impl SharesSending for Radio {}
impl Multicasts for Radio {}

impl DropsWhenFull for Radio {
    fn no_drop(options: &mut RadioOptions) -> &mut bool {
        &mut options.no_drop
    }
}

impl RadioSocket {
    /// Waits until a message of this group would go to `count` peers at least.
    ///
    /// Messages of a group that no peer has joined yet are dropped, and a DISH's groups arrive some time
    /// after its connection. An endpoint of datagrams counts as one peer that has joined every group.
    /// Returns early when the socket is closed.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub async fn wait_for_members(&self, group: impl AsRef<[u8]>, count: usize) {
        let peers = Peers::new(self.handle().engine().peers().clone());
        self.control().wait_for(&peers, group.as_ref(), count).await;
    }
}

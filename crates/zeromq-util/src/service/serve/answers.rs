//! How ROUTER and REP take requests and give replies.

use zeromq_async::{Frame, Message};

use crate::layer::detach;
use crate::service::body;
use zeromq_async::{Receiver, Receives, Rep, Router, Sends, SocketKind};

/// A socket type that answers requests: [`Router`] or [`Rep`]. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not answer requests",
    label = "use a ROUTER or a REP"
)]
#[expect(private_bounds, reason = "sealed: how requests are taken apart is not public")]
pub trait Answers: SocketKind + Receives + Sends + Exchange {}

impl Answers for Router {}
impl Answers for Rep {}

/// What comes with a request beside its body.
pub(super) trait Exchange: SocketKind {
    /// Where the reply goes.
    type Address: Send + Unpin;

    /// How many requests can be under way at most.
    const CONCURRENT: usize;

    /// Parts a request into where its reply goes and the body; `None` where it is none.
    fn open(message: Message) -> Option<(Self::Address, Message)>;

    /// The reply, addressed.
    fn seal(address: Self::Address, reply: Message) -> Message;

    /// Leaves the request without a reply.
    fn discard(receiver: &mut Receiver<Self>);
}

impl Exchange for Router {
    /// The frames up to and including the empty one, and room for the reply's.
    type Address = Vec<Frame>;

    const CONCURRENT: usize = usize::MAX;

    fn open(message: Message) -> Option<(Vec<Frame>, Message)> {
        let mut address = message.into_frames();
        // The routing id in front is never empty.
        let delimiter = address.iter().position(|frame| frame.is_empty())?;
        let body = match address.len() - delimiter - 1 {
            0 => return None,
            // The list stays with the address.
            1 => Message::from(address.pop()?),
            _ => Message::from(address.split_off(delimiter + 1)),
        };
        // What serving the request leaves of it in memory is no more than the address.
        address.iter_mut().for_each(detach);
        Some((address, body))
    }

    fn seal(address: Vec<Frame>, reply: Message) -> Message {
        let mut message = Message::from(address);
        message.append(body(reply));
        message
    }

    fn discard(_: &mut Receiver<Self>) {}
}

impl Exchange for Rep {
    /// The socket itself knows.
    type Address = ();

    const CONCURRENT: usize = 1;

    fn open(message: Message) -> Option<((), Message)> {
        Some(((), message))
    }

    fn seal((): (), reply: Message) -> Message {
        body(reply)
    }

    fn discard(receiver: &mut Receiver<Self>) {
        receiver.discard();
    }
}

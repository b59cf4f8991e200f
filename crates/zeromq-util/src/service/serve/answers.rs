//! Requests and replies of ROUTER and REP.

use crate::detach::detach;
use crate::service::body;
use zeromq_async::{Frame, Message, Receiver, Receives, Rep, Router, Sends, SocketKind};

/// A socket type that answers requests: [`Router`] or [`Rep`]. This trait is sealed.
#[diagnostic::on_unimplemented(
    message = "a {Self} socket does not answer requests",
    label = "use a ROUTER or a REP"
)]
#[expect(private_bounds, reason = "sealed: envelopes are not public")]
pub trait Answers: SocketKind + Receives + Sends + Exchange {}

impl Answers for Router {}
impl Answers for Rep {}

/// The envelopes of requests and replies.
pub(super) trait Exchange: SocketKind {
    /// The envelope of the reply.
    type Address: Send + Unpin;

    /// The most requests in flight.
    const CONCURRENT: usize;

    /// Splits a request into envelope and body. Returns `None` if it is not a request.
    fn open(message: Message) -> Option<(Self::Address, Message)>;

    /// Adds the envelope to a reply.
    fn seal(address: Self::Address, reply: Message) -> Message;

    /// Allows the next request without a reply to this one.
    fn discard(receiver: &mut Receiver<Self>);
}

impl Exchange for Router {
    /// The frames up to the empty one, with capacity for those of the reply.
    type Address = Vec<Frame>;

    const CONCURRENT: usize = usize::MAX;

    fn open(message: Message) -> Option<(Vec<Frame>, Message)> {
        let mut address = message.into_frames();
        // The routing id in front is never empty.
        let delimiter = address.iter().position(|frame| frame.is_empty())?;
        let body = match address.len() - delimiter - 1 {
            0 => return None,
            // The address keeps the allocation.
            1 => Message::from(address.pop()?),
            _ => Message::from(address.split_off(delimiter + 1)),
        };
        // The address must not keep the buffer of the request alive.
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
    /// The socket keeps the envelope.
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

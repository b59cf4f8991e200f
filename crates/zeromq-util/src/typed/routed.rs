//! Values with the envelope of a ROUTER.

use zeromq_async::{Frame, Message};

use super::{BoxError, Decode, Encode, Frames};
use crate::detach::detach;

/// The envelope of a value: the frames in front of it.
///
/// The first frame is the routing id that a ROUTER adds. Further frames depend on the peers; see
/// [`Routing`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Route(Vec<Frame>);

/// A value and its route.
///
/// ```
/// use zeromq_util::typed::{Route, Routed};
///
/// let request = Routed { route: Route::to("client-1"), value: "2 + 2" };
/// let reply = request.reply(4);
/// assert_eq!((reply.route.routing_id(), reply.value), (b"client-1".as_slice(), 4));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Routed<T> {
    /// The envelope.
    pub route: Route,
    /// The value.
    pub value: T,
}

/// The codec of [`Routed`] values: the envelope, and then the value with another codec.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use zeromq_util::typed::{Routed, Routing, TypedExt, Utf8};
/// use zeromq_async::{ReqSocket, RouterSocket};
///
/// let (client, server) = (ReqSocket::new(), RouterSocket::new());
/// client.connect(server.bind("tcp://127.0.0.1:0").await?)?;
/// let mut client = client.typed::<String>(Utf8);
/// let mut server = server.typed::<Routed<String>>(Routing::of_requests(Utf8));
///
/// client.send(&"hello".to_owned()).await?;
/// let request = server.recv().await?;
/// let answer = request.value.to_uppercase();
/// server.send(&request.reply(answer)).await?;
/// assert_eq!(client.recv().await?, "HELLO");
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Routing<C> {
    codec: C,
    delimited: bool,
}

impl Route {
    /// Makes a route to the peer with this routing id, with no further frames.
    pub fn to(routing_id: impl Into<Frame>) -> Self {
        Self(vec![routing_id.into()])
    }

    /// Returns the peer's routing id: the first frame.
    pub fn routing_id(&self) -> &[u8] {
        self.0.first().map_or(&[], |frame| frame.as_slice())
    }

    /// Returns all frames of the envelope, with the empty one at its end.
    pub fn frames(&self) -> &[Frame] {
        &self.0
    }
}

impl From<Vec<Frame>> for Route {
    fn from(frames: Vec<Frame>) -> Self {
        Self(frames)
    }
}

impl<T> Routed<T> {
    /// Makes a value for the sender of this one.
    pub fn reply<U>(self, value: U) -> Routed<U> {
        Routed { route: self.route, value }
    }

    /// Changes the value and keeps the route.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Routed<U> {
        Routed { route: self.route, value: change(self.value) }
    }
}

impl<C> Routing<C> {
    /// For a ROUTER with DEALER or ROUTER peers that send no envelope: the route is the routing id.
    pub fn of_peers(codec: C) -> Self {
        Self { codec, delimited: false }
    }

    /// For a ROUTER that serves REQs, directly or through others: the route ends with the first empty
    /// frame (28/REQREP). Also for a DEALER with REP peers.
    pub fn of_requests(codec: C) -> Self {
        Self { codec, delimited: true }
    }
}

/// There is no empty frame between envelope and value.
#[derive(Debug, thiserror::Error)]
#[error("no empty frame ends the envelope of the message; use `of_peers` for peers that send none")]
struct Undelimited;

impl<T, C: Encode<T>> Encode<Routed<T>> for Routing<C> {
    fn encode(&self, value: &Routed<T>) -> Result<Message, BoxError> {
        let mut message = Message::from(value.route.0.clone());
        if self.delimited && message.last().is_none_or(|frame| !frame.is_empty()) {
            message.push_back(Frame::new());
        }
        message.append(self.codec.encode(&value.value)?);
        Ok(message)
    }
}

impl<T, C: Decode<T>> Decode<Routed<T>> for Routing<C> {
    fn decode(&self, frames: &mut Frames<'_>) -> Result<Routed<T>, BoxError> {
        let mut route = vec![frames.take()?.clone()];
        // An empty first frame is the whole envelope of a DEALER. A routing id is never empty.
        while self.delimited && route.last().is_some_and(|frame| !frame.is_empty()) {
            route.push(frames.take().map_err(|_| Undelimited)?.clone());
        }
        // A kept route must not keep the buffer of the message alive.
        route.iter_mut().for_each(detach);
        Ok(Routed { route: Route(route), value: self.codec.decode(frames)? })
    }
}

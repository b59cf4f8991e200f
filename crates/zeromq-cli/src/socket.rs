//! Sockets with a type chosen at run time.

use std::ffi::OsString;
use std::time::Duration;

use futures_util::{Sink, Stream};
use zeromq_async::{
    Dealer, Message, Named, Pair, Pub, Pull, Push, Receives, RecvError, Rep, Req, Router,
    SendError, Sends, Socket, SocketBuilder, SocketHandle, SocketKind, Sub, Subscribes,
    SubscriptionNotices, XPub, XSub,
};

use crate::failure::Failure;
use crate::kind::Kind;
use crate::security::Security;

/// The send half of a socket of any type.
pub(crate) type Outgoing = Box<dyn Sink<Message, Error = SendError> + Send + Unpin>;

/// The receive half of a socket of any type.
pub(crate) type Incoming = Box<dyn Stream<Item = Result<Message, RecvError>> + Send + Unpin>;

/// A split socket.
pub(crate) struct Parts {
    pub(crate) outgoing: Option<Outgoing>,
    pub(crate) incoming: Option<Incoming>,
    pub(crate) handle: SocketHandle,
}

/// The options of a new socket. Each type uses the options that apply to it.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) security: Security,
    pub(crate) linger: Option<Duration>,
    pub(crate) routing_id: Option<OsString>,
    pub(crate) subscriptions: Vec<OsString>,
    /// Receive every subscription. A `pub` then becomes an XPUB.
    pub(crate) receives_subscriptions: bool,
}

impl Options {
    /// Creates a socket.
    pub(crate) fn open(&self, kind: Kind) -> Result<Parts, Failure> {
        Ok(match kind {
            Kind::Req => both(self.named::<Req>()?.build()),
            Kind::Rep => both(self.named::<Rep>()?.build()),
            Kind::Dealer => both(self.named::<Dealer>()?.build()),
            Kind::Router => both(self.named::<Router>()?.build()),
            Kind::Pub if self.receives_subscriptions => both(self.xpub()?.build()),
            Kind::Pub => sending(self.plain::<Pub>()?.build()),
            Kind::Sub => receiving(self.subscribed::<Sub>()?.build()),
            Kind::Xpub if self.receives_subscriptions => both(self.xpub()?.build()),
            Kind::Xpub => both(self.plain::<XPub>()?.build()),
            Kind::Xsub => both(self.subscribed::<XSub>()?.build()),
            Kind::Push => sending(self.plain::<Push>()?.build()),
            Kind::Pull => receiving(self.plain::<Pull>()?.build()),
            Kind::Pair => both(self.plain::<Pair>()?.build()),
        })
    }

    fn plain<P: SocketKind>(&self) -> Result<SocketBuilder<P>, Failure> {
        let builder = self.security.apply(Socket::builder())?;
        Ok(self.linger.into_iter().fold(builder, SocketBuilder::linger))
    }

    fn named<P: SocketKind + Named>(&self) -> Result<SocketBuilder<P>, Failure> {
        let builder = self.plain()?;
        match &self.routing_id {
            None => Ok(builder),
            Some(id) => builder
                .routing_id(id.as_encoded_bytes())
                .map_err(|error| Failure::about("--routing-id", error)),
        }
    }

    fn subscribed<P: SocketKind + Subscribes>(&self) -> Result<SocketBuilder<P>, Failure> {
        let topics = self.subscriptions.iter().map(|topic| topic.as_encoded_bytes());
        Ok(topics.fold(self.plain()?, SocketBuilder::subscribe))
    }

    fn xpub(&self) -> Result<SocketBuilder<XPub>, Failure> {
        Ok(self.plain()?.notices(SubscriptionNotices::All))
    }
}

fn both<P: Sends + Receives>(socket: Socket<P>) -> Parts {
    let handle = socket.handle().clone();
    let (sender, receiver) = socket.split();
    Parts { outgoing: Some(Box::new(sender)), incoming: Some(Box::new(receiver)), handle }
}

fn sending<P: Sends>(socket: Socket<P>) -> Parts {
    let handle = socket.handle().clone();
    Parts { outgoing: Some(Box::new(socket)), incoming: None, handle }
}

fn receiving<P: Receives>(socket: Socket<P>) -> Parts {
    let handle = socket.handle().clone();
    Parts { outgoing: None, incoming: Some(Box::new(socket)), handle }
}

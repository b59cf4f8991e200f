//! A socket of the type and with the options of the command line.

use std::ffi::OsString;
use std::time::Duration;

use zeromq_async::{AnySocket, AnySocketBuilder, Context, SocketType, SubscriptionNotices};

use crate::failure::Failure;
use crate::kind;
use crate::security::Security;

/// The options of a new socket.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) context: Context,
    pub(crate) security: Security,
    pub(crate) linger: Option<Duration>,
    pub(crate) routing_id: Option<OsString>,
    pub(crate) subscriptions: Vec<OsString>,
    /// The groups that a DISH joins.
    pub(crate) groups: Vec<OsString>,
    /// Receive every subscription. A `pub` then becomes an XPUB.
    pub(crate) receives_subscriptions: bool,
}

impl Options {
    /// Creates a socket.
    pub(crate) fn open(&self, kind: SocketType) -> Result<AnySocket, Failure> {
        let told = self.receives_subscriptions && kind::publishes(kind);
        let kind = if told { SocketType::XPub } else { kind };
        let builder = AnySocket::builder_in(&self.context, kind).map_err(Failure::error)?;
        let builder = self.security.apply(builder)?;
        let mut builder = self.linger.into_iter().fold(builder, AnySocketBuilder::linger);
        if let Some(id) = &self.routing_id {
            let named = builder.routing_id(id.as_encoded_bytes());
            builder = named.map_err(|error| Failure::about("--routing-id", error))?;
        }
        for topic in &self.subscriptions {
            builder = builder.subscribe(topic.as_encoded_bytes()).map_err(Failure::error)?;
        }
        if told {
            builder = builder.notices(SubscriptionNotices::All).map_err(Failure::error)?;
        }
        let socket = builder.build();
        for group in self.groups.iter().filter(|_| kind == SocketType::Dish) {
            let joined = socket.join(group.as_encoded_bytes());
            joined.map_err(|error| Failure::about("--group", error))?;
        }
        Ok(socket)
    }
}

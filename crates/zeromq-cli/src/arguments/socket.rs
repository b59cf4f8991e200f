//! The arguments of `zmq SOCKET`. Each socket type has only the options that apply to it.

use std::ffi::OsString;

use clap::Subcommand;

use super::options::{
    Answering, Common, EndpointArguments, Naming, Receiving, Sending, Subscribing,
};
use crate::endpoints::Attachment;
use crate::failure::Failure;
use crate::kind::Kind;
use crate::security::Security;
use crate::socket::Options;

#[derive(Debug, Subcommand)]
pub(crate) enum SocketCommand {
    /// Send requests, and print the reply to each before the next one
    Req {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
    },
    /// Print requests, and reply to each before the next one
    Rep {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
        #[command(flatten)]
        answering: Answering,
    },
    /// Send to peers in turn, and print messages from all of them
    Dealer {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
    },
    /// Send to the peer named by the first frame, and print messages with the sender's name
    Router {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        naming: Naming,
        #[command(flatten)]
        answering: Answering,
    },
    /// Publish to subscribers
    Pub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print published messages
    Sub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        subscribing: Subscribing,
    },
    /// Publish, and print subscriptions: the byte 1 (or 0 to unsubscribe) and the topic
    Xpub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Print published messages, and send to the publishers
    Xsub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        subscribing: Subscribing,
    },
    /// Distribute messages to peers in turn
    Push {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print messages from all peers
    Pull {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Send to and receive from a single peer
    Pair {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
}

/// The arguments of any socket type. Options that the type does not have are at their defaults.
#[derive(Debug)]
pub(crate) struct SocketArguments {
    pub(crate) kind: Kind,
    pub(crate) common: Common,
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) naming: Naming,
    pub(crate) subscribing: Subscribing,
    pub(crate) answering: Answering,
}

impl SocketArguments {
    fn new(kind: Kind, common: Common) -> Self {
        Self {
            kind,
            common,
            sending: Sending::default(),
            receiving: Receiving::default(),
            naming: Naming::default(),
            subscribing: Subscribing::default(),
            answering: Answering::default(),
        }
    }

    /// The endpoints to bind to, then the endpoints to connect to.
    pub(crate) fn attachments(&self) -> Vec<Attachment> {
        let EndpointArguments { bind, connect } = &self.common.endpoints;
        let bind = bind.iter().cloned().map(Attachment::Bind);
        bind.chain(connect.iter().cloned().map(Attachment::Connect)).collect()
    }

    pub(crate) fn socket_options(&self) -> Result<Options, Failure> {
        let mut subscriptions = self.subscribing.topics.clone();
        if subscriptions.is_empty() {
            subscriptions.push(OsString::new());
        }
        Ok(Options {
            security: Security::read(&self.common.security)?,
            linger: self.common.linger,
            routing_id: self.naming.routing_id.clone(),
            subscriptions,
            receives_subscriptions: self.sending.wait_peers > 0,
        })
    }
}

impl From<SocketCommand> for SocketArguments {
    fn from(command: SocketCommand) -> Self {
        match command {
            SocketCommand::Req { common, sending, receiving, naming } => {
                Self { sending, receiving, naming, ..Self::new(Kind::Req, common) }
            }
            SocketCommand::Rep { common, sending, receiving, naming, answering } => {
                Self { sending, receiving, naming, answering, ..Self::new(Kind::Rep, common) }
            }
            SocketCommand::Dealer { common, sending, receiving, naming } => {
                Self { sending, receiving, naming, ..Self::new(Kind::Dealer, common) }
            }
            SocketCommand::Router { common, sending, receiving, naming, answering } => {
                Self { sending, receiving, naming, answering, ..Self::new(Kind::Router, common) }
            }
            SocketCommand::Pub { common, sending } => {
                Self { sending, ..Self::new(Kind::Pub, common) }
            }
            SocketCommand::Sub { common, receiving, subscribing } => {
                Self { receiving, subscribing, ..Self::new(Kind::Sub, common) }
            }
            SocketCommand::Xpub { common, sending, receiving } => {
                Self { sending, receiving, ..Self::new(Kind::Xpub, common) }
            }
            SocketCommand::Xsub { common, sending, receiving, subscribing } => {
                Self { sending, receiving, subscribing, ..Self::new(Kind::Xsub, common) }
            }
            SocketCommand::Push { common, sending } => {
                Self { sending, ..Self::new(Kind::Push, common) }
            }
            SocketCommand::Pull { common, receiving } => {
                Self { receiving, ..Self::new(Kind::Pull, common) }
            }
            SocketCommand::Pair { common, sending, receiving } => {
                Self { sending, receiving, ..Self::new(Kind::Pair, common) }
            }
        }
    }
}

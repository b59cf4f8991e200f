//! What `zmq <SOCKET>` is told: each socket type has the options that mean something to it.

use std::ffi::OsString;

use clap::Subcommand;

use super::options::{Answering, Attachment, Common, Naming, Receiving, Sending, Subscribing};
use crate::endpoints::Place;
use crate::exit::Failure;
use crate::kind::Kind;
use crate::security::Security;
use crate::socket::Options;

#[derive(Debug, Subcommand)]
pub(crate) enum SocketCommand {
    /// Send requests, and print the reply to each before the next
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
    /// Print requests, and reply to each before the next
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
    /// Send to peers in turn, and print what comes from any
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
    /// Send to the peer that the first frame names, and print what comes with its sender's name
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
    /// Publish to all who have subscribed
    Pub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print what is published
    Sub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
        #[command(flatten)]
        subscribing: Subscribing,
    },
    /// Publish, and print the subscriptions: the byte 1, or 0 for an end, and the topic
    Xpub {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Print what is published, and send to the publishers
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
    /// Hand messages out to peers in turn
    Push {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
    },
    /// Print what peers hand out
    Pull {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        receiving: Receiving,
    },
    /// Send to and print from one peer and no other
    Pair {
        #[command(flatten)]
        common: Common,
        #[command(flatten)]
        sending: Sending,
        #[command(flatten)]
        receiving: Receiving,
    },
}

/// What a socket is to do, whichever its type: what it does not take is as if not given.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) common: Common,
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) naming: Naming,
    pub(crate) subscribing: Subscribing,
    pub(crate) answering: Answering,
}

impl Plan {
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

    /// Where to bind and connect, in that order.
    pub(crate) fn places(&self) -> Vec<Place> {
        let Attachment { bind, connect } = &self.common.attachment;
        let bind = bind.iter().cloned().map(Place::Bind);
        bind.chain(connect.iter().cloned().map(Place::Connect)).collect()
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
            sees_subscriptions: self.sending.wait_peers > 0,
        })
    }
}

impl From<SocketCommand> for Plan {
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

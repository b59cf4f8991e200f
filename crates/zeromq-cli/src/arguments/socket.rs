//! The arguments of `zmq SOCKET`. Each socket type has only the options that apply to it.

use std::ffi::OsString;

use clap::{Args, Subcommand};

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
    Req(Groups<Sending, Receiving, Naming>),
    /// Print requests, and reply to each before the next one
    Rep(Groups<Sending, Receiving, Naming, (), Answering>),
    /// Send to peers in turn, and print messages from all of them
    Dealer(Groups<Sending, Receiving, Naming>),
    /// Send to the peer named by the first frame, and print messages with the sender's name
    Router(Groups<Sending, Receiving, Naming, (), Answering>),
    /// Publish to subscribers
    Pub(Groups<Sending>),
    /// Print published messages
    Sub(Groups<(), Receiving, (), Subscribing>),
    /// Publish, and print subscriptions: the byte 1 (or 0 to unsubscribe) and the topic
    Xpub(Groups<Sending, Receiving>),
    /// Print published messages, and send to the publishers
    Xsub(Groups<Sending, Receiving, (), Subscribing>),
    /// Distribute messages to peers in turn
    Push(Groups<Sending>),
    /// Print messages from all peers
    Pull(Groups<(), Receiving>),
    /// Send to and receive from a single peer
    Pair(Groups<Sending, Receiving>),
}

// The option groups of a socket type; `()` for a group that it does not have. A doc comment would
// become the help text of every socket type.
#[derive(Debug, Args)]
pub(crate) struct Groups<S: Args, R: Args = (), N: Args = (), U: Args = (), A: Args = ()> {
    #[command(flatten)]
    common: Common,
    #[command(flatten)]
    sending: S,
    #[command(flatten)]
    receiving: R,
    #[command(flatten)]
    naming: N,
    #[command(flatten)]
    subscribing: U,
    #[command(flatten)]
    answering: A,
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
    fn new<S, R, N, U, A>(kind: Kind, groups: Groups<S, R, N, U, A>) -> Self
    where
        S: Args + Into<Sending>,
        R: Args + Into<Receiving>,
        N: Args + Into<Naming>,
        U: Args + Into<Subscribing>,
        A: Args + Into<Answering>,
    {
        Self {
            kind,
            common: groups.common,
            sending: groups.sending.into(),
            receiving: groups.receiving.into(),
            naming: groups.naming.into(),
            subscribing: groups.subscribing.into(),
            answering: groups.answering.into(),
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
            SocketCommand::Req(groups) => Self::new(Kind::Req, groups),
            SocketCommand::Rep(groups) => Self::new(Kind::Rep, groups),
            SocketCommand::Dealer(groups) => Self::new(Kind::Dealer, groups),
            SocketCommand::Router(groups) => Self::new(Kind::Router, groups),
            SocketCommand::Pub(groups) => Self::new(Kind::Pub, groups),
            SocketCommand::Sub(groups) => Self::new(Kind::Sub, groups),
            SocketCommand::Xpub(groups) => Self::new(Kind::Xpub, groups),
            SocketCommand::Xsub(groups) => Self::new(Kind::Xsub, groups),
            SocketCommand::Push(groups) => Self::new(Kind::Push, groups),
            SocketCommand::Pull(groups) => Self::new(Kind::Pull, groups),
            SocketCommand::Pair(groups) => Self::new(Kind::Pair, groups),
        }
    }
}

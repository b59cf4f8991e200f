//! The arguments of `zmq SOCKET`. Each socket type has only the options that apply to it.

use std::ffi::OsString;

use clap::{Args, Subcommand};
use zeromq_async::SocketType;

use super::options::{
    Addressing, Answering, Common, Echoing, EndpointArguments, Exchanging, Interests, Joining,
    Naming, Receiving, Sending, Subscribing,
};
use crate::endpoints::Attachment;
use crate::failure::Failure;
use crate::kind;
use crate::security::Security;
use crate::socket::Options;
use crate::tls;

#[derive(Debug, Subcommand)]
pub(crate) enum SocketCommand {
    /// Send requests, and print the reply to each before the next one
    Req(Groups<Sending, Receiving, Naming>),
    /// Print requests, and reply to each before the next one
    Rep(Groups<Sending, Receiving, Naming, (), Answering>),
    /// Send to peers in turn, and print messages from all of them
    Dealer(Groups<Sending, Receiving, Naming, (), Exchanging>),
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
    Pair(Groups<Sending, Receiving, (), (), Exchanging>),
    /// Send to servers in turn, and print their messages
    Client(Groups<Sending, Receiving, (), (), Exchanging>),
    /// Print messages of clients, and reply to each before the next one
    Server(Groups<Sending, Receiving, (), (), Answering>),
    /// Send to the members of a group
    Radio(Groups<Sending, (), (), Addressing>),
    /// Print messages of the groups that are joined, as the group, a tab and the text
    Dish(Groups<(), Receiving, (), Joining>),
    /// Distribute messages of one frame to peers in turn
    Scatter(Groups<Sending>),
    /// Print messages of one frame from all peers
    Gather(Groups<(), Receiving>),
    /// Send to the peers that are connected to, in turn, and print their messages. With only --bind,
    /// print messages, and reply to each before the next one
    Peer(Groups<Sending, Receiving, (), (), Answering>),
    /// Send messages of one frame to a single peer, and print its messages
    Channel(Groups<Sending, Receiving, (), (), Exchanging>),
    /// Send bytes to the endpoints that are connected to, in turn, and print received bytes as the
    /// connection's id in hexadecimal, a tab and the bytes; no bytes when a connection is made and
    /// lost. With only --bind, split each line with -d into the id and the bytes
    Stream(Groups<Sending, Receiving, (), (), Echoing>),
    /// Send UDP datagrams to the endpoints that are connected to, in turn, and print those received as
    /// the address, a tab and the text. Without --connect, split each line with -d into an address and
    /// the text
    Dgram(Groups<Sending, Receiving, (), (), Echoing>),
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
    interests: U,
    #[command(flatten)]
    answering: A,
}

/// The arguments of any socket type. Options that the type does not have are at their defaults.
#[derive(Debug)]
pub(crate) struct SocketArguments {
    pub(crate) kind: SocketType,
    pub(crate) common: Common,
    pub(crate) sending: Sending,
    pub(crate) receiving: Receiving,
    pub(crate) naming: Naming,
    pub(crate) interests: Interests,
    pub(crate) answering: Answering,
}

impl SocketArguments {
    fn new<S, R, N, U, A>(kind: SocketType, groups: Groups<S, R, N, U, A>) -> Self
    where
        S: Args + Into<Sending>,
        R: Args + Into<Receiving>,
        N: Args + Into<Naming>,
        U: Args + Into<Interests>,
        A: Args + Into<Answering>,
    {
        Self {
            kind,
            common: groups.common,
            sending: groups.sending.into(),
            receiving: groups.receiving.into(),
            naming: groups.naming.into(),
            interests: groups.interests.into(),
            answering: groups.answering.into(),
        }
    }

    /// The endpoints to bind to, then the endpoints to connect to.
    pub(crate) fn attachments(&self) -> Vec<Attachment> {
        let EndpointArguments { bind, connect } = &self.common.endpoints;
        let bind = bind.iter().cloned().map(Attachment::Bind);
        bind.chain(connect.iter().cloned().map(Attachment::Connect)).collect()
    }

    pub(crate) fn connects(&self) -> bool {
        !self.common.endpoints.connect.is_empty()
    }

    pub(crate) fn socket_options(&self) -> Result<Options, Failure> {
        let mut subscriptions = self.interests.topics.clone();
        if subscriptions.is_empty() && kind::subscribes(self.kind) {
            subscriptions.push(OsString::new());
        }
        Ok(Options {
            context: tls::context(&self.common.tls, &self.attachments())?,
            security: Security::read(&self.common.security)?,
            linger: self.common.linger,
            routing_id: self.naming.routing_id.clone(),
            subscriptions,
            groups: self.interests.groups.clone(),
            receives_subscriptions: self.sending.wait_peers > 0,
        })
    }
}

impl From<SocketCommand> for SocketArguments {
    fn from(command: SocketCommand) -> Self {
        match command {
            SocketCommand::Req(groups) => Self::new(SocketType::Req, groups),
            SocketCommand::Rep(groups) => Self::new(SocketType::Rep, groups),
            SocketCommand::Dealer(groups) => Self::new(SocketType::Dealer, groups),
            SocketCommand::Router(groups) => Self::new(SocketType::Router, groups),
            SocketCommand::Pub(groups) => Self::new(SocketType::Pub, groups),
            SocketCommand::Sub(groups) => Self::new(SocketType::Sub, groups),
            SocketCommand::Xpub(groups) => Self::new(SocketType::XPub, groups),
            SocketCommand::Xsub(groups) => Self::new(SocketType::XSub, groups),
            SocketCommand::Push(groups) => Self::new(SocketType::Push, groups),
            SocketCommand::Pull(groups) => Self::new(SocketType::Pull, groups),
            SocketCommand::Pair(groups) => Self::new(SocketType::Pair, groups),
            SocketCommand::Client(groups) => Self::new(SocketType::Client, groups),
            SocketCommand::Server(groups) => Self::new(SocketType::Server, groups),
            SocketCommand::Radio(groups) => Self::new(SocketType::Radio, groups),
            SocketCommand::Dish(groups) => Self::new(SocketType::Dish, groups),
            SocketCommand::Scatter(groups) => Self::new(SocketType::Scatter, groups),
            SocketCommand::Gather(groups) => Self::new(SocketType::Gather, groups),
            SocketCommand::Peer(groups) => Self::new(SocketType::Peer, groups),
            SocketCommand::Channel(groups) => Self::new(SocketType::Channel, groups),
            SocketCommand::Stream(groups) => Self::new(SocketType::Stream, groups),
            SocketCommand::Dgram(groups) => Self::new(SocketType::Dgram, groups),
        }
    }
}

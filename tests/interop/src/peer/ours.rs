//! The peer of this library.

use std::time::Duration;

use libzmq_peer::SocketKind as Kind;
use tokio::time::timeout;
use zeromq_async::{
    Conflates, DealerSocket, Events, Message, Named, PairSocket, PubSocket, PullSocket, PushSocket,
    Receives, ReconnectBackoff, RepSocket, ReqSocket, RouterSocket, SendErrorKind, Sends,
    SocketBuilder, SocketEvent, SocketKind, SubSocket, SubscriptionNotices, XPubSocket, XSubSocket,
};

use super::{Closed, Library, Peer, PeerEvent, Sent, Settings};
use crate::end::{Ours as Any, on};
use crate::{Frames, frames};

/// A socket of this library.
#[derive(Debug)]
pub struct Ours {
    socket: Any,
    events: Events,
    /// Events that no call has asked for yet.
    passed: Vec<SocketEvent>,
}

impl Peer for Ours {
    const LIBRARY: Library = Library::Ours;

    async fn start(settings: &Settings) -> Self {
        let socket = build(settings);
        let events = on!(
            &socket,
            [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
            socket => socket.events()
        );
        Self { socket, events, passed: Vec::new() }
    }

    async fn bind(&mut self, endpoint: &str) -> String {
        on!(
            &self.socket,
            [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
            socket => socket.bind(endpoint).await.expect("bound").to_string()
        )
    }

    async fn connect(&mut self, endpoint: &str) {
        on!(
            &self.socket,
            [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
            socket => socket.connect(endpoint).expect("connecting")
        );
    }

    async fn send(&mut self, message: Frames, within: Duration) -> Sent {
        let message = Message::multipart(message);
        let sending = async {
            on!(
                &mut self.socket,
                [Req Rep Dealer Router Pub XPub XSub Push Pair],
                socket => socket.send(message).await
            )
        };
        match timeout(within, sending).await {
            Ok(Ok(())) => Sent::Taken,
            Ok(Err(_)) => Sent::Refused,
            Err(_) => Sent::Full,
        }
    }

    async fn send_until_full(&mut self, message: Frames, count: usize) -> usize {
        let message = Message::multipart(message);
        let mut taken = 0;
        while taken < count {
            let sent = on!(
                &mut self.socket,
                [Req Rep Dealer Router Pub XPub XSub Push Pair],
                socket => socket.try_send(message.clone())
            );
            match sent {
                Ok(()) => taken += 1,
                Err(error) => {
                    let is_full = matches!(error.kind(), SendErrorKind::Full);
                    assert!(is_full || taken > 0, "{error}");
                    break;
                }
            }
        }
        taken
    }

    async fn recv(&mut self, within: Duration) -> Option<Frames> {
        let received = timeout(within, async {
            on!(
                &mut self.socket,
                [Req Rep Dealer Router Sub XPub XSub Pull Pair],
                socket => socket.recv().await
            )
        });
        Some(frames(&received.await.ok()?.ok()?))
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        on!(&self.socket, [Sub], socket => socket.subscribe(topic));
    }

    async fn unsubscribe(&mut self, topic: &[u8]) {
        on!(&self.socket, [Sub], socket => socket.unsubscribe(topic));
    }

    async fn observes(&mut self, happening: PeerEvent, within: Duration) -> bool {
        if let Some(at) = self.passed.iter().position(|event| is(event, happening)) {
            self.passed.remove(at);
            return true;
        }
        let happened = timeout(within, async {
            while let Some(event) = self.events.next().await {
                if is(&event, happening) {
                    return true;
                }
                self.passed.push(event);
            }
            false
        });
        happened.await.unwrap_or(false)
    }

    async fn dropped(&mut self) -> Option<u64> {
        let dropped = on!(
            &self.socket,
            [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
            socket => socket.stats().dropped
        );
        Some(dropped.full + dropped.unroutable + dropped.unsubscribed + dropped.replaced)
    }

    async fn close(self, within: Duration) -> Closed {
        let closing = async {
            on!(
                self.socket,
                [Req Rep Dealer Router Pub Sub XPub XSub Push Pull Pair],
                socket => socket.close().await.unsent
            )
        };
        match timeout(within, closing).await {
            Ok(unsent) => Closed::Returned { unsent: Some(unsent) },
            Err(_) => Closed::Waits,
        }
    }
}

fn is(event: &SocketEvent, happening: PeerEvent) -> bool {
    match event {
        SocketEvent::Accepted { .. } => happening == PeerEvent::Accepted,
        SocketEvent::HandshakeSucceeded { .. } => happening == PeerEvent::Ready,
        SocketEvent::HandshakeFailed { .. } => happening == PeerEvent::HandshakeFailed,
        SocketEvent::Disconnected { .. } => happening == PeerEvent::Disconnected,
        SocketEvent::ConnectRetried { .. } => happening == PeerEvent::Retried,
        _ => false,
    }
}

fn build(settings: &Settings) -> Any {
    let s = settings;
    let is_set = |flag: Option<bool>| flag.unwrap_or(false);
    match s.kind {
        Kind::Req => Any::Req(
            named(receives(sends(ReqSocket::builder(), s), s), s)
                .correlate(is_set(s.correlate))
                .relaxed(is_set(s.relaxed))
                .build(),
        ),
        Kind::Rep => Any::Rep(named(receives(sends(RepSocket::builder(), s), s), s).build()),
        Kind::Dealer => Any::Dealer(
            conflates(named(receives(sends(DealerSocket::builder(), s), s), s), s).build(),
        ),
        Kind::Router => Any::Router(
            named(receives(sends(RouterSocket::builder(), s), s), s)
                .mandatory(is_set(s.mandatory))
                .handover(is_set(s.handover))
                .build(),
        ),
        Kind::Pub => Any::Pub(common(conflates(sends(PubSocket::builder(), s), s), s).build()),
        Kind::Sub => {
            let mut builder = common(conflates(receives(SubSocket::builder(), s), s), s);
            for topic in &s.topics {
                builder = builder.subscribe(topic);
            }
            Any::Sub(builder.build())
        }
        Kind::Xpub => {
            let verbose = SubscriptionNotices::Subscriptions;
            let notices = if is_set(s.verbose) { verbose } else { SubscriptionNotices::default() };
            let builder = receives(sends(XPubSocket::builder(), s), s);
            Any::XPub(common(builder, s).notices(notices).build())
        }
        Kind::Xsub => {
            let mut builder = common(receives(sends(XSubSocket::builder(), s), s), s);
            for topic in &s.topics {
                builder = builder.subscribe(topic);
            }
            Any::XSub(builder.build())
        }
        Kind::Push => Any::Push(common(conflates(sends(PushSocket::builder(), s), s), s).build()),
        Kind::Pull => {
            Any::Pull(common(conflates(receives(PullSocket::builder(), s), s), s).build())
        }
        Kind::Pair => Any::Pair(common(receives(sends(PairSocket::builder(), s), s), s).build()),
        other => panic!("this library has no {other:?}"),
    }
}

fn common<P: SocketKind>(builder: SocketBuilder<P>, settings: &Settings) -> SocketBuilder<P> {
    let ms = |ms: u32| Duration::from_millis(ms.into());
    let mut builder = match settings.linger {
        Some(-1) => builder.linger_forever(),
        linger => builder.linger(ms(linger.unwrap_or(0).unsigned_abs())),
    };
    if let Some(bytes) = settings.buffers {
        let bytes = bytes.try_into().expect("a size");
        builder = builder.send_buffer(bytes).receive_buffer(bytes);
    }
    if let Some(limit) = settings.handshake {
        builder = builder.handshake_timeout(ms(limit));
    }
    match settings.reconnect {
        Some(-1) => builder = builder.no_reconnect(),
        Some(first) => {
            let backoff = ReconnectBackoff::new(ms(first.unsigned_abs()));
            builder = builder.reconnect(match settings.reconnect_most {
                Some(most) => backoff.up_to(ms(most)),
                None => backoff,
            });
        }
        None => {}
    }
    if let Some(interval) = settings.heartbeat {
        builder = builder.heartbeat_interval(ms(interval));
    }
    if let Some(limit) = settings.heartbeat_timeout {
        builder = builder.heartbeat_timeout(ms(limit));
    }
    if let Some(bytes) = settings.max_message {
        builder = builder.max_message_size(bytes);
    }
    match settings.secured {
        Some(secured) => secured.ours(builder),
        None => builder,
    }
}

fn sends<P: Sends>(builder: SocketBuilder<P>, settings: &Settings) -> SocketBuilder<P> {
    match settings.send_mark {
        Some(mark) => builder.send_high_water_mark(mark),
        None => builder,
    }
}

fn receives<P: Receives>(builder: SocketBuilder<P>, settings: &Settings) -> SocketBuilder<P> {
    match settings.receive_mark {
        Some(mark) => builder.receive_high_water_mark(mark),
        None => builder,
    }
}

fn conflates<P: Conflates>(builder: SocketBuilder<P>, settings: &Settings) -> SocketBuilder<P> {
    builder.conflate(settings.conflate.unwrap_or(false))
}

fn named<P: SocketKind + Named>(
    builder: SocketBuilder<P>,
    settings: &Settings,
) -> SocketBuilder<P> {
    let builder = common(builder, settings);
    match &settings.routing_id {
        Some(routing_id) => builder.routing_id(routing_id).expect("a valid routing id"),
        None => builder,
    }
}

//! The peer of libzmq.

use std::time::Duration;

use libzmq_peer::{Context, Error, EventKind, Opt, Peer as Thread, Socket, SocketKind, errno};
use tokio::time::timeout;

use super::{Closed, Library, Peer, PeerEvent, Sent, Settings};
use crate::Frames;
use crate::secured::{Mechanism, Secured, ZapHandler};

/// A socket of libzmq on its own thread.
#[derive(Debug)]
pub struct Theirs {
    thread: Thread,
    _handler: Option<ZapHandler>,
}

impl Theirs {
    /// Runs a closure with the socket.
    async fn run<T: Send + 'static>(
        &self,
        closure: impl FnOnce(&Socket) -> Result<T, Error> + Send + 'static,
    ) -> T {
        self.thread.run(closure).await.expect("libzmq does it")
    }
}

impl Peer for Theirs {
    const LIBRARY: Library = Library::Libzmq;

    async fn start(settings: &Settings) -> Self {
        let context = Context::new().expect("a context");
        // Without a handler, libzmq's PLAIN server rejects every peer.
        let asks = Secured { mechanism: Mechanism::Plain, is_server: true };
        let handler = (settings.secured == Some(asks)).then(|| ZapHandler::start(&context));
        let settings = settings.clone();
        let thread =
            Thread::spawn_in(&context, settings.kind, move |socket| set(socket, &settings));
        Self { thread: thread.expect("libzmq's side is set up"), _handler: handler }
    }

    async fn bind(&mut self, endpoint: &str) -> String {
        let endpoint = endpoint.to_owned();
        self.run(move |socket| socket.bind(&endpoint)).await
    }

    async fn connect(&mut self, endpoint: &str) {
        let endpoint = endpoint.to_owned();
        self.run(move |socket| socket.connect(&endpoint)).await;
    }

    async fn send(&mut self, message: Frames, within: Duration) -> Sent {
        let within = i32::try_from(within.as_millis()).expect("a short time");
        self.run(move |socket| {
            socket.set_i32(Opt::SNDTIMEO, within)?;
            look(socket);
            Ok(match socket.send(&message) {
                Ok(()) => Sent::Taken,
                Err(error) if error.errno() == Some(errno::EAGAIN) => Sent::Full,
                Err(_) => Sent::Refused,
            })
        })
        .await
    }

    async fn send_until_full(&mut self, message: Frames, count: usize) -> usize {
        self.run(move |socket| {
            look(socket);
            let mut taken = 0;
            while taken < count && matches!(socket.try_send(&message), Ok(true)) {
                taken += 1;
            }
            Ok(taken)
        })
        .await
    }

    async fn recv(&mut self, within: Duration) -> Option<Frames> {
        // A receive that fails because it is not the REQ's turn returns nothing either.
        timeout(within, self.thread.recv()).await.ok()?.ok()
    }

    async fn subscribe(&mut self, topic: &[u8]) {
        let topic = topic.to_vec();
        self.run(move |socket| socket.set_bytes(Opt::SUBSCRIBE, &topic)).await;
    }

    async fn unsubscribe(&mut self, topic: &[u8]) {
        let topic = topic.to_vec();
        self.run(move |socket| socket.set_bytes(Opt::UNSUBSCRIBE, &topic)).await;
    }

    async fn observes(&mut self, happening: PeerEvent, within: Duration) -> bool {
        let kinds: &[EventKind] = match happening {
            PeerEvent::Accepted => &[EventKind::ACCEPTED],
            PeerEvent::Ready => &[EventKind::HANDSHAKE_SUCCEEDED],
            PeerEvent::HandshakeFailed => &[
                EventKind::HANDSHAKE_FAILED_NO_DETAIL,
                EventKind::HANDSHAKE_FAILED_PROTOCOL,
                EventKind::HANDSHAKE_FAILED_AUTH,
            ],
            PeerEvent::Disconnected => &[EventKind::DISCONNECTED],
            PeerEvent::Retried => &[EventKind::CONNECT_RETRIED],
        };
        let mut any = kinds.iter().map(|kind| self.thread.event(*kind));
        let (one, two, three) = (any.next(), any.next(), any.next());
        let either = async {
            let (Some(two), Some(three)) = (two, three) else {
                return one.expect("at least one").await;
            };
            tokio::select! {
                event = one.expect("at least one") => event,
                event = two => event,
                event = three => event,
            }
        };
        matches!(timeout(within, either).await, Ok(Ok(_)))
    }

    async fn dropped(&mut self) -> Option<u64> {
        None
    }

    async fn close(self, within: Duration) -> Closed {
        match timeout(within, self.thread.stop()).await {
            Ok(stopped) => {
                stopped.expect("libzmq's thread ends well");
                Closed::Returned { unsent: None }
            }
            Err(_) => Closed::Waits,
        }
    }
}

/// Reading this option makes libzmq process subscriptions and new peers now instead of at a later
/// send.
fn look(socket: &Socket) {
    let _ = socket.get_i32(Opt::EVENTS);
}

fn set(socket: &Socket, settings: &Settings) -> Result<(), Error> {
    let flag = |option, value: Option<bool>| {
        value.map_or(Ok(()), |value| socket.set_i32(option, value.into()))
    };
    let number = |option, value: Option<u32>| {
        let value = value.map(|value| i32::try_from(value).expect("a small number"));
        value.map_or(Ok(()), |value| socket.set_i32(option, value))
    };
    let mark = |option, value: Option<usize>| {
        number(option, value.map(|value| u32::try_from(value).expect("a small number")))
    };
    settings.secured.map_or(Ok(()), |secured| secured.theirs(socket))?;
    mark(Opt::SNDHWM, settings.send_mark)?;
    mark(Opt::RCVHWM, settings.receive_mark)?;
    number(Opt::SNDBUF, settings.buffers)?;
    number(Opt::RCVBUF, settings.buffers)?;
    socket.set_i32(Opt::LINGER, settings.linger.unwrap_or(0))?;
    number(Opt::HANDSHAKE_IVL, settings.handshake)?;
    settings.reconnect.map_or(Ok(()), |ms| socket.set_i32(Opt::RECONNECT_IVL, ms))?;
    number(Opt::RECONNECT_IVL_MAX, settings.reconnect_most)?;
    number(Opt::HEARTBEAT_IVL, settings.heartbeat)?;
    number(Opt::HEARTBEAT_TIMEOUT, settings.heartbeat_timeout)?;
    if let Some(bytes) = settings.max_message {
        socket.set_i64(Opt::MAXMSGSIZE, i64::try_from(bytes).expect("a limit"))?;
    }
    if let Some(routing_id) = &settings.routing_id {
        socket.set_bytes(Opt::ROUTING_ID, routing_id.as_bytes())?;
    }
    flag(Opt::ROUTER_MANDATORY, settings.mandatory)?;
    flag(Opt::ROUTER_HANDOVER, settings.handover)?;
    flag(Opt::REQ_CORRELATE, settings.correlate)?;
    flag(Opt::REQ_RELAXED, settings.relaxed)?;
    flag(Opt::CONFLATE, settings.conflate)?;
    flag(Opt::XPUB_VERBOSE, settings.verbose)?;
    for topic in &settings.topics {
        match settings.kind {
            SocketKind::Sub => socket.set_bytes(Opt::SUBSCRIBE, topic.as_bytes())?,
            _ => socket.send(&[[&[1], topic.as_bytes()].concat()])?,
        }
    }
    Ok(())
}

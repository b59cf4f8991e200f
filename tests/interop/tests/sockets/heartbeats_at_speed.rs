//! Heartbeats between and inside messages that are sent without pause: no message is lost, and no
//! connection ends.
//!
//! libzmq writes a PING or PONG at the end of a batch, which may be between two frames of a
//! message.

use std::time::{Duration, Instant};

use interop::{DEADLINE, Frames, Mechanism, Secured, TCP, frames, handshake, libzmq};
use libzmq_peer::SocketKind::{Pull, Push};
use libzmq_peer::{Opt, Socket};
use tokio::sync::oneshot;
use tokio::time::timeout;
use zeromq_async::{
    Events, Message, PullSocket, PushSocket, SocketBuilder, SocketEvent, SocketKind,
};

/// The heartbeat interval. Many heartbeats fall inside messages.
const INTERVAL: Duration = Duration::from_millis(10);

/// So that a busy machine is not taken for a dead peer.
const TIMEOUT: Duration = Duration::from_secs(60);

/// Messages in each queue: few, so that the sender's last message arrives soon.
const QUEUED: u8 = 10;

/// The duration of the regular tests.
const SHORT: Duration = Duration::from_millis(500);

/// The traffic of a connection, and the side that sends PINGs.
#[derive(Debug, Clone, Copy)]
struct Shape {
    name: &'static str,
    /// Sizes of the frames before the last, which has the message number.
    frames: &'static [usize],
    is_sealed: bool,
    we_ask: bool,
    they_ask: bool,
    /// Whether this library's socket sends and libzmq's receives.
    we_send: bool,
}

const SMALL: &[usize] = &[10, 20, 100];

const LARGE: &[usize] = &[200_000, 10, 200_000];

const CLEAR: Shape = Shape {
    name: "clear",
    frames: SMALL,
    is_sealed: false,
    we_ask: false,
    they_ask: true,
    we_send: false,
};

/// The five shapes, each also encrypted or in the other direction.
const SHAPES: [Shape; 10] = [
    CLEAR,
    Shape { name: "CURVE", is_sealed: true, ..CLEAR },
    Shape { name: "large frames", frames: LARGE, ..CLEAR },
    Shape { name: "large frames, CURVE", frames: LARGE, is_sealed: true, ..CLEAR },
    Shape { name: "they ask, we send", we_send: true, ..CLEAR },
    Shape { name: "they ask, we send large frames", frames: LARGE, we_send: true, ..CLEAR },
    Shape { name: "we ask", we_ask: true, they_ask: false, ..CLEAR },
    Shape {
        name: "we ask for large frames",
        frames: LARGE,
        we_ask: true,
        they_ask: false,
        ..CLEAR
    },
    Shape { name: "both ask, CURVE", is_sealed: true, we_ask: true, ..CLEAR },
    Shape { name: "we ask and send", we_ask: true, they_ask: false, we_send: true, ..CLEAR },
];

#[tokio::test]
async fn heartbeats_lose_no_messages() {
    for shape in SHAPES {
        shape.run(SHORT).await;
    }
}

/// `HEARTBEAT_SECONDS` per shape, or 60.
#[tokio::test]
#[ignore = "runs for minutes: 60 s for each of ten shapes"]
async fn heartbeats_lose_no_messages_in_a_minute() {
    let seconds = std::env::var("HEARTBEAT_SECONDS").ok();
    let seconds = seconds.map_or(60, |seconds| seconds.parse().expect("a number of seconds"));
    for shape in SHAPES {
        shape.run(Duration::from_secs(seconds)).await;
    }
}

impl Shape {
    async fn run(self, duration: Duration) {
        let shape = self.name;
        let sent = if self.we_send { self.send(duration).await } else { self.recv(duration).await };
        // A machine that is too busy for this many heartbeats shows nothing.
        assert!(sent > 10, "{shape}: {sent} messages only");
    }

    /// Receives what libzmq sends.
    async fn recv(self, duration: Duration) -> u64 {
        let pull = PullSocket::builder().receive_high_water_mark(usize::from(QUEUED));
        let mut pull = self.ours(pull, true).build();
        let mut events = pull.events();
        let endpoint = pull.bind(TCP).await.expect("a port").to_string();
        let push = libzmq(Push, move |socket| {
            self.theirs(socket, false)?;
            socket.connect(&endpoint)
        });
        handshake(&mut events).await;
        let sent = push.run(move |socket| {
            let begun = Instant::now();
            let mut sent = 0;
            while begun.elapsed() < duration {
                socket.send(&self.message(sent))?;
                sent += 1;
            }
            socket.send(&[END])?;
            Ok(sent)
        });
        let mut received = 0;
        loop {
            let message = timeout(DEADLINE, pull.recv()).await;
            let message = message.unwrap_or_else(|_| panic!("{self:?}: lost {received}"));
            let message = frames(&message.expect("the socket is open"));
            if message == [END] {
                break;
            }
            assert!(message == self.message(received), "{self:?}: lost {received}");
            received += 1;
        }
        assert_eq!(sent.await.expect("libzmq sends"), received, "{self:?}");
        self.is_undisturbed(&mut events).await;
        received
    }

    /// Sends what libzmq receives.
    async fn send(self, duration: Duration) -> u64 {
        let pull = libzmq(Pull, move |socket| {
            self.theirs(socket, true)?;
            socket.bind(TCP)
        });
        let push = PushSocket::builder().send_high_water_mark(usize::from(QUEUED));
        let mut push = self.ours(push, false).build();
        let mut events = push.events();
        push.connect(pull.endpoint()).expect("an endpoint");
        handshake(&mut events).await;
        let (done, received) = oneshot::channel();
        let receiving = pull.run(move |socket| {
            let mut received = 0;
            loop {
                let message = socket.recv_timeout(DEADLINE)?;
                let message = message.unwrap_or_else(|| panic!("{self:?}: lost {received}"));
                if message == [END] {
                    let _ = done.send(received);
                    return Ok(());
                }
                assert!(message == self.message(received), "{self:?}: lost {received}");
                received += 1;
            }
        });
        let begun = Instant::now();
        let mut sent = 0;
        while begun.elapsed() < duration {
            let message = Message::multipart(self.message(sent));
            timeout(DEADLINE, push.send(message)).await.expect("room").expect("it sends");
            sent += 1;
        }
        push.send(END).await.expect("it sends");
        let received = timeout(DEADLINE, received).await.expect("all to arrive");
        assert_eq!(received.expect("libzmq's side goes on"), sent, "{self:?}");
        drop(receiving);
        self.is_undisturbed(&mut events).await;
        sent
    }

    /// No connection has ended.
    async fn is_undisturbed(self, events: &mut Events) {
        while let Ok(event) = timeout(Duration::ZERO, events.next()).await {
            let is_end = matches!(event, Some(SocketEvent::Disconnected { .. }) | None);
            assert!(!is_end, "{self:?}: {event:?}");
        }
    }

    fn message(self, number: u64) -> Frames {
        let byte = number.to_le_bytes()[0];
        let mut frames: Frames = self.frames.iter().map(|&size| vec![byte; size]).collect();
        frames.push(number.to_be_bytes().to_vec());
        frames
    }

    fn ours<P: SocketKind>(
        self,
        mut builder: SocketBuilder<P>,
        is_server: bool,
    ) -> SocketBuilder<P> {
        if self.we_ask {
            builder = builder.heartbeat_interval(INTERVAL).heartbeat_timeout(TIMEOUT);
        }
        if self.is_sealed {
            builder = Secured { mechanism: Mechanism::Curve, is_server }.ours(builder);
        }
        builder
    }

    fn theirs(self, socket: &Socket, is_server: bool) -> Result<(), libzmq_peer::Error> {
        let ms = |duration: Duration| i32::try_from(duration.as_millis()).expect("short");
        if self.they_ask {
            socket.set_i32(Opt::HEARTBEAT_IVL, ms(INTERVAL))?;
            socket.set_i32(Opt::HEARTBEAT_TIMEOUT, ms(TIMEOUT))?;
        }
        socket.set_i32(Opt::SNDHWM, QUEUED.into())?;
        socket.set_i32(Opt::RCVHWM, QUEUED.into())?;
        if self.is_sealed {
            Secured { mechanism: Mechanism::Curve, is_server }.theirs(socket)?;
        }
        Ok(())
    }
}

/// The last message.
const END: &[u8] = b"end";

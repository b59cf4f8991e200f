//! Network faults with either library at both ends: messages arrive whole and in order, none
//! arrives twice, and the exchange continues when the faults end.

use std::time::Duration;

use interop::peer::{Peer, PeerEvent, Sent, Settings};
use interop::{Frames, TCP, within};
use libzmq_peer::SocketKind;
use libzmq_peer::SocketKind::{Pull, Push};
use zeromq_test::{Ending, Fault, Relay, Way};

use crate::support::{DEADLINE, relay_to, single};

side_by_side! {
    /// Slow networks: everything arrives.
    fault_slow_lines: slow_lines,
    ours: slow().map(|(name, _)| (name, MESSAGES)).to_vec(),
    libzmq: slow().map(|(name, _)| (name, MESSAGES)).to_vec(),
}

side_by_side! {
    /// Broken connections that work again later.
    fault_broken_lines: broken_lines,
    ours: broken().map(|(name, _)| name).to_vec(),
    libzmq: broken().map(|(name, _)| name).to_vec(),
}

const MESSAGES: usize = 20;

const MS: Duration = Duration::from_millis(1);

fn slow() -> [(&'static str, Fault); 4] {
    [
        ("none", Fault::Delay(Duration::ZERO)),
        ("delay", Fault::Delay(30 * MS)),
        ("throttle", Fault::Throttle { bytes: 1000, every: 5 * MS }),
        // The whole handshake; then the network recovers.
        ("a byte at a time", Fault::Throttle { bytes: 1, every: MS }),
    ]
}

/// At every stage: the greeting, READY, the first message, and several more.
fn broken() -> [(&'static str, Vec<Fault>); 6] {
    let everywhere = [0, 10, 63, 64, 80, 100, 600, 5000];
    let end = |ending| everywhere.map(|bytes| Fault::EndAfter { bytes, ending }).to_vec();
    [
        ("cut", end(Ending::Cut)),
        ("reset", end(Ending::Reset)),
        ("half-closed", everywhere.map(|bytes| Fault::HalfCloseAfter { bytes }).to_vec()),
        ("stalled", vec![Fault::Stall]),
        ("black hole", vec![Fault::BlackHole]),
        // Within the greeting, and within the length of the name READY.
        ("flipped", [0, 12, 66].map(|offset| Fault::Flip { offset, bits: 0x80 }).to_vec()),
    ]
}

async fn slow_lines<P: Peer>() -> Vec<(&'static str, usize)> {
    let mut arrived = Vec::new();
    for (name, fault) in slow() {
        let faults = [(Way::Up, fault.clone()), (Way::Down, fault)];
        let mut talk = Exchange::<P>::begin(Settings::new, &faults).await;
        if name == "a byte at a time" {
            assert!(talk.pull.observes(PeerEvent::Ready, DEADLINE).await, "{name}");
            talk.recover();
        }
        for number in 0..MESSAGES {
            assert_eq!(talk.pull.recv(DEADLINE).await, Some(message(number)), "{name}");
        }
        arrived.push((name, MESSAGES));
    }
    arrived
}

/// The faults after which the exchange continued.
async fn broken_lines<P: Peer>() -> Vec<&'static str> {
    let mut went_on = Vec::new();
    for (name, faults) in broken() {
        for fault in faults {
            let what = format!("{:?}, {fault:?}", P::LIBRARY);
            let is_silent = matches!(fault, Fault::Stall | Fault::BlackHole);
            let settings = |kind| {
                let settings = Settings::new(kind).reconnect(5).handshake(2000);
                // Only heartbeats detect these faults.
                if is_silent { settings.heartbeats(50 * MS, 500 * MS) } else { settings }
            };
            let talk = if is_silent {
                let mut talk = Exchange::<P>::begin(settings, &[]).await;
                assert_eq!(talk.pull.recv(DEADLINE).await, Some(message(0)), "{what}");
                for way in Way::BOTH {
                    talk.relay.fault(way, fault.clone());
                }
                assert!(talk.push.observes(PeerEvent::Disconnected, DEADLINE).await, "{what}");
                talk
            } else {
                let talk = Exchange::<P>::begin(settings, &[(Way::Up, fault)]).await;
                within(&what, talk.relay.wait_for_ended(1)).await;
                talk
            };
            talk.recover();
            within(&what, talk.ends(usize::from(is_silent))).await;
        }
        went_on.push(name);
    }
    went_on
}

struct Exchange<P> {
    push: P,
    pull: P,
    relay: Relay,
}

impl<P: Peer> Exchange<P> {
    /// A PUSH that sends through these faults.
    async fn begin(settings: impl Fn(SocketKind) -> Settings, faults: &[(Way, Fault)]) -> Self {
        let (mut push, mut pull) =
            (P::start(&settings(Push)).await, P::start(&settings(Pull)).await);
        let relay = relay_to(&pull.bind(TCP).await).await;
        for (way, fault) in faults {
            relay.fault(*way, fault.clone());
        }
        push.connect(&relay.endpoint().to_string()).await;
        for number in 0..MESSAGES {
            assert_eq!(push.send(message(number), DEADLINE).await, Sent::Taken);
        }
        Self { push, pull, relay }
    }

    fn recover(&self) {
        for way in Way::BOTH {
            self.relay.heal(way);
        }
    }

    /// Receives until a current message arrives. Earlier messages are whole, in order, and not
    /// duplicated.
    async fn ends(mut self, received: usize) {
        let mut next = received;
        loop {
            assert_eq!(self.push.send(single("end"), DEADLINE).await, Sent::Taken);
            while let Some(received) = self.pull.recv(20 * MS).await {
                if received == single("end") {
                    return;
                }
                let number = (next..MESSAGES).find(|number| received == message(*number));
                next = 1 + number.unwrap_or_else(|| {
                    panic!("after {next} messages: {}", received.concat().escape_ascii())
                });
            }
        }
    }
}

/// A message that shows where it is cut.
fn message(number: usize) -> Frames {
    vec![format!("{number:04}").repeat(100).into_bytes(), number.to_string().into_bytes()]
}

//! The simulated network as a transport, and the faults of a seed.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use turmoil::net::{TcpListener, TcpStream};
use turmoil::{Builder, Sim};
use zeromq_async::transport::{Io, Listener, Transport, TransportOptions};
use zeromq_async::{Endpoint, Socket, SocketBuilder, SocketKind};

/// TCP between the hosts of a simulation, under the scheme `sim`.
struct Simulated;

impl Transport for Simulated {
    type Listener = Accepting;

    async fn listen(&self, at: &Endpoint, _options: &TransportOptions) -> io::Result<Accepting> {
        let listener = TcpListener::bind(address(at)).await?;
        Ok(Accepting { accept: Box::pin(accept(listener)), endpoint: at.clone() })
    }

    async fn dial(&self, to: &Endpoint, _options: &TransportOptions) -> io::Result<Io> {
        let stream = TcpStream::connect(address(to)).await?;
        let peer = stream.peer_addr()?;
        Ok(Io::new(stream, peer))
    }
}

fn address(endpoint: &Endpoint) -> &str {
    let Endpoint::Other(other) = endpoint else { panic!("{endpoint} is not simulated") };
    other.address()
}

type Accepted = (TcpListener, io::Result<Io>);

struct Accepting {
    accept: Pin<Box<dyn Future<Output = Accepted> + Send>>,
    endpoint: Endpoint,
}

async fn accept(listener: TcpListener) -> Accepted {
    let accepted = listener.accept().await.map(|(stream, peer)| Io::new(stream, peer));
    (listener, accepted)
}

impl Listener for Accepting {
    fn poll_accept(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Io>> {
        let (listener, accepted) = ready!(self.accept.as_mut().poll(cx));
        self.accept = Box::pin(accept(listener));
        Poll::Ready(accepted)
    }

    fn local_endpoint(&self) -> &Endpoint {
        &self.endpoint
    }
}

/// A socket of the current simulated host. It notices an unreachable peer within a second and
/// reconnects at once.
pub(crate) fn socket<P: SocketKind>() -> SocketBuilder<P> {
    let context = zeromq_async::Context::builder().transport("sim", Simulated);
    let context = context.expect("a scheme").build();
    let at_once = Duration::from_millis(1);
    Socket::builder_in(&context)
        .reconnect(zeromq_async::ReconnectBackoff::new(at_once).up_to(at_once))
        .connect_timeout(Duration::from_millis(500))
        .handshake_timeout(Duration::from_millis(500))
        .heartbeat_interval(INTERVAL)
        .heartbeat_timeout(TIMEOUT)
        .linger(Duration::ZERO)
}

pub(crate) const INTERVAL: Duration = Duration::from_millis(200);
pub(crate) const TIMEOUT: Duration = Duration::from_millis(400);

/// The simulated time of one step.
const TICK: Duration = Duration::from_millis(5);

/// The duration of the faults. After it the network works and every host is up.
pub(crate) const FAULTS: Duration = Duration::from_secs(5);

/// Random numbers of a seed.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides` (SplitMix64).
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % sides
    }
}

/// The possible faults of the two hosts `server` and `client`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Faults {
    /// Bytes are delayed only.
    Delays,
    /// Bytes are lost in one or both directions, and the server crashes and restarts.
    All,
}

/// Whether the network works again.
#[derive(Clone, Default)]
pub(crate) struct Recovered(Rc<AtomicBool>);

impl Recovered {
    pub(crate) fn is(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

pub(crate) fn simulation<'a>(seed: u64) -> Sim<'a> {
    Builder::new()
        .rng_seed(seed)
        .tick_duration(TICK)
        .min_message_latency(Duration::from_millis(1))
        .max_message_latency(Duration::from_millis(20))
        .tcp_capacity(1024)
        .simulation_duration(Duration::from_secs(60))
        .build()
}

/// Runs until every client has ended, with the faults of the seed.
pub(crate) fn run(sim: &mut Sim<'_>, seed: u64, faults: Faults, healed: &Recovered) {
    let mut dice = Dice::new(seed);
    let mut next = Duration::from_millis(200 + dice.roll(500));
    let mut is_up = true;
    loop {
        match sim.step() {
            Ok(true) => return,
            Ok(false) => {}
            Err(error) => panic!("seed {seed}, {faults:?}: {error}"),
        }
        if healed.is() || sim.elapsed() < next {
            continue;
        }
        if sim.elapsed() >= FAULTS {
            recover(sim, faults);
            if !is_up {
                sim.bounce("server");
            }
            healed.0.store(true, Ordering::Relaxed);
            continue;
        }
        next = sim.elapsed() + Duration::from_millis(50 + dice.roll(1000));
        match (faults, dice.roll(6)) {
            (Faults::Delays, 0..3) => sim.hold("server", "client"),
            (Faults::Delays, _) => sim.release("server", "client"),
            (Faults::All, 0) => sim.partition("server", "client"),
            (Faults::All, 1) => sim.partition_oneway("server", "client"),
            (Faults::All, 2) => sim.partition_oneway("client", "server"),
            (Faults::All, 3) if is_up => {
                sim.crash("server");
                is_up = false;
            }
            (Faults::All, _) => {
                recover(sim, faults);
                if !is_up {
                    sim.bounce("server");
                    is_up = true;
                }
            }
        }
    }
}

fn recover(sim: &mut Sim<'_>, faults: Faults) {
    match faults {
        Faults::Delays => sim.release("server", "client"),
        Faults::All => sim.repair("server", "client"),
    }
}

/// The number of seeds per test: few by default, any number in a long run.
pub(crate) fn seeds(few: u64) -> impl Iterator<Item = u64> {
    let wanted = std::env::var("SIMULATION_SEEDS").ok();
    let count = wanted.map_or(few, |text| text.parse().expect("SIMULATION_SEEDS is a number"));
    0..count
}

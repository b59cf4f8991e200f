//! PUSH to PULL: no message arrives twice, each connection keeps order, every message is accounted
//! for, and the pipeline works again once the network does.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::sleep;
use zeromq_async::{PeerId, Pull, Push, SocketStats};

use crate::network::{Faults, Recovered, run, seeds, simulation, socket};

/// The messages of one run of the puller, and their connections.
type Deliveries = Rc<RefCell<Vec<(u32, PeerId, u64)>>>;

struct Outcome {
    deliveries: Vec<(u32, PeerId, u64)>,
    accepted: u64,
    stats: SocketStats,
}

fn simulate(seed: u64, faults: Faults) -> Outcome {
    let mut sim = simulation(seed);
    let (deliveries, runs) = (Deliveries::default(), Rc::new(RefCell::new(0)));
    let healed = Recovered::default();
    sim.host("server", {
        let deliveries = deliveries.clone();
        move || {
            let deliveries = deliveries.clone();
            *runs.borrow_mut() += 1;
            let run = *runs.borrow();
            async move {
                let mut pull = socket::<Pull>().build();
                pull.bind("sim://0.0.0.0:5555").await?;
                loop {
                    let (message, peer) = pull.recv_from().await?;
                    let number = String::from_utf8_lossy(&message.frames()[0]).parse()?;
                    deliveries.borrow_mut().push((run, peer.id(), number));
                }
            }
        }
    });
    let result = Rc::new(RefCell::new(None));
    sim.client("client", {
        let (deliveries, healed, result) = (deliveries.clone(), healed.clone(), result.clone());
        async move {
            let mut push = socket::<Push>().send_high_water_mark(50).build();
            push.connect("sim://server:5555")?;
            let mut accepted = 0;
            let mut last_lap = 100;
            while last_lap > 0 {
                push.send(accepted.to_string()).await?;
                accepted += 1;
                sleep(Duration::from_millis(7)).await;
                last_lap -= u64::from(healed.is());
            }
            push.flush().await?;
            let last = accepted - 1;
            while !deliveries.borrow().iter().any(|(_, _, number)| *number == last) {
                sleep(Duration::from_millis(50)).await;
            }
            *result.borrow_mut() = Some((accepted, push.stats()));
            Ok(())
        }
    });
    run(&mut sim, seed, faults, &healed);
    drop(sim);
    let (accepted, stats) = result.take().expect("the client has ended");
    Outcome { deliveries: deliveries.take(), accepted, stats }
}

fn check(seed: u64, outcome: &Outcome) {
    let Outcome { deliveries, accepted, stats } = outcome;
    let mut numbers: Vec<_> = deliveries.iter().map(|(_, _, number)| *number).collect();
    numbers.sort_unstable();
    let received = numbers.len();
    numbers.dedup();
    assert_eq!(numbers.len(), received, "seed {seed}: a message came twice");
    for (one, other) in deliveries.iter().zip(&deliveries[1..]) {
        let same_connection = (one.0, one.1) == (other.0, other.1);
        assert!(!same_connection || one.2 < other.2, "seed {seed}: {one:?} before {other:?}");
    }
    let accounted = stats.sent + stats.queued + stats.lost;
    assert_eq!(accounted, *accepted, "seed {seed}: {stats:?}");
}

#[test]
fn faults_duplicate_nothing_and_all_is_counted() {
    let mut with_losses = 0;
    for seed in seeds(60) {
        let outcome = simulate(seed, Faults::All);
        check(seed, &outcome);
        with_losses += u32::from((outcome.deliveries.len() as u64) < outcome.accepted);
    }
    // Without loss in the network: bytes in the kernel's buffers are lost with their host,
    // uncounted.
    assert!(with_losses > 0, "the network did no harm");
}

#[test]
fn delays_alone_lose_nothing() {
    for seed in seeds(30) {
        let outcome = simulate(seed, Faults::Delays);
        check(seed, &outcome);
    }
}

#[test]
fn same_seed_gives_same_run() {
    let one = simulate(7, Faults::All);
    let other = simulate(7, Faults::All);
    assert_eq!(one.deliveries, other.deliveries);
    assert_eq!(one.stats, other.stats);
}

//! Heartbeats: both sides detect an unreachable peer in time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use tokio::time::Instant;
use zeromq_async::{Dealer, DisconnectReason, Router, Socket, SocketEvent, SocketKind};

use crate::network::{Dice, INTERVAL, TIMEOUT, seeds, simulation, socket};

/// The time and the reason of a disconnect.
type Detection = Rc<RefCell<Option<Duration>>>;

async fn watch<P: SocketKind>(socket: &Socket<P>, found: &Detection) {
    let mut events = socket.events();
    while let Some(event) = events.next().await {
        if let SocketEvent::Disconnected { reason, .. } = event {
            assert!(matches!(reason, DisconnectReason::HeartbeatTimedOut), "{reason}");
            let mut found = found.borrow_mut();
            found.get_or_insert_with(|| turmoil::sim_elapsed().expect("in a simulation"));
            return;
        }
    }
}

#[test]
fn black_hole_is_detected_in_time() {
    for seed in seeds(30) {
        let mut sim = simulation(seed);
        let [server, client] = [Detection::default(), Detection::default()];
        sim.host("server", {
            let found = server.clone();
            move || {
                let found = found.clone();
                async move {
                    let mut router = socket::<Router>().build();
                    router.bind("sim://0.0.0.0:5555").await?;
                    watch(&router, &found).await;
                    // When the network works again, the sockets reconnect and exchange messages.
                    let message = router.recv().await?;
                    router.send(message).await?;
                    std::future::pending().await
                }
            }
        });
        sim.client("client", {
            let found = client.clone();
            async move {
                let mut dealer = socket::<Dealer>().build();
                dealer.connect("sim://server:5555")?;
                dealer.wait_for_peers(1).await;
                watch(&dealer, &found).await;
                let asked = Instant::now();
                dealer.send("again").await?;
                assert_eq!(dealer.recv().await?, "again", "seed {seed}");
                assert!(asked.elapsed() < Duration::from_secs(20));
                Ok(())
            }
        });
        let cut = Duration::from_millis(500 + Dice::new(seed).roll(1000));
        let mut is_cut = false;
        let mut is_whole = false;
        while !sim.step().unwrap_or_else(|error| panic!("seed {seed}: {error}")) {
            if !is_cut && sim.elapsed() >= cut {
                sim.partition("server", "client");
                is_cut = true;
            }
            if !is_whole && server.borrow().is_some() && client.borrow().is_some() {
                sim.repair("server", "client");
                is_whole = true;
            }
        }
        for found in [server, client] {
            let took = found.borrow().unwrap() - cut;
            // Plus the network delay and two ticks.
            let limit = INTERVAL + TIMEOUT + Duration::from_millis(30);
            assert!(took <= limit, "seed {seed}: found out after {took:?}");
        }
    }
}

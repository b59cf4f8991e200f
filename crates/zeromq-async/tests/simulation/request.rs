//! REQ and REP: each reply belongs to its request, however late, and the exchange works again once
//! the network does.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zeromq_async::{Rep, Req};

use crate::network::{Faults, Recovered, run, seeds, simulation, socket};

#[test]
fn reply_never_matches_another_request() {
    for seed in seeds(60) {
        let mut sim = simulation(seed);
        sim.host("server", || async {
            let mut rep = socket::<Rep>().build();
            rep.bind("sim://0.0.0.0:5555").await?;
            loop {
                let request = rep.recv().await?;
                // Sometimes longer than the client waits.
                let number: u64 = String::from_utf8_lossy(&request.frames()[0]).parse()?;
                sleep(Duration::from_millis(number * 37 % 150)).await;
                rep.send(request).await?;
            }
        });
        let healed = Recovered::default();
        sim.client("client", {
            let healed = healed.clone();
            async move {
                let mut req = socket::<Req>().relaxed(true).correlate(true).build();
                req.connect("sim://server:5555")?;
                let (mut number, mut answered_since) = (0_u64, 0);
                while answered_since < 20 {
                    number += 1;
                    req.send(number.to_string()).await?;
                    let reply = timeout(Duration::from_millis(100), req.recv()).await;
                    // Lost with its connection, or late: the request is sent again.
                    let Ok(Ok(reply)) = reply else { continue };
                    assert_eq!(reply, number.to_string().as_str(), "seed {seed}");
                    answered_since += u32::from(healed.is());
                }
                Ok(())
            }
        });
        run(&mut sim, seed, Faults::All, &healed);
    }
}

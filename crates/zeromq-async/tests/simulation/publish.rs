//! PUB to SUB: exactly the wanted subscriptions are active after any fault.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use zeromq_async::{Message, Pub, Sub};

use crate::network::{Faults, Recovered, run, seeds, simulation, socket};

#[test]
fn subscriptions_survive_publisher_faults() {
    for seed in seeds(60) {
        let mut sim = simulation(seed);
        sim.host("server", || async {
            let mut publisher = socket::<Pub>().build();
            publisher.bind("sim://0.0.0.0:5555").await?;
            for number in 0_u64.. {
                for topic in ["early", "late", "never"] {
                    let message = Message::multipart([topic.to_owned(), number.to_string()]);
                    publisher.send(message).await?;
                }
                sleep(Duration::from_millis(20)).await;
            }
            Ok(())
        });
        let healed = Recovered::default();
        sim.client("client", {
            let healed = healed.clone();
            async move {
                let mut sub = socket::<Sub>().subscribe("early").build();
                sub.connect("sim://server:5555")?;
                let mut was_late = false;
                let (mut early, mut late) = (0, 0);
                while early < 10 || late < 10 {
                    if !was_late && turmoil::sim_elapsed() > Some(Duration::from_secs(2)) {
                        // With or without a connection at this moment.
                        sub.subscribe("late");
                        sub.subscribe("never");
                        sub.unsubscribe("never");
                        was_late = true;
                    }
                    let received = timeout(Duration::from_millis(100), sub.recv()).await;
                    let Ok(message) = received else { continue };
                    let message = message?;
                    match &message.frames()[0][..] {
                        b"early" => early += u32::from(healed.is()),
                        b"late" if was_late => late += u32::from(healed.is()),
                        other => panic!("seed {seed}: {}", String::from_utf8_lossy(other)),
                    }
                }
                Ok(())
            }
        });
        run(&mut sim, seed, Faults::All, &healed);
    }
}

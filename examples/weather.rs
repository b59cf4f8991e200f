//! A publisher of weather reports, and subscribers to one city each (PUB/SUB).
//!
//!     cargo run -p examples --example weather                     # publisher and three subscribers; ends by itself
//!     cargo run -p examples --example weather publish             # or each in its own terminal: runs until Ctrl-C
//!     cargo run -p examples --example weather subscribe oslo      # any city; ends after 100 reports
//!
//! Each subscriber receives only the reports of its city and prints the average temperature.

use std::error::Error;
use std::time::Duration;

use zeromq_async::{Endpoint, Message, PubSocket, SubSocket};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const CITIES: [(&str, i32); 4] = [("cairo", 31), ("lima", 19), ("oslo", -4), ("oslofjord", 2)];
const REPORTS: i32 = 100; // per subscriber
const ENDPOINT: &str = "tcp://127.0.0.1:5556";

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => everything().await,
        ["publish"] => {
            let publisher = PubSocket::new();
            println!("publishing at {}, until Ctrl-C", publisher.bind(ENDPOINT).await?);
            publish(publisher).await
        }
        ["subscribe", city] => subscribe(ENDPOINT.parse()?, city.to_owned()).await,
        _ => Err("usage: weather [publish | subscribe CITY]".into()),
    }
}

/// One publisher and three subscribers in one process, over TCP.
async fn everything() -> Result<()> {
    let publisher = PubSocket::new();
    let endpoint = publisher.bind("tcp://127.0.0.1:*").await?;
    println!("publishing at {endpoint}");
    let publishing = tokio::spawn(publish(publisher));
    let subscribers: Vec<_> = ["cairo", "lima", "oslo"]
        .map(|city| tokio::spawn(subscribe(endpoint.clone(), city.to_owned())))
        .into();
    let count = subscribers.len();
    for subscriber in subscribers {
        subscriber.await??;
    }
    publishing.abort(); // it never ends by itself; this drops its socket
    println!("done: {count} subscribers got {REPORTS} reports each");
    Ok(())
}

/// Publishes the weather of every city once per millisecond, with or without subscribers.
async fn publish(mut publisher: PubSocket) -> Result<()> {
    let mut tick = tokio::time::interval(Duration::from_millis(1));
    for time in 0.. {
        tick.tick().await;
        for (city, mean) in CITIES {
            let temperature = (mean + time % 7 - 3).to_string();
            publisher.send(Message::multipart([city, temperature.as_str()])).await?;
        }
    }
    Ok(())
}

/// Averages the temperature of one city.
async fn subscribe(endpoint: Endpoint, city: String) -> Result<()> {
    let mut subscriber = SubSocket::new();
    // A subscription is a prefix: "oslo" matches "oslofjord" too.
    subscriber.subscribe(&city);
    subscriber.connect(endpoint)?;
    println!("{city}: subscribed");
    let (mut reports, mut sum) = (0, 0);
    while reports < REPORTS {
        let [topic, temperature] = subscriber.recv().await?.try_into()?;
        if topic == city.as_str() {
            sum += temperature.to_str()?.parse::<i32>()?;
            reports += 1;
        }
    }
    println!(
        "{city}: {reports} reports, {:.1} degrees on average",
        f64::from(sum) / f64::from(reports)
    );
    Ok(())
}

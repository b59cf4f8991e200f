//! Sensors that send faster than a dashboard can draw: sockets with layers (PUSH/PULL).
//!
//!     cargo run -p examples --example layers     # ends by itself
//!
//! The slow dashboard receives only the latest reading of each sensor. An alarm is retried until a
//! server answers it.

use std::error::Error;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use tokio::time::timeout;
use zeromq_async::{Message, PullSocket, PushSocket, RecvError, RepSocket, ReqSocket, SendError};
use zeromq_util::layer::{
    KeepLatestLayer, Rate, RateLimitLayer, RecvExt, RetryLayer, SendExt, WithLayer,
};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

const SENSORS: [&str; 3] = ["pressure", "temperature", "voltage"];
const READINGS: u64 = 1000; // per sensor
const PATIENCE: Duration = Duration::from_secs(5);
const DRAWING: Duration = Duration::from_millis(20);

/// A measurement of one sensor.
struct Reading {
    sensor: &'static str,
    number: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let (push, pull) = (PushSocket::new(), PullSocket::new());
    push.connect(pull.bind("tcp://127.0.0.1:*").await?)?;
    let measuring = tokio::spawn(measure(push));
    draw(pull).await?;
    println!("sensors: sent {} readings", measuring.await??);
    alarm().await
}

/// Sends readings at a limited rate. Combinators of the crate `futures` encode and count them.
async fn measure(push: PushSocket) -> Result<u64> {
    use futures_util::SinkExt as _;

    let rate = Rate::per(Duration::from_millis(10)).messages(100);
    let mut count = 0;
    {
        let encode = |Reading { sensor, number }: Reading| {
            count += 1;
            ready(Ok::<_, SendError>(Message::multipart([sensor, number.to_string().as_str()])))
        };
        let mut sensors = push.with_layer(RateLimitLayer::new().send(rate)).with(encode);
        for number in 1..=READINGS {
            for sensor in SENSORS {
                timeout(PATIENCE, SendExt::send(&mut sensors, Reading { sensor, number }))
                    .await??;
            }
        }
        SendExt::flush(&mut sensors).await?;
    }
    Ok(count)
}

/// Draws the latest reading of each sensor until the last reading of every sensor has arrived.
async fn draw(pull: PullSocket) -> Result<()> {
    let has_two_frames = |message: &std::result::Result<Message, RecvError>| {
        ready(message.as_ref().map_or(true, |message| message.frame_count() == 2))
    };
    let latest = KeepLatestLayer::new(100, |message: &Message| message.first().cloned());
    let mut readings = pin!(pull.filter(has_two_frames).with_layer(latest));
    let (mut drawn, mut done) = (0_u64, 0);
    while done < SENSORS.len() {
        let [sensor, number] = timeout(PATIENCE, readings.recv()).await??.try_into()?;
        drawn += 1;
        if number == READINGS.to_string().as_str() {
            println!("dashboard: {sensor} is at {number}");
            done += 1;
        }
        tokio::time::sleep(DRAWING).await;
    }
    let replaced = readings.replaced();
    println!("dashboard: drew {drawn} readings, {replaced} were replaced by later ones");
    println!(
        "dashboard: {} of {} readings arrived",
        drawn + replaced,
        READINGS * SENSORS.len() as u64
    );
    Ok(())
}

/// Sends alarms to two servers in turn. One of them never answers.
async fn alarm() -> Result<()> {
    let (broken, mut server) = (RepSocket::new(), RepSocket::new());
    let req = ReqSocket::builder().relaxed(true).correlate(true).build();
    for rep in [&broken, &server] {
        req.connect(rep.bind("tcp://127.0.0.1:*").await?)?;
    }
    let answering = tokio::spawn(async move {
        while let Ok(alarm) = server.recv().await {
            let reply = format!("help is coming because of {alarm}");
            if server.send(reply).await.is_err() {
                break;
            }
        }
    });
    let mut alarms = req.with_layer(RetryLayer::new(Duration::from_millis(200)).attempts(20));
    for alarm in ["smoke", "water"] {
        alarms.send(alarm).await?;
        println!("alarm: {}", alarms.recv().await?);
    }
    answering.abort();
    println!("done");
    Ok(())
}

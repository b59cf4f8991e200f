//! Typed sockets: a thermostat that receives requests and sends replies as Rust types.
//!
//!     cargo run -p examples --example typed
//!
//! Requests and replies are JSON. Readings are MessagePack after a text frame with the topic. An
//! old sensor sends a message that cannot be decoded. The receiver reports it and continues.

use serde::{Deserialize, Serialize};
use zeromq_async::{Message, PeerAddress, PullSocket, PushSocket, RepSocket, ReqSocket};
use zeromq_util::typed::{DecodeError, Json, MsgPack, TypedExt, TypedRecvError, Utf8};

type Error = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Serialize, Deserialize)]
enum Request {
    Raise { degrees: f32 },
    Lower { degrees: f32 },
}

#[derive(Debug, Serialize, Deserialize)]
struct Setting {
    celsius: f32,
}

#[derive(Debug, Serialize, Deserialize)]
struct Reading {
    celsius: f32,
    battery: Option<u8>,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    let rep = RepSocket::new();
    let endpoint = rep.bind("tcp://127.0.0.1:*").await?;
    let thermostat = rep.handle().clone();
    let serving = tokio::spawn(serve(rep));

    let req = ReqSocket::new();
    req.connect(endpoint)?;
    let mut client = req.typed_both::<Request, Setting>(Json);
    for request in [Request::Raise { degrees: 2.5 }, Request::Lower { degrees: 1.0 }] {
        client.send(&request).await?;
        let Setting { celsius } = client.recv().await?;
        println!("client: after {request:?} it is set to {celsius}");
    }

    collect().await?;
    thermostat.close().await;
    serving.await??;
    println!("done");
    Ok(())
}

/// Answers until its socket is closed.
async fn serve(rep: RepSocket) -> Result<(), Error> {
    let mut rep = rep.typed_both::<Setting, Request>(Json);
    let mut celsius = 19.0;
    loop {
        match rep.recv().await {
            Ok(Request::Raise { degrees }) => celsius += degrees,
            Ok(Request::Lower { degrees }) => celsius -= degrees,
            Err(TypedRecvError::Decode(error)) => println!("thermostat: {error}"),
            Err(_) => return Ok(()),
        }
        rep.send(&Setting { celsius }).await?;
    }
}

/// Receives readings from a new sensor and an old one.
async fn collect() -> Result<(), Error> {
    let pull = PullSocket::new();
    let endpoint = pull.bind("tcp://127.0.0.1:*").await?;
    let mut readings = pull.typed::<(String, Reading)>((Utf8, MsgPack));

    let push = PushSocket::new();
    push.connect(&endpoint)?;
    let mut sensor = push.typed::<(&str, Reading)>((Utf8, MsgPack));
    sensor.get_mut().send(Message::multipart(["cellar", "12.5 C"])).await?; // the format of the old sensor
    sensor.send(&("kitchen", Reading { celsius: 21.5, battery: Some(87) })).await?;
    sensor.flush().await?;

    loop {
        match readings.recv().await {
            Ok((room, Reading { celsius, battery })) => {
                println!("{room}: {celsius} degrees, battery {battery:?}");
                return Ok(());
            }
            Err(TypedRecvError::Decode(error)) => {
                println!("from {}, not a reading: {}", address(&error), error.message());
            }
            Err(error) => return Err(error.into()),
        }
    }
}

fn address(error: &DecodeError) -> String {
    match error.peer().and_then(|peer| peer.address()) {
        Some(PeerAddress::Tcp(address)) => address.ip().to_string(),
        _ => "an unknown peer".to_owned(),
    }
}

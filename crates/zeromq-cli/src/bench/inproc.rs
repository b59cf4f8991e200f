//! PUSH to PULL within the process, each in a task of its own.

use zeromq_async::{PullSocket, PushSocket};

use super::{payload, prompt, throughput};
use crate::arguments::Load;
use crate::exit::Failure;

const ENDPOINT: &str = "inproc://bench";

pub(super) async fn run(load: Load) -> Result<(), Failure> {
    let (push, pull): (PushSocket, PullSocket) = (prompt(), prompt());
    pull.bind(ENDPOINT).await.map_err(Failure::error)?;
    push.connect(ENDPOINT).map_err(Failure::error)?;
    let sending = tokio::spawn(throughput::send(push, payload(load.size)));
    let measured = throughput::receive(vec![pull], load).await;
    sending.abort();
    measured
}

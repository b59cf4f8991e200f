//! PUSH to PULL within the process, each in its own task.

use zeromq_async::{Context, PullSocket, PushSocket};

use super::{payload, socket, throughput};
use crate::arguments::Load;
use crate::failure::Failure;

const ENDPOINT: &str = "inproc://bench";

pub(super) async fn run(load: Load) -> Result<(), Failure> {
    let (push, pull): (PushSocket, PullSocket) =
        (socket(Context::shared()), socket(Context::shared()));
    pull.bind(ENDPOINT).await.map_err(Failure::error)?;
    push.connect(ENDPOINT).map_err(Failure::error)?;
    let sending = tokio::spawn(throughput::send(push, payload(load.size)));
    let measured = throughput::receive(vec![pull], load).await;
    sending.abort();
    measured
}

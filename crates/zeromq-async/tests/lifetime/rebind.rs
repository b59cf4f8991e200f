//! The address of a dropped socket is free at once.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use zeromq_async::{Context, PullSocket, PushSocket};

use crate::{Driven, Ending, FLAVORS, any_endpoint, runtime};
use support::{ReservedPort, within};

const TIMES: usize = 50;

/// A path that no other test uses.
fn free_path() -> PathBuf {
    static PATHS: AtomicUsize = AtomicUsize::new(0);
    let number = PATHS.fetch_add(1, Ordering::Relaxed);
    std::env::temp_dir().join(format!("zmq-rebind-{}-{number}", std::process::id()))
}

async fn rebinds(transport: &str, with_peer: bool) {
    let context = Context::new();
    let bind = async |at: &str| {
        let pull = PullSocket::builder_in(&context).build();
        let bound = pull.bind(at).await.unwrap();
        (pull, bound)
    };
    let port = ReservedPort::new();
    let at = match transport {
        "tcp" => port.endpoint().to_string(),
        "ipc" => format!("ipc://{}", free_path().display()),
        other => any_endpoint(other),
    };
    let (mut pull, bound) = bind(&at).await;
    for _ in 0..TIMES {
        let push = PushSocket::builder_in(&context).build();
        if with_peer {
            push.connect(&bound).unwrap();
            within("a peer", pull.wait_for_peers(1)).await;
        }
        drop(pull);
        (pull, _) = bind(&bound.to_string()).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dropped_address_is_free_at_once() {
    for transport in ["tcp", "ipc", "inproc"] {
        for with_peer in [false, true] {
            within(transport, rebinds(transport, with_peer)).await;
        }
    }
}

#[tokio::test]
async fn dropped_address_is_free_on_one_thread() {
    for transport in ["tcp", "ipc", "inproc"] {
        for with_peer in [false, true] {
            within(transport, rebinds(transport, with_peer)).await;
        }
    }
}

#[test]
fn address_is_free_when_dropped_elsewhere() {
    for flavor in FLAVORS {
        let driven = Driven::new(flavor);
        let (pull, port) = (PullSocket::new(), ReservedPort::new());
        let (handle, at) = (pull.handle().clone(), port.endpoint());
        driven.run(async move { handle.bind(at).await.unwrap() });
        drop(pull);
        runtime().block_on(async { PullSocket::new().bind(port.endpoint()).await.unwrap() });
        driven.end(Ending::Drop);
    }
}

#[tokio::test]
async fn unbound_address_is_free_at_once() {
    let (one, other) = (PullSocket::new(), PullSocket::new());
    let port = ReservedPort::new();
    one.bind(port.endpoint()).await.unwrap();
    one.unbind(port.endpoint()).await.unwrap();
    other.bind(port.endpoint()).await.unwrap();
}

//! Shared support for the rows.

mod child;

use std::time::Duration;

pub(crate) use child::{Child, ProcessState};
use interop::Frames;
use interop::TCP;
use interop::peer::Peer;
use zeromq_async::Context;
use zeromq_test::Relay;

/// The limit of all waits for expected things.
pub(crate) const DEADLINE: Duration = interop::DEADLINE;

/// The wait for things that may not happen.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// A row as a module of two tests: the same script with either library, and both expectations.
macro_rules! side_by_side {
    ($(#[$doc:meta])* $row:ident: $script:ident, ours: $ours:expr, libzmq: $libzmq:expr $(,)?) => {
        $(#[$doc])*
        mod $row {
            use super::*;

            #[tokio::test]
            async fn ours() {
                assert_eq!($script::<interop::peer::Ours>().await, $ours);
            }

            #[tokio::test]
            async fn libzmq() {
                assert_eq!($script::<interop::peer::Theirs>().await, $libzmq);
            }
        }
    };
}

/// A message of one frame.
pub(crate) fn single(body: impl AsRef<[u8]>) -> Frames {
    vec![body.as_ref().to_vec()]
}

/// The next message, which is expected.
pub(crate) async fn next(peer: &mut impl Peer, what: &str) -> Frames {
    match peer.recv(DEADLINE).await {
        Some(message) => message,
        None => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// A relay in front of the socket that is bound at `endpoint`.
pub(crate) async fn relay_to(endpoint: &str) -> Relay {
    Relay::start(Context::shared(), TCP, endpoint).await.expect("a free port")
}

/// The number of repetitions: `usually`, or `at_length` in a long run.
pub(crate) fn times(usually: usize, at_length: usize) -> usize {
    if std::env::var_os(AT_LENGTH).is_some() { at_length } else { usually }
}

/// Set in a long run.
pub(crate) const AT_LENGTH: &str = "FAILURE_CATALOGUE_AT_LENGTH";

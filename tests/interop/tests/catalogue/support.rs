//! What the rows share.

mod child;

use std::time::Duration;

pub(crate) use child::{Child, Fate};
use interop::Frames;
use interop::TCP;
use interop::peer::Peer;
use zeromq_async::Context;
use zeromq_test::Relay;

/// Longer than anything takes that is meant to happen.
pub(crate) const DEADLINE: Duration = interop::DEADLINE;

/// How long something is waited for that may not happen.
pub(crate) const SHORT: Duration = Duration::from_millis(300);

/// A row as a module of two tests: the same script with either library, and what each gives.
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
pub(crate) fn one(body: impl AsRef<[u8]>) -> Frames {
    vec![body.as_ref().to_vec()]
}

/// The next message, which is meant to come.
pub(crate) async fn next(peer: &mut impl Peer, what: &str) -> Frames {
    match peer.recv(DEADLINE).await {
        Some(message) => message,
        None => panic!("waited {DEADLINE:?} for {what}"),
    }
}

/// Somebody between the socket that is bound there and whoever connects to it instead.
pub(crate) async fn relay_to(endpoint: &str) -> Relay {
    Relay::start(Context::shared(), TCP, endpoint).await.expect("a free port")
}

/// How often something is done: so often, or as often as this in a program that has the time for it.
pub(crate) fn times(usually: usize, at_length: usize) -> usize {
    if std::env::var_os(AT_LENGTH).is_some() { at_length } else { usually }
}

/// Set in a program that has the time.
pub(crate) const AT_LENGTH: &str = "FAILURE_CATALOGUE_AT_LENGTH";

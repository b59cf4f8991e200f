//! A relay over tcp between a connecting and a bound socket. It changes the bytes as a test says.

use zeromq_async::{Context, Endpoint};

pub use zeromq_test::{Relay, Way};

/// Maps received bytes to forwarded bytes.
pub type Alter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// Forwards all bytes unchanged.
pub fn unaltered() -> Alter {
    Box::new(<[u8]>::to_vec)
}

/// Starts a relay to the bound socket. `alter` returns the change for each connection and
/// direction.
pub async fn relay(bound: &Endpoint, alter: impl Fn(Way) -> Alter + Send + 'static) -> Relay {
    let started = Relay::start(Context::shared(), "tcp://127.0.0.1:*", bound).await;
    let relay = started.expect("a free port");
    relay.alter(alter);
    relay
}

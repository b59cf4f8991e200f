//! Somebody between a socket that connects and one that is bound, who does to what passes what a
//! test says: the testing kit's, over tcp.

use zeromq_async::{Context, Endpoint};

pub use zeromq_test::{Relay, Way};

/// Takes what has come, and gives what is to go on.
pub type Alter = Box<dyn FnMut(&[u8]) -> Vec<u8> + Send>;

/// Lets everything pass as it is.
pub fn unaltered() -> Alter {
    Box::new(<[u8]>::to_vec)
}

/// Connects whoever connects to it to the bound socket, and asks for each connection what is to be
/// done to it.
pub async fn relay(bound: &Endpoint, alter: impl Fn(Way) -> Alter + Send + 'static) -> Relay {
    let started = Relay::start(Context::shared(), "tcp://127.0.0.1:*", bound).await;
    let relay = started.expect("a free port");
    relay.alter(alter);
    relay
}

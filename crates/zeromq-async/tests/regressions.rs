//! Faults that were, each shown by what a user would have noticed.

mod support;

use support::{ANY_PORT, address, event, within};
use tokio::net::TcpStream;
use zeromq_async::{PullSocket, SocketEvent};

#[tokio::test]
async fn closing_does_not_wait_for_a_peer_that_never_greets() {
    let pull = PullSocket::new();
    let mut events = pull.events();
    let endpoint = pull.bind(ANY_PORT).await.unwrap();
    let _silent = TcpStream::connect(address(&endpoint)).await.unwrap();
    event(&mut events, "a connection", |event| {
        matches!(event, SocketEvent::Accepted { .. }).then_some(())
    })
    .await;
    within("the socket to close", pull.close()).await;
}

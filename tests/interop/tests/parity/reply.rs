//! Messages that a REP accepts as requests.

use libzmq_peer::SocketKind;
use zeromq_async::RepSocket;

use crate::{assert_same, connected, ours, theirs};

/// 28/REQREP: a message without a delimiter, or with nothing after it, is no request.
#[tokio::test]
async fn rep_ignores_malformed_requests() {
    let ours = ours(RepSocket::new()).await;
    let theirs = theirs(SocketKind::Rep, |_| Ok(()));
    let heard = assert_same(ours, theirs, async |mut rep, at| {
        let dealer = connected(SocketKind::Dealer, &at, |_| Ok(()));
        for message in [
            &["no delimiter"][..],
            &["none", "of several"],
            &[""],
            &["an address", ""],
            &["an address", "", "a request", "of two frames"],
        ] {
            dealer.send(message.iter().copied()).await.unwrap();
        }
        let request = rep.recv("a request").await;
        rep.send("its reply", request.clone()).await;
        (request, dealer.recv().await.unwrap())
    });
    let (request, reply) = heard.await;
    let frames = ["an address", "", "a request", "of two frames"].map(|frame| frame.as_bytes());
    assert_eq!(request, frames[2..]);
    assert_eq!(reply, frames);
}

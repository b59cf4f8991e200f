//! A ROUTER that replies from many tasks, and its information about peers.

use support::{ANY_PORT, RawPeer, within};
use tokio::runtime::Builder;
use tokio::task::JoinSet;
use zeromq_async::{DealerSocket, Message, PeerStats, RouterSocket, SendErrorKind, SocketType};

const TASKS: usize = 10;
const EACH: usize = 200;

async fn replies_arrive_in_order(place: &str) {
    let mut router = RouterSocket::builder().mandatory(true).build();
    let endpoint = router.bind(place).await.unwrap();
    let mut dealers = Vec::new();
    for number in 0..3 {
        let name = format!("dealer-{number}");
        let mut dealer = DealerSocket::builder().routing_id(&name).unwrap().build();
        dealer.connect(&endpoint).unwrap();
        dealer.send("hello").await.unwrap();
        within("a request", router.recv()).await.unwrap();
        dealers.push((name, dealer));
    }
    let mut tasks = JoinSet::new();
    for task in 0..TASKS {
        let mut sender = router.sender();
        let names: Vec<_> = dealers.iter().map(|(name, _)| name.clone()).collect();
        tasks.spawn(async move {
            for number in 0..EACH {
                for name in &names {
                    let reply = [name.clone(), task.to_string(), number.to_string()];
                    sender.send(Message::multipart(reply)).await.unwrap();
                }
            }
        });
    }
    for (_, mut dealer) in dealers {
        tasks.spawn(async move {
            let mut next = [0; TASKS];
            for _ in 0..TASKS * EACH {
                let reply = within("a reply", dealer.recv()).await.unwrap();
                let part =
                    |at: usize| -> usize { reply.get(at).unwrap().to_string().parse().unwrap() };
                let (task, number) = (part(0), part(1));
                assert_eq!(number, next[task], "task {task}");
                next[task] += 1;
            }
        });
    }
    within("all replies", async {
        while let Some(done) = tasks.join_next().await {
            done.unwrap();
        }
    })
    .await;
}

#[test]
fn ten_tasks_reply_in_order() {
    let threads = Builder::new_multi_thread().worker_threads(4).enable_all().build().unwrap();
    let one = Builder::new_current_thread().enable_all().build().unwrap();
    for (runtime, place) in [(&threads, "inproc://of-threads"), (&one, "inproc://of-one-thread")] {
        runtime.block_on(replies_arrive_in_order(place));
        runtime.block_on(replies_arrive_in_order(ANY_PORT));
    }
}

#[tokio::test]
async fn a_clone_waits_for_its_own_peer() {
    let router = RouterSocket::builder().mandatory(true).send_high_water_mark(1).build();
    let endpoint = router.bind("inproc://a-clone-waits").await.unwrap();
    for name in ["slow", "quick"] {
        let dealer =
            DealerSocket::builder().receive_high_water_mark(1).routing_id(name).unwrap().build();
        dealer.connect(&endpoint).unwrap();
        std::mem::forget(dealer);
    }
    let mut sender = router.sender();
    while sender.try_send(Message::multipart(["slow", "x"])).is_ok() {}
    assert_eq!(sender.can_send_to("slow"), Err(SendErrorKind::Full));
    assert_eq!(sender.can_send_to("quick"), Ok(()));
    let mut other = sender.clone();
    within("another sender", other.send(Message::multipart(["quick", "x"]))).await.unwrap();
}

#[tokio::test]
async fn can_send_to_follows_the_peer() {
    let router = RouterSocket::builder().mandatory(true).build();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let gone = Err(SendErrorKind::Unroutable("peer".into()));
    assert_eq!(router.can_send_to("peer"), gone);
    let peer = RawPeer::connect_as(&endpoint, SocketType::Dealer, "peer").await;
    within("the peer", router.wait_for_peers(1)).await;
    assert_eq!(router.can_send_to("peer"), Ok(()));
    drop(peer);
    within("the peer to go", async {
        while router.stats().peers.iter().any(|peer: &PeerStats| peer.connected) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(router.can_send_to("peer"), gone);
    router.handle().close().await;
    assert_eq!(router.can_send_to("peer"), Err(SendErrorKind::Closed));
}

#[tokio::test]
async fn can_send_to_a_name_not_yet_connected() {
    let router = RouterSocket::builder().mandatory(true).build();
    router.connect_named("inproc://not-there", "worker").unwrap();
    assert_eq!(router.can_send_to("worker"), Ok(()));
}

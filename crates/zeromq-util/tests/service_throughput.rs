//! A client with many requests under way beside a REQ in lock-step, against the same server.
//!
//! `cargo test --release -p zeromq-async --test service_throughput -- --ignored --nocapture`

#![allow(clippy::print_stdout, reason = "the figures")]
#![allow(clippy::unwrap_used, reason = "a test may fail where something goes wrong")]

use std::convert::Infallible;
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use support::{ANY_PORT, within};
use tower::{Service, ServiceExt, service_fn};
use zeromq_async::{DealerSocket, Endpoint, Message, RepSocket, ReqSocket, RouterSocket};
use zeromq_util::service::{Client, client, client_with_limit, serve};

const IN_FLIGHT: usize = 64;
const ROUNDS: usize = 7;

async fn server() -> Endpoint {
    let router = RouterSocket::new();
    let endpoint = router.bind(ANY_PORT).await.unwrap();
    let echo = service_fn(|request: Message| async { Ok::<_, Infallible>(request) });
    tokio::spawn(serve(router, echo).run());
    endpoint
}

async fn lock_step(req: &mut ReqSocket, requests: usize) -> Duration {
    let begin = Instant::now();
    for _ in 0..requests {
        req.send([7; 64]).await.unwrap();
        req.recv().await.unwrap();
    }
    begin.elapsed()
}

async fn many_at_once(client: &mut Client, requests: usize) -> Duration {
    let begin = Instant::now();
    let mut under_way = FuturesUnordered::new();
    for _ in 0..requests {
        if under_way.len() == IN_FLIGHT {
            let reply: Result<Message, _> = under_way.next().await.unwrap();
            reply.unwrap();
        }
        under_way.push(client.ready().await.unwrap().call([7; 64].into()));
    }
    while let Some(reply) = under_way.next().await {
        reply.unwrap();
    }
    begin.elapsed()
}

/// The median of the ratios of requests in a second, each way's rounds taking turns.
async fn ratio(requests: usize) -> f64 {
    let endpoint = server().await;
    let (mut req, dealer) = (ReqSocket::new(), DealerSocket::new());
    req.connect(&endpoint).unwrap();
    dealer.connect(&endpoint).unwrap();
    let (mut client, driver) = client(dealer);
    tokio::spawn(driver.run());
    lock_step(&mut req, requests / 10).await;
    many_at_once(&mut client, requests / 10).await;
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let one = lock_step(&mut req, requests).await.as_secs_f64() / requests as f64;
        let many = many_at_once(&mut client, 8 * requests).await.as_secs_f64();
        let many = many / (8 * requests) as f64;
        println!("lock-step {:7.0}/s, {IN_FLIGHT} at once {:8.0}/s", 1.0 / one, 1.0 / many);
        ratios.push(one / many);
    }
    ratios.sort_by(f64::total_cmp);
    ratios[ROUNDS / 2]
}

/// On any machine and in any build, to have many under way must be worth something.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn concurrent_requests_beat_sequential() {
    let ratio = within("all requests", ratio(300)).await;
    assert!(ratio > 1.5, "only {ratio:.1} times as fast");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "strict: needs a release build, and a machine with nothing else to do"]
async fn sixty_four_in_flight_are_five_times_faster() {
    let ratio = within("all requests", ratio(5_000)).await;
    println!("{ratio:.1} times as fast");
    assert!(ratio >= 5.0, "only {ratio:.1} times as fast");
}

/// The shortest time in which the driver heard of a hundred peers that came and went.
async fn hearing(under_way: usize, name: &str) -> Duration {
    let dealer = DealerSocket::builder().send_high_water_mark(0).build();
    let router = RouterSocket::builder().receive_high_water_mark(0).build();
    dealer.connect(router.bind(format!("inproc://{name}-server")).await.unwrap()).unwrap();
    let passing = dealer.bind(format!("inproc://{name}")).await.unwrap();
    let (mut client, driver) = client_with_limit(dealer, under_way + 1);
    let mut requests = Vec::new();
    for _ in 0..under_way {
        requests.push(client.ready().await.unwrap().call("question".into()));
    }
    let mut driving = tokio_test::task::spawn(driver.run());
    let mut shortest = Duration::MAX;
    for _ in 0..ROUNDS {
        for _ in 0..100 {
            let rep = RepSocket::new();
            rep.connect(&passing).unwrap();
            rep.close().await;
        }
        let begin = Instant::now();
        while driving.poll().is_pending() && driving.is_woken() {}
        shortest = shortest.min(begin.elapsed());
    }
    assert_eq!(client.stats().in_flight, under_way);
    shortest
}

#[tokio::test]
async fn disconnect_cost_ignores_open_requests() {
    let (few, many) = (hearing(1, "few").await, hearing(30_000, "many").await);
    println!("with 1 under way {few:?}, with 30,000 {many:?}");
    assert!(many < 5 * few, "with 1 under way {few:?}, with 30,000 {many:?}");
}
